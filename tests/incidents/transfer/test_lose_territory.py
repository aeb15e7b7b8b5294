"""A centre whose territory went to another one reads how many cases left, and nothing of these cases."""

from datetime import timedelta

import pytest
from time_machine import TimeMachineFixture

from config.tasks import run_bounded_turns
from csirts.models import Coverage, Csirt
from incidents.models import Incident
from incidents.services.handling.hold import place_hold
from tests.cast import a_lead, a_responder, breizh_cyber, bretagne, declare
from tests.incidents.devices import QUEUE, sign_in_as
from tests.reading import read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("follow_changes_at_once")]
LOST = "3 dossiers sont passés au CSIRT Loin, le 28 novembre 2026 : votre centre ne répond plus de leur territoire"


@pytest.fixture
def rerouted_cases(elsewhere: Csirt, time_machine: TimeMachineFixture) -> list[Incident]:
    """Return three cases that left Breizh Cyber for another centre on 28 November."""
    Csirt.objects.filter(pk=elsewhere.pk).update(name="CSIRT Loin")
    time_machine.move_to("2026-11-28T10:00:00Z")
    cases = [declare() for _ in range(3)]
    Coverage.objects.filter(region=bretagne()).update(csirt=elsewhere)
    run_bounded_turns()
    return cases


def test_the_former_centre_reads_how_many_cases_left(rerouted_cases, time_machine):
    responder = a_responder(breizh_cyber())
    for address in (QUEUE, f"{QUEUE}transferts/"):
        page = sign_in_as(responder).get(address)
        assert LOST in read_text(page).replace(" , ", ", ")
        assert not [case.reference for case in rerouted_cases if case.reference in page.content.decode()]
    assert sign_in_as(responder).get(f"{QUEUE}{rerouted_cases[0].reference}/").status_code == 404
    time_machine.shift(timedelta(days=15))
    assert "sont passés" not in read_text(sign_in_as(responder).get(QUEUE))
    assert LOST in read_text(sign_in_as(responder).get(f"{QUEUE}transferts/")).replace(" , ", ", ")


def test_nobody_else_reads_that_cases_left(rerouted_cases, elsewhere):
    responder = a_responder(elsewhere)
    assert "sont passés" not in read_text(sign_in_as(responder).get(QUEUE))


def test_cases_without_a_new_centre_are_counted_too(time_machine):
    time_machine.move_to("2026-11-28T10:00:00Z")
    declare()
    Coverage.objects.all().delete()
    run_bounded_turns()
    page = read_text(sign_in_as(a_responder(breizh_cyber())).get(QUEUE)).replace(" , ", ", ")
    assert (
        "1 dossier a quitté la file, le 28 novembre 2026 : aucun centre ne répondait plus de son territoire." in page
    )


def test_a_held_case_keeps_its_centre_when_no_centre_answers_any_more():
    """Its leads alone may end the hold, even of a case on which nobody worked."""
    frozen, lead = declare(), a_lead()
    place_hold(reference=frozen.reference, motive="Plainte en cours", actor=lead)
    Coverage.objects.all().delete()
    run_bounded_turns()
    assert sign_in_as(lead).get(f"{QUEUE}{frozen.reference}/gel/").status_code == 200


def test_cases_that_came_back_are_not_counted(rerouted_cases, time_machine):
    time_machine.shift(timedelta(hours=1))
    Coverage.objects.filter(region=bretagne()).update(csirt=breizh_cyber())
    run_bounded_turns()
    assert "sont passés" not in read_text(sign_in_as(a_responder(breizh_cyber())).get(QUEUE))
