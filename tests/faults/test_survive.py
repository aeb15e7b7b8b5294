"""Every process is killed in turn while 500 town halls declare. Each accepted case is stored and mailed once."""

import time
from collections import Counter
from hashlib import sha256

import pytest

from tests.faults.stage import on_stage, until
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
def stage(tmp_path):
    with on_stage(tmp_path) as stage:
        # All centres have given their notification addresses, as in a real installation.
        stage.change("UPDATE csirts_csirt SET notification_email = 'garde@' || slug || '.example'")
        stage.start()
        yield stage


def worker_child(stage):
    for program in [stage.urgent, stage.worker]:
        program.kill_child()


def mail_postponed(stage):
    stage.mailbox.postpones = True
    until(lambda: stage.mailbox.postponed, what="nobody tried to send")
    stage.mailbox.postpones = False


def valkey(stage):
    kill(stage.servers.valkey)
    time.sleep(2)
    stage.servers.valkey.start()


def worker(stage):
    for program in [stage.urgent, stage.worker]:
        program.kill()
    time.sleep(1)
    for program in [stage.urgent, stage.worker]:
        program.start()


def web(stage):
    stage.web.kill()
    stage.web.start()


def web_child(stage):
    """Kill the child of Granian. Granian then exits, and the supervisor starts it again."""
    stage.web.kill_child()
    time.sleep(0.5)
    stage.web.kill()
    stage.web.start()


def postgres(stage):
    kill(stage.servers.postgres)
    time.sleep(1)
    stage.servers.postgres.start()


def mail_away(stage):
    stage.mailbox.close()
    time.sleep(4)
    stage.mailbox.open()


def beat(stage):
    stage.beat.kill()
    stage.beat.start()


def everything(stage):
    for program in stage.programs:
        program.kill()
    kill(stage.servers.valkey)
    kill(stage.servers.postgres)
    stage.servers.start()
    for program in stage.programs:
        program.start()


FAULTS = [
    *[worker_child, mail_postponed, valkey, worker, web, postgres, mail_away, beat, web_child, postgres, valkey],
    *[worker, everything],
]


def kill(server):
    server.process.kill()
    server.process.wait()


def test_500_declarations_survive_every_fault(stage):
    assert_durable(stage)
    bodies = [uid for (uid,) in stage.rows(BODIES, DECLARATIONS)]
    assert len(set(bodies)) == DECLARATIONS

    crowd = Crowd(stage.port, bodies, threads=THREADS)
    crowd.start()
    for number, fault in enumerate(FAULTS, start=1):
        crowd.wait_for(number * DECLARATIONS // (len(FAULTS) + 1))
        fault(stage)
    crowd.finish()
    wait_until_done(stage)

    assert_each_stored_once(stage, crowd)
    assert_all_mailed(stage)
    assert_counted(stage)
    assert_durable(stage)


def test_a_page_sent_again_after_a_crash_shows_the_same_case(stage):
    [(body,)] = stage.rows(BODIES, 1)
    visitor = Visitor(stage.port)
    form = visitor.fill(body, 1)
    first = visitor.send(form)

    everything(stage)

    assert visitor.send(form).reference == first.reference
    visitor.hang_up()
    assert stage.number("SELECT count(*) FROM incidents_incident") == 1


def wait_until_done(stage):
    """Wait until no work remains. Mails postponed by a minute are made due at once, to save that time."""
    remaining, changed_at = stage.number(REMAINING_WORK), time.monotonic()
    while remaining:
        quiet = time.monotonic() - changed_at
        assert quiet < STALLED_SECONDS, stage.rows(STATE)
        if quiet > 2 and not stage.number(DUE_NOW):
            stage.change("UPDATE notifications_delivery SET due_at = now() WHERE status = 'due'")
        time.sleep(0.5)
        before, remaining = remaining, stage.number(REMAINING_WORK)
        changed_at = changed_at if remaining == before else time.monotonic()


def assert_durable(stage):
    for name in ["fsync", "synchronous_commit", "full_page_writes"]:
        assert stage.rows(f"SHOW {name}") == [("on",)]


def assert_each_stored_once(stage, crowd):
    """Check that each reference that a visitor saw is stored once, with the key of that visitor's form, and no other
    case.
    """
    assert len(crowd.receipts) == DECLARATIONS
    references = {sha256(receipt.key.encode()).hexdigest(): receipt.reference for receipt in crowd.receipts}
    stored = stage.rows("SELECT submission_key, reference FROM incidents_incident")
    assert len(stored) == DECLARATIONS
    assert dict(stored) == references
    assert stage.rows("SELECT kind, count(*) FROM incidents_incidentevent GROUP BY 1") == [("declared", DECLARATIONS)]
    assert stage.number("SELECT count(*) FROM incidents_story") == DECLARATIONS


def assert_all_mailed(stage):
    """Check that the mail of each centre and of each declarant arrived, and that a mail that arrived twice has one
    Message-ID.
    """
    arrived = Counter(stage.mailbox.keys())
    for recipient in ["csirt", "declarant"]:
        deliveries = stage.rows(MAILS, recipient)
        assert len(deliveries) == DECLARATIONS
        assert {status for status, _key in deliveries} == {"sent"}
        assert {key for _status, key in deliveries} <= arrived.keys()
    assert len(arrived) == 2 * DECLARATIONS
    assert stage.number("SELECT count(*) FROM notifications_announcement") == DECLARATIONS


def assert_counted(stage):
    verified = stage.manage("verify_stats")
    assert verified.returncode == 0, verified.stderr
    assert stage.number("SELECT count(*) FROM stats_casefact") == DECLARATIONS
