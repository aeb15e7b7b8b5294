"""The durations in force: those that the administration chose, or else those of the table, in words and in dates."""

import calendar
from datetime import date, datetime
from typing import NamedTuple

from django.utils import timezone

from core.french import choose_plural, format_day
from retention.enums import DataKind
from retention.models import RetentionChoice
from retention.table import KINDS, KINDS_BY_CODE, RetainedKind

MONTHS_A_YEAR = 12


class Choices(NamedTuple):
    """What the administration chose, by kind: the months in force, and the newest choice if it does not count yet."""

    months: dict[str, int]
    coming: dict[str, RetentionChoice]


def load_choices(at: datetime | None = None) -> Choices:
    """Return what the administration chose, as it counts at this instant, by default now. A choice that was replaced
    before its time came never counts. Runs one query.
    """
    months: dict[str, int] = {}
    newest: dict[str, RetentionChoice] = {}
    for choice in RetentionChoice.objects.order_by("id"):
        former = newest.get(choice.kind)
        if former and former.effective_at <= choice.chosen_at:
            months[former.kind] = former.months
        newest[choice.kind] = choice
    at = at or timezone.now()
    months |= {choice.kind: choice.months for choice in newest.values() if choice.effective_at <= at}
    return Choices(months, {kind: choice for kind, choice in newest.items() if choice.effective_at > at})


def load_chosen_months(at: datetime | None = None) -> dict[str, int]:
    """Return the chosen number of months of each kind that has one, in force at this instant, by default now. Runs one
    query.
    """
    return load_choices(at).months


def count_foreseen(kind: RetainedKind, months: int, at: datetime) -> int:
    """Return how many rows of this kind will be due at an instant to come, at most, if its duration is so many
    months.
    """
    list_rows = kind.foresee or kind.select
    return list_rows(subtract_months(at, months)).count()


def find_months(kind: RetainedKind, chosen: dict[str, int]) -> int:
    """Return the months in force for a kind with a term. `chosen` comes from `load_chosen_months`. A choice outside
    the bounds, which may have been made under other bounds, counts as the nearest bound.
    """
    if kind.term is None:
        return 0
    months = chosen.get(kind.code, kind.term.default)
    return min(max(months, kind.term.least), kind.term.most)


def compute_limit(kind: RetainedKind, chosen: dict[str, int], now: datetime) -> datetime:
    """Return the instant before which rows of this kind must have begun to be due now. It is `now` for a kind whose
    rows say themselves when they end.
    """
    return subtract_months(now, find_months(kind, chosen))


def load_unused_limit() -> datetime:
    """Return the instant before which an account must have been last used to be closed now. Runs one query."""
    return compute_limit(KINDS_BY_CODE[DataKind.UNUSED_ACCOUNTS], load_chosen_months(), timezone.now())


def subtract_months[Moment: date](moment: Moment, months: int) -> Moment:
    """Return the moment or day so many months earlier, or later if `months` is negative. It is on the same day, or on
    the last day of a shorter month.
    """
    year, month = divmod(moment.year * MONTHS_A_YEAR + moment.month - 1 - months, MONTHS_A_YEAR)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def spell_months(months: int) -> str:
    """Return « 5 ans », « 1 an » or « 18 mois »."""
    years, rest = divmod(months, MONTHS_A_YEAR)
    return f"{months} mois" if rest else f"{years} {choose_plural('an', 'ans', years)}"


def format_term(kind: RetainedKind, chosen: dict[str, int]) -> str:
    """Return after which time data of this kind end: « 5 ans après sa clôture »."""
    return f"{spell_months(find_months(kind, chosen))} {kind.since}" if kind.term else kind.since


def format_coming(choice: RetentionChoice | None) -> str:
    """Return « 1 an à partir du 31 décembre 2026 », or "" without a choice."""
    return (
        f"{spell_months(choice.months)} à partir du {format_day(timezone.localtime(choice.effective_at))}"
        if choice
        else ""
    )


class DisplayedDuration(NamedTuple):
    """A line of the table of durations, in the words of the page. `coming` is a shorter term that was chosen and does
    not count yet, or "".
    """

    name: str
    term: str
    coming: str
    ending: str
    basis: str


def describe_durations() -> list[DisplayedDuration]:
    """Return the lines of all kinds, in the order of the table. Runs one query."""
    chosen, coming = load_choices()
    return [
        DisplayedDuration(
            kind.code.label, format_term(kind, chosen), format_coming(coming.get(kind.code)), kind.ending, kind.basis
        )
        for kind in KINDS
    ]
