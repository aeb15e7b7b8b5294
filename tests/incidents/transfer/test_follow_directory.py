"""Opening, moving or closing a ground: open cases follow it, each once, and the people who must now act are told."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from collectivities.models import Region
from collectivities.services import correct_region
from config.tasks import run_bounded_turns
from csirts.models import Coverage, Csirt
from incidents.enums import DueFor, EventKind, GroupKind, NoteKind, Rerouting, Status, Tlp, TransferState
from incidents.models import Incident, RoutingCheck, SearchDocument
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.duplicates.merge import merge_incident
from incidents.services.groups.group import add_to_group, open_group
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.handover import HandoverRequest, hand_shift_over
from incidents.services.handling.notes import write_note
from incidents.services.search.index import index_pending_events
from incidents.services.transfer import reroute
from incidents.services.transfer.proposal import accept_transfer, refuse_transfer
from tests.cast import a_responder, breizh_cyber, bretagne, declare, finistere
from tests.incidents.desk import reload
from tests.incidents.devices import QUEUE, follow_up_url, open_by_link, sign_in_as
from tests.incidents.transferring import create_other_centre, list_event_kinds, offer_url
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("follow_changes_at_once")]


@pytest.fixture
def uncovered_centre() -> Csirt:
    """Return the centre of Bretagne, whose coverage is deleted."""
    centre = breizh_cyber()
    Coverage.objects.all().delete()
    return centre


def cover(csirt, **ground):
    ground = {"region": bretagne(), "valid": DateRange(None, None)} | ground
    return Coverage.objects.create(csirt=csirt, source="essai", **ground)


def test_open_cases_move_to_a_centre_whose_coverage_starts(uncovered_centre):
    """The case comes up in the queue of the centre, with targets of today."""
    incident = declare()
    responder = a_responder(uncovered_centre)
    assert incident.csirt is None
    assert not reroute.reroute_cases()
    Incident.objects.update(acknowledge_by=timezone.now() - timedelta(days=2))

    cover(uncovered_centre)
    run_bounded_turns()

    moved = reload(incident)
    assert (moved.csirt, moved.status) == (uncovered_centre, Status.DECLARED)
    assert moved.acknowledge_by > timezone.now()
    assert (moved.due_at, moved.due_for) == (moved.acknowledge_by, DueFor.ACKNOWLEDGE)
    assert moved.route_reason.endswith("Breizh Cyber répond aux collectivités de Bretagne.")
    event = incident.events.latest("id")
    assert (event.kind, event.actor, event.actor_kind) == (EventKind.REROUTED, None, "system")
    assert event.data == {"from": "", "to": "breizh-cyber", "why": "opened"}
    assert incident.reference in sign_in_as(responder).get(QUEUE).content.decode()
    content = read_text(sign_in_as(responder).get(case_url(incident)))
    assert "un centre répond désormais de ce territoire" in content
    assert "Breizh Cyber reçoit votre dossier" in read_text(open_by_link(incident).get(follow_up_url(incident)))


def test_a_case_moves_once(uncovered_centre):
    incident = declare()
    cover(uncovered_centre)
    assert reroute.reroute_cases() == 1
    assert [reroute.reroute_cases() for _ in range(2)] == [0, 0]
    assert list_event_kinds(incident) == ["declared", "rerouted"]


def test_nothing_is_read_while_the_directory_is_unchanged(uncovered_centre, time_machine, django_assert_num_queries):
    time_machine.move_to("2026-11-28T10:00:00Z")
    declare()
    reroute.reroute_cases()
    time_machine.shift(timedelta(hours=1))
    with django_assert_num_queries(4):
        assert not reroute.reroute_cases()


def test_a_change_of_the_directory_is_followed_a_few_minutes_later(uncovered_centre, time_machine, monkeypatch):
    """Cases declared just before it are saved by then; a mistake that is undone in time moves nothing."""
    monkeypatch.undo()
    time_machine.move_to("2026-11-28T10:00:00Z")
    incident = declare()
    ground = cover(uncovered_centre)
    assert not reroute.reroute_cases()
    time_machine.shift(reroute.CASES_FOLLOW_AFTER - timedelta(seconds=1))
    assert not reroute.reroute_cases()
    time_machine.shift(timedelta(seconds=2))
    assert reroute.reroute_cases() == 1

    ground.delete()
    reroute.reroute_cases()
    time_machine.shift(reroute.CASES_FOLLOW_AFTER - timedelta(seconds=1))
    cover(uncovered_centre)
    reroute.reroute_cases()
    time_machine.shift(reroute.CASES_FOLLOW_AFTER + timedelta(seconds=1))
    assert not reroute.reroute_cases()
    assert list_event_kinds(incident) == ["declared", "rerouted"]


def test_cases_are_rerouted_on_the_day_a_coverage_starts(uncovered_centre, time_machine):
    time_machine.move_to("2026-11-28T10:00:00Z")
    incident = declare()
    cover(uncovered_centre, valid=DateRange(timezone.localdate() + timedelta(days=1), None))
    assert not reroute.reroute_cases()
    time_machine.move_to("2026-11-29T10:00:00Z")
    assert reroute.reroute_cases() == 1
    assert reload(incident).csirt == uncovered_centre


def test_a_case_nobody_took_moves_to_the_new_centre_of_its_territory():
    incident, former = declare_at_breizh()
    index_pending_events()
    new = create_other_centre()
    cover(new, departement=finistere())

    assert reroute.reroute_cases() == 1
    assert reload(incident).csirt == new
    assert incident.events.latest("id").data == {"from": "breizh-cyber", "to": "loin-cyber", "why": "moved"}
    assert sign_in_as(former).get(case_url(incident)).status_code == 404
    index_pending_events()
    assert {document.csirt for document in SearchDocument.objects.filter(incident=incident)} == {new}


def declare_at_breizh():
    former = a_responder(breizh_cyber())
    return declare(), former


def take_with_label(incident, person, tlp=Tlp.GREEN):
    acknowledge_incident(reference=incident.reference, actor=person)
    Incident.objects.filter(pk=incident.pk).update(tlp=tlp)


def test_a_taken_case_is_proposed_and_moves_once_accepted():
    incident, former = declare_at_breizh()
    take_with_label(incident, former)
    new = create_other_centre()
    taker = a_responder(new)
    cover(new, departement=finistere())

    assert reroute.reroute_cases() == 1
    assert not reroute.reroute_cases()
    transfer = incident.transfers.get()
    assert (transfer.state, transfer.taker, transfer.asked_by) == (TransferState.ASKED, new, None)
    assert transfer.motive.endswith("Loin Cyber répond aux collectivités de son département.")
    assert reload(incident).csirt == breizh_cyber()
    assert "parce que la collectivité relève désormais de ce centre" in read_text(
        sign_in_as(former).get(case_url(incident))
    )
    assert "proposé par la plateforme" in read_text(sign_in_as(taker).get(offer_url(transfer)))

    accept_transfer(uid=transfer.uid, actor=taker)
    assert reload(incident).csirt == new
    assert not reroute.reroute_cases()


def test_a_returned_proposal_is_not_made_again():
    """The other centre returned the case: the same ground does not propose it again."""
    incident, former = declare_at_breizh()
    take_with_label(incident, former)
    new = create_other_centre()
    ground = cover(new, departement=finistere())
    reroute.reroute_cases()
    refuse_transfer(uid=incident.transfers.get().uid, answer="Gardez-le.", actor=a_responder(new))

    ground.source = "une autre liste"
    ground.save()
    assert not reroute.reroute_cases()
    assert reload(incident).csirt == breizh_cyber()


def test_when_a_coverage_ends_only_cases_nobody_took_lose_their_centre():
    waiting, former = declare_at_breizh()
    taken = declare()
    acknowledge_incident(reference=taken.reference, actor=former)
    Coverage.objects.all().delete()

    assert reroute.reroute_cases() == 1
    assert reload(waiting).csirt is None
    assert reload(taken).csirt == taken.csirt
    assert waiting.events.latest("id").data == {"from": "breizh-cyber", "to": "", "why": "closed"}
    page = open_by_link(waiting).get(follow_up_url(waiting))
    assert "Plus aucun centre ne répond de votre territoire" in read_text(page)


def test_a_duplicate_and_its_main_case_are_not_rerouted():
    main, former = declare_at_breizh()
    duplicate = declare()
    merge_incident(reference=duplicate.reference, into=main.reference, actor=former)
    cover(create_other_centre(), departement=finistere())
    assert not reroute.reroute_cases()
    assert {reload(main).csirt, reload(duplicate).csirt} == {breizh_cyber()}


def test_a_case_that_fails_delays_no_other_and_is_logged(uncovered_centre, monkeypatch, caplog):
    first, second = declare(), declare()
    cover(uncovered_centre)
    real = reroute.reroute_case

    def fails(pk, on):
        if pk == first.pk:
            raise ValueError
        return real(pk, on)

    monkeypatch.setattr(reroute, "reroute_case", fails)
    assert reroute.reroute_cases() == 1
    assert reload(second).csirt == uncovered_centre
    assert "a case cannot be rerouted" in caplog.text


def put_back_after(work, incident, person):
    work(incident, person)
    assign_incident(reference=incident.reference, actor=person, assignee=None)


def take_case(incident, person):
    acknowledge_incident(reference=incident.reference, actor=person)


def write_a_note(incident, person):
    write_note(reference=incident.reference, actor=person, kind=NoteKind.NOTE, text="Vu.", key="n")


def write_to_the_body(incident, person):
    write_to_declarant(reference=incident.reference, actor=person, letter=Letter(text="Débranchez.", key="m"))


@pytest.mark.parametrize("work", [take_case, write_a_note, write_to_the_body])
def test_a_case_that_was_worked_on_is_never_moved(work):
    incident, former = declare_at_breizh()
    put_back_after(work, incident, former)
    Incident.objects.update(tlp=Tlp.GREEN)
    assert reload(incident).acknowledged_at is None
    cover(create_other_centre(), departement=finistere())

    assert reroute.reroute_cases() == 1
    assert reload(incident).csirt == breizh_cyber()
    assert incident.transfers.get().state == TransferState.ASKED


def test_the_text_of_a_hand_over_stays_in_its_centre():
    """They were written once for two cases, and the other centre may take one of them."""
    incident, former = declare_at_breizh()
    other = declare()
    for open_case in (incident, other):
        assign_incident(reference=open_case.reference, actor=former, assignee=former)
    words = HandoverRequest(to=None, text="La mairie voisine paie la rançon.", key="k")
    hand_shift_over(actor=former, references=[incident.reference, other.reference], handover=words)
    Incident.objects.update(tlp=Tlp.GREEN)
    new = create_other_centre()
    taker = a_responder(new)
    cover(new, departement=finistere())

    assert reroute.reroute_cases() == 2
    assert reload(incident).csirt == breizh_cyber()
    accept_transfer(uid=incident.transfers.get().uid, actor=taker)
    assert "La mairie voisine" not in read_text(sign_in_as(taker).get(case_url(incident)))


def test_an_assigned_and_grouped_case_moves_without_assignee_and_group():
    incident, former = declare_at_breizh()
    assign_incident(reference=incident.reference, actor=former, assignee=a_responder(breizh_cyber()))
    group = open_group(csirt=breizh_cyber(), kind=GroupKind.CAMPAIGN, title="Vague", actor=former)
    add_to_group(reference=incident.reference, group=group.uid, actor=former)
    waited = timezone.now() - timedelta(days=3)
    Incident.objects.update(answer_by=waited, acknowledge_by=waited)
    assert reload(incident).group
    assert reload(incident).assignee
    cover(create_other_centre(), departement=finistere())

    assert reroute.reroute_cases() == 1
    moved = reload(incident)
    assert (moved.assignee, moved.group) == (None, None)
    assert moved.answer_by > timezone.now()
    assert moved.acknowledge_by > timezone.now()


@pytest.mark.parametrize("tlp", [Tlp.RED, Tlp.AMBER_STRICT, Tlp.AMBER])
def test_a_narrow_label_asks_for_an_agreement_instead_of_a_proposal(tlp):
    incident, former = declare_at_breizh()
    take_with_label(incident, former, tlp)
    new = create_other_centre(name="CSIRT Loin")
    ground = cover(new, departement=finistere())

    assert reroute.reroute_cases() == 1
    ground.source = "une autre liste"
    ground.save()
    assert not reroute.reroute_cases()

    assert not incident.transfers.exists()
    [task] = incident.tasks.all()
    assert (task.author, task.done_at) == (None, None)
    event = incident.events.latest("id")
    assert (event.kind, event.actor, event.actor_kind) == (EventKind.TASKS_ADDED, None, "system")
    assert event.data == {"added": 1, "task": str(task.uid)}
    content = read_text(sign_in_as(former).get(case_url(incident)))
    assert "relève désormais du CSIRT Loin : demandez l’accord du déclarant, puis proposez le transfert." in content
    assert reload(incident).due_at <= task.due_at


def test_a_label_that_narrows_after_the_proposal_asks_for_the_agreement():
    """The other centre no longer reads anything of the case."""
    incident, former = declare_at_breizh()
    take_with_label(incident, former)
    new = create_other_centre()
    taker = a_responder(new)
    cover(new, departement=finistere())
    reroute.reroute_cases()
    pages = f"{QUEUE}transferts/", offer_url(incident.transfers.get())
    assert all("Plouexemple" in read_text(sign_in_as(taker).get(where)) for where in pages)
    Incident.objects.update(tlp=Tlp.AMBER)

    for where in pages:
        content = read_text(sign_in_as(taker).get(where))
        assert "Plouexemple" not in content
        assert "Rançongiciel" not in content
    with pytest.raises(ValidationError):
        accept_transfer(uid=incident.transfers.get().uid, actor=taker)
    assert reload(incident).csirt == breizh_cyber()

    RoutingCheck.objects.update(version=None)
    reroute.reroute_cases()
    assert incident.transfers.get().state == TransferState.WITHDRAWN
    assert "demandez l’accord du déclarant" in incident.tasks.get(author=None).title


def test_a_proposal_ends_and_is_made_again_with_the_coverage():
    incident, former = declare_at_breizh()
    take_with_label(incident, former)
    new = create_other_centre()
    ground = cover(new, departement=finistere())
    reroute.reroute_cases()
    first = incident.transfers.get()

    ground.delete()
    assert reroute.reroute_cases() == 1
    first.refresh_from_db()
    assert (first.state, first.answered_by) == (TransferState.WITHDRAWN, None)
    event = incident.events.latest("id")
    assert (event.kind, event.actor, event.actor_kind) == (EventKind.TRANSFER_WITHDRAWN, None, "system")
    assert "retirée par la plateforme" in read_text(sign_in_as(a_responder(new)).get(offer_url(first)))

    cover(new, departement=finistere())
    assert reroute.reroute_cases() == 1
    assert incident.transfers.latest("id").state == TransferState.ASKED


def test_a_territory_given_to_a_third_centre_changes_the_proposal():
    incident, former = declare_at_breizh()
    take_with_label(incident, former)
    ground = cover(create_other_centre(), departement=finistere())
    reroute.reroute_cases()
    third = create_other_centre("tiers-cyber", "Tiers Cyber")
    ground.delete()
    cover(third, departement=finistere())

    assert reroute.reroute_cases() == 1
    states = incident.transfers.order_by("id").values_list("state", "taker__slug")
    assert list(states) == [(TransferState.WITHDRAWN, "loin-cyber"), (TransferState.ASKED, "tiers-cyber")]


def test_a_case_follows_the_corrected_region_of_its_body(uncovered_centre):
    """The directory stays as it is: what changed is the body."""
    cover(uncovered_centre)
    incident = declare()
    other = Region.objects.get(code="75")
    new = create_other_centre()
    cover(new, region=other)
    assert not reroute.reroute_cases()

    correct_region(collectivity=incident.collectivity, region=other, note="La liste se trompe.", by=None)

    assert reroute.reroute_cases() == 1
    moved = reload(incident)
    assert (moved.csirt, moved.region) == (new, other)
    assert incident.events.latest("id").data["why"] == Rerouting.CORRECTED
    assert "a été corrigée" in read_text(sign_in_as(a_responder(new)).get(case_url(incident)))
    former_queue = read_text(sign_in_as(a_responder(uncovered_centre)).get("/admin/incidents/incident/"))
    assert "sa collectivité, ou son territoire, a été corrigée" in former_queue
    assert "ne répond plus" not in former_queue
