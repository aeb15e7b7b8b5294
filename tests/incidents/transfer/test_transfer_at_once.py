"""Two people answer or withdraw one transfer at the same instant: one of them succeeds, the other gets an error."""

from threading import Barrier, Thread

from django.db import connection

from incidents.enums import EventKind, TransferState
from incidents.services.transfer.proposal import accept_transfer, withdraw_transfer
from tests.cast import a_responder, breizh_cyber, declare
from tests.incidents.transferring import create_other_centre, propose_transfer


def test_only_one_of_four_simultaneous_acceptances_succeeds(transactional_db):
    breizh_cyber()
    elsewhere = create_other_centre()
    incident = declare()
    transfer = propose_transfer(incident, a_responder())
    takers = [a_responder(elsewhere) for _ in range(4)]

    outcomes = run_at_once(*[lambda actor=actor: accept_transfer(uid=transfer.uid, actor=actor) for actor in takers])

    assert sorted(outcomes) == ["Stale"] * 3 + ["done"]
    incident.refresh_from_db()
    transfer.refresh_from_db()
    assert incident.assignee == transfer.answered_by
    assert incident.events.filter(kind=EventKind.TRANSFERRED).count() == 1


def test_accepting_and_withdrawing_at_once_has_one_outcome(transactional_db):
    breizh_cyber()
    giver, taker = a_responder(), a_responder(create_other_centre())
    for _ in range(10):
        incident = declare()
        transfer = propose_transfer(incident, giver)

        outcomes = run_at_once(
            lambda uid=transfer.uid: accept_transfer(uid=uid, actor=taker),
            lambda reference=incident.reference: withdraw_transfer(reference=reference, actor=giver),
        )

        incident.refresh_from_db()
        transfer.refresh_from_db()
        assert (transfer.state, incident.csirt.slug, sorted(outcomes)) in (
            (TransferState.ACCEPTED, "loin-cyber", ["UnseenCase", "done"]),
            (TransferState.WITHDRAWN, "breizh-cyber", ["Stale", "done"]),
        )
        assert incident.events.count() == 3


def run_at_once(*acts):
    """Run the acts in parallel; return for each « done » or the name of the exception that it raised."""
    ready, outcomes = Barrier(len(acts)), []

    def run(act):
        try:
            ready.wait()
            act()
            outcomes.append("done")
        except Exception as error:  # noqa: BLE001  (its name is the outcome)
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
