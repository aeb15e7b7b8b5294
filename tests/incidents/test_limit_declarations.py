"""Many declarations without account within an hour: each is accepted, the last are marked and send no receipt."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.burst import find_subscriber
from incidents.enums import Burst
from incidents.facts.shapes import Caller
from incidents.models import Incident, RecentCount, Story
from incidents.services.declaring.limits import MOST, WITHIN, forget_counts
from incidents.tasks import forget_drafts
from notifications import dispatch
from notifications.models import Delivery
from tests.cast import a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.incidents.devices import opened, page
from tests.incidents.journeys import an_address, post
from tests.reading import text_of

pytestmark = pytest.mark.django_db
HELD = "Aucun mail ne vous est envoyé cette fois"
QUEUE = "/admin/incidents/incident/"


@pytest.fixture(autouse=True)
def town(client):
    breizh_cyber()
    return plouexemple()


def send(client, number, *, address=None, **said):
    """Through the five screens, from an address of its own unless one is given. Gives the answer."""
    client.defaults["REMOTE_ADDR"] = address or an_address()
    said = {"contact_email": f"mairie-{number}@plouexemple.example"} | said
    body = said.pop("body", None)
    return post(client, said | {"cle": str(number), "confirme": "oui"}, body=body)


def towns(number):
    return [
        plouexemple(insee_code=f"2999{place}", name=f"Ville {place}", stem=f"ville{place}") for place in range(number)
    ]


def bursts():
    return list(Incident.objects.order_by("id").values_list("burst", flat=True))


def told(recipient):
    return Delivery.objects.filter(recipient=recipient).count()


def test_it_works(client):
    """From one address, for one town each."""
    address, bodies = an_address(), towns(MOST[Burst.ADDRESS] + 1)

    answers = [send(client, number, address=address, body=body) for number, body in enumerate(bodies)]

    assert [HELD in text_of(answer) for answer in answers] == [False] * 5 + [True]
    assert bursts() == [""] * 5 + ["address"]
    assert spelled(answers[-1])
    dispatch.announce_all_events()
    assert (told("csirt"), told("declarant")) == (6, 5)


def test_no_mail_is_announced_as_held_to_a_person_who_gave_no_address(client):
    address = an_address()
    for number, body in enumerate(towns(MOST[Burst.ADDRESS])):
        send(client, number, address=address, body=body)
    without = send(client, "without", address=address, contact_email="")
    assert HELD not in text_of(without)
    with_address = send(client, "with", address=address)
    assert HELD in text_of(with_address)
    assert "La vôtre est bien enregistrée, et le centre est prévenu." in text_of(with_address)


def test_the_addresses_of_one_line_are_one(client):
    """A subscriber of IPv6 has 2⁶⁴ of them."""
    for number, body in enumerate(towns(MOST[Burst.ADDRESS] + 1)):
        send(client, number, address=f"2001:db8:1:2::{number + 1}", body=body)
    assert bursts() == [""] * 5 + ["address"]
    send(client, 6, address="2001:db8:1:3::1")
    assert bursts()[-1] == ""


def test_an_address_of_ipv4_written_in_ipv6_is_the_same():
    assert find_subscriber("::ffff:192.0.2.7") == find_subscriber("192.0.2.7") == "192.0.2.7"
    assert find_subscriber("unknown") == "unknown"


def spelled(answer):
    """The reference and the code are on the page: they are written nowhere else."""
    incident = Incident.objects.order_by("-id").first()
    return f"{incident.reference[:4]}-{incident.reference[4:]}" in text_of(answer) and answer.context["secret"]


def test_one_mailbox_gets_few_receipts_however_it_is_spelled(client):
    spellings = ["elu@example.org", "elu+a@example.org", "ELU@example.org", '"elu"@EXAMPLE.org']
    for number, (mailbox, body) in enumerate(zip(spellings, towns(4), strict=True)):
        send(client, number, contact_email=mailbox, body=body)
    assert bursts() == ["", "", "", "mailbox"]
    dispatch.announce_all_events()
    assert told("declarant") == MOST[Burst.MAILBOX]


def test_the_accounts_of_one_body_are_told_a_few_times(client, town):
    an_agent(town)
    for number in range(MOST[Burst.BODY] + 2):
        send(client, number)
    assert bursts() == [""] * 5 + ["body"] * 2
    dispatch.announce_all_events()
    assert (told("csirt"), told("body")) == (7, 5)


def test_without_a_mailbox_nothing_is_said_of_one(client):
    for number, body in enumerate(towns(4)):
        send(client, number, contact_email="", body=body)
    assert bursts() == [""] * 4


def test_new_codes_mail_nobody_without_end(client):
    """The address can be changed to any mailbox, and each new code warns it."""
    incident = declare()
    declarant = opened(incident)
    Story.objects.update(contact_email="victime@ailleurs.example")

    shown = [declarant.post(page(incident, "lien")) for _click in range(MOST[Burst.MAILBOX] + 3)]

    assert [HELD in text_of(one) for one in shown] == [False] * MOST[Burst.MAILBOX] + [True] * 3
    codes = [one.context["secret"] for one in shown]
    assert len(set(codes)) == len(codes)
    assert opened(incident).get(page(incident)).status_code == 200, "the last one opens the case"
    dispatch.announce_all_events()
    warned = Delivery.objects.filter(recipient="declarant", announcement__event__kind="link_rotated")
    assert warned.count() == MOST[Burst.MAILBOX]


@pytest.mark.parametrize("mailbox", ["elu@example.org", ""])
def test_new_codes_make_no_declaration_a_burst(client, mailbox):
    address = an_address()
    send(client, 1, address=address, contact_email=mailbox)
    incident = Incident.objects.get()
    declarant = opened(incident)
    for _click in range(MOST[Burst.ADDRESS]):
        declarant.post(page(incident, "lien"), REMOTE_ADDR=address)
    send(client, 2, address=address, contact_email=mailbox)
    assert bursts() == ["", ""]


@pytest.mark.parametrize("mailbox", ["elu@example.org", "victime@ailleurs.example"])
def test_renewing_other_codes_silences_no_warning(client, mailbox):
    """From one connection, even with cases that give the mailbox of the victim."""
    address = an_address()
    own = declare(caller=Caller(email=mailbox))
    theirs = declare(caller=Caller(email="victime@ailleurs.example"))
    stranger = opened(own)
    for _click in range(MOST[Burst.ADDRESS]):
        stranger.post(page(own, "lien"), REMOTE_ADDR=address)
    thief = opened(theirs)

    assert HELD not in text_of(thief.post(page(theirs, "lien"), REMOTE_ADDR=address))
    thief.post(page(theirs, "retirer"), {"text": "", "author": "", "key": "k"}, REMOTE_ADDR=address)

    dispatch.announce_all_events()
    warned = Delivery.objects.filter(recipient="declarant", announcement__event__incident=theirs)
    kinds = set(warned.values_list("announcement__event__kind", flat=True))
    assert kinds >= {"link_rotated", "withdrawn"}


def test_without_a_mail_address_no_warning_is_said_to_be_held(client):
    address = an_address()
    incident = declare(caller=Caller(phone="02 98 00 00 00"))
    declarant = opened(incident)
    for _click in range(MOST[Burst.ADDRESS] + 1):
        assert HELD not in text_of(declarant.post(page(incident, "lien"), REMOTE_ADDR=address))
    declarant.post(page(incident, "retirer"), {"text": "", "author": "", "key": "k"}, REMOTE_ADDR=address)
    shown = text_of(declarant.get(page(incident)))
    assert "Votre déclaration est retirée" in shown
    assert "Aucun mail" not in shown
    assert not RecentCount.objects.exists()


def test_withdrawals_mail_nobody_without_end(client):
    """A burst of declarations sends no receipt; taking each back sends nothing either."""
    for number, body in enumerate(towns(MOST[Burst.MAILBOX] + 2)):
        send(client, number, contact_email="victime@ailleurs.example", body=body)
    held = []
    for incident in Incident.objects.order_by("id"):
        declarant = opened(incident)
        declarant.post(page(incident, "retirer"), {"text": "", "author": "", "key": incident.reference})
        shown = text_of(declarant.get(page(incident)))
        assert "Votre déclaration est retirée" in shown
        held.append("Aucun mail ne vous a été envoyé : plusieurs étaient déjà partis à la suite." in shown)
    assert held == [False] * MOST[Burst.MAILBOX] + [True] * 2
    dispatch.announce_all_events()
    assert told("declarant") == 2 * MOST[Burst.MAILBOX], "a receipt and a warning for each that is no burst"
    assert Delivery.objects.filter(recipient="csirt", announcement__event__kind="withdrawn").count() == 5


def test_an_hour_later_they_are_no_burst(client, time_machine):
    time_machine.move_to("2026-11-24 09:00+01:00")
    for number in range(6):
        send(client, number)
    time_machine.shift(WITHIN + timedelta(seconds=1))
    send(client, 7)
    assert bursts() == [""] * 5 + ["body", ""]


def test_the_same_form_twice_counts_once(client):
    for _double_click in range(2):
        send(client, 1)
    assert set(RecentCount.objects.values_list("number", flat=True)) == {1}


def test_whoever_has_an_account_answers_for_it(town):
    for _ in range(7):
        declare(actor=a_responder())
        declare(actor=an_agent(town))
    assert set(bursts()) == {""}
    assert not RecentCount.objects.exists()


def test_the_centre_sees_which_came_in_a_burst(client):
    for number in range(6):
        send(client, number)
    dispatch.announce_all_events()
    last = Incident.objects.order_by("-id").first()
    mail = dispatch.write_case_mail(
        Delivery.objects.with_content().get(recipient="csirt", announcement__event__incident=last), to="x@y.example"
    )
    assert "EN RAFALE : plus de déclarations qu’à l’ordinaire en une heure (même collectivité)" in mail.body.replace(
        "\n", " "
    ).replace("\xa0", " ")
    client.force_login(a_responder())
    assert "en rafale : même collectivité" in text_of(client.get(f"{QUEUE}{last.reference}/"))
    queue = client.get(QUEUE)
    (wave,) = queue.context["rows"]
    assert "Rafale : même collectivité</a> <small><b>nouveau</b> · 6 dossiers" in text_of(queue), (
        "with the five that were let through"
    )
    assert text_of(client.get(QUEUE, {"ouvre": wave.key})).count(", en rafale") == 1


def test_no_address_and_no_mailbox_is_kept(client):
    send(client, 1, address="192.0.2.7", contact_email="elu@example.org")
    keys = set(RecentCount.objects.values_list("key", flat=True))
    assert len(keys) == 3
    assert all(len(key) == 32 and set(key) <= set("0123456789abcdef") for key in keys)


def test_old_counts_are_deleted(client):
    send(client, 1)
    forget_counts(timezone.now())
    assert RecentCount.objects.count() == 3
    RecentCount.objects.update(began_at=timezone.now() - WITHIN)
    forget_drafts()
    assert not RecentCount.objects.exists()
