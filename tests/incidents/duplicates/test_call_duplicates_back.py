"""A declarant who asked to be called back still waits for the call after a merge, until either case is called."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from csirts.routing import find_route
from incidents.declare.sending import may_promise_call
from incidents.enums import ClosingReason, NoteKind
from incidents.models import Incident
from incidents.services.duplicates.merge import unmerge_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.notes import write_note
from incidents.services.handling.verify import verify_incident
from notifications.facts import describe_status
from tests.cast import declare
from tests.incidents.desk import reload
from tests.incidents.devices import follow_up_url, open_by_link
from tests.incidents.merging import merge
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def express_duplicate(duplicate: Incident) -> Incident:
    """Return the duplicate as it would be if its declarant had asked to be called back."""
    Incident.objects.filter(pk=duplicate.pk).update(is_to_call_back=True)
    return reload(duplicate)


def is_call_announced(incident):
    return "Vous avez demandé à être rappelé" in read_text(open_by_link(incident).get(follow_up_url(incident)))


def test_the_call_that_a_duplicate_asked_for_stays_to_be_made(client, responder, main, express_duplicate):
    acknowledge_incident(reference=main.reference, actor=responder)
    merge(express_duplicate, main, responder)
    assert reload(main).is_to_call_back
    page_text = read_text(client.get(case_url(main)))
    assert "L’un des doubles demande à être rappelé : son numéro est avec les doubles." in page_text
    assert "02 99 00 00 01 · à rappeler" in page_text
    assert "à rappeler : un double le demande" in page_text
    assert "déclaration express" not in page_text
    for address in (case_url(main, "appel"), f"/triage/{main.reference}/"):
        assert "un double le demande" in read_text(client.get(address)), address
    assert is_call_announced(express_duplicate)
    assert not is_call_announced(main), "the declarant of the main case did not ask for a call"


@pytest.mark.parametrize("called", ["main", "duplicate"])
@pytest.mark.parametrize("act", ["call", "verify"])
def test_a_call_on_either_case_ends_the_wait_of_a_duplicate(client, responder, main, express_duplicate, called, act):
    merge(express_duplicate, main, responder)
    reference = (main if called == "main" else express_duplicate).reference
    if act == "call":
        write_note(reference=reference, actor=responder, kind=NoteKind.CALL_OUT, text="Vu.", key="k")
    else:
        verify_incident(reference=reference, actor=responder)
    assert not reload(main).is_to_call_back
    assert "à rappeler" not in read_text(client.get(case_url(main))).partition("Doubles")[2].partition("Échanges")[0]
    assert not is_call_announced(express_duplicate)
    unmerge_incident(reference=express_duplicate.reference, actor=responder)
    assert not reload(express_duplicate).is_to_call_back


def test_undoing_a_merge_leaves_the_call_to_the_case_that_asked_for_it(responder, main, express_duplicate):
    second = declare()
    Incident.objects.filter(pk=second.pk).update(is_to_call_back=True)
    for duplicate in (express_duplicate, second):
        merge(duplicate, main, responder)
    unmerge_incident(reference=express_duplicate.reference, actor=responder)
    assert [reload(case).is_to_call_back for case in (main, express_duplicate)] == [True, True]
    unmerge_incident(reference=second.reference, actor=responder)
    assert [reload(case).is_to_call_back for case in (main, second)] == [False, True]


def test_undoing_a_merge_keeps_the_call_that_the_main_case_asked_for(responder, main, express_duplicate):
    Incident.objects.filter(pk=main.pk).update(is_to_call_back=True)
    merge(express_duplicate, main, responder)
    assert is_call_announced(main)
    unmerge_incident(reference=express_duplicate.reference, actor=responder)
    assert reload(main).is_to_call_back


def test_a_duplicate_that_was_called_is_not_called_again_for_a_later_one(client, responder, main, express_duplicate):
    merge(express_duplicate, main, responder)
    verify_incident(reference=main.reference, actor=responder)
    second = declare()
    Incident.objects.filter(pk=second.pk).update(is_to_call_back=True)
    merge(second, main, responder)
    assert [is_call_announced(case) for case in (express_duplicate, second)] == [False, True]


def test_the_declarant_of_the_main_case_is_promised_no_call(responder, main, express_duplicate):
    """A mail of the main case to the centre that leaves late does not say either that it is an express declaration."""
    merge(express_duplicate, main, responder)
    assert not may_promise_call(reload(main), find_route(main.collectivity, on=main.received_at.date()))
    assert not describe_status(reload(main))["is_to_call_back"]
    assert describe_status(reload(express_duplicate))["is_to_call_back"]


@pytest.mark.parametrize("is_merged_second", [False, True])
def test_a_duplicate_that_was_closed_before_the_merge_waits_for_no_call(
    responder, main, express_duplicate, is_merged_second
):
    second = declare()
    close_incident(reference=express_duplicate.reference, actor=responder, reason=ClosingReason.NOT_AN_INCIDENT)
    if is_merged_second:
        Incident.objects.filter(pk=second.pk).update(is_to_call_back=True)
        merge(second, main, responder)
    merge(express_duplicate, main, responder)
    assert not is_call_announced(express_duplicate)
    write_note(reference=main.reference, actor=responder, kind=NoteKind.CALL_OUT, text="Vu.", key="k")
    assert not reload(main).is_to_call_back
    unmerge_incident(reference=express_duplicate.reference, actor=responder)
    assert reload(express_duplicate).is_to_call_back, "nobody has called this declarant"


def test_a_merge_reads_no_case_but_its_own(responder, main, express_duplicate):
    """A condition that joins tables would read all cases."""
    with CaptureQueriesContext(connection) as captured:
        merge(express_duplicate, main, responder)
    locks = [query["sql"] for query in captured if "FOR NO KEY UPDATE" in query["sql"] and "UNION" in query["sql"]]
    assert len(locks) == 1
