import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.utils import timezone

from accounts.dispatch import compute_pause
from incidents.models import Incident, Story
from incidents.reference import hyphenate
from incidents.services.declarant.access import derive_secret
from notifications import dispatch, tasks
from notifications.models import Delivery
from tests.cast import breizh_cyber, declare
from tests.notifications.mailing import read_body

CENTRE = "garde@breizh.example"
TOWN = "mairie@plouexemple.example"
WORKER = """
import django
django.setup()
from django.conf import settings
settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", {port}
from notifications.dispatch import send_due_deliveries
send_due_deliveries()
"""


@pytest.fixture
def announced_case(transactional_db: str) -> Incident:
    """Return a case that is announced, with real commits."""
    breizh_cyber()
    incident = declare()
    dispatch.announce_all_events()
    return incident


def get_delivery(recipient):
    return Delivery.objects.get(recipient=recipient)


def test_due_mails_are_sent_and_recorded(announced_case, post):
    assert dispatch.send_due_deliveries() == 2

    assert [message.went_to for message in post.received] == [[CENTRE], [TOWN]]
    assert list(Delivery.objects.values_list("status", "attempts", "last_error")) == [("sent", 1, "")] * 2
    assert get_delivery("csirt").sent_at is not None


def test_a_sent_mail_is_not_sent_again(announced_case, post, clock):
    dispatch.send_due_deliveries()
    clock.shift(timedelta(days=1))

    assert dispatch.send_due_deliveries() == 0

    assert len(post.received) == 2


def test_the_message_id_is_the_key_of_the_row(announced_case, post):
    dispatch.send_due_deliveries()

    assert post.list_mails_to(CENTRE)[0]["Message-ID"] == f"<{get_delivery('csirt').key}@localhost>"
    assert post.list_mails_to(CENTRE)[0]["Auto-Submitted"] == "auto-generated"


def test_a_refused_recipient_is_not_tried_again(announced_case, post, clock):
    post.answers[TOWN] = "550 5.1.1 unknown"

    dispatch.send_due_deliveries()
    clock.shift(timedelta(days=1))
    dispatch.send_due_deliveries()

    assert [message.went_to for message in post.received] == [[CENTRE]]
    refused = get_delivery("declarant")
    assert (refused.status, refused.last_error, refused.attempts) == ("refused", "refused", 1)


def test_a_postponed_recipient_is_tried_later(announced_case, post, clock):
    now = timezone.now()
    post.answers[TOWN] = "451 4.7.1 greylisted"

    dispatch.send_due_deliveries()
    delivery = get_delivery("declarant")
    assert (delivery.last_error, delivery.due_at) == ("postponed", now + timedelta(minutes=1))
    post.answers.clear()
    clock.shift(timedelta(seconds=59))
    assert dispatch.send_due_deliveries() == 0
    clock.shift(timedelta(seconds=2))
    assert dispatch.send_due_deliveries() == 1

    assert len(post.list_mails_to(TOWN)) == 1
    delivery = get_delivery("declarant")
    assert (delivery.status, delivery.attempts, delivery.last_error) == ("sent", 2, "")


def test_the_pauses_grow_to_an_hour():
    pauses = [dispatch.compute_pause(attempts) // timedelta(minutes=1) for attempts in range(1, 11)]

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_a_mail_that_failed_ten_times_waits_for_a_person(announced_case, post, clock):
    post.answers[TOWN] = "451 4.7.1 greylisted"

    for _ in range(12):
        dispatch.send_due_deliveries()
        clock.shift(timedelta(hours=1, seconds=1))

    assert (get_delivery("declarant").status, get_delivery("declarant").attempts) == ("dead", 10)
    key = get_delivery("declarant").key
    post.answers.clear()
    call_command("replay_deliveries")
    dispatch.send_due_deliveries()

    assert get_delivery("declarant").status == "sent"
    assert post.list_mails_to(TOWN)[0]["Message-ID"] == f"<{key}@localhost>"


def test_a_message_that_kills_each_worker_is_given_up(announced_case, post, clock):
    for _ in range(10):
        assert dispatch.claim_deliveries(timezone.now())
        clock.shift(timedelta(hours=1, seconds=1))

    assert dispatch.send_due_deliveries() == 0
    assert set(Delivery.objects.values_list("status", flat=True)) == {"dead"}


def test_a_dead_server_loses_no_mail_and_counts_no_failed_attempt(announced_case, post, clock):
    post.stop()

    for _ in range(15):
        assert dispatch.send_due_deliveries() == 0
        clock.shift(timedelta(minutes=1))
    assert sorted(Delivery.objects.values_list("status", "attempts", "last_error")) == [
        ("due", 0, ""),
        ("due", 0, "unreachable"),
    ]
    post.start()

    assert dispatch.send_due_deliveries() == 2


def test_a_server_that_ends_connections_is_asked_for_another(announced_case, post):
    declare()
    dispatch.announce_all_events()
    hung_up = []

    async def handle_MAIL(server, session, envelope, address, options):  # noqa: N802
        if post.received and not hung_up:
            hung_up.append(True)
            server.transport.close()
        envelope.mail_from = address
        return "250 OK"

    post.handle_MAIL = handle_MAIL

    assert dispatch.send_due_deliveries() == 4
    assert hung_up
    assert len(post.received) == 4


@pytest.mark.parametrize(
    ("verdict", "status", "trouble"),
    [("554 5.7.1 spam", "refused", "refused"), ("451 4.3.0 later", "due", "postponed")],
)
def test_a_message_may_be_refused_after_it_was_read(announced_case, post, verdict, status, trouble):
    post.verdict = verdict

    assert dispatch.send_due_deliveries() == 0

    assert list(Delivery.objects.values_list("status", "last_error")) == [(status, trouble)] * 2


def test_a_refused_sender_counts_no_failed_attempt_of_a_message(announced_case, post, clock):
    async def refuses(server, session, envelope, address, options):
        return "530 5.7.0 authentication required"

    post.handle_MAIL = refuses

    assert dispatch.send_due_deliveries() == 0

    rows = Delivery.objects.order_by("id").values_list("status", "attempts", "last_error")
    assert list(rows) == [("due", 0, "cut_off"), ("due", 0, "")]
    assert dispatch.send_due_deliveries() == 0
    del post.handle_MAIL
    clock.shift(timedelta(seconds=21))
    post.stop()
    post.start()
    assert dispatch.send_due_deliveries() == 2


def test_a_server_that_disconnects_on_one_message_still_gets_the_others(announced_case, post):
    async def hangs_up(server, session, envelope, address, options):
        if address == CENTRE:
            server.transport.close()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    post.handle_RCPT = hangs_up

    assert dispatch.send_due_deliveries() == 1

    cut_off = get_delivery("csirt")
    assert (cut_off.status, cut_off.attempts, cut_off.last_error) == ("due", 1, "cut_off")
    assert get_delivery("declarant").status == "sent"


def test_the_task_sends_the_due_mails(announced_case, post):
    tasks.deliver_due()

    assert len(post.received) == 2


def test_one_postponed_centre_delays_no_other_recipient(transactional_db, post):
    breizh_cyber()
    for _ in range(5):
        declare()
    dispatch.announce_all_events()
    tries = []

    async def handle_RCPT(server, session, envelope, address, options):  # noqa: N802
        if address == CENTRE:
            tries.append(address)
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    post.handle_RCPT = handle_RCPT

    assert dispatch.send_due_deliveries() == 5

    assert len(post.list_mails_to(TOWN)) == 5
    assert len(tries) == 1
    attempts = Delivery.objects.filter(recipient="csirt").values_list("attempts", flat=True)
    assert sorted(attempts) == [0, 0, 0, 0, 1]


def test_a_worker_killed_before_it_records_sends_again_under_the_same_id(
    announced_case, post, transactional_db, clock
):
    Delivery.objects.filter(recipient="declarant").delete()
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": transactional_db,
        "PATH": "/usr/bin",
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER.format(port=post.port)],
        cwd=django_settings.BASE_DIR,
        env=environment,
    )
    post.kills = lambda: worker.pid
    assert worker.wait(30) == -9
    post.kills = None
    assert (get_delivery("csirt").status, get_delivery("csirt").attempts) == ("due", 1)

    assert dispatch.send_due_deliveries() == 0
    clock.shift(timedelta(minutes=10))
    assert dispatch.send_due_deliveries() == 1

    first, second = post.received
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.parametrize("attempts", [0, 9])
def test_a_mail_that_waits_while_the_time_is_set_back_is_sent(announced_case, post, clock, attempts):
    """It was due soon: it waits neither until the former time comes again nor as long as mails between two tries."""
    pause = compute_pause(attempts) if attempts else timedelta()
    Delivery.objects.update(attempts=attempts, due_at=timezone.now() + pause)
    clock.shift(-timedelta(hours=2))
    assert dispatch.send_due_deliveries() == 2


def test_a_mail_is_not_tried_again_before_its_pause_has_passed(announced_case, clock):
    Delivery.objects.update(attempts=9, due_at=timezone.now() + compute_pause(9))
    assert dispatch.send_due_deliveries() == 0


def test_sending_to_a_slow_server_stops_before_the_lease_ends(transactional_db, post, monkeypatch):
    breizh_cyber()
    for _ in range(3):
        declare()
    dispatch.announce_all_events()
    monkeypatch.setattr(dispatch, "LEASE_TIME", timedelta(seconds=0.5))
    monkeypatch.setattr(dispatch, "PASS_TIME_LIMIT", timedelta(seconds=0.01))
    post.delay = 0.3

    count = dispatch.send_due_deliveries()

    assert 1 <= count < 6
    assert list(Delivery.objects.exclude(status="sent").values_list("attempts", flat=True)) == [0] * (6 - count)
    assert Delivery.objects.due(timezone.now()).count() == 6 - count


def test_no_mail_goes_to_an_address_erased_meanwhile(announced_case, post):
    Story.objects.update(contact_email="")

    dispatch.send_due_deliveries()

    assert (get_delivery("declarant").status, get_delivery("declarant").last_error) == ("no_channel", "no_address")
    assert not post.list_mails_to(TOWN)


def test_an_address_corrected_meanwhile_is_the_one_used(announced_case, post):
    breizh_cyber(notification_email="astreinte@breizh.example")

    dispatch.send_due_deliveries()

    assert len(post.list_mails_to("astreinte@breizh.example")) == 1
    assert not post.list_mails_to(CENTRE)


def test_a_centre_that_sets_its_address_can_get_its_mails_afterwards(transactional_db, post):
    breizh_cyber(notification_email="")
    declare()
    dispatch.announce_all_events()
    breizh_cyber()

    call_command("replay_deliveries", "--status=no_channel", "--csirt=breizh-cyber")
    dispatch.send_due_deliveries()

    assert len(post.list_mails_to(CENTRE)) == 1


def test_a_message_that_cannot_be_written_delays_no_other(announced_case, post, monkeypatch, caplog):
    write = dispatch.write_case_mail

    def broken(delivery, *, to):
        if delivery.recipient == "csirt":
            raise UnicodeError("Dominique Exemple")
        return write(delivery, to=to)

    monkeypatch.setattr(dispatch, "write_case_mail", broken)

    assert dispatch.send_due_deliveries() == 1

    assert (get_delivery("csirt").status, get_delivery("csirt").last_error) == ("due", "unwritable")
    assert "Dominique" not in caplog.text


def test_a_receipt_whose_key_is_missing_waits_for_it(announced_case, post, settings, clock):
    """A worker that has not the new key yet would send it without the code, which no later mail brings."""
    code, keys = hyphenate(derive_secret(announced_case.accesses.get())), settings.KEYS_BY_USE
    settings.KEYS_BY_USE = keys | {"FOLLOW_UP_KEY": [os.urandom(32)]}

    assert dispatch.send_due_deliveries() == 1

    assert (get_delivery("declarant").status, get_delivery("declarant").last_error) == ("due", "unwritable")
    assert post.list_mails_to(TOWN) == []
    settings.KEYS_BY_USE = keys
    clock.shift(timedelta(hours=1))
    assert dispatch.send_due_deliveries() == 1
    [receipt] = post.list_mails_to(TOWN)
    assert code in read_body(receipt)


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_a_receipt_does_not_wait_for_the_key_of_a_code_that_has_ended(announced_case, post, settings, column):
    announced_case.accesses.update(**{column: timezone.now()})
    settings.KEYS_BY_USE = settings.KEYS_BY_USE | {"FOLLOW_UP_KEY": [os.urandom(32)]}

    assert dispatch.send_due_deliveries() == 2

    assert "/suivi/acces/" not in read_body(post.list_mails_to(TOWN)[0])


def test_no_address_is_kept_in_the_row(announced_case, post):
    post.answers[CENTRE] = f"550 5.1.1 <{CENTRE}> unknown"
    dispatch.send_due_deliveries()

    stored = Delivery.objects.filter(recipient="csirt").values_list()[0]
    assert "@" not in "".join(map(str, stored))


def test_fifty_mails_cost_few_queries_beside_their_own(transactional_db, post, django_assert_max_num_queries):
    breizh_cyber()
    for _ in range(25):
        declare()
    dispatch.announce_all_events()

    # Each mail: the demonstration brake and its record, and for each receipt the route. The rest is for each handful,
    # with a look at what came meanwhile.
    with django_assert_max_num_queries(50 * 2 + 25 * 4 + 3 * 25):
        assert dispatch.send_due_deliveries() == 50
