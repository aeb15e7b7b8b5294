"""The choice of durations by the administration. A shorter one counts a month later, and the centres hear of it."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.enums import SecurityEventKind
from accounts.models import User
from accounts.security.record import record_security_event
from core.french import NBSP
from core.text import clean_line
from retention.announcements import announce_purge, count_cases_by_centre, write_day
from retention.durations import count_foreseen, find_months, load_chosen_months, spell_months, subtract_months
from retention.enums import DataKind
from retention.models import MAX_REASON, RetentionChoice
from retention.table import KINDS_BY_CODE, RetainedKind

# A choice cannot be undone once data are destroyed. The centres hear of it, and can object or freeze cases.
NOTICE = timedelta(days=30)
NOTICE_INTERVAL = timedelta(days=1)


@transaction.atomic
def choose_duration(*, kind: DataKind, months: int, reason: str, actor: User) -> RetentionChoice:
    """Choose the duration of a kind of data. A longer one counts from the next run of the purge on, a shorter one
    after NOTICE, unless another is chosen meanwhile. The leads of the centres and the other administrators get a mail
    about a shorter one.

    Raises ValidationError as `check_duration` and `check_no_recent_notice` do, and on `reason` without one. The caller
    has checked that `actor` administers the platform.
    """
    check_duration(kind, months)
    words = clean_line(reason, limit=MAX_REASON, field="reason")
    if not words:
        raise ValidationError({"reason": "Écrivez pourquoi : cette raison reste avec la durée."})
    now = timezone.now()
    effective_at = now + NOTICE if is_shorter(kind, months) else now
    if effective_at > now:
        check_no_recent_notice(kind, now)
    choice = RetentionChoice.objects.create(
        kind=kind, months=months, reason=words, chosen_by=actor, chosen_at=now, effective_at=effective_at
    )
    record_security_event(SecurityEventKind.RETENTION_DECIDED, person=actor, detail=kind.value)
    if effective_at > now:
        announce_shorter_duration(choice)
    return choice


def check_duration(kind: DataKind, months: int) -> None:
    """Raise ValidationError on `kind` if the kind has a fixed duration, and on `months` outside the bounds of the
    table.
    """
    term = KINDS_BY_CODE[kind].term
    if term is None:
        raise ValidationError({"kind": "La durée de cette donnée est fixe."})
    if not term.least <= months <= term.most:
        bounds = f"{spell_months(term.least)} et {spell_months(term.most)}"
        raise ValidationError({"months": f"La durée doit être entre {bounds}."})


def is_shorter(kind: DataKind, months: int) -> bool:
    """Tell whether this duration is shorter than the one in force. Runs one query."""
    return months < find_months(KINDS_BY_CODE[kind], load_chosen_months())


def check_no_recent_notice(kind: DataKind, now: datetime) -> None:
    """Raise ValidationError if a shorter duration of this kind was chosen within a day: each mails all leads."""
    recent = RetentionChoice.objects.filter(kind=kind, chosen_at__gt=now - NOTICE_INTERVAL)
    if recent.filter(effective_at__gt=F("chosen_at")).exists():
        raise ValidationError(
            "Une durée plus courte a été choisie pour cette donnée il y a moins d’un jour, et les centres sont "
            "prévenus. Attendez demain, ou choisissez une durée plus longue."
        )


def count_ended_by(kind: RetainedKind, months: int) -> int:
    """Return how many rows of this kind will be due when this duration would begin to count."""
    return count_foreseen(kind, months, timezone.now() + NOTICE)


def announce_shorter_duration(choice: RetentionChoice) -> None:
    """Queue the mails about this choice to the leads and to the other administrators."""
    kind = KINDS_BY_CODE[DataKind(choice.kind)]
    before = spell_months(find_months(kind, load_chosen_months()))
    is_of_cases = kind.code == DataKind.CASES
    announce_purge(
        f"{kind.code.label.capitalize()}{NBSP}: {spell_months(choice.months)} au lieu de {before}, à partir du "
        f"{write_day(choice.effective_at)}.",
        numbers=count_cases_by_centre(kind, subtract_months(choice.effective_at, choice.months))
        if is_of_cases
        else None,
        by=choice.chosen_by,
    )
