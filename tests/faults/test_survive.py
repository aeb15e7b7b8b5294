"""Every process is killed in turn while town halls declare. Each accepted case is stored and mailed once."""

import time
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.faults.deployment import Deployment, run_deployment, wait_until
from tests.faults.visitors import Crowd, Visitor

pytestmark = pytest.mark.proof

DECLARATIONS = 500
THREADS = 4
STALLED_SECONDS = 40
BODIES = """
    SELECT c.uid::text FROM collectivities_collectivity c JOIN collectivities_region r ON r.id = c.region_id
    WHERE c.kind = 'commune' AND c.vanished_on IS NULL AND r.code IN ('53', '32', '75') ORDER BY c.uid LIMIT %s
"""
REMAINING_WORK = """
    SELECT (SELECT count(*) FROM incidents_pendingevent)
         + (SELECT count(*) FROM notifications_delivery WHERE status = 'due')
"""
STATE = """
    SELECT status, recipient, attempts, last_error, min(due_at), max(due_at), now(), count(*)
    FROM notifications_delivery GROUP BY 1, 2, 3, 4
"""
DUE_NOW = "SELECT count(*) FROM notifications_delivery WHERE status = 'due' AND due_at <= now()"
MAILS = "SELECT status, key::text FROM notifications_delivery WHERE recipient = %s"


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with run_deployment(tmp_path) as deployment:
        # All centres have given their notification addresses, as in a real installation.
        deployment.change("UPDATE csirts_csirt SET notification_email = 'garde@' || slug || '.example'")
        deployment.start()
        yield deployment


def kill_worker_children(deployment):
    for program in [deployment.urgent, deployment.worker]:
        program.kill_child()


def postpone_mails(deployment):
    deployment.mailbox.postpones = True
    wait_until(lambda: deployment.mailbox.postponed, what="nobody tried to send")
    deployment.mailbox.postpones = False


def restart_valkey(deployment):
    kill_server(deployment.servers.valkey)
    time.sleep(2)
    deployment.servers.valkey.start()


def restart_workers(deployment):
    for program in [deployment.urgent, deployment.worker]:
        program.kill()
    time.sleep(1)
    for program in [deployment.urgent, deployment.worker]:
        program.start()


def restart_web(deployment):
    deployment.web.kill()
    deployment.web.start()


def kill_web_child(deployment):
    """Kill the child of Granian. Granian then exits, and the supervisor starts it again."""
    deployment.web.kill_child()
    time.sleep(0.5)
    deployment.web.kill()
    deployment.web.start()


def restart_postgres(deployment):
    kill_server(deployment.servers.postgres)
    time.sleep(1)
    deployment.servers.postgres.start()


def close_mailbox_for_a_while(deployment):
    deployment.mailbox.close()
    time.sleep(4)
    deployment.mailbox.open()


def restart_beat(deployment):
    deployment.beat.kill()
    deployment.beat.start()


def restart_everything(deployment):
    for program in deployment.programs:
        program.kill()
    kill_server(deployment.servers.valkey)
    kill_server(deployment.servers.postgres)
    deployment.servers.start()
    for program in deployment.programs:
        program.start()


FAULTS = [
    *[kill_worker_children, postpone_mails, restart_valkey, restart_workers, restart_web, restart_postgres],
    *[close_mailbox_for_a_while, restart_beat, kill_web_child, restart_postgres, restart_valkey],
    *[restart_workers, restart_everything],
]


def kill_server(server):
    server.process.kill()
    server.process.wait()


@pytest.mark.longest
def test_declarations_survive_every_fault(deployment):
    assert_durable(deployment)
    bodies = [uid for (uid,) in deployment.rows(BODIES, DECLARATIONS)]
    assert len(set(bodies)) == DECLARATIONS

    visitor = Visitor(deployment.port)
    form = visitor.fill(bodies[0], DECLARATIONS)
    crowd = Crowd(deployment.port, bodies[1:], threads=THREADS)
    crowd.start()
    for number, fault in enumerate(FAULTS, start=1):
        crowd.wait_for(number * DECLARATIONS // (len(FAULTS) + 1))
        if number == len(FAULTS):
            receipt = visitor.send(form)  # the last fault kills every part just after this page was accepted
        fault(deployment)
    assert visitor.send(form).reference == receipt.reference, "a page sent again shows another case"
    crowd.finish()
    visitor.hang_up()
    crowd.receipts.append(receipt)
    wait_until_done(deployment)

    assert_each_stored_once(deployment, crowd)
    assert_all_mailed(deployment)
    assert_counted(deployment)
    assert_durable(deployment)


def wait_until_done(deployment):
    """Wait until no work remains. Mails postponed by a minute are made due at once, to save that time."""
    remaining, changed_at = deployment.number(REMAINING_WORK), time.monotonic()
    while remaining:
        quiet = time.monotonic() - changed_at
        assert quiet < STALLED_SECONDS, deployment.rows(STATE)
        if quiet > 2 and not deployment.number(DUE_NOW):
            deployment.change("UPDATE notifications_delivery SET due_at = now() WHERE status = 'due'")
        time.sleep(0.5)
        before, remaining = remaining, deployment.number(REMAINING_WORK)
        changed_at = changed_at if remaining == before else time.monotonic()


def assert_durable(deployment):
    for name in ["fsync", "synchronous_commit", "full_page_writes"]:
        assert deployment.rows(f"SHOW {name}") == [("on",)]


def assert_each_stored_once(deployment, crowd):
    """Check that each reference that a visitor saw is stored once, with the key of that visitor's form, and no other
    case.
    """
    assert len(crowd.receipts) == DECLARATIONS
    references = {sha256(receipt.key.encode()).hexdigest(): receipt.reference for receipt in crowd.receipts}
    stored = deployment.rows("SELECT submission_key, reference FROM incidents_incident")
    assert len(stored) == DECLARATIONS
    assert dict(stored) == references
    assert deployment.rows("SELECT kind, count(*) FROM incidents_incidentevent GROUP BY 1") == [
        ("declared", DECLARATIONS)
    ]
    assert deployment.number("SELECT count(*) FROM incidents_story") == DECLARATIONS


def assert_all_mailed(deployment):
    """Check that the mail of each centre and of each declarant arrived, and that a mail that arrived twice has one
    Message-ID.
    """
    arrived = Counter(deployment.mailbox.list_message_ids())
    for recipient in ["csirt", "declarant"]:
        deliveries = deployment.rows(MAILS, recipient)
        assert len(deliveries) == DECLARATIONS
        assert {status for status, _key in deliveries} == {"sent"}
        assert {key for _status, key in deliveries} <= arrived.keys()
    assert len(arrived) == 2 * DECLARATIONS
    assert deployment.number("SELECT count(*) FROM notifications_announcement") == DECLARATIONS


def assert_counted(deployment):
    verified = deployment.manage("verify_stats")
    assert verified.returncode == 0, verified.stderr
    assert deployment.number("SELECT count(*) FROM stats_casefact") == DECLARATIONS
