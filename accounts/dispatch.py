"""Sending the queued mails about accounts. Several workers may run it at once."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.enums import MailStatus, Trouble
from accounts.messages import write_mail
from accounts.models import PendingMail
from accounts.tokens import token_of_link
from accounts.transports.email import Mailer, NotSent

logger = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
MOST_ATTEMPTS = 10
LONGEST_ROUND = timedelta(seconds=5)  # mails about cases wait meanwhile


def send_due() -> int:
    """Send the mails that are due and return how many left. Stop when none is left, when the mail server cannot be
    used, or after LONGEST_ROUND.
    """
    sent, until = 0, timezone.now() + LONGEST_ROUND
    with Mailer() as mailer:
        while timezone.now() < until and (mail := claim()):
            problem = try_mail(mail, mailer)
            if problem and problem.everywhere:
                break
            sent += problem is None
    return sent


@transaction.atomic
def claim() -> PendingMail | None:
    """Lock and return one due row that no other worker holds, or None. The attempt is counted and the next one
    scheduled before the mail is tried, so that a crash does not retry at once.
    """
    now = timezone.now()
    due = PendingMail.objects.filter(status=MailStatus.DUE, due_at__lte=now).order_by("due_at", "id")
    whole = due.select_related("user", "csirt", "link__collectivity", "link__csirt", "link__made_by")
    mail = whole.select_for_update(skip_locked=True, of=("self",)).first()
    if mail is not None:
        mail.attempts += 1
        mail.due_at = now + pause_after(mail.attempts)
        mail.save(update_fields=["attempts", "due_at"])
    return mail


def pause_after(attempts: int) -> timedelta:
    """Return the pause after that many attempts: 1, 2, 4 … 32 minutes, then one hour."""
    return min(FIRST_PAUSE * float(2 ** (attempts - 1)), LONGEST_PAUSE)


def try_mail(mail: PendingMail, mailer: Mailer) -> NotSent | None:
    try:
        mailer.send(write_mail(mail, token=token_of_link(mail.link) if mail.link else ""))
    except NotSent as problem:
        record_problem(mail, problem)
        return problem
    record(mail, status=MailStatus.SENT, sent_at=timezone.now(), last_error=Trouble.NONE)
    return None


def record_problem(mail: PendingMail, problem: NotSent) -> None:
    logger.warning("not sent", mail=str(mail.key), trouble=problem.trouble.value, attempts=mail.attempts)
    if not problem.again:
        record(mail, status=MailStatus.REFUSED, last_error=problem.trouble)
    elif mail.attempts >= MOST_ATTEMPTS and not problem.everywhere:
        record(mail, status=MailStatus.DEAD, last_error=problem.trouble)
    else:
        record(mail, last_error=problem.trouble)


def record(mail: PendingMail, **outcome: object) -> None:
    PendingMail.objects.filter(pk=mail.pk, status=MailStatus.DUE).update(**outcome)
