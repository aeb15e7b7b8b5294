"""A form that waits for a proof of identity is carried out for the browser that sent it alone."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import AccessLink, User
from tests.cast import PASSWORD, a_lead, breizh_cyber, signed_in
from tests.reading import read_text

pytestmark = pytest.mark.django_db
INVITE = "/equipe/inviter/"
COLLEAGUE, THIEF = "nour@breizh.example", "voleur@ailleurs.example"


@pytest.fixture
def inviting_lead() -> User:
    return a_lead()


def sign_in_an_hour_ago(user: User) -> Client:
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        return signed_in(Client(), user)


def steal_session(victim: Client) -> Client:
    """Return another browser with the session of the victim."""
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = victim.cookies[settings.SESSION_COOKIE_NAME].value
    return thief


def invite(browser: Client, address: str) -> None:
    response = browser.post(INVITE, {"email": address, "csirt": breizh_cyber().pk})
    assert response["Location"].startswith("/compte/confirmer/")


def prove(browser: Client) -> str:
    """Give the password, and return what the page then says."""
    return read_text(browser.post("/compte/confirmer/", {"password": PASSWORD, "next": INVITE}, follow=True))


def list_invited() -> list[str]:
    return [*AccessLink.objects.values_list("user__email", flat=True)]


def test_a_form_of_the_browser_that_proves_is_carried_out(inviting_lead):
    lead = sign_in_an_hour_ago(inviting_lead)
    invite(lead, COLLEAGUE)
    assert "Rien n’a été fait" not in prove(lead)
    assert list_invited() == [COLLEAGUE]


def test_a_proof_does_not_carry_out_the_form_of_a_thief(inviting_lead):
    lead = sign_in_an_hour_ago(inviting_lead)
    invite(steal_session(lead), THIEF)
    assert "ou venait d’un autre navigateur" in prove(lead)
    assert list_invited() == []


def test_a_thief_cannot_change_what_a_proof_carries_out(inviting_lead):
    lead = sign_in_an_hour_ago(inviting_lead)
    invite(lead, COLLEAGUE)
    invite(steal_session(lead), THIEF)
    prove(lead)
    assert list_invited() == []


def test_a_form_that_waited_for_its_proof_too_long_is_not_carried_out(inviting_lead):
    lead = sign_in_an_hour_ago(inviting_lead)
    invite(lead, COLLEAGUE)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        lead.get("/compte/")
        assert "Rien n’a été fait : la demande a attendu plus de dix minutes" in prove(lead)
    assert list_invited() == []


def test_a_proof_of_before_a_change_of_the_clock_counts_no_more(inviting_lead):
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        lead = signed_in(Client(), inviting_lead)
    invite(lead, COLLEAGUE)
    assert list_invited() == []
