"""Reminders to the leads of a centre of its open cases in which nothing happened for a year. They end no other way."""

from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from accounts.access import list_lead_roles
from accounts.enums import SILENCE, MailKind
from accounts.models import PendingMail
from accounts.services.mails import queue_mail
from csirts.models import Csirt
from incidents.models import Incident, IncidentEvent
from retention.guard import is_purge_paused


def remind_leads() -> None:
    """Queue a mail to each lead of the centres with open cases in which nothing happened for a year, unless the centre
    was reminded within a year. Two runs at once send one reminder.
    """
    now = timezone.now()
    if is_purge_paused(now):  # the clock may be wrong
        return
    since = now - SILENCE
    recent = IncidentEvent.objects.filter(incident=OuterRef("pk"), at__gte=since)
    silent = Incident.objects.open().filter(received_at__lt=since).exclude(csirt=None).exclude(Exists(recent))
    for csirt_id, number in silent.values_list("csirt").annotate(number=Count("pk")).order_by("csirt"):
        remind_leads_of(csirt_id, number)


@transaction.atomic
def remind_leads_of(csirt_id: int, number: int) -> None:
    """Queue the reminder to the leads of this centre, whose row is locked, unless it was sent within a year."""
    csirt = Csirt.objects.select_for_update(no_key=True).get(pk=csirt_id)
    reminders = PendingMail.objects.filter(kind=MailKind.SILENT_CASES, csirt=csirt)
    now = timezone.now()
    if reminders.filter(created_at__gt=now - SILENCE, created_at__lte=now).exists():
        return
    for role in list_lead_roles().filter(csirt=csirt).select_related("user").order_by("pk"):
        queue_mail(MailKind.SILENT_CASES, role.user, csirt=csirt, detail=str(number))
