"""The mail to a person whose password alone opened the account from a network address that was new."""

from django.http import HttpRequest

from accounts.enums import MailKind, SecurityEventKind, SecurityOutcome
from accounts.factors import has_passed_factor
from accounts.models import SecurityEvent, User
from accounts.security.pseudonyms import list_pseudonyms, list_sender_pseudonyms
from accounts.services.mails import queue_mail


def warn_of_new_place(request: HttpRequest, user: User) -> None:
    """Queue a mail to a person who has just signed in without a second factor, if earlier sign-ins are among the
    security events and none of them came from the same network address. Call it before this sign-in is recorded. Runs
    one query.
    """
    if has_passed_factor(request, user):
        return
    sign_ins = SecurityEvent.objects.filter(
        kind=SecurityEventKind.SIGN_IN, outcome=SecurityOutcome.DONE, person__in=list_pseudonyms(user)
    )
    known_sources = set(sign_ins.values_list("source", flat=True).distinct())
    if known_sources and known_sources.isdisjoint(list_sender_pseudonyms(request)):
        queue_mail(MailKind.NEW_PLACE, user)
