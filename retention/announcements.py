"""The mails that announce a destruction to those who can prevent it: leads place holds, administrators choose other
durations.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone

from accounts.access import list_administrators, list_lead_roles
from accounts.enums import MailKind
from accounts.models import User
from accounts.services.mails import queue_mail, queue_mails_to_leads
from core.french import choose_plural, format_day, format_number
from csirts.models import Csirt
from retention.table import RetainedKind


def announce_purge(sentence: str, *, numbers: Mapping[int | None, int] | None, by: User | None) -> None:
    """Queue a mail with this sentence to the leads of each centre that is in service or concerned, and to the
    administrators but `by`.

    `numbers` are those of the cases that would end, by the id of their centre, or None if it is not about cases. A
    lead reads that of the centre. Without `by`, the purge itself announces it, and a centre without leads is left out.
    """
    concerned = Q(is_active=True) | Q(pk__in=[pk for pk in numbers or () if pk])
    for centre in Csirt.objects.filter(concerned).order_by("pk"):
        detail = sentence if numbers is None else f"{sentence} {describe_number(numbers.get(centre.pk, 0))}"
        if by:
            queue_mails_to_leads(MailKind.COMING_PURGE, by, csirt=centre, by=by, detail=detail)
            continue
        for role in list_lead_roles().filter(csirt=centre).select_related("user").order_by("pk"):
            queue_mail(MailKind.COMING_PURGE, role.user, csirt=centre, detail=detail)
    for person in list_administrators().order_by("pk"):
        if person == by:
            continue
        queue_mail(MailKind.COMING_PURGE, by or person, to=person.email, by=by, detail=sentence)


def count_cases_by_centre(cases: RetainedKind, limit: datetime) -> dict[int | None, int]:
    """Return how many cases began before `limit`, by the id of their centre. Runs one query."""
    due = cases.select(limit).order_by()
    return dict(due.values_list("csirt").annotate(number=Count("pk")))


def describe_number(number: int) -> str:
    """Return how many cases of a centre end: « 12 dossiers clos de votre centre sont concernés. »"""
    if not number:
        return "Aucun dossier de votre centre n’est concerné à ce jour."
    cases = choose_plural("dossier clos", "dossiers clos", number)
    verb = choose_plural("est concerné", "sont concernés", number)
    return f"{format_number(number)} {cases} de votre centre {verb}."


def write_day(moment: datetime) -> str:
    """Return the day of this instant in French, in the time zone of the installation."""
    return format_day(timezone.localtime(moment))
