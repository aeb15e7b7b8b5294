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
from incidents.services.handling.close import ClosingReport, close_incident, close_with_report
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.unfinished import NotFinished
from incidents.services.handling.verify import verify_incident
from incidents.services.history.snapshots import find_leak_row
from stats.models import Rollup
from stats.services import fold_new_events, verify_figures
from tests import harmless
from tests.cast import a_lead, a_responder
from tests.factories.collectivities import make_fake_siren
from tests.hostile import MARKUP
from tests.incidents.closing import NOW, REPORT, make_full_report
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
SIREN = make_fake_siren(700_700)
NO_INCIDENT = {"raison": "not_an_incident"}


def test_a_case_is_closed_with_its_report(client, closing_responder, unfinished_case):
    page = client.get(case_url(unfinished_case, "cloture"))
    assert "État civil, arrêté depuis le mardi 24 novembre 2026 à 4 h 51" in read_markup(page)
    assert "Pas encore repris ? Laissez vide, et choisissez une autre raison que « résolu »." in read_markup(page)
    mark = page.context["form"]["seen"].value()

    answer = client.post(
        case_url(unfinished_case, "cloture"),
        make_full_report(unfinished_case) | {"is_shared": "on", "seen": mark},
        follow=True,
    )

    unfinished_case.refresh_from_db()
    assert (unfinished_case.status, unfinished_case.closing_reason, unfinished_case.cause) == (
        Status.CLOSED,
        "resolved",
        "flaw",
    )
    closing = unfinished_case.closings.get()
    assert (closing.outcome, closing.summary, closing.lesson, closing.is_shared, closing.actor) == (
        *("restored", REPORT["summary"], REPORT["lesson"], True),
        closing_responder,
    )
    assert unfinished_case.interruptions.get().ended_at == datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    assert find_leak_row(unfinished_case).status == "unfounded"
    task = Task.objects.get()
    assert (task.is_moot, task.done_by) == (True, closing_responder)
    data = unfinished_case.events.get(kind=EventKind.CLOSED).data
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


def test_the_heading_of_the_closing_page_names_the_case(client, closing_responder, unfinished_case):
    heading = re.search(r"<h1>(.*?)</h1>", read_markup(client.get(case_url(unfinished_case, "cloture"))))[1]
    assert f"Clore le dossier {hyphenate(unfinished_case.reference)}" in re.sub("<[^>]+>", "", heading)


def test_each_missing_field_has_an_error_and_typed_values_are_kept(client, closing_responder, unfinished_case):
    answer = client.post(case_url(unfinished_case, "cloture"), {"reason": "resolved", "summary": "Presque fini"})
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    task = Task.objects.get()
    assert set(errors) == {"why", "outcome", "cause", "leak", "ended_civil_date", f"task_{task.uid}"}
    assert "Presque fini" in read_markup(answer)
    assert_open(unfinished_case)


def test_the_message_on_open_tasks_is_shown_once_and_each_field_refers_to_it(
    client, closing_responder, unfinished_case
):
    Task.objects.create(incident=unfinished_case, title="Prévenir les voisins", author=closing_responder)
    page = read_markup(client.post(case_url(unfinished_case, "cloture"), {"reason": "resolved"}))
    assert page.count("2 tâches ne sont ni faites, ni « sans objet ».") == 1
    assert "Faites cette tâche" not in page
    assert page.count('aria-describedby="taches-aide"') == 2
    assert page.count('id="taches-aide"') == 1
    assert f'Les autres se font <a href="{case_url(unfinished_case)}">dans le dossier</a>.' in page


def assert_open(incident):
    incident.refresh_from_db()
    assert incident.status == Status.DECLARED
    assert not Closing.objects.exists()
    assert incident.interruptions.filter(ended_at=None).exists()
    assert not Task.objects.exclude(done_at=None).exists()
    assert not incident.events.filter(kind=EventKind.CLOSED).exists()


@pytest.mark.parametrize("reason", ["not_an_incident", "duplicate", "withdrawn", "handed_over"])
def test_other_reasons_need_no_report(client, closing_responder, unfinished_case, reason):
    answer = client.post(case_url(unfinished_case, "cloture"), {"reason": reason, "handed_to": "la DSI"})
    assert answer.status_code == 302
    assert Incident.objects.get().closing_reason == reason
    assert unfinished_case.interruptions.get().ended_at is None


@pytest.mark.parametrize(
    ("day", "hour", "why"),
    [
        ("2026-11-24", "3:00", "ne peut pas précéder"),
        ("2027-11-24", "9:00", "Cette date est à venir. Vérifiez-la."),
        ("", "9:00", "Donnez aussi le jour"),
        ("hier", "", "Écrivez le jour, le mois et l’année"),
    ],
)
def test_an_impossible_end_of_an_interruption_is_refused(client, closing_responder, unfinished_case, day, hour, why):
    fields = make_full_report(unfinished_case) | {"ended_civil_date": day, "ended_civil_time": hour}
    answer = client.post(case_url(unfinished_case, "cloture"), fields)
    assert answer.status_code == 422
    assert why in read_markup(answer)
    assert_open(unfinished_case)


def test_a_day_without_its_hour_is_never_before_the_stop(client, closing_responder, unfinished_case):
    client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case) | {"ended_civil_time": ""})
    interruption = unfinished_case.interruptions.get()
    assert interruption.ended_at == interruption.started_at


@pytest.mark.parametrize(
    "fields", [{"reason": "x"}, {"reason": ""}, {"outcome": "x"}, {"cause": "x"}, {"leak": "claimed"}]
)
def test_unknown_codes_are_refused(client, closing_responder, unfinished_case, fields):
    answer = client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case) | fields)
    assert answer.status_code == 422
    assert_open(unfinished_case)


def test_a_message_that_came_meanwhile_blocks_the_closing(client, closing_responder, unfinished_case):
    mark = client.get(case_url(unfinished_case, "cloture")).context["form"]["seen"].value()
    visitor = CaseVisitor(access_uid=unfinished_case.accesses.get().uid)
    write_to_csirt(
        reference=unfinished_case.reference, visitor=visitor, letter=Letter(text="Cela recommence.", key="k")
    )

    answer = client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case) | {"seen": mark})

    assert answer.status_code == 409
    assert "Le dossier a changé pendant que vous écriviez" in read_markup(answer)
    assert REPORT["summary"] in read_markup(answer)
    assert_open(unfinished_case)
    again = make_full_report(unfinished_case) | {"seen": answer.context["form"]["seen"].value()}
    assert client.post(case_url(unfinished_case, "cloture"), again).status_code == 302


# The short way


def test_the_short_form_does_not_close_a_case_with_an_unread_message(client, closing_responder, unfinished_case):
    mark = client.get(case_url(unfinished_case)).context["last_word"]
    visitor = CaseVisitor(access_uid=unfinished_case.accesses.get().uid)
    write_to_csirt(
        reference=unfinished_case.reference, visitor=visitor, letter=Letter(text="Cela recommence.", key="k")
    )

    page = client.post(case_url(unfinished_case, "clore"), NO_INCIDENT | {"vu": mark}, follow=True)

    assert "lisez-le avant de clore" in read_markup(page)
    unfinished_case.refresh_from_db()
    assert unfinished_case.status == Status.DECLARED
    read = NO_INCIDENT | {"vu": page.context["last_word"]}
    assert f'name="clore-vu" value="{read["vu"]}"' in read_markup(page)
    client.post(case_url(unfinished_case, "clore"), read)
    unfinished_case.refresh_from_db()
    assert unfinished_case.status == Status.CLOSED


def test_the_short_form_does_not_resolve_an_unfinished_case(client, closing_responder, unfinished_case):
    with pytest.raises(NotFinished, match="sans heure de reprise"):
        close_incident(reference=unfinished_case.reference, reason=ClosingReason.RESOLVED, actor=closing_responder)
    page = read_markup(client.post(case_url(unfinished_case, "clore"), {"raison": "resolved"}, follow=True))
    assert "sans heure de reprise : État civil ; fuite soupçonnée, sans conclusion ; 1 tâche ouverte." in page
    assert f'<a href="{case_url(unfinished_case, "cloture")}">Dire ce qui manque, et clore</a>' in page
    assert_open(unfinished_case)


def test_the_short_form_saves_a_closing_too(closing_responder, unfinished_case):
    close_incident(
        reference=unfinished_case.reference,
        reason=ClosingReason.HANDED_OVER,
        handed_to="la DSI",
        actor=closing_responder,
    )
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
def test_a_lesson_that_identifies_somebody_is_refused(client, closing_responder, unfinished_case, lesson, quoted):
    unfinished_case.collectivity.siren = SIREN
    unfinished_case.collectivity.save()
    answer = client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case) | {"lesson": lesson})
    assert answer.status_code == 422
    [error] = answer.context["form"].errors["lesson"]
    assert f"«\u00a0{quoted}\u00a0»" in error
    assert lesson in read_markup(answer)
    assert_open(unfinished_case)


def test_a_lesson_with_a_blank_line_is_refused(client, closing_responder, unfinished_case):
    report = make_full_report(unfinished_case) | {"lesson": "Ce qui a marché : …"}
    answer = client.post(case_url(unfinished_case, "cloture"), report)
    assert answer.status_code == 422
    assert "Une ligne reste à compléter" in answer.context["form"].errors["lesson"][0]


def test_a_lesson_with_the_reference_is_refused(client, closing_responder, unfinished_case):
    reference = unfinished_case.reference.lower()
    lesson = f"Voir le dossier {reference[:4]} {reference[4:]}."
    answer = client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case) | {"lesson": lesson})
    assert list(answer.context["form"].errors) == ["lesson"]


def test_common_words_in_a_lesson_identify_nobody(closing_responder, unfinished_case):
    unfinished_case.collectivity.name = "Sens"
    unfinished_case.collectivity.save()
    words = "Dans ce sens, la mairie a eu raison : par exemple, 12 postes, le 24/11/2026 à 10 h 30."
    ending = ClosingReport(reason="not_an_incident", lesson=words)
    close_with_report(reference=unfinished_case.reference, actor=closing_responder, ending=ending)
    assert Closing.objects.get().lesson == words


def test_nothing_is_shared_without_a_lesson_or_from_a_red_case(client, closing_responder, unfinished_case):
    fields = make_full_report(unfinished_case) | {"is_shared": "on"}
    answer = client.post(case_url(unfinished_case, "cloture"), fields | {"lesson": " "})
    assert list(answer.context["form"].errors) == ["is_shared"]
    Incident.objects.update(tlp="red")
    answer = client.post(case_url(unfinished_case, "cloture"), fields)
    assert list(answer.context["form"].errors) == ["is_shared"]
    assert 'name="is_shared"' not in answer.content.decode()
    assert client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case)).status_code == 302
    assert not Closing.objects.get().is_shared


def test_a_lesson_without_the_tick_is_kept_for_the_centre(client, closing_responder, unfinished_case):
    page = client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case), follow=True)
    assert not Closing.objects.get().is_shared
    assert "Enseignement, gardé ici" in read_markup(page)


# Words, rights, figures


def test_hostile_text_is_escaped_in_the_closing_report(client, closing_responder, unfinished_case):
    words = "\n".join(MARKUP)
    Task.objects.update(title=MARKUP[0])
    harmless.check_response(client.get(case_url(unfinished_case, "cloture")))
    harmless.check_response(
        client.post(case_url(unfinished_case, "cloture"), {"reason": "resolved", "summary": words, "lesson": words})
    )
    fields = make_full_report(unfinished_case) | {"summary": words}
    page = client.post(case_url(unfinished_case, "cloture"), fields, follow=True)
    harmless.check_response(page)
    assert Incident.objects.get().status == Status.CLOSED


def test_a_text_that_is_too_long_is_refused_by_its_field(client, closing_responder, unfinished_case):
    answer = client.post(
        case_url(unfinished_case, "cloture"), make_full_report(unfinished_case) | {"summary": "x" * 10_001}
    )
    assert list(answer.context["form"].errors) == ["summary"]
    assert_open(unfinished_case)


def test_an_erased_case_can_be_closed_but_only_without_text(client, closing_responder, unfinished_case):
    erase_personal_data(reference=unfinished_case.reference, actor=a_lead())
    fields = {"reason": "not_an_incident"}
    answer = client.post(case_url(unfinished_case, "cloture"), fields | {"summary": "Des mots"})
    assert list(answer.context["form"].errors) == ["summary"]
    assert client.post(case_url(unfinished_case, "cloture"), fields).status_code == 302


def test_erasing_empties_the_report(closing_responder, unfinished_case):
    lead = a_lead()
    ending = ClosingReport(reason="handed_over", handed_to="la DSI", summary="A", lesson="B")
    close_with_report(reference=unfinished_case.reference, actor=lead, ending=ending)
    erase_personal_data(reference=unfinished_case.reference, actor=lead)
    closing = Closing.objects.get()
    assert (closing.handed_to, closing.summary, closing.lesson) == ("", "", "")


def test_another_centre_finds_nothing(client, unfinished_case):
    client.force_login(a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    assert client.get(case_url(unfinished_case, "cloture")).status_code == 404
    assert client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case)).status_code == 404
    assert_open(unfinished_case)


def test_the_figures_hold_the_ends_and_the_conclusion(client, closing_responder, unfinished_case):
    verify_incident(reference=unfinished_case.reference, actor=closing_responder)
    fold_new_events()
    client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case))
    fold_new_events()
    counted = {(row.measure, row.band) for row in Rollup.objects.filter(value__gt=0)}
    ransomware = ("incidents", "information-content-security/rancon")
    assert {("declared", ""), ransomware, ("interruptions", "4-24h"), ("unfounded", "")} <= counted
    assert not any(measure == "leaks" for measure, _band in counted)
    assert verify_figures().differences == []


def test_a_leak_that_will_never_be_known_stays_suspected_and_counted(client, closing_responder, unfinished_case):
    verify_incident(reference=unfinished_case.reference, actor=closing_responder)
    page = client.get(case_url(unfinished_case, "cloture")).content.decode()
    assert '<option value="unknown">on ne le saura pas</option>' in page
    answer = client.post(
        case_url(unfinished_case, "cloture"), make_full_report(unfinished_case) | {"leak": "unknown"}, follow=True
    )
    unfinished_case.refresh_from_db()
    assert (unfinished_case.status, unfinished_case.closing_reason) == (Status.CLOSED, "resolved")
    assert (find_leak_row(unfinished_case).status, unfinished_case.data_concerned) == ("suspected", "yes")
    data = unfinished_case.events.get(kind=EventKind.CLOSED).data
    assert data["leak_never_known"] is True
    assert "leak" not in data
    assert "on ne saura pas si des données sont sorties" in read_markup(answer)
    fold_new_events()
    counted = {(row.measure, row.band) for row in Rollup.objects.filter(value__gt=0)}
    assert {measure for measure, _band in counted} & {"leaks", "unfounded"} == {"leaks"}
    assert verify_figures().differences == []


def test_ending_a_service_keeps_its_earlier_state(client, closing_responder, unfinished_case):
    client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case))
    first, second = unfinished_case.sheets.filter(section="services").order_by("id")
    assert first.values["services"][0]["to"] is None
    assert second.values["services"][0]["to"]
    assert second.actor == closing_responder


@pytest.mark.parametrize("number", [2, 50])
def test_the_closing_page_costs_at_most_twenty_queries(
    client, closing_responder, unfinished_case, number, django_assert_max_num_queries
):
    for step in range(number):
        Task.objects.create(incident=unfinished_case, title=f"Étape {step}", author=closing_responder)
    with django_assert_max_num_queries(20):
        client.get(case_url(unfinished_case, "cloture"))
    assert timezone.now() == NOW
