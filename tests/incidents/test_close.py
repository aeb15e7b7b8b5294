"""Closing a case with its report: what must be known first, what may be shared, and the second writer."""

import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from csirts.models import Csirt
from incidents.access import CaseVisitor
from incidents.enums import ClosingReason, EventKind, Status
from incidents.models import Closing, Incident, Task
from incidents.reference import hyphenate
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.handling.close import Ending, close_incident, close_with_report
from incidents.services.handling.unfinished import NotFinished
from incidents.services.handling.verify import verify_incident
from incidents.services.history.erase import erase_personal_data
from incidents.services.history.snapshots import find_leak_row
from stats.models import Rollup
from stats.services import fold_new_events, verify_figures
from tests import harmless
from tests.cast import a_lead, a_responder
from tests.factories.collectivities import make_fake_siren
from tests.hostile import MARKUP
from tests.incidents.closing import NOW, REPORT, declare_unfinished, make_full_report, url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
SIREN = make_fake_siren(700_700)
NO_INCIDENT = {"raison": "not_an_incident"}


@pytest.fixture
def responder(client, time_machine):
    time_machine.move_to(NOW, tick=False)
    responder = a_responder()
    client.force_login(responder)
    return responder


@pytest.fixture
def incident(responder):
    return declare_unfinished(responder)


def test_a_case_is_closed_with_its_report(client, responder, incident):
    page = client.get(url(incident, "cloture"))
    assert "État civil, arrêté depuis le mardi 24 novembre 2026 à 4 h 51" in read_markup(page)
    assert "Pas encore repris ? Laissez vide, et choisissez une autre raison que « résolu »." in read_markup(page)
    mark = page.context["form"]["seen"].value()

    answer = client.post(
        url(incident, "cloture"), make_full_report(incident) | {"is_shared": "on", "seen": mark}, follow=True
    )

    incident.refresh_from_db()
    assert (incident.status, incident.closing_reason, incident.cause) == (Status.CLOSED, "resolved", "flaw")
    closing = incident.closings.get()
    assert (closing.outcome, closing.summary, closing.lesson, closing.is_shared, closing.actor) == (
        *("restored", REPORT["summary"], REPORT["lesson"], True),
        responder,
    )
    assert incident.interruptions.get().ended_at == datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    assert find_leak_row(incident).status == "unfounded"
    task = Task.objects.get()
    assert (task.is_moot, task.done_by) == (True, responder)
    data = incident.events.get(kind=EventKind.CLOSED).data
    assert len(data.pop("report")) == 64
    assert data == {
        "reason": "resolved",
        "outcome": "restored",
        "cause": "flaw",
        "ended": ["civil"],
        "leak": ["suspected", "unfounded"],
        "moot": 1,
    }
    content = read_markup(answer)
    assert "Dossier clos." in content
    assert REPORT["summary"] in content
    assert "Enseignement, partagé" in content
    assert "résolu, tout est rétabli, cause : faille non corrigée" in content


def test_the_heading_of_the_closing_page_names_the_case(client, responder, incident):
    heading = re.search(r"<h1>(.*?)</h1>", read_markup(client.get(url(incident, "cloture"))))[1]
    assert f"Clore le dossier {hyphenate(incident.reference)}" in re.sub("<[^>]+>", "", heading)


def test_each_missing_field_has_an_error_and_typed_values_are_kept(client, responder, incident):
    answer = client.post(url(incident, "cloture"), {"reason": "resolved", "summary": "Presque fini"})
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    task = Task.objects.get()
    assert set(errors) == {"why", "outcome", "cause", "leak", "ended_civil_date", f"task_{task.uid}"}
    assert "Presque fini" in read_markup(answer)
    assert_open(incident)


def test_the_message_on_open_tasks_is_shown_once_and_each_field_refers_to_it(client, responder, incident):
    Task.objects.create(incident=incident, title="Prévenir les voisins", author=responder)
    page = read_markup(client.post(url(incident, "cloture"), {"reason": "resolved"}))
    assert page.count("2 tâches ne sont ni faites, ni « sans objet ».") == 1
    assert "Faites cette tâche" not in page
    assert page.count('aria-describedby="taches-aide"') == 2
    assert page.count('id="taches-aide"') == 1
    assert f'Les autres se font <a href="{url(incident)}">dans le dossier</a>.' in page


def assert_open(incident):
    incident.refresh_from_db()
    assert incident.status == Status.DECLARED
    assert not Closing.objects.exists()
    assert incident.interruptions.filter(ended_at=None).exists()
    assert not Task.objects.exclude(done_at=None).exists()
    assert not incident.events.filter(kind=EventKind.CLOSED).exists()


@pytest.mark.parametrize("reason", ["not_an_incident", "duplicate", "withdrawn", "handed_over"])
def test_other_reasons_need_no_report(client, responder, incident, reason):
    assert client.post(url(incident, "cloture"), {"reason": reason, "handed_to": "la DSI"}).status_code == 302
    assert Incident.objects.get().closing_reason == reason
    assert incident.interruptions.get().ended_at is None


@pytest.mark.parametrize(
    ("day", "hour", "why"),
    [
        ("2026-11-24", "3:00", "ne peut pas précéder"),
        ("2027-11-24", "9:00", "Cette date est à venir. Vérifiez-la."),
        ("", "9:00", "Donnez aussi le jour"),
        ("hier", "", "Écrivez le jour, le mois et l’année"),
    ],
)
def test_an_impossible_end_of_an_interruption_is_refused(client, responder, incident, day, hour, why):
    fields = make_full_report(incident) | {"ended_civil_date": day, "ended_civil_time": hour}
    answer = client.post(url(incident, "cloture"), fields)
    assert answer.status_code == 422
    assert why in read_markup(answer)
    assert_open(incident)


def test_a_day_without_its_hour_is_never_before_the_stop(client, responder, incident):
    client.post(url(incident, "cloture"), make_full_report(incident) | {"ended_civil_time": ""})
    interruption = incident.interruptions.get()
    assert interruption.ended_at == interruption.started_at


@pytest.mark.parametrize(
    "fields", [{"reason": "x"}, {"reason": ""}, {"outcome": "x"}, {"cause": "x"}, {"leak": "claimed"}]
)
def test_unknown_codes_are_refused(client, responder, incident, fields):
    assert client.post(url(incident, "cloture"), make_full_report(incident) | fields).status_code == 422
    assert_open(incident)


def test_a_message_that_came_meanwhile_blocks_the_closing(client, responder, incident):
    mark = client.get(url(incident, "cloture")).context["form"]["seen"].value()
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text="Cela recommence.", key="k"))

    answer = client.post(url(incident, "cloture"), make_full_report(incident) | {"seen": mark})

    assert answer.status_code == 409
    assert "Le dossier a changé pendant que vous écriviez" in read_markup(answer)
    assert REPORT["summary"] in read_markup(answer)
    assert_open(incident)
    again = make_full_report(incident) | {"seen": answer.context["form"]["seen"].value()}
    assert client.post(url(incident, "cloture"), again).status_code == 302


# The short way


def test_the_short_form_does_not_close_a_case_with_an_unread_message(client, responder, incident):
    mark = client.get(url(incident)).context["last_word"]
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text="Cela recommence.", key="k"))

    page = client.post(url(incident, "clore"), NO_INCIDENT | {"vu": mark}, follow=True)

    assert "lisez-le avant de clore" in read_markup(page)
    incident.refresh_from_db()
    assert incident.status == Status.DECLARED
    read = NO_INCIDENT | {"vu": page.context["last_word"]}
    assert f'name="clore-vu" value="{read["vu"]}"' in read_markup(page)
    client.post(url(incident, "clore"), read)
    incident.refresh_from_db()
    assert incident.status == Status.CLOSED


def test_the_short_form_does_not_resolve_an_unfinished_case(client, responder, incident):
    with pytest.raises(NotFinished, match="sans heure de reprise"):
        close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, actor=responder)
    page = read_markup(client.post(url(incident, "clore"), {"raison": "resolved"}, follow=True))
    assert "sans heure de reprise : État civil ; fuite soupçonnée, sans conclusion ; 1 tâche ouverte." in page
    assert f'<a href="{url(incident, "cloture")}">Dire ce qui manque, et clore</a>' in page
    assert_open(incident)


def test_the_short_form_saves_a_closing_too(responder, incident):
    close_incident(reference=incident.reference, reason=ClosingReason.HANDED_OVER, handed_to="la DSI", actor=responder)
    assert Closing.objects.get().outcome == ""


# The lesson


@pytest.mark.parametrize(
    ("lesson", "quoted"),
    [
        ("La mairie de PLOUEXEMPLE a tenu.", "PLOUEXEMPLE"),
        ("Merci à Dominique Exemple.", "Dominique Exemple"),
        ("M. Exemple a débranché.", "Exemple"),
        ("Appelez le 02.99.00.00.00 pour savoir.", "02.99.00.00.00"),
        ("Joindre le +33 2 99 00 00 00.", "33 2 99 00 00 00"),
        ("Écrire à Mairie@Plouexemple.example.", "Mairie@Plouexemple.example."),
        (f"SIREN {SIREN[:3]} {SIREN[3:]}.", f"{SIREN[:3]} {SIREN[3:]}"),
        ("Commune 29999.", "29999"),
    ],
)
def test_a_lesson_that_identifies_somebody_is_refused(client, responder, incident, lesson, quoted):
    incident.collectivity.siren = SIREN
    incident.collectivity.save()
    answer = client.post(url(incident, "cloture"), make_full_report(incident) | {"lesson": lesson})
    assert answer.status_code == 422
    [error] = answer.context["form"].errors["lesson"]
    assert f"«\u00a0{quoted}\u00a0»" in error
    assert lesson in read_markup(answer)
    assert_open(incident)


def test_a_lesson_with_a_blank_line_is_refused(client, responder, incident):
    report = make_full_report(incident) | {"lesson": "Ce qui a marché : …"}
    answer = client.post(url(incident, "cloture"), report)
    assert answer.status_code == 422
    assert "Une ligne reste à compléter" in answer.context["form"].errors["lesson"][0]


def test_a_lesson_with_the_reference_is_refused(client, responder, incident):
    reference = incident.reference.lower()
    lesson = f"Voir le dossier {reference[:4]} {reference[4:]}."
    answer = client.post(url(incident, "cloture"), make_full_report(incident) | {"lesson": lesson})
    assert list(answer.context["form"].errors) == ["lesson"]


def test_common_words_in_a_lesson_identify_nobody(responder, incident):
    incident.collectivity.name = "Sens"
    incident.collectivity.save()
    words = "Dans ce sens, la mairie a eu raison : par exemple, 12 postes, le 24/11/2026 à 10 h 30."
    ending = Ending(reason="not_an_incident", lesson=words)
    close_with_report(reference=incident.reference, actor=responder, ending=ending)
    assert Closing.objects.get().lesson == words


def test_nothing_is_shared_without_a_lesson_or_from_a_red_case(client, responder, incident):
    fields = make_full_report(incident) | {"is_shared": "on"}
    answer = client.post(url(incident, "cloture"), fields | {"lesson": " "})
    assert list(answer.context["form"].errors) == ["is_shared"]
    Incident.objects.update(tlp="red")
    answer = client.post(url(incident, "cloture"), fields)
    assert list(answer.context["form"].errors) == ["is_shared"]
    assert 'name="is_shared"' not in answer.content.decode()
    assert client.post(url(incident, "cloture"), make_full_report(incident)).status_code == 302
    assert not Closing.objects.get().is_shared


def test_a_lesson_without_the_tick_is_kept_for_the_centre(client, responder, incident):
    page = client.post(url(incident, "cloture"), make_full_report(incident), follow=True)
    assert not Closing.objects.get().is_shared
    assert "Enseignement, gardé ici" in read_markup(page)


# Words, rights, figures


def test_hostile_text_is_escaped_in_the_closing_report(client, responder, incident):
    words = "\n".join(MARKUP)
    Task.objects.update(title=MARKUP[0])
    harmless.check_response(client.get(url(incident, "cloture")))
    harmless.check_response(
        client.post(url(incident, "cloture"), {"reason": "resolved", "summary": words, "lesson": words})
    )
    fields = make_full_report(incident) | {"summary": words}
    page = client.post(url(incident, "cloture"), fields, follow=True)
    harmless.check_response(page)
    assert Incident.objects.get().status == Status.CLOSED


def test_a_text_that_is_too_long_is_refused_by_its_field(client, responder, incident):
    answer = client.post(url(incident, "cloture"), make_full_report(incident) | {"summary": "x" * 10_001})
    assert list(answer.context["form"].errors) == ["summary"]
    assert_open(incident)


def test_an_erased_case_can_be_closed_but_only_without_text(client, responder, incident):
    erase_personal_data(reference=incident.reference, actor=a_lead())
    fields = {"reason": "not_an_incident"}
    answer = client.post(url(incident, "cloture"), fields | {"summary": "Des mots"})
    assert list(answer.context["form"].errors) == ["summary"]
    assert client.post(url(incident, "cloture"), fields).status_code == 302


def test_erasing_empties_the_report(responder, incident):
    lead = a_lead()
    ending = Ending(reason="handed_over", handed_to="la DSI", summary="A", lesson="B")
    close_with_report(reference=incident.reference, actor=lead, ending=ending)
    erase_personal_data(reference=incident.reference, actor=lead)
    closing = Closing.objects.get()
    assert (closing.handed_to, closing.summary, closing.lesson) == ("", "", "")


def test_another_centre_finds_nothing(client, incident):
    client.force_login(a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    assert client.get(url(incident, "cloture")).status_code == 404
    assert client.post(url(incident, "cloture"), make_full_report(incident)).status_code == 404
    assert_open(incident)


def test_the_figures_hold_the_ends_and_the_conclusion(client, responder, incident):
    verify_incident(reference=incident.reference, actor=responder)
    fold_new_events()
    client.post(url(incident, "cloture"), make_full_report(incident))
    fold_new_events()
    counted = {(row.measure, row.band) for row in Rollup.objects.filter(value__gt=0)}
    ransomware = ("incidents", "information-content-security/rancon")
    assert {("declared", ""), ransomware, ("interruptions", "4-24h"), ("unfounded", "")} <= counted
    assert not any(measure == "leaks" for measure, _band in counted)
    assert verify_figures().found == []


def test_a_leak_that_will_never_be_known_stays_suspected_and_counted(client, responder, incident):
    verify_incident(reference=incident.reference, actor=responder)
    page = client.get(url(incident, "cloture")).content.decode()
    assert '<option value="unknown">on ne le saura pas</option>' in page
    answer = client.post(url(incident, "cloture"), make_full_report(incident) | {"leak": "unknown"}, follow=True)
    incident.refresh_from_db()
    assert (incident.status, incident.closing_reason) == (Status.CLOSED, "resolved")
    assert (find_leak_row(incident).status, incident.data_concerned) == ("suspected", "yes")
    data = incident.events.get(kind=EventKind.CLOSED).data
    assert data["leak_never_known"] is True
    assert "leak" not in data
    assert "on ne saura pas si des données sont sorties" in read_markup(answer)
    fold_new_events()
    counted = {(row.measure, row.band) for row in Rollup.objects.filter(value__gt=0)}
    assert {measure for measure, _band in counted} & {"leaks", "unfounded"} == {"leaks"}
    assert verify_figures().found == []


def test_ending_a_service_keeps_its_earlier_state(client, responder, incident):
    client.post(url(incident, "cloture"), make_full_report(incident))
    first, second = incident.sheets.filter(section="services").order_by("id")
    assert first.values["services"][0]["to"] is None
    assert second.values["services"][0]["to"]
    assert second.actor == responder


@pytest.mark.parametrize("number", [2, 50])
def test_the_closing_page_costs_at_most_twenty_queries(
    client, responder, incident, number, django_assert_max_num_queries
):
    for step in range(number):
        Task.objects.create(incident=incident, title=f"Étape {step}", author=responder)
    with django_assert_max_num_queries(20):
        client.get(url(incident, "cloture"))
    assert timezone.now() == NOW
