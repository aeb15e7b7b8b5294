"""Queries for the same value in several cases. Only the cases of the user's own centres are counted or displayed."""

from collections.abc import Iterable, Sequence

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, QuerySet

from accounts.access import match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from incidents.enums import ObservableKind
from incidents.indicators.observables import Indicator
from incidents.models import IgnoredValue, Incident, Observable

# Up to this number, sightings are listed one by one. Beyond this number, the page shows « 20 et plus », and no more
# rows are read.
MAX_SIGHTINGS = 20
MAX_LOOKED_UP = 50


def list_own_observables(user: User) -> QuerySet[Observable]:
    """Return the indicators in the cases of the user's centres."""
    return Observable.objects.filter(match_centres(user, CentreAbility.READ, "incident__csirt"))


def match_values(values: Iterable[Indicator]) -> Q:
    """Return the condition that a row has one of these values. The condition has a form for which PostgreSQL uses the
    index by kind and value.
    """
    by_kind: dict[str, list[str]] = {}
    for observable in values:
        by_kind.setdefault(observable.kind, []).append(observable.value)
    condition = Q(pk=None)
    for kind, same_kind in by_kind.items():
        condition |= Q(kind=kind, value__in=same_kind)
    return condition


def match_same_case(incident: Incident) -> Q:
    """Return the condition that a row belongs to the main case or to one of its duplicates.

    The main case is the case into which `incident` was merged, or `incident` itself. Such a row is no sighting.
    """
    main = incident.merged_into_id or incident.pk
    return Q(incident=main) | Q(incident__merged_into=main)


def list_observables(incident: Incident, user: User) -> QuerySet[Observable]:
    """Return the indicators of the case, ordered by kind and value. `seen_in` of an indicator lists the ids of other
    cases of the user's centres with the same value. The list has at most MAX_SIGHTINGS + 1 ids. Runs one query.
    """
    sightings = list_own_observables(user).filter(kind=OuterRef("kind"), value=OuterRef("value"))
    keys = sightings.exclude(match_same_case(incident)).values("incident")[: MAX_SIGHTINGS + 1]
    return incident.observables.annotate(seen_in=ArraySubquery(keys)).order_by("kind", "value")


def map_other_case_counts(values: Sequence[Indicator], incident: Incident, user: User) -> dict[tuple[str, str], int]:
    """Return in how many other cases of the user's centres each value was seen. Values that no other case has are
    absent.
    """
    rows = list_own_observables(user).filter(match_values(values)).exclude(match_same_case(incident))
    numbers = rows.order_by().values_list("kind", "value").annotate(Count("incident", distinct=True))
    return {(kind, value): number for kind, value, number in numbers}


def map_ignored_values(values: Sequence[Indicator], incident: Incident) -> dict[tuple[str, str], str]:
    """Return the reason for each of these values that the centre of the case ignores, by kind and value."""
    rows = IgnoredValue.objects.filter(match_values(values), csirt=incident.csirt_id)
    return {(kind, value): reason for kind, value, reason in rows.values_list("kind", "value", "motive")}


def list_sightings(observable: Indicator, user: User, *, beside: Incident | None = None) -> QuerySet[Observable]:
    """Return the indicators with the value of `observable`, newest case first, at most MAX_SIGHTINGS + 1. Indicators
    in the case `beside`, and in the cases merged with it, are left out.
    """
    rows = list_own_observables(user).filter(kind=observable.kind, value=observable.value)
    rows = rows.exclude(match_same_case(beside)) if beside else rows
    return rows.select_related("incident__collectivity__departement").order_by("-incident__received_at", "-id")[
        : MAX_SIGHTINGS + 1
    ]


def list_recorded_files(names: Sequence[str], user: User) -> list[Indicator]:
    """Return the file names that the user's centres have already recorded as indicators, in the order of `names`. Runs
    one query.
    """
    files = list_own_observables(user).filter(kind=ObservableKind.FILE, value__in=names)
    recorded = set(files.values_list("value", flat=True))
    return [Indicator(ObservableKind.FILE, name) for name in names if name in recorded]


def map_sightings(values: Sequence[Indicator], user: User) -> dict[tuple[str, str], list[Observable]]:
    """Return the sightings of each of the first MAX_LOOKED_UP values, newest first. Runs at most two queries."""
    sightings: dict[tuple[str, str], list[Observable]] = {observable: [] for observable in values[:MAX_LOOKED_UP]}
    heads = [list_sightings(observable, user).values("pk") for observable in values[:MAX_LOOKED_UP]]
    if not heads:
        return sightings
    keys = [row["pk"] for row in heads[0].union(*heads[1:], all=True)]
    rows = Observable.objects.filter(pk__in=keys).select_related("incident__collectivity__departement")
    for row in rows.order_by("-incident__received_at", "-id"):
        sightings[row.kind, row.value].append(row)
    return sightings
