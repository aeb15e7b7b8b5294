"""The query for the incidents that a person may see, and filters that several pages share."""

import re
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, CharField, Exists, F, Func, OuterRef, Q, TextField, Value, When
from django.db.models.functions import Collate, Concat, Reverse, Right

from accounts.access import list_working_roles, match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from core.telephone import LOCAL_DIGITS, list_local_prefixes
from incidents.enums import OPEN, ClosingReason, ObservableKind, Status

if TYPE_CHECKING:
    from incidents.models import Incident  # noqa: F401  (the querysets' own row)

# A French number has nine digits after its prefix, so that « 02 98 00 00 00 » and « +33 2 98 00 00 00 » have the same
# last digits.
LAST_DIGITS = 9
# The patterns that find the host in a normalised value.
HOST_OF_URL = r"^[a-z]+://(?:[^/]*@)?\[?([^]@/[]*?)\]?(?::[0-9]+)?/"
HOST_OF_OTHERS = "[^@]*$"
# A declaration that its declarant withdrew after adding something that nobody has answered.
LEFT_UNANSWERED = Q(closing_reason=ClosingReason.WITHDRAWN, answer_by__isnull=False, declarant_wrote_at__isnull=False)


def extract_last_digits(column: str) -> Right:
    """Return an expression for the last nine digits of the telephone number in a column. A database index on the
    number of the person to call back uses this expression.
    """
    only_digits = (F(column), Value("[^0-9]"), Value(""), Value("g"))
    return Right(Func(*only_digits, function="regexp_replace", output_field=CharField()), LAST_DIGITS)


def extract_reversed_host() -> Collate:
    """Return an expression for the host of an indicator, written backwards and followed by a dot: « www.evil.example »
    gives « elpmaxe.live.www. ». A value without a host gives a dot.

    The host is the one that `find_indicator_host` finds. The reversed names on one host all begin alike, so an index
    in the order of the characters (collation C) finds them together.
    """
    in_url, in_others = (
        Func(F("value"), Value(pattern), function="substring", output_field=TextField())
        for pattern in (HOST_OF_URL, HOST_OF_OTHERS)
    )
    others = [ObservableKind.EMAIL, ObservableKind.DOMAIN, ObservableKind.IP]
    host = Case(When(kind=ObservableKind.URL, then=in_url), When(kind__in=others, then=in_others))
    return Collate(Reverse(Concat(Value("."), host, output_field=TextField())), "C")


def list_last_digits(number: str) -> set[str]:
    """Return every value that `extract_last_digits` may give for a spelling of this telephone number. The set is empty
    if the number is incomplete.
    """
    digits = re.sub(r"\D", "", number, flags=re.ASCII)
    endings = {digits[-LAST_DIGITS:]} if len(digits) >= LAST_DIGITS else set()
    for code, length in LOCAL_DIGITS.items():
        for prefix in ("", code, *list_local_prefixes(code)):
            if digits.startswith(prefix) and len(digits) == len(prefix) + length:
                local = digits.removeprefix(prefix)
                endings |= {local, f"{code}{local}"[-LAST_DIGITS:]}
    return endings


def holder_works_for_centre() -> Exists:
    """Return the condition that the person in charge of the case works for its centre today. Such a person has a role
    in force and an active account.
    """
    return Exists(list_working_roles().filter(csirt=OuterRef("csirt"), user=OuterRef("assignee")))


def lacks_working_holder() -> Q:
    """Return the condition that nobody is in charge of the case, or that the person in charge of an open case has left
    the centre. A closed case keeps its person in charge, even one who left.
    """
    return Q(assignee=None) | Q(Q(status__in=OPEN) & ~holder_works_for_centre())


class IncidentQuerySet(models.QuerySet["Incident"]):
    """A queryset of incidents, with the filters that several pages share."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return the cases of this person's CSIRTs and bodies. The roles of administrator, analyst and coordinator
        give access to no case.
        """
        if not isinstance(user, User) or not user.is_active:
            return self.none()
        csirts, bodies = user.readable_centre_ids, user.get_collectivity_ids()
        if csirts and bodies:
            return self.filter(Q(csirt__in=csirts) | Q(collectivity__in=bodies))
        # A person with one kind of role gets a plain condition, so that PostgreSQL uses the index of the queue.
        return self.filter(csirt__in=csirts) if csirts else self.filter(collectivity__in=bodies)

    def of_centres(self, user: User, to: CentreAbility) -> Self:
        """Return the cases of the CSIRTs in which this person has the ability `to`. Cases that the person may see only
        for a body are left out.
        """
        return self.filter(match_centres(user, to)) if user.is_active else self.none()

    def open(self) -> Self:
        """Return the cases that are not closed."""
        return self.filter(status__in=OPEN)

    def annotate_has_holder(self) -> Self:
        """Annotate each case with `has_holder`, which is true if the person in charge still works for its centre."""
        return self.annotate(has_holder=holder_works_for_centre())

    def with_contact_number(self, number: str) -> Self:
        """Return the cases whose declarant gave this telephone number in any spelling. Return no case if the number is
        incomplete.
        """
        if not (endings := list_last_digits(number)):
            return self.none()
        return self.alias(number=extract_last_digits("story__contact_phone")).filter(number__in=endings)

    def with_addition_since_closing(self) -> Self:
        """Return the closed cases with an addition of the declarant that the centre has not handled. These include
        declarations that were withdrawn while an addition waited for an answer.

        Duplicates are left out, because the main case shows the addition.
        """
        late = Q(declarant_wrote_at__gt=F("closed_at")) & Q(
            Q(worked_at=None) | Q(declarant_wrote_at__gt=F("worked_at"))
        )
        unanswered = LEFT_UNANSWERED & Q(Q(worked_at=None) | Q(closed_at__gt=F("worked_at")))
        return self.filter(late | unanswered, status=Status.CLOSED, merged_into=None)

    def with_displayed_rows(self) -> Self:
        """Return the cases with the related rows that a line of a list or a page displays. Runs two or three queries.

        The régions, about twenty rows, are fetched apart. PostgreSQL takes 10 ms to plan a join of eight tables, but
        reads fifty rows of six tables in 0.3 ms.
        """
        cases = self.select_related("story", "csirt", "collectivity__departement", "acknowledged_by")
        return cases.prefetch_related("collectivity__region", "collectivity__region_correction")
