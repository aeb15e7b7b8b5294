"""Taking an account over as the administrator: another address, or no second factor any more."""

from allauth.mfa.totp.internal.auth import TOTP
from django.core.mail import EmailMessage
from django.test import Client

from accounts.dispatch import send_due_mails
from accounts.factors import has_factor
from accounts.models import Membership, User
from incidents.models import Incident
from tests.accounts.lead_pages import change_role
from tests.cast import SECRET, signed_in
from tests.incidents.triage_pages import case_url

NEW_ADDRESS = "autre@demo.example"


def change_address(administration: Client, person: User) -> None:
    """Change the address alone. As a browser does, send back the first day that the page showed."""
    role = Membership.objects.filter(user=person).latest("pk")
    change_role(administration, role, {"email": NEW_ADDRESS, "initial-membership_set-0-since_on": role.since_on})


def reset_factor(administration: Client, person: User) -> None:
    assert administration.post(f"/equipe/{person.uid}/second-facteur/").status_code == 302


TAKE_OVERS = {"address": change_address, "factor": reset_factor}


def open_case(person: User, case: Incident) -> int:
    """Return the status of the page of this case for this person, who signs in now with another second factor."""
    person = User.objects.get(pk=person.pk)
    if not has_factor(person):
        TOTP.activate(person, SECRET)
    return signed_in(Client(), person).get(case_url(case)).status_code


def read_mails(mailoutbox: list[EmailMessage], address: str) -> str:
    send_due_mails()
    return " ".join(" ".join(mail.body.split()) for mail in mailoutbox if mail.to == [address])
