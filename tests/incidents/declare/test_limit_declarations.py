"""Of many declarations without account within an hour, all are accepted; the last are marked and send no receipt."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.client_address import get_subscriber_prefix
from incidents.enums import Burst, EventKind
from incidents.facts.shapes import Caller
from incidents.models import Incident, RecentCount, Story
from incidents.services.declaring.limits import BURST_LIMITS, BURST_WINDOW, delete_old_counts
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.history.record import record_event
from incidents.tasks import delete_expired_rows
from notifications import dispatch
from notifications.models import Delivery
from tests.cast import a_responder, an_agent, declare, plouexemple
from tests.incidents.devices import QUEUE, follow_up_url, open_by_link
from tests.incidents.journeys import make_address, post
from tests.reading import read_markup

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]
NO_MAIL = "Aucun mail ne vous est envoyé cette fois"


def send_declaration(client, number, *, address=None, **fields):
    """Declare through the five screens, from a new address unless one is given, and return the response."""
    client.defaults["REMOTE_ADDR"] = address or make_address()
    fields = {"contact_email": f"mairie-{number}@plouexemple.example"} | fields
    body = fields.pop("body", None)
    return post(client, fields | {"cle": str(number), "confirme": "oui"}, body=body)


def make_towns(number):
    return [
        plouexemple(insee_code=f"2999{place}", name=f"Ville {place}", stem=f"ville{place}") for place in range(number)
    ]


def list_bursts():
    return list(Incident.objects.order_by("id").values_list("burst", flat=True))


def count_deliveries(recipient):
    return Delivery.objects.filter(recipient=recipient).count()


def test_the_sixth_declaration_from_one_address_sends_no_receipt(client):
    address, bodies = make_address(), make_towns(BURST_LIMITS[Burst.ADDRESS] + 1)

    answers = [send_declaration(client, number, address=address, body=body) for number, body in enumerate(bodies)]

    assert [NO_MAIL in read_markup(answer) for answer in answers] == [False] * 5 + [True]
    assert list_bursts() == [""] * 5 + ["address"]
    assert has_reference_and_code(answers[-1])
    dispatch.announce_all_events()
    assert (count_deliveries("csirt"), count_deliveries("declarant")) == (6, 5)


def test_no_mail_is_announced_as_held_back_without_a_mail_address(client):
    address = make_address()
    for number, body in enumerate(make_towns(BURST_LIMITS[Burst.ADDRESS])):
        send_declaration(client, number, address=address, body=body)
    without_address = send_declaration(client, "without", address=address, contact_email="")
    assert NO_MAIL not in read_markup(without_address)
    with_address = send_declaration(client, "with", address=address)
    assert NO_MAIL in read_markup(with_address)
    assert "La vôtre est bien enregistrée, et le centre est prévenu." in read_markup(with_address)


def test_the_ipv6_addresses_of_one_subscriber_count_as_one(client):
    """An IPv6 subscriber has 256 networks of 2⁶⁴ addresses."""
    for number, body in enumerate(make_towns(BURST_LIMITS[Burst.ADDRESS] + 1)):
        send_declaration(client, number, address=f"2001:db8:1:2{number:02}::{number + 1}", body=body)
    assert list_bursts() == [""] * 5 + ["address"]
    send_declaration(client, 6, address="2001:db8:1:300::1")
    assert list_bursts()[-1] == ""


def test_an_ipv4_address_written_in_ipv6_is_the_same_subscriber():
    assert get_subscriber_prefix("::ffff:192.0.2.7") == get_subscriber_prefix("192.0.2.7") == "192.0.2.7"
    assert get_subscriber_prefix("unknown") == "unknown"


def has_reference_and_code(answer):
    """Tell whether the page shows the reference and the code, which no mail will bring."""
    incident = Incident.objects.order_by("-id").first()
    return f"{incident.reference[:4]}-{incident.reference[4:]}" in read_markup(answer) and answer.context["secret"]


def test_every_spelling_of_a_mailbox_counts_as_the_same_one(client):
    spellings = ["elu@example.org", "elu+a@example.org", "ELU@example.org", '"elu"@EXAMPLE.org']
    for number, (mailbox, body) in enumerate(zip(spellings, make_towns(4), strict=True)):
        send_declaration(client, number, contact_email=mailbox, body=body)
    assert list_bursts() == ["", "", "", "mailbox"]
    dispatch.announce_all_events()
    assert count_deliveries("declarant") == BURST_LIMITS[Burst.MAILBOX]


def test_the_accounts_of_one_body_get_a_few_mails_only(client, town):
    an_agent(town)
    for number in range(BURST_LIMITS[Burst.BODY] + 2):
        send_declaration(client, number)
    assert list_bursts() == [""] * 5 + ["body"] * 2
    dispatch.announce_all_events()
    assert (count_deliveries("csirt"), count_deliveries("body")) == (7, 5)


def test_declarations_without_a_mailbox_are_no_mailbox_burst(client):
    for number, body in enumerate(make_towns(4)):
        send_declaration(client, number, contact_email="", body=body)
    assert list_bursts() == [""] * 4


def test_new_codes_send_a_limited_number_of_mails(client):
    """Anybody's mailbox can be entered as the address, and each new code sends it a warning."""
    incident = declare()
    declarant = open_by_link(incident)
    Story.objects.update(contact_email="victime@ailleurs.example")

    responses = [declarant.post(follow_up_url(incident, "lien")) for _click in range(BURST_LIMITS[Burst.MAILBOX] + 3)]

    assert [NO_MAIL in read_markup(response) for response in responses] == [False] * BURST_LIMITS[Burst.MAILBOX] + [
        True
    ] * 3
    codes = [response.context["secret"] for response in responses]
    assert len(set(codes)) == len(codes)
    assert open_by_link(incident).get(follow_up_url(incident)).status_code == 200, "the last code opens the case"
    dispatch.announce_all_events()
    warned = Delivery.objects.filter(recipient="declarant", announcement__event__kind="link_rotated")
    assert warned.count() == BURST_LIMITS[Burst.MAILBOX]


@pytest.mark.parametrize("mailbox", ["elu@example.org", ""])
def test_new_codes_do_not_count_as_declarations(client, mailbox):
    address = make_address()
    send_declaration(client, 1, address=address, contact_email=mailbox)
    incident = Incident.objects.get()
    declarant = open_by_link(incident)
    for _click in range(BURST_LIMITS[Burst.ADDRESS]):
        declarant.post(follow_up_url(incident, "lien"), REMOTE_ADDR=address)
    send_declaration(client, 2, address=address, contact_email=mailbox)
    assert list_bursts() == ["", ""]


@pytest.mark.parametrize("mailbox", ["elu@example.org", "victime@ailleurs.example"])
def test_renewing_codes_of_other_cases_holds_no_warning_back(client, mailbox):
    """A stranger renews codes from the same connection, even of a case with the mailbox of the victim."""
    address = make_address()
    stranger_case = declare(caller=Caller(email=mailbox))
    victim_case = declare(caller=Caller(email="victime@ailleurs.example"))
    stranger = open_by_link(stranger_case)
    for _click in range(BURST_LIMITS[Burst.ADDRESS]):
        stranger.post(follow_up_url(stranger_case, "lien"), REMOTE_ADDR=address)
    thief = open_by_link(victim_case)

    assert NO_MAIL not in read_markup(thief.post(follow_up_url(victim_case, "lien"), REMOTE_ADDR=address))
    thief.post(follow_up_url(victim_case, "retirer"), {"text": "", "author": "", "key": "k"}, REMOTE_ADDR=address)

    dispatch.announce_all_events()
    warned = Delivery.objects.filter(recipient="declarant", announcement__event__incident=victim_case)
    kinds = set(warned.values_list("announcement__event__kind", flat=True))
    assert kinds >= {"link_rotated", "withdrawn"}


def test_no_warning_is_announced_as_held_back_without_a_mail_address(client):
    address = make_address()
    incident = declare(caller=Caller(phone="02 98 00 00 00"))
    declarant = open_by_link(incident)
    for _click in range(BURST_LIMITS[Burst.ADDRESS] + 1):
        assert NO_MAIL not in read_markup(declarant.post(follow_up_url(incident, "lien"), REMOTE_ADDR=address))
    declarant.post(follow_up_url(incident, "retirer"), {"text": "", "author": "", "key": "k"}, REMOTE_ADDR=address)
    page_text = read_markup(declarant.get(follow_up_url(incident)))
    assert "Votre déclaration est retirée" in page_text
    assert "Aucun mail" not in page_text
    assert not RecentCount.objects.exists()


def test_withdrawals_send_a_limited_number_of_mails(client):
    """A declaration that was in a burst sends no mail when it is withdrawn either."""
    responder = a_responder()
    for number, body in enumerate(make_towns(BURST_LIMITS[Burst.MAILBOX] + 2)):
        send_declaration(client, number, contact_email="victime@ailleurs.example", body=body)
    notices = []
    for incident in Incident.objects.order_by("id"):
        declarant = open_by_link(incident)
        declarant.post(follow_up_url(incident, "retirer"), {"text": "", "author": "", "key": incident.reference})
        record_event(incident, EventKind.NOTED, at=timezone.now(), actor=responder)  # the mail was stopped before it
        page_text = read_markup(declarant.get(follow_up_url(incident)))
        assert "Votre déclaration est retirée" in page_text
        notices.append("Aucun mail ne vous a été envoyé : plusieurs étaient déjà partis à la suite." in page_text)
    assert notices == [False] * BURST_LIMITS[Burst.MAILBOX] + [True] * 2
    dispatch.announce_all_events()
    # One receipt and one warning for each case outside the burst.
    assert count_deliveries("declarant") == 2 * BURST_LIMITS[Burst.MAILBOX]
    assert Delivery.objects.filter(recipient="csirt", announcement__event__kind="withdrawn").count() == 5


def test_a_burst_ends_after_an_hour(client, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00")
    for number in range(6):
        send_declaration(client, number)
    time_machine.shift(BURST_WINDOW + timedelta(seconds=1))
    send_declaration(client, 7)
    assert list_bursts() == [""] * 5 + ["body", ""]


def test_a_double_click_counts_once(client):
    for _double_click in range(2):
        send_declaration(client, 1)
    assert set(RecentCount.objects.values_list("number", flat=True)) == {1}


def test_declarations_of_accounts_are_never_a_burst(town):
    for _ in range(7):
        declare(actor=a_responder())
        declare(actor=an_agent(town))
    assert set(list_bursts()) == {""}
    assert not RecentCount.objects.exists()


def test_the_centre_sees_which_cases_came_in_a_burst(client):
    for number in range(6):
        send_declaration(client, number)
    dispatch.announce_all_events()
    last = Incident.objects.order_by("-id").first()
    mail = dispatch.write_case_mail(
        Delivery.objects.with_content().get(recipient="csirt", announcement__event__incident=last), to="x@y.example"
    )
    assert "EN RAFALE : plus de déclarations qu’à l’ordinaire en une heure (même collectivité)" in mail.body.replace(
        "\n", " "
    ).replace("\xa0", " ")
    client.force_login(a_responder())
    assert "en rafale : même collectivité" in read_markup(client.get(f"{QUEUE}{last.reference}/"))
    queue = client.get(QUEUE)
    (wave,) = queue.context["rows"]
    assert "Rafale : même collectivité</a> <small><b>nouveau</b> · 6 dossiers" in read_markup(queue), (
        "the wave includes the five cases before the burst"
    )
    assert read_markup(client.get(QUEUE, {"ouvre": wave.key})).count(", en rafale") == 1


def test_a_burst_fills_the_queue_of_the_centre_but_not_its_mailbox(client, monkeypatch):
    monkeypatch.setattr("notifications.audience.MAX_BURST_MAILS", 2)
    address, towns = make_address(), make_towns(BURST_LIMITS[Burst.ADDRESS] + 4)
    for number, body in enumerate(towns):
        send_declaration(client, number, address=address, body=body)
        dispatch.announce_all_events()
    assert Incident.objects.filter(csirt__slug="breizh-cyber").count() == len(towns)
    assert count_deliveries("csirt") == BURST_LIMITS[Burst.ADDRESS] + 2

    send_declaration(client, "neighbour")
    dispatch.announce_all_events()
    assert count_deliveries("csirt") == BURST_LIMITS[Burst.ADDRESS] + 3, "a case outside the burst is mailed"


@pytest.mark.parametrize("is_late", [False, True])
def test_a_centre_gets_mails_of_a_burst_again_an_hour_later(client, monkeypatch, time_machine, is_late):
    """Mails that are not sent count for nothing. After an outage, each hour still has its mails."""
    monkeypatch.setattr("notifications.audience.MAX_BURST_MAILS", 1)
    monkeypatch.setitem(BURST_LIMITS, Burst.ADDRESS, 0)
    now, towns = timezone.now(), make_towns(5)
    for number, minutes in enumerate((0, 30, 62, 92, 124)):
        time_machine.move_to(now + timedelta(minutes=minutes))
        send_declaration(client, number, address="192.0.2.7", body=towns[number])
        if not is_late:
            dispatch.announce_all_events()
    dispatch.announce_all_events()
    assert count_deliveries("csirt") == 3


def test_the_mails_of_a_clock_that_was_ahead_silence_no_later_ones(client, monkeypatch, time_machine):
    monkeypatch.setattr("notifications.audience.MAX_BURST_MAILS", 1)
    monkeypatch.setitem(BURST_LIMITS, Burst.ADDRESS, 0)
    now, towns = timezone.now(), make_towns(2)
    for number, minutes in enumerate((30, 0)):
        time_machine.move_to(now + timedelta(minutes=minutes))
        send_declaration(client, number, address="192.0.2.7", body=towns[number])
        dispatch.announce_all_events()
    assert count_deliveries("csirt") == 2


def write_without_account(incident, act):
    fields = {"text": "Bonjour", "author": "", "key": str(timezone.now())}
    response = open_by_link(incident).post(follow_up_url(incident, act), fields, REMOTE_ADDR="192.0.2.7")
    assert response.status_code == 302
    dispatch.announce_all_events()


def declare_bursts(client, monkeypatch, number):
    """Return cases of a burst, each of another town, of which the centre gets as many mails as the limit allows: 2."""
    monkeypatch.setattr("notifications.audience.MAX_BURST_MAILS", 2)
    monkeypatch.setitem(BURST_LIMITS, Burst.ADDRESS, 0)
    for place, body in enumerate(make_towns(number)):
        send_declaration(client, place, address="192.0.2.7", body=body)
    dispatch.announce_all_events()
    return list(Incident.objects.order_by("id"))


@pytest.mark.parametrize("act", ["message", "retirer"])
def test_what_is_added_to_a_burst_fills_no_mailbox_of_the_centre(client, monkeypatch, time_machine, act):
    cases = declare_bursts(client, monkeypatch, 4)
    assert count_deliveries("csirt") == 2
    for incident in cases:
        write_without_account(incident, act)
    assert count_deliveries("csirt") == 2

    time_machine.move_to(timezone.now() + BURST_WINDOW + timedelta(minutes=1))
    for incident in cases:
        write_without_account(incident, "message")
    assert count_deliveries("csirt") == 4, "what is added to older cases counts too"


def test_a_message_that_sends_no_mail_of_its_own_takes_no_place_of_another(client, monkeypatch, time_machine):
    first, second = declare_bursts(client, monkeypatch, 2)
    time_machine.move_to(timezone.now() + BURST_WINDOW + timedelta(minutes=1))
    for act, text in (("message", "Bonjour"), ("message", "Encore")):
        open_by_link(first).post(follow_up_url(first, act), {"text": text, "author": "", "key": text})
    write_without_account(second, "message")
    assert count_deliveries("csirt") == 4


def test_what_is_added_to_a_case_that_was_taken_is_mailed(client, monkeypatch):
    """Neither do the mails about it take the place of others."""
    taken, *others = declare_bursts(client, monkeypatch, 4)
    acknowledge_incident(reference=taken.reference, actor=a_responder())
    write_without_account(taken, "message")
    assert Delivery.objects.get(recipient="csirt", announcement__event__kind="message").incident == taken
    monkeypatch.setattr("notifications.audience.MAX_BURST_MAILS", 3)
    for incident in others:
        write_without_account(incident, "message")
    assert count_deliveries("csirt") == 4


def test_what_an_account_adds_to_a_burst_is_mailed(client, monkeypatch):
    incident = declare_bursts(client, monkeypatch, 3)[-1]
    agent = an_agent(incident.collectivity)
    record_event(incident, EventKind.FACTS, at=timezone.now(), actor=agent)
    dispatch.announce_all_events()
    assert Delivery.objects.filter(recipient="csirt", announcement__event__kind="facts").exists()


def test_neither_address_nor_mailbox_is_stored_in_clear(client):
    send_declaration(client, 1, address="192.0.2.7", contact_email="elu@example.org")
    keys = set(RecentCount.objects.values_list("key", flat=True))
    assert len(keys) == 4  # the start of the draft, then the address, the mailbox and the body of the declaration
    assert all(len(key) == 32 and set(key) <= set("0123456789abcdef") for key in keys)


def test_old_counts_are_deleted(client):
    send_declaration(client, 1)
    delete_old_counts(timezone.now())
    assert RecentCount.objects.count() == 4
    RecentCount.objects.update(began_at=timezone.now() - BURST_WINDOW)
    delete_expired_rows()
    assert not RecentCount.objects.exists()
