"""Opening, moving or closing a ground: open cases follow it, each once, and whoever must now act is told."""

from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from config.tasks import work_on_cases
from csirts.models import Coverage
from incidents.enums import DueFor, EventKind, Status, TransferState
from incidents.models import Incident, SearchDocument
from incidents.services import reroute
from incidents.services.index import index_all
from incidents.services.merge import merge_incident
from incidents.services.transfer import accept_transfer, return_transfer
from incidents.services.triage import acknowledge_incident
from tests.cast import a_responder, breizh_cyber, bretagne, declare, finistere
from tests.incidents.test_correspond import case, opened, page, signed_in
from tests.incidents.test_declare import text
from tests.incidents.transferring import QUEUE, another_centre, as_person, events_of, offer_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def nobody():
    """No centre covers Bretagne."""
    centre = breizh_cyber()
    Coverage.objects.all().delete()
    return centre


def cover(csirt, **ground):
    ground = {"region": bretagne(), "valid": DateRange(None, None)} | ground
    return Coverage.objects.create(csirt=csirt, source="essai", **ground)


def fresh(incident):
    return Incident.objects.get(pk=incident.pk)


def test_it_works(nobody):
    """A ground that nobody covered is opened: the case comes up in the queue of the centre, with targets of today."""
    incident = declare()
    responder = a_responder(nobody)
    assert incident.csirt is None
    assert not reroute.reroute_cases()
    Incident.objects.update(acknowledge_by=timezone.now() - timedelta(days=2))

    cover(nobody)
    work_on_cases()

    moved = fresh(incident)
    assert (moved.csirt, moved.status) == (nobody, Status.DECLARED)
    assert moved.acknowledge_by > timezone.now()
    assert (moved.due_at, moved.due_for) == (moved.acknowledge_by, DueFor.ACKNOWLEDGE)
    assert moved.route_reason.endswith("Breizh Cyber répond aux collectivités de Bretagne.")
    event = incident.events.latest("id")
    assert (event.kind, event.actor, event.actor_kind) == (EventKind.REROUTED, None, "system")
    assert event.data == {"from": "", "to": "breizh-cyber", "why": "opened"}
    assert incident.reference in as_person(responder).get(QUEUE).content.decode()
    shown = text(signed_in(responder).get(case(incident)))
    assert "un centre répond désormais de ce territoire" in shown
    assert "Breizh Cyber reçoit votre dossier" in text(opened(incident).get(page(incident)))


def test_once(nobody):
    incident = declare()
    cover(nobody)
    assert reroute.reroute_cases() == 1
    assert [reroute.reroute_cases() for _ in range(2)] == [0, 0]
    assert events_of(incident) == ["declared", "rerouted"]


def test_nothing_is_read_while_the_directory_stands(nobody, time_machine, django_assert_num_queries):
    time_machine.move_to("2026-11-28T10:00:00Z")
    declare()
    reroute.reroute_cases()
    time_machine.shift(reroute.LATE + timedelta(seconds=1))
    reroute.reroute_cases()
    with django_assert_num_queries(2):
        assert not reroute.reroute_cases()


def test_a_declaration_that_was_routed_before_and_saved_after_follows_too(nobody, time_machine):
    time_machine.move_to("2026-11-28T10:00:00Z")
    declare()
    cover(nobody)
    assert reroute.reroute_cases() == 1
    late = declare()
    Incident.objects.filter(pk=late.pk).update(csirt=None)
    assert reroute.reroute_cases() == 1


def test_a_ground_that_opens_on_a_day_is_opened_that_day(nobody, time_machine):
    time_machine.move_to("2026-11-28T10:00:00Z")
    incident = declare()
    cover(nobody, valid=DateRange(timezone.localdate() + timedelta(days=1), None))
    assert not reroute.reroute_cases()
    time_machine.move_to("2026-11-29T10:00:00Z")
    assert reroute.reroute_cases() == 1
    assert fresh(incident).csirt == nobody


def test_what_nobody_took_goes_to_the_centre_that_has_the_ground_now():
    incident, former = declare_at_breizh()
    index_all()
    new = another_centre()
    cover(new, departement=finistere())

    assert reroute.reroute_cases() == 1
    assert fresh(incident).csirt == new
    assert incident.events.latest("id").data == {"from": "breizh-cyber", "to": "loin-cyber", "why": "moved"}
    assert as_person(former).get(case(incident)).status_code == 404
    index_all()
    assert {one.csirt for one in SearchDocument.objects.filter(incident=incident)} == {new}


def declare_at_breizh():
    former = a_responder(breizh_cyber())
    return declare(), former


def test_what_a_centre_took_is_proposed_and_changes_hands_by_being_taken():
    incident, former = declare_at_breizh()
    acknowledge_incident(reference=incident.reference, actor=former)
    new = another_centre()
    taker = a_responder(new)
    cover(new, departement=finistere())

    assert reroute.reroute_cases() == 1
    assert not reroute.reroute_cases()
    transfer = incident.transfers.get()
    assert (transfer.state, transfer.taker, transfer.asked_by) == (TransferState.ASKED, new, None)
    assert transfer.motive.endswith("Loin Cyber répond aux collectivités de son département.")
    assert fresh(incident).csirt == breizh_cyber()
    assert "parce que le territoire a changé de centre" in text(as_person(former).get(case(incident)))
    assert "proposé par la plateforme" in text(as_person(taker).get(offer_url(transfer)))

    accept_transfer(uid=transfer.uid, actor=taker)
    assert fresh(incident).csirt == new
    assert not reroute.reroute_cases()


def test_what_people_decided_stays():
    """The other centre left it to the first one: the ground does not ask again."""
    incident, former = declare_at_breizh()
    acknowledge_incident(reference=incident.reference, actor=former)
    new = another_centre()
    ground = cover(new, departement=finistere())
    reroute.reroute_cases()
    return_transfer(uid=incident.transfers.get().uid, answer="Gardez-le.", actor=a_responder(new))

    ground.source = "une autre liste"
    ground.save()
    assert not reroute.reroute_cases()
    assert fresh(incident).csirt == breizh_cyber()


def test_a_closed_ground_says_so_and_what_was_taken_stays():
    waiting, former = declare_at_breizh()
    taken = declare()
    acknowledge_incident(reference=taken.reference, actor=former)
    Coverage.objects.all().delete()

    assert reroute.reroute_cases() == 1
    assert fresh(waiting).csirt is None
    assert fresh(taken).csirt == taken.csirt
    assert waiting.events.latest("id").data == {"from": "breizh-cyber", "to": "", "why": "closed"}
    assert "Plus aucun centre ne répond de votre territoire" in text(opened(waiting).get(page(waiting)))


def test_closed_cases_and_those_with_doubles_stay():
    main, former = declare_at_breizh()
    double = declare()
    merge_incident(reference=double.reference, into=main.reference, actor=former)
    cover(another_centre(), departement=finistere())
    assert not reroute.reroute_cases()
    assert {fresh(main).csirt, fresh(double).csirt} == {breizh_cyber()}


def test_one_that_fails_holds_up_no_other(nobody, monkeypatch):
    first, second = declare(), declare()
    cover(nobody)
    real = reroute.reroute_case

    def fails(pk, on):
        if pk == first.pk:
            raise ValueError
        return real(pk, on)

    monkeypatch.setattr(reroute, "reroute_case", fails)
    assert reroute.reroute_cases() == 1
    assert fresh(second).csirt == nobody
