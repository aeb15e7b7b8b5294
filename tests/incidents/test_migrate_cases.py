"""Cases survive migrations, forwards from an older database and back to one."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.models import F
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership
from csirts.models import Coverage
from incidents.access import CaseVisitor
from incidents.due import ANSWER_WITHIN, REVIEW_WITHIN
from incidents.enums import CaseFormCode, ClosingReason, EventKind, Nature, Tlp
from incidents.facts.shapes import Instant, Leak
from incidents.models import Closing, Incident, PendingEvent, Reading, UnsentText
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.duplicates.merge import merge_incident
from incidents.services.evidence.files import take_back_evidence
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.hold import place_hold
from incidents.services.handling.qualify import classify_incident
from incidents.services.handling.readings import record_reading
from incidents.services.handling.reopen import reopen_incident
from incidents.services.handling.tasks import NewTask, add_task
from incidents.services.handling.unsent_text import Pen, save_unsent_texts
from incidents.services.papers.case_export import prepare_export
from incidents.services.transfer import reroute
from incidents.services.transfer.proposal import accept_transfer
from incidents.sharing import is_mailbox_in_doubt
from stats.services import fold_new_events, verify_figures
from tests.cast import a_lead, a_responder, an_evidence_file, breizh_cyber, declare
from tests.incidents.transferring import create_other_centre, propose_transfer

KINDS = "SELECT kind FROM incidents_incidentevent ORDER BY id"


def declare_and_acknowledge(actor):
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=actor)
    return incident


def write_message(incident):
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    return write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text="Du nouveau.", key="a"))


def get_due(incident):
    row = Incident.objects.get(pk=incident.pk)
    return (row.due_for, row.due_at, row.answer_by)


@pytest.mark.proof
def test_late_tasks_and_first_takings_of_an_older_version_are_found(take_back_to, time_machine):
    """Both are found by the migrations after 0022, which are undone and applied once for both."""
    time_machine.move_to(timezone.now(), tick=False)
    check_first_takings, check_late_task = take_cases_twice(time_machine), leave_late_task()
    take_back_to("incidents", "0022")
    call_command("migrate", verbosity=0)
    check_late_task()
    check_first_takings()


def leave_late_task():
    responder = a_responder()
    late, plain = (declare_and_acknowledge(responder) for _ in range(2))
    new_task = NewTask(title="Rappeler", due_at=timezone.now() + timedelta(minutes=5))
    task = add_task(reference=late.reference, actor=responder, new_task=new_task)
    for incident in (late, plain):
        assign_incident(reference=incident.reference, actor=responder, assignee=None)
    Incident.objects.filter(pk=late.pk).update(due_at=F("acknowledge_by"), due_for="acknowledge")
    before = get_due(plain)

    def check():
        """The late task of an untaken case counts, and a case without a task keeps its deadline."""
        assert get_due(late)[:2] == ("task", task.due_at)
        assert get_due(plain) == before

    return check


def run_sql(query, *values):
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def take_cases_twice(time_machine):
    responder, taker = a_responder(), a_responder(create_other_centre())
    untaken, taken, again, put_back, moved = declare(), *(declare_and_acknowledge(responder) for _ in range(4))
    reopened, accepted, duplicate, main, its_duplicate = (declare() for _ in range(5))
    close_and_reopen(reopened, responder)
    merge_incident(reference=its_duplicate.reference, into=main.reference, actor=responder)
    close_and_reopen(main, responder)
    accept_transfer(uid=propose_transfer(accepted, responder).uid, actor=taker)
    first_at = timezone.now()
    time_machine.shift(timedelta(days=9))
    for case, actor in [
        (again, responder),
        (put_back, responder),
        (reopened, responder),
        (main, responder),
        (accepted, taker),
    ]:
        assign_incident(reference=case.reference, actor=actor, assignee=None)
    for case, actor in [(again, responder), (reopened, responder), (main, responder), (accepted, taker)]:
        acknowledge_incident(reference=case.reference, actor=actor)
    accept_transfer(uid=propose_transfer(moved, responder).uid, actor=taker)
    merge_incident(reference=duplicate.reference, into=taken.reference, actor=responder)
    close_and_reopen(taken, responder)
    fold_new_events()
    assert verify_figures().differences == []
    before = dict(Incident.objects.values_list("pk", "first_acknowledged_at"))
    late = {case.pk for case in (again, put_back, moved, reopened, main, accepted)}
    assert before == dict.fromkeys((*late, taken.pk), first_at) | dict.fromkeys(
        (untaken.pk, duplicate.pk, its_duplicate.pk)
    )

    def check():
        """Cases that were taken again, or accepted from another centre, are counted again."""
        assert dict(Incident.objects.filter(pk__in=before).values_list("pk", "first_acknowledged_at")) == before
        pending = PendingEvent.objects.filter(consumer="stats", event__incident__in=before)
        assert sorted(pending.values_list("event__incident", flat=True)) == sorted(late)

    return check


@pytest.mark.proof
def test_a_case_whose_type_was_changed_keeps_its_mailbox_in_doubt(cloned_db):
    mailbox, unchanged, outage = declare(type="boite"), declare(type="boite"), declare(type="panne")
    for case, kind in [(mailbox, "rancon"), (outage, "rancon")]:
        classify_incident(reference=case.reference, actor=a_responder(), nature=Nature.INCIDENT, type=kind)
    try:
        call_command("migrate", "incidents", "0025", verbosity=0)
    finally:
        call_command("migrate", verbosity=0)

    in_doubt = [case.pk for case in Incident.objects.order_by("pk") if is_mailbox_in_doubt(case)]
    assert in_doubt == [mailbox.pk, unchanged.pk]
    assert Incident.objects.get(mailbox_was_in_doubt=True) == mailbox


@pytest.mark.proof
def test_readings_get_the_centre_for_which_the_case_was_read(cloned_db):
    reader, taker = a_responder(), a_responder(create_other_centre())
    Membership.objects.create(user=reader, role=Role.RESPONDER, csirt=taker.memberships[0].csirt)
    unmoved, moved = declare(), declare_and_acknowledge(reader)
    for case in (unmoved, moved):
        record_reading(incident=case, reader=reader, at=timezone.now())
    accept_transfer(uid=propose_transfer(moved, reader).uid, actor=taker)
    moved.refresh_from_db()
    record_reading(incident=moved, reader=taker, at=timezone.now())
    try:
        call_command("migrate", "incidents", "0031", verbosity=0)
    finally:
        call_command("migrate", verbosity=0)

    assert set(Reading.objects.values_list("incident", "user", "csirt")) == {
        (unmoved.pk, reader.pk, unmoved.csirt_id),
        (moved.pk, reader.pk, None),
        (moved.pk, taker.pk, moved.csirt_id),
    }


def close_and_reopen(case, actor):
    close_incident(reference=case.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=actor)
    reopen_incident(reference=case.reference, actor=actor, motive="Si.")


@pytest.mark.proof
def test_events_of_withdrawn_files_survive_a_migration_back(take_back_to):
    """Rerouted cases are not on this way, because 0017 could not be applied again to their events. Nor does it go on
    to 0008, because 0009 could not be undone.
    """
    incident = declare()
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    take_back_evidence(visitor=visitor, reference=incident.reference, uid=an_evidence_file(incident).uid)
    before = run_sql(KINDS)
    assert (EventKind.FILE_TAKEN_BACK,) in before
    take_back_to("incidents", "0016")
    assert run_sql(KINDS) == before
    assert_kind_is_refused("file_taken_back")


@pytest.mark.proof
def test_events_of_holds_and_exports_survive_a_migration_back(take_back_to):
    incident, lead = declare(), a_lead()
    place_hold(reference=incident.reference, motive="Plainte en cours", actor=lead)
    prepare_export(reference=incident.reference, actor=lead)
    before = run_sql(KINDS)
    assert {(EventKind.HELD,), (EventKind.EXPORTED,)} <= {*before}
    take_back_to("incidents", "0037")
    assert run_sql(KINDS) == before
    assert_kind_is_refused("held")


@pytest.mark.proof
def test_rerouted_cases_survive_a_migration_back(take_back_to, monkeypatch):
    """An unassigned case is moved. Of two assigned ones, the shareable one gets a transfer that nobody asked for and
    the confidential one a task without author.
    """
    monkeypatch.setattr(reroute, "CASES_FOLLOW_AFTER", timedelta())
    breizh_cyber()
    responder = a_responder()
    declare()
    shareable, confidential = declare_and_acknowledge(responder), declare_and_acknowledge(responder)
    Incident.objects.filter(pk=shareable.pk).update(tlp=Tlp.GREEN)
    Coverage.objects.update(csirt=create_other_centre())
    while reroute.reroute_cases():
        pass
    before = run_sql(KINDS)
    assert {(EventKind.REROUTED,), (EventKind.TRANSFER_ASKED,)} <= {*before}
    take_back_to("incidents", "0019")
    assert run_sql(KINDS) == before
    assert run_sql("SELECT incident_id, asked_by_id FROM incidents_transfer") == [(shareable.pk, None)]
    assert run_sql("SELECT incident_id, author_id FROM incidents_task") == [(confidential.pk, None)]
    assert_kind_is_refused("rerouted")


@pytest.mark.proof
@pytest.mark.longest
def test_cases_survive_migrations_back_to_older_versions_and_forward_again(take_back_to):
    """The way through these migrations takes a minute, so what each older version cannot store is checked on one."""
    check_unsent_text, check_unanswered, check_deadlines = type_texts(), leave_questions_unanswered(), set_deadlines()
    take_back_to("incidents", "0018")
    check_unsent_text()
    take_back_to("incidents", "0013")
    check_unanswered()
    take_back_to("incidents", "0008")
    call_command("migrate", verbosity=0)
    check_deadlines()


def type_texts():
    responder = a_responder()
    incident = declare_and_acknowledge(responder)
    words = {CaseFormCode.NOTE: {"text": ["Vu."]}, CaseFormCode.CLOSING: {"summary": ["Fini."]}}
    words[CaseFormCode.VERIFICATION] = {"source": ["known"]}
    save_unsent_texts(reference=incident.reference, actor=responder, values_by_form=words, pen=Pen(name="a", stroke=1))

    def check():
        """Text that the older table cannot store is deleted."""
        assert list(UnsentText.objects.values_list("form", flat=True)) == [CaseFormCode.NOTE]

    return check


def leave_questions_unanswered():
    at = timezone.now()
    names = ("occurred", "detected", "attack_known", "breach_known")
    unsaid = {"service_stopped": "", "data_concerned": "", "leak": Leak()}
    moments = (Instant(at=at), Instant(), Instant(at=at, certainty="exact"))
    keys = [declare(**unsaid, **dict.fromkeys(names, moment)).pk for moment in moments]

    def check():
        """A day without a precision becomes approximate; no answer becomes « unknown »."""
        assert run_sql(
            "SELECT occurred_certainty, detected_certainty, attack_known_certainty, breach_known_certainty,"
            " service_stopped, data_concerned FROM incidents_incident WHERE id = ANY(%s) ORDER BY id",
            keys,
        ) == [(*(word,) * 4, "unknown", "unknown") for word in ("approximate", "unknown", "exact")]
        leaks = run_sql("SELECT status, persons_band FROM incidents_dataleak WHERE incident_id = ANY(%s)", keys)
        assert leaks == [("suspected", "unknown")] * 3

    return check


def set_deadlines():
    responder = a_responder()
    untaken, quiet, asking, answered, closed = declare(), *(declare_and_acknowledge(responder) for _ in range(4))
    wrote = write_message(asking).written_at
    write_message(answered)
    write_to_declarant(reference=answered.reference, actor=responder, letter=Letter(text="Merci.", key="a"))
    close_incident(reference=closed.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    Closing.objects.all().delete()

    def check():
        """The migration forward computes the deadlines of existing cases."""
        rows = {row.pk: row for row in Incident.objects.all()}
        answer_in, review_in = ANSWER_WITHIN[quiet.severity], REVIEW_WITHIN[quiet.severity]
        assert get_due(untaken) == ("acknowledge", untaken.acknowledge_by, untaken.received_at + answer_in)
        for incident in (quiet, answered):
            assert get_due(incident) == ("review", rows[incident.pk].acknowledged_at + review_in, None)
        assert get_due(asking) == ("answer", wrote + answer_in, wrote + answer_in)
        assert get_due(closed) == ("nothing", rows[closed.pk].closed_at, None)
        assert answer_in < review_in < timedelta(days=7), "each severity has its own"

    return check


def assert_kind_is_refused(kind):
    """Assert that the table takes no new event of this kind."""
    with pytest.raises(IntegrityError, match="event_kind_known"):
        run_sql(
            "INSERT INTO incidents_incidentevent (uid, incident_id, kind, at, actor_kind, actor_id, data) "
            "SELECT gen_random_uuid(), incident_id, kind, at, actor_kind, actor_id, data FROM incidents_incidentevent "
            "WHERE kind = %s RETURNING id",
            kind,
        )
