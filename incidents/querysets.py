"""Which incidents a person may see, and the usual cuts."""

import re
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import CharField, Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Right

from accounts.enums import CSIRT_ROLES
from accounts.models import Membership, User
from incidents.enums import OPEN, ClosingReason, Status

if TYPE_CHECKING:
    from incidents.models import Incident  # noqa: F401  (the querysets' own row)

# A French number without its prefix: « 02 98 00 00 00 » and « +33 2 98 00 00 00 » end alike.
LAST_DIGITS = 9
# Withdrawn by its declarant, who had added something that nobody has answered.
LEFT_UNANSWERED = Q(closing_reason=ClosingReason.WITHDRAWN, answer_by__isnull=False, declarant_wrote_at__isnull=False)


def last_digits(column: str) -> Right:
    """Return how the telephone number of a column ends, in one spelling. An index holds it for the caller's."""
    only_digits = (F(column), Value("[^0-9]"), Value(""), Value("g"))
    return Right(Func(*only_digits, function="regexp_replace", output_field=CharField()), LAST_DIGITS)


def works_for_centre() -> Exists:
    """Whether whoever has the case works for its centre today, whichever way a role ended or an account was closed."""
    roles = Membership.objects.in_force().filter(role__in=CSIRT_ROLES, user__is_active=True)
    return Exists(roles.filter(csirt=OuterRef("csirt"), user=OuterRef("assignee")))


def has_no_holder() -> Q:
    """Nobody has it, or only somebody who has left the centre. A closed case stays that of whoever had it."""
    return Q(assignee=None) | Q(Q(status__in=OPEN) & ~works_for_centre())


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Cases of my CSIRTs and of my collectivités. An administrator, an analyst, the coordination: none."""
        if not isinstance(user, User) or not user.is_active:
            return self.none()
        csirts, bodies = user.csirt_ids(), user.collectivity_ids()
        if csirts and bodies:
            return self.filter(Q(csirt__in=csirts) | Q(collectivity__in=bodies))
        # One plain condition, so that the queue's index serves it.
        return self.filter(csirt__in=csirts) if csirts else self.filter(collectivity__in=bodies)

    def open(self) -> Self:
        return self.filter(status__in=OPEN)

    def with_holder(self) -> Self:
        """`is_held`: whether whoever has the case still works for its centre."""
        return self.annotate(is_held=works_for_centre())

    def called_from(self, number: str) -> Self:
        """Whose declarant left this telephone number, in whatever spelling; none for what is no whole number."""
        digits = re.sub(r"\D", "", number, flags=re.ASCII)
        if len(digits) < LAST_DIGITS:
            return self.none()
        return self.alias(number=last_digits("story__contact_phone")).filter(number=digits[-LAST_DIGITS:])

    def wrote_since_closing(self) -> Self:
        """Closed, and the declarant has added something after the centre's last act, or withdrew the declaration while
        what they had added waited for an answer. No double: its case waits.
        """
        late = Q(declarant_wrote_at__gt=F("closed_at")) & Q(
            Q(worked_at=None) | Q(declarant_wrote_at__gt=F("worked_at"))
        )
        unanswered = LEFT_UNANSWERED & Q(Q(worked_at=None) | Q(closed_at__gt=F("worked_at")))
        return self.filter(late | unanswered, status=Status.CLOSED, merged_into=None)

    def with_words(self) -> Self:
        """What one line or one page of a case shows, in two queries or three.

        To put eight tables in order takes PostgreSQL 10 ms, to fetch fifty rows of six of them 0.3 ms: the régions,
        a score of rows, come apart.
        """
        cases = self.select_related("story", "csirt", "collectivity__departement", "acknowledged_by")
        return cases.prefetch_related("collectivity__region", "collectivity__region_correction")
