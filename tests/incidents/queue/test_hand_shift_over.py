"""At the end of a shift, open cases pass to a colleague or to the whole centre, with a note for the next shift."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership, User
from csirts.models import Csirt
from incidents.enums import EventKind, NoteKind, Severity, Status
from incidents.models import Incident, Note, Transfer
from incidents.services.handling.assign import NOBODY, assign_incident, format_person_tag
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.handover import HandoverRequest, hand_shift_over
from incidents.services.handling.notes import write_note
from incidents.services.search.index import index_pending_events
from incidents.services.transfer.proposal import accept_transfer, refuse_transfer
from tests.cast import a_lead, a_responder, an_agent, declare
from tests.incidents.desk import CASE, acknowledge_as, reload
from tests.incidents.devices import sign_in_as
from tests.incidents.transferring import create_other_centre, offer_url, propose_transfer
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup
from tests.responses import Response

pytestmark = pytest.mark.django_db
PAGE = f"{CASE}/relais/"
WORDS = "Rappeler Dominique à 20 h, le prestataire arrive demain."


def take_cases(responder: User, number: int = 2) -> list[Incident]:
    return [acknowledge_as(responder, declare()) for _ in range(number)]


def post_hand_over(client: Client, incidents: list[Incident], colleague: str, **fields: str) -> Response:
    references = [incident.reference for incident in incidents]
    form = {"dossier": references, "colleague": colleague, "text": WORDS, "key": "k1"} | fields
    return client.post(PAGE, form)


def get_page(user):
    client = Client()
    client.force_login(user)
    return client.get(PAGE)


def test_a_responder_hands_a_case_over_to_a_colleague(client, responder, colleague):
    first, second = take_cases(responder)
    other = acknowledge_as(colleague, declare())
    page = client.get(PAGE)
    assert [line["incident"].reference for line in page.context["own_cases"]] == [first.reference, second.reference]

    answer = post_hand_over(client, [first], format_person_tag(colleague))

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert [reload(incident).assignee for incident in (first, second, other)] == [colleague, responder, colleague]
    note = Note.objects.get()
    assert (note.incident, note.kind, note.text, note.author) == (first, NoteKind.HANDOVER, WORDS, responder)
    event = first.events.get(kind=EventKind.HANDED_OVER)
    assert (event.actor, event.data) == (responder, {"to": str(colleague.uid), "note": str(note.uid)})
    received = read_markup(get_page(colleague))
    assert f"Relais de {responder}, " in received
    assert WORDS in received
    assert first.reference in received.replace("-", "")
    assert WORDS in read_markup(client.get(case_url(first)))


def test_a_case_handed_over_to_nobody_is_for_the_whole_centre(client, responder, colleague):
    (case,) = take_cases(responder, 1)
    post_hand_over(client, [case], NOBODY)

    after = reload(case)
    assert (after.assignee, after.status) == (None, Status.DECLARED)
    assert "pour tout le centre" in read_markup(get_page(colleague))
    assert "pour tout le centre" not in read_markup(client.get(PAGE)), "its author does not receive it"


def test_one_text_for_several_cases_is_shown_once(client, responder, colleague):
    post_hand_over(client, take_cases(responder, 3), format_person_tag(colleague))
    assert read_markup(get_page(colleague)).count(WORDS) == 1


def test_a_double_click_hands_over_once(client, responder, colleague):
    cases = take_cases(responder)
    for _ in range(2):
        assert post_hand_over(client, cases, format_person_tag(colleague)).status_code == 302
    assert Note.objects.count() == 2
    assert [incident.events.filter(kind=EventKind.HANDED_OVER).count() for incident in cases] == [1, 1]
    assert "Pas passés" not in read_markup(client.get(PAGE))


def test_resubmitting_does_not_hand_over_a_case_that_came_back(client, responder, colleague):
    (case,) = take_cases(responder, 1)
    post_hand_over(client, [case], format_person_tag(colleague))
    assign_incident(reference=case.reference, actor=colleague, assignee=responder)
    client.get(PAGE)

    post_hand_over(client, [case], format_person_tag(colleague))

    page = read_markup(client.get(PAGE))
    assert "Dossiers passés" not in page
    assert "Pas passés, parce qu’ils vous sont revenus depuis" in page
    assert reload(case).assignee == responder
    post_hand_over(client, [case], format_person_tag(colleague), key="k2")
    assert reload(case).assignee == colleague


def test_a_repeated_hand_over_reports_the_first_even_if_the_colleague_left_since(client, responder, colleague):
    (case,) = take_cases(responder, 1)
    handover = HandoverRequest(to=colleague, text=WORDS, key="k1")
    first = hand_shift_over(actor=responder, references=[case.reference], handover=handover)
    Membership.objects.filter(user=colleague).update(ended_on=timezone.localdate())

    assert hand_shift_over(actor=responder, references=[case.reference], handover=handover) == first
    assert (first.handed_over, first.remaining) == ([case.reference], [])
    assert Note.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dossier": []}, "Cochez les dossiers"),
        ({"colleague": ""}, "Choisissez à qui"),
        ({"colleague": "x"}, "x n’en fait pas partie"),
        ({"text": " "}, "Écrivez ce que la relève doit savoir"),
        ({"text": "x" * 10_001}, "10001"),
    ],
)
def test_a_refused_hand_over_keeps_what_was_typed(client, responder, colleague, fields, message):
    cases = take_cases(responder)
    answer = post_hand_over(client, cases, **{"colleague": format_person_tag(colleague)} | fields)

    assert answer.status_code == 422
    page = read_markup(answer)
    assert message in page
    assert 'role="alert"' in page
    assert [line["is_ticked"] for line in answer.context["own_cases"]] == ["dossier" not in fields] * 2
    assert answer.context["form"]["text"].value() == fields.get("text", WORDS)
    assert [reload(incident).assignee for incident in cases] == [responder] * 2
    assert not Note.objects.exists()


@pytest.mark.parametrize("remaining", [0, 1])
def test_the_text_is_shown_again_if_every_case_left_meanwhile(client, responder, colleague, remaining):
    (taken,) = take_cases(responder, 1)
    take_cases(responder, remaining)
    assign_incident(reference=taken.reference, actor=colleague, assignee=colleague)

    answer = post_hand_over(client, [taken], format_person_tag(colleague))

    assert answer.status_code == 409
    assert "Pas passés" in read_markup(answer)
    assert WORDS in read_markup(answer)
    assert not Note.objects.exists()


def test_cases_no_longer_held_are_listed_as_not_handed_over(client, responder, colleague):
    taken, closed, erased, open_case = take_cases(responder, 4)
    assign_incident(reference=taken.reference, actor=colleague, assignee=colleague)
    close_incident(reference=closed.reference, reason="not_an_incident", actor=colleague)
    erase_personal_data(reference=erased.reference, actor=a_lead())
    foreign = "AAAAAAAA"
    references = [incident.reference for incident in (taken, closed, erased, open_case)]

    answer = client.post(
        PAGE,
        {"dossier": [*references, foreign], "colleague": format_person_tag(colleague), "text": WORDS, "key": "k"},
        follow=True,
    )

    page = read_markup(answer)
    assert "Dossiers passés : 1." in page
    assert "Pas passés" in page
    assert [reload(incident).assignee for incident in (closed, erased, open_case)] == [responder, responder, colleague]
    assert Note.objects.count() == 1


def test_a_responder_of_another_centre_receives_nothing(client, responder):
    (case,) = take_cases(responder, 1)
    stranger = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    assert post_hand_over(client, [case], format_person_tag(stranger)).status_code == 422
    assert WORDS not in read_markup(get_page(stranger))
    assert reload(case).assignee == responder


def test_an_agent_of_a_body_cannot_open_the_page(client):
    client.force_login(an_agent())
    assert client.get(PAGE).status_code == 302


def test_a_late_case_is_marked_before_it_is_handed_over(client, responder):
    late, _soon = take_cases(responder, 2)
    Incident.objects.filter(pk=late.pk).update(due_at=timezone.now() - timedelta(hours=3))
    page = read_markup(client.get(PAGE))
    assert page.count('<small class="late">en retard : ') == 1


def test_the_cases_to_hand_over_are_in_the_order_of_the_queue_with_their_severity(client, responder):
    """A critical case stands before one that is due sooner."""
    cases = take_cases(responder, 3)
    levels = (Severity.HIGH, Severity.CRITICAL, Severity.MODERATE)
    for hours, (case, severity) in enumerate(zip(cases, levels, strict=True), start=1):
        due_at = timezone.now() + timedelta(hours=hours)
        Incident.objects.filter(pk=case.pk).update(severity=severity, due_at=due_at)
    page = client.get(PAGE)
    assert [line["incident"] for line in page.context["own_cases"]] == [cases[1], cases[0], cases[2]]
    assert ", gravité critique</span>" in read_markup(page)


def test_a_hand_over_note_leaves_the_page_after_a_day(client, responder, colleague):
    (case,) = take_cases(responder, 1)
    post_hand_over(client, [case], format_person_tag(colleague))
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert WORDS not in read_markup(get_page(colleague))
    assert WORDS in read_markup(client.get(case_url(case)))


def test_the_lead_unassigns_the_cases_of_a_former_colleague_in_one_click(client, responder, colleague):
    (case,) = take_cases(colleague, 1)
    Membership.objects.filter(user=colleague).update(ended_on=date(2022, 1, 1))
    assert "ne sont plus là" not in read_markup(client.get(PAGE)), "only the lead sees them"
    lead = a_lead()
    client.force_login(lead)
    page = read_markup(client.get(PAGE))
    assert "Dossiers attribués à des personnes qui ne sont plus là" in page
    assert str(colleague) in page

    for _ in range(2):
        assert client.post(PAGE, {"liberer": case.reference}).status_code == 302

    assert reload(case).assignee is None
    assert case.events.get(kind=EventKind.ASSIGNED).data == {"to": None, "put_back": True}
    assert "ne sont plus là" not in read_markup(client.get(PAGE))


def test_only_the_lead_of_the_centre_unassigns_cases(client, responder, colleague):
    (case,) = take_cases(colleague, 1)
    Membership.objects.filter(user=colleague).update(ended_on=date(2022, 1, 1))
    client.force_login(a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    client.post(PAGE, {"liberer": case.reference})
    client.force_login(responder)
    client.post(PAGE, {"liberer": case.reference})
    assert reload(case).assignee == colleague


@pytest.mark.parametrize("number", [2, 12, pytest.param(50, marks=pytest.mark.proof)])
def test_the_page_costs_at_most_ten_queries(client, responder, colleague, number):
    lead = a_lead()
    client.force_login(lead)
    former_colleague = a_responder()
    for _ in range(number):
        for assignee in (lead, colleague, former_colleague):
            acknowledge_as(assignee, declare())
    colleague_client = Client()
    colleague_client.force_login(colleague)
    incidents = [line["incident"] for line in get_page(colleague).context["own_cases"]]
    post_hand_over(colleague_client, incidents, format_person_tag(lead))
    Membership.objects.filter(user=former_colleague).update(ended_on=date(2022, 1, 1))

    with CaptureQueriesContext(connection) as queries:
        page = client.get(PAGE)

    assert (len(page.context["own_cases"]), len(page.context["gone"])) == (2 * number, number)
    assert len(page.context["received"][0]["cases"]) == number
    assert len(queries) <= 10


def test_invalid_references_are_ignored(client, responder, colleague):
    (incident,) = take_cases(responder, 1)
    form = {"dossier": [incident.reference, "a\0b", "x" * 10_000], "colleague": format_person_tag(colleague)}
    assert client.post(PAGE, form | {"text": WORDS, "key": "k1"}).status_code == 302
    assert reload(incident).assignee == colleague


def test_a_case_that_became_read_only_does_not_stop_the_rest(client, responder, colleague):
    """The case went to another centre, but the responder is also an agent of its body and still reads it."""
    transferred, remaining = take_cases(responder)
    Membership.objects.create(user=responder, collectivity=transferred.collectivity, role=Role.AGENT)
    transferred.csirt = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    transferred.save(update_fields=["csirt"])

    page = post_hand_over(client, [transferred, remaining], format_person_tag(colleague))

    assert page.status_code == 302
    assert (reload(transferred).assignee, reload(remaining).assignee) == (responder, colleague)


def test_a_case_that_became_read_only_keeps_its_assignee(client, responder):
    transferred, remaining = take_cases(responder)
    Membership.objects.create(user=responder, collectivity=transferred.collectivity, role=Role.AGENT)
    transferred.csirt = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    transferred.save(update_fields=["csirt"])
    assert post_hand_over(client, [transferred, remaining], NOBODY).status_code == 302
    assert (reload(transferred).assignee, reload(remaining).assignee) == (responder, None)


@pytest.fixture
def transferred_cases(client: Client, responder: User) -> tuple[Incident, Incident, User]:
    """Hand two cases over with one text about both, then transfer the first to another centre."""
    transferred, remaining = take_cases(responder, 2)
    write_note(reference=transferred.reference, actor=responder, kind=NoteKind.NOTE, text="Note du dossier", key="n")
    words = "Saint-Secret a payé la zygomatique. Vu evil-tocsin.example."
    post_hand_over(client, [transferred, remaining], NOBODY, text=words)
    index_pending_events()
    taker = a_responder(create_other_centre())
    accept_transfer(uid=propose_transfer(transferred, responder).uid, actor=taker)
    return transferred, remaining, taker


def list_pages_and_matches(client, case):
    """Return the text of every page about the case, then the cases that three searches find."""
    searches = ("-zygomatique", "dans:note zygomatique", "zygomatique")
    return [
        *(
            read_markup(client.get(address))
            for address in (case_url(case), case_url(case, "histoire"), case_url(case, "indicateurs"))
        ),
        read_markup(client.get(PAGE)),
        *([hit.incident for hit in client.get(f"{CASE}/recherche/", {"q": q}).context["hits"]] for q in searches),
    ]


@pytest.mark.parametrize("is_indexed", [True, False])
def test_a_hand_over_note_stays_in_its_centre(client, responder, colleague, transferred_cases, is_indexed):
    transferred, remaining, taker = transferred_cases
    if is_indexed:
        index_pending_events()

    *pages, excluding, in_notes, in_all = list_pages_and_matches(sign_in_as(taker), transferred)

    assert not [page for page in pages if "Saint-Secret" in page or "evil-tocsin" in page]
    assert "Note du dossier" in pages[0]
    assert "Note du dossier" in pages[1]
    assert (excluding, in_notes, in_all) == ([transferred], [], [])
    assert "Saint-Secret" in read_markup(client.get(case_url(remaining)))
    assert "Saint-Secret" in read_markup(get_page(colleague))
    former = Transfer.objects.get()
    assert "Saint-Secret" in read_markup(client.get(offer_url(former, "dossier")))


def test_each_centre_reads_only_its_own_note_after_the_case_comes_back(client, responder, transferred_cases):
    case, _remaining, taker = transferred_cases
    index_pending_events()
    taker_client = sign_in_as(taker)
    taker_client.post(PAGE, {"dossier": case.reference, "colleague": NOBODY, "text": "Mot du voisin", "key": "v"})
    first = Transfer.objects.get()
    second = propose_transfer(case, taker, taker="breizh-cyber", seen=str(first.uid))
    accept_transfer(uid=second.uid, actor=responder)
    index_pending_events()

    page, history, proposed, _relays, excluding, in_notes, _in_all = list_pages_and_matches(client, case)

    assert "Saint-Secret" in page
    assert "Saint-Secret" in history
    assert "evil-tocsin" in proposed
    assert case not in excluding
    assert case in in_notes
    assert "Mot du voisin" not in page + history
    assert "Mot du voisin" in read_markup(taker_client.get(offer_url(second, "dossier")))
    assert "Saint-Secret" not in read_markup(taker_client.get(offer_url(second, "dossier")))


def test_a_hand_over_note_survives_a_returned_transfer(client, responder):
    (case,) = take_cases(responder, 1)
    post_hand_over(client, [case], NOBODY)
    taker = a_responder(create_other_centre())
    refuse_transfer(uid=propose_transfer(case, responder).uid, answer="Non.", actor=taker)
    assert WORDS in read_markup(client.get(case_url(case)))
