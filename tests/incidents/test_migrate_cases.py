"""The cases of a database of before the queue of what is due keep what waits on them."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.utils import timezone

from csirts.models import Coverage
from incidents.access import Guest
from incidents.due import ANSWER_WITHIN, REVIEW_WITHIN
from incidents.enums import ClosingReason, EventKind, KeptForm, Tlp
from incidents.facts.shapes import Instant, Leak
from incidents.models import Closing, Incident, KeptWords
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.evidence.pieces import take_back_evidence
from incidents.services.handling.keep import Pen, keep_words
from incidents.services.handling.triage import acknowledge_incident, close_incident
from incidents.services.transfer import reroute
from tests.cast import a_piece, a_responder, breizh_cyber, declare
from tests.incidents.transferring import another_centre

KINDS = "SELECT kind FROM incidents_incidentevent ORDER BY id"


def taken(actor):
    incident = declare()
    acknowledge_incident(reference=incident.reference, actor=actor)
    return incident


def written(incident):
    guest = Guest(access_uid=incident.accesses.get().uid)
    return write_to_csirt(reference=incident.reference, guest=guest, letter=Letter(text="Du nouveau.", key="a"))


def due(incident):
    row = Incident.objects.get(pk=incident.pk)
    return (row.due_for, row.due_at, row.answer_by)


@pytest.mark.proof
def test_it_works(cloned_db):
    responder = a_responder()
    untaken, quiet, asking, answered, closed = declare(), *(taken(responder) for _ in range(4))
    wrote = written(asking).written_at
    written(answered)
    write_to_declarant(reference=answered.reference, actor=responder, letter=Letter(text="Merci.", key="a"))
    close_incident(reference=closed.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    Closing.objects.all().delete()
    try:
        call_command("migrate", "incidents", "0008", verbosity=0)
    finally:
        call_command("migrate", verbosity=0)

    rows = {row.pk: row for row in Incident.objects.all()}
    answer_in, review_in = ANSWER_WITHIN[quiet.severity], REVIEW_WITHIN[quiet.severity]
    assert due(untaken) == ("acknowledge", untaken.acknowledge_by, untaken.received_at + answer_in)
    for incident in (quiet, answered):
        assert due(incident) == ("review", rows[incident.pk].acknowledged_at + review_in, None)
    assert due(asking) == ("answer", wrote + answer_in, wrote + answer_in)
    assert due(closed) == ("nothing", rows[closed.pk].closed_at, None)
    assert answer_in < review_in < timedelta(days=7), "each severity has its own"


def rows(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


@pytest.mark.proof
def test_what_was_left_unsaid_goes_back_to_what_could_be_said(take_back_to):
    """A day without its precision is about that day; nothing said is not known."""
    at = timezone.now()
    names = ("occurred", "detected", "attack_known", "breach_known")
    unsaid = {"service_stopped": "", "data_concerned": "", "leak": Leak()}
    declare(**unsaid, **dict.fromkeys(names, Instant(at=at)))
    declare(**unsaid, **dict.fromkeys(names, Instant()))
    declare(**unsaid, **dict.fromkeys(names, Instant(at=at, certainty="exact")))
    take_back_to("incidents", "0013")
    assert rows(
        "SELECT occurred_certainty, detected_certainty, attack_known_certainty, breach_known_certainty,"
        " service_stopped, data_concerned FROM incidents_incident ORDER BY id"
    ) == [(*(word,) * 4, "unknown", "unknown") for word in ("approximate", "unknown", "exact")]
    assert rows("SELECT status, persons_band FROM incidents_dataleak") == [("suspected", "unknown")] * 3


@pytest.mark.proof
def test_the_history_of_a_file_that_was_taken_back_outlives_the_way_back(take_back_to):
    incident = declare()
    guest = Guest(access_uid=incident.accesses.get().uid)
    take_back_evidence(guest=guest, reference=incident.reference, uid=a_piece(incident).uid)
    before = rows(KINDS)
    assert (EventKind.FILE_TAKEN_BACK,) in before
    take_back_to("incidents", "0016")
    assert rows(KINDS) == before
    with pytest.raises(IntegrityError, match="event_kind_known"):
        rows(
            "INSERT INTO incidents_incidentevent (uid, incident_id, kind, at, actor_kind, actor_id, data) "
            "SELECT gen_random_uuid(), incident_id, kind, at, actor_kind, actor_id, data FROM incidents_incidentevent "
            "WHERE kind = 'file_taken_back' RETURNING id"
        )


@pytest.mark.proof
def test_cases_that_followed_their_ground_outlive_the_way_back(take_back_to, monkeypatch):
    """One that nobody took has moved, one that was taken is proposed by nobody, of another nobody asks for the
    agreement: all stay in the history.
    """
    monkeypatch.setattr(reroute, "FOLLOWED_AFTER", timedelta())
    breizh_cyber()
    responder = a_responder()
    declare()
    held, kept_in = taken(responder), taken(responder)
    Incident.objects.filter(pk=held.pk).update(tlp=Tlp.GREEN)
    elsewhere = another_centre()
    Coverage.objects.update(csirt=elsewhere)
    while reroute.reroute_cases():
        pass
    before = rows(KINDS)
    assert {(EventKind.REROUTED,), (EventKind.TRANSFER_ASKED,)} <= {*before}
    take_back_to("incidents", "0019")
    assert rows(KINDS) == before
    assert rows("SELECT incident_id, asked_by_id FROM incidents_transfer") == [(held.pk, None)]
    assert rows("SELECT incident_id, author_id FROM incidents_task") == [(kept_in.pk, None)]
    with pytest.raises(IntegrityError, match="event_kind_known"):
        rows(
            "INSERT INTO incidents_incidentevent (uid, incident_id, kind, at, actor_kind, actor_id, data) "
            "SELECT gen_random_uuid(), incident_id, kind, at, actor_kind, actor_id, data FROM incidents_incidentevent "
            "WHERE kind = 'rerouted' RETURNING id"
        )


@pytest.mark.proof
def test_words_that_an_older_version_cannot_keep_are_dropped_on_the_way_back(take_back_to):
    responder = a_responder()
    incident = taken(responder)
    words = {KeptForm.NOTE: {"text": ["Vu."]}, KeptForm.CLOSING: {"summary": ["Fini."]}}
    words[KeptForm.VERIFICATION] = {"source": ["known"]}
    keep_words(reference=incident.reference, actor=responder, words=words, pen=Pen(name="a", stroke=1))
    take_back_to("incidents", "0018")
    assert list(KeptWords.objects.values_list("form", flat=True)) == [KeptForm.NOTE]
