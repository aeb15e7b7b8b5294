"""The mail to a person whose password alone opened the account from a network address that was new."""

from django.http import HttpRequest

from accounts.enums import MailKind, SecurityEventKind, SecurityOutcome
from accounts.factors import has_passed_factor
from accounts.models import SecurityEvent, User
from accounts.security.pseudonyms import list_pseudonyms, pseudonymise_sender
from accounts.services.mails import queue_mail


def warn_of_new_place(request: HttpRequest, user: User) -> None:
    """Queue a mail to a person who has just signed in without a second factor, unless a sign-in from the same network
    address is among the security events, which last a year. Call it before this sign-in is recorded. Runs one query.
    """
    if has_passed_factor(request, user):
        return
    sign_ins = SecurityEvent.objects.filter(
        kind=SecurityEventKind.SIGN_IN, outcome=SecurityOutcome.DONE, person__in=list_pseudonyms(user)
    )
    if not sign_ins.filter(source=pseudonymise_sender(request)).exists():
        queue_mail(MailKind.NEW_PLACE, user)
