"""The cases of a database of before the queue of what is due keep what waits on them."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from incidents.access import Guest
from incidents.due import ANSWER_WITHIN, REVIEW_WITHIN
from incidents.enums import ClosingReason
from incidents.models import Closing, Incident
from incidents.services.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.triage import acknowledge_incident, close_incident
from tests.cast import a_responder, declare


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
