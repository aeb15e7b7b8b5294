"""At the end of a shift, open cases pass to a colleague or to nobody by name, with words that the next one reads."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership
from csirts.models import Csirt
from incidents.enums import EventKind, NoteKind, Status
from incidents.models import Incident, Note, Transfer
from incidents.services.handling.assign import NOBODY, assign_incident, format_person_tag
from incidents.services.handling.notes import write_note
from incidents.services.handling.triage import close_incident
from incidents.services.history.erase import erase_personal_data
from incidents.services.history.index import index_all
from incidents.services.transfer.proposal import accept_transfer, return_transfer
from tests.cast import a_lead, a_responder, an_agent, declare
from tests.incidents.desk import CASE, again, taken_by, url
from tests.incidents.transferring import another_centre, as_person, offer_url, propose_transfer
from tests.reading import text_of

pytestmark = pytest.mark.django_db
PAGE = f"{CASE}/relais/"
WORDS = "Rappeler Dominique à 20 h, le prestataire arrive demain."


def mine(responder, number=2):
    return [taken_by(responder, declare()) for _ in range(number)]


def post(client, incidents, colleague, **said):
    said = {"dossier": [one.reference for one in incidents], "colleague": colleague, "text": WORDS, "key": "k1"} | said
    return client.post(PAGE, said)


def page_of(user):
    client = Client()
    client.force_login(user)
    return client.get(PAGE)


def test_it_works(client, responder, colleague):
    first, second = mine(responder)
    other = taken_by(colleague, declare())
    page = client.get(PAGE)
    assert [line["incident"].reference for line in page.context["mine"]] == [first.reference, second.reference]

    answer = post(client, [first], format_person_tag(colleague))

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert [again(one).assignee for one in (first, second, other)] == [colleague, responder, colleague]
    note = Note.objects.get()
    assert (note.incident, note.kind, note.text, note.author) == (first, NoteKind.HANDOVER, WORDS, responder)
    event = first.events.get(kind=EventKind.HANDED_OVER)
    assert (event.actor, event.data) == (responder, {"to": str(colleague.uid), "note": str(note.uid)})
    received = text_of(page_of(colleague))
    assert f"Relais de {responder}, " in received
    assert WORDS in received
    assert first.reference in received.replace("-", "")
    assert WORDS in text_of(client.get(url(first)))


def test_to_nobody_by_name_it_is_for_the_whole_centre(client, responder, colleague):
    (case,) = mine(responder, 1)
    post(client, [case], NOBODY)

    after = again(case)
    assert (after.assignee, after.status) == (None, Status.DECLARED)
    assert "pour tout le centre" in text_of(page_of(colleague))
    assert "pour tout le centre" not in text_of(client.get(PAGE)), "whoever wrote it knows it"


def test_one_text_for_several_cases_is_read_once(client, responder, colleague):
    post(client, mine(responder, 3), format_person_tag(colleague))
    assert text_of(page_of(colleague)).count(WORDS) == 1


def test_a_double_click_hands_over_once(client, responder, colleague):
    cases = mine(responder)
    for _ in range(2):
        assert post(client, cases, format_person_tag(colleague)).status_code == 302
    assert Note.objects.count() == 2
    assert [one.events.filter(kind=EventKind.HANDED_OVER).count() for one in cases] == [1, 1]
    assert "Pas passés" not in text_of(client.get(PAGE))


def test_a_case_that_came_back_is_not_said_to_be_handed_over_again(client, responder, colleague):
    (case,) = mine(responder, 1)
    post(client, [case], format_person_tag(colleague))
    assign_incident(reference=case.reference, actor=colleague, assignee=responder)
    client.get(PAGE)

    post(client, [case], format_person_tag(colleague))

    page = text_of(client.get(PAGE))
    assert "Dossiers passés" not in page
    assert "Pas passés, parce qu’ils vous sont revenus depuis" in page
    assert again(case).assignee == responder
    post(client, [case], format_person_tag(colleague), key="k2")
    assert again(case).assignee == colleague


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"dossier": []}, "Cochez les dossiers"),
        ({"colleague": ""}, "Choisissez à qui"),
        ({"colleague": "x"}, "x n’en fait pas partie"),
        ({"text": " "}, "Écrivez ce que la relève doit savoir"),
        ({"text": "x" * 10_001}, "10001"),
    ],
)
def test_what_is_refused_keeps_what_was_typed(client, responder, colleague, said, told):
    cases = mine(responder)
    answer = post(client, cases, **{"colleague": format_person_tag(colleague)} | said)

    assert answer.status_code == 422
    page = text_of(answer)
    assert told in page
    assert 'role="alert"' in page
    assert [line["is_ticked"] for line in answer.context["mine"]] == ["dossier" not in said] * 2
    assert answer.context["form"]["text"].value() == said.get("text", WORDS)
    assert [again(one).assignee for one in cases] == [responder] * 2
    assert not Note.objects.exists()


@pytest.mark.parametrize("others", [0, 1])
def test_words_for_cases_that_all_went_meanwhile_are_given_back(client, responder, colleague, others):
    (gone,) = mine(responder, 1)
    mine(responder, others)
    assign_incident(reference=gone.reference, actor=colleague, assignee=colleague)

    answer = post(client, [gone], format_person_tag(colleague))

    assert answer.status_code == 409
    assert "Pas passés" in text_of(answer)
    assert WORDS in text_of(answer)
    assert not Note.objects.exists()


def test_what_is_no_longer_mine_is_left_and_named(client, responder, colleague):
    taken, closed, erased, kept = mine(responder, 4)
    assign_incident(reference=taken.reference, actor=colleague, assignee=colleague)
    close_incident(reference=closed.reference, reason="not_an_incident", actor=colleague)
    erase_personal_data(reference=erased.reference, actor=a_lead())
    foreign = "AAAAAAAA"
    references = [one.reference for one in (taken, closed, erased, kept)]

    answer = client.post(
        PAGE,
        {"dossier": [*references, foreign], "colleague": format_person_tag(colleague), "text": WORDS, "key": "k"},
        follow=True,
    )

    page = text_of(answer)
    assert "Dossiers passés : 1." in page
    assert "Pas passés" in page
    assert [again(one).assignee for one in (closed, erased, kept)] == [responder, responder, colleague]
    assert Note.objects.count() == 1


def test_somebody_of_another_centre_receives_nothing(client, responder):
    (case,) = mine(responder, 1)
    elsewhere = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    assert post(client, [case], format_person_tag(elsewhere)).status_code == 422
    assert WORDS not in text_of(page_of(elsewhere))
    assert again(case).assignee == responder


def test_an_agent_of_a_body_has_no_such_page(client):
    client.force_login(an_agent())
    assert client.get(PAGE).status_code == 302


def test_what_is_late_is_marked_before_it_is_passed_on(client, responder):
    late, _soon = mine(responder, 2)
    Incident.objects.filter(pk=late.pk).update(due_at=timezone.now() - timedelta(hours=3))
    page = text_of(client.get(PAGE))
    assert page.count('<small class="late">en retard : ') == 1


def test_after_a_day_it_is_in_the_case_alone(client, responder, colleague):
    (case,) = mine(responder, 1)
    post(client, [case], format_person_tag(colleague))
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert WORDS not in text_of(page_of(colleague))
    assert WORDS in text_of(client.get(url(case)))


def test_cases_of_somebody_who_left_are_put_back_in_one_click(client, responder, colleague):
    (case,) = mine(colleague, 1)
    Membership.objects.filter(user=colleague).update(ended_on=date(2022, 1, 1))
    assert "ne sont plus là" not in text_of(client.get(PAGE)), "of the lead alone"
    lead = a_lead()
    client.force_login(lead)
    page = text_of(client.get(PAGE))
    assert "Dossiers attribués à des personnes qui ne sont plus là" in page
    assert str(colleague) in page

    for _ in range(2):
        assert client.post(PAGE, {"liberer": case.reference}).status_code == 302

    assert again(case).assignee is None
    assert case.events.get(kind=EventKind.ASSIGNED).data == {"to": None, "put_back": True}
    assert "ne sont plus là" not in text_of(client.get(PAGE))


def test_only_the_lead_of_that_centre_puts_back(client, responder, colleague):
    (case,) = mine(colleague, 1)
    Membership.objects.filter(user=colleague).update(ended_on=date(2022, 1, 1))
    client.force_login(a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    client.post(PAGE, {"liberer": case.reference})
    client.force_login(responder)
    client.post(PAGE, {"liberer": case.reference})
    assert again(case).assignee == colleague


@pytest.mark.parametrize("number", [2, 50])
def test_it_costs_at_most_ten_queries(client, responder, colleague, number):
    lead = a_lead()
    client.force_login(lead)
    gone = a_responder()
    for _ in range(number):
        for who in (lead, colleague, gone):
            taken_by(who, declare())
    colleagues = Client()
    colleagues.force_login(colleague)
    theirs = [line["incident"] for line in page_of(colleague).context["mine"]]
    post(colleagues, theirs, format_person_tag(lead))
    Membership.objects.filter(user=gone).update(ended_on=date(2022, 1, 1))

    with CaptureQueriesContext(connection) as queries:
        page = client.get(PAGE)

    assert (len(page.context["mine"]), len(page.context["gone"])) == (2 * number, number)
    assert len(page.context["received"][0]["cases"]) == number
    assert len(queries) <= 10


def test_what_is_no_reference_is_passed_over(client, responder, colleague):
    (incident,) = mine(responder, 1)
    said = {"dossier": [incident.reference, "a\0b", "x" * 10_000], "colleague": format_person_tag(colleague)}
    assert client.post(PAGE, said | {"text": WORDS, "key": "k1"}).status_code == 302
    assert again(incident).assignee == colleague


def test_a_case_that_is_only_read_now_does_not_stop_the_others(client, responder, colleague):
    """It went to another centre, and the responder is an agent of its body too."""
    gone, stays = mine(responder)
    Membership.objects.create(user=responder, collectivity=gone.collectivity, role=Role.AGENT)
    gone.csirt = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    gone.save(update_fields=["csirt"])

    page = post(client, [gone, stays], format_person_tag(colleague))

    assert page.status_code == 302
    assert (again(gone).assignee, again(stays).assignee) == (responder, colleague)


@pytest.fixture
def left(client, responder):
    """Two cases handed over with one text that tells of both; then the first went to another centre."""
    went, stayed = mine(responder, 2)
    write_note(reference=went.reference, actor=responder, kind=NoteKind.NOTE, text="Note du dossier", key="n")
    post(client, [went, stayed], NOBODY, text="Saint-Secret a payé la zygomatique. Vu evil-tocsin.example.")
    index_all()
    taker = a_responder(another_centre())
    accept_transfer(uid=propose_transfer(went, responder).uid, actor=taker)
    return went, stayed, taker


def all_of(client, case):
    """What the centre that has the case reads of it, on all its pages, and what the search finds in it."""
    asked = ("-zygomatique", "dans:note zygomatique", "zygomatique")
    return [
        *(text_of(client.get(address)) for address in (url(case), url(case, "histoire"), url(case, "indicateurs"))),
        text_of(client.get(PAGE)),
        *([hit.incident for hit in client.get(f"{CASE}/recherche/", {"q": q}).context["hits"]] for q in asked),
    ]


@pytest.mark.parametrize("is_indexed", [True, False])
def test_it_stays_in_its_centre_when_one_of_its_cases_goes(client, responder, colleague, left, is_indexed):
    went, stayed, taker = left
    if is_indexed:
        index_all()

    *pages, without, in_notes, found = all_of(as_person(taker), went)

    assert not [page for page in pages if "Saint-Secret" in page or "evil-tocsin" in page]
    assert "Note du dossier" in pages[0]
    assert "Note du dossier" in pages[1]
    assert (without, in_notes, found) == ([went], [], [])
    assert "Saint-Secret" in text_of(client.get(url(stayed)))
    assert "Saint-Secret" in text_of(page_of(colleague))
    former = Transfer.objects.get()
    assert "Saint-Secret" in text_of(client.get(offer_url(former, "dossier")))


def test_when_the_case_comes_back_it_is_read_again_and_that_of_the_other_centre_is_not(client, responder, left):
    went, _stayed, taker = left
    index_all()
    theirs = as_person(taker)
    theirs.post(PAGE, {"dossier": went.reference, "colleague": NOBODY, "text": "Mot du voisin", "key": "v"})
    first = Transfer.objects.get()
    back = propose_transfer(went, taker, taker="breizh-cyber", seen=str(first.uid))
    accept_transfer(uid=back.uid, actor=responder)
    index_all()

    page, history, proposed, _relays, without, in_notes, _found = all_of(client, went)

    assert "Saint-Secret" in page
    assert "Saint-Secret" in history
    assert "evil-tocsin" in proposed
    assert went not in without
    assert went in in_notes
    assert "Mot du voisin" not in page + history
    assert "Mot du voisin" in text_of(theirs.get(offer_url(back, "dossier")))
    assert "Saint-Secret" not in text_of(theirs.get(offer_url(back, "dossier")))


def test_a_transfer_that_is_returned_changes_nothing_of_it(client, responder):
    (case,) = mine(responder, 1)
    post(client, [case], NOBODY)
    taker = a_responder(another_centre())
    return_transfer(uid=propose_transfer(case, responder).uid, answer="Non.", actor=taker)
    assert WORDS in text_of(client.get(url(case)))
