"""The sending of queued mails about accounts, which several workers may run at once."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.enums import MailStatus, Trouble
from accounts.messages import write_account_mail
from accounts.models import PendingMail
from accounts.tokens import derive_link_token
from accounts.transports.email import Mailer, NotSent
from core.locks import make_due_condition

logger = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
MAX_ATTEMPTS = 10
PASS_TIME_LIMIT = timedelta(seconds=5)  # mails about cases wait meanwhile


def send_due_mails() -> int:
    """Send the mails that are due and return the number sent. Stop when none is due, when the mail server cannot be
    used, or after PASS_TIME_LIMIT.
    """
    count, deadline = 0, timezone.now() + PASS_TIME_LIMIT
    with Mailer() as mailer:
        while timezone.now() < deadline and (mail := claim_mail()):
            problem = try_sending_mail(mail, mailer)
            if problem and problem.everywhere:
                break
            count += problem is None
    return count


@transaction.atomic
def claim_mail() -> PendingMail | None:
    """Reserve one due mail for this worker and return it, or None if no mail is due. The attempt is counted and the
    next one is scheduled now, so that a crash of this worker does not cause an immediate retry.
    """
    now = timezone.now()
    due = PendingMail.objects.filter(make_due_condition(now, longest=LONGEST_PAUSE), status=MailStatus.DUE)
    with_relations = due.order_by("due_at", "id").select_related(
        *("user", "csirt", "membership", "by", "access", "link__collectivity", "link__csirt", "link__made_by")
    )
    mail = with_relations.select_for_update(skip_locked=True, of=("self",)).first()
    if mail is not None:
        mail.attempts += 1
        mail.due_at = now + compute_pause(mail.attempts)
        mail.save(update_fields=["attempts", "due_at"])
    return mail


def compute_pause(attempts: int) -> timedelta:
    """Return the pause after this number of attempts: 1, 2, 4 … 32 minutes, then one hour."""
    return min(FIRST_PAUSE * float(2 ** (attempts - 1)), LONGEST_PAUSE)


def try_sending_mail(mail: PendingMail, mailer: Mailer) -> NotSent | None:
    """Send a mail and record the outcome. Return the problem, or None if the mail was sent."""
    try:
        mailer.send(write_account_mail(mail, token=get_mailed_token(mail)))
    except NotSent as problem:
        record_mail_problem(mail, problem)
        return problem
    save_mail_outcome(mail, status=MailStatus.SENT, sent_at=timezone.now(), last_error=Trouble.NONE)
    return None


def get_mailed_token(mail: PendingMail) -> str:
    """Return the secret of the link of this mail, or "" if the mail has no link.

    Raises NotSent if the key of the secret was removed from TOKEN_KEY. The mail is tried again, so that it leaves once
    the key is back.
    """
    token = derive_link_token(mail.link) if mail.link else ""
    if mail.link and not token:
        raise NotSent(Trouble.UNWRITABLE, can_retry=True)
    return token


def record_mail_problem(mail: PendingMail, problem: NotSent) -> None:
    """Log why a mail was not sent, and record whether it is tried again, refused or given up."""
    logger.warning("not sent", mail=str(mail.key), trouble=problem.trouble.value, attempts=mail.attempts)
    if not problem.can_retry:
        save_mail_outcome(mail, status=MailStatus.REFUSED, last_error=problem.trouble)
    elif mail.attempts >= MAX_ATTEMPTS and not problem.everywhere:
        save_mail_outcome(mail, status=MailStatus.DEAD, last_error=problem.trouble)
    else:
        save_mail_outcome(mail, last_error=problem.trouble)


def save_mail_outcome(mail: PendingMail, **outcome: object) -> None:
    """Set these columns of a mail. Do nothing if the status of the mail is no longer DUE."""
    PendingMail.objects.filter(pk=mail.pk, status=MailStatus.DUE).update(**outcome)
