"""« Que voit-on de moi ? »: where one declaration stands in what is published, told to those who may see it.

How many bodies share a number is told in bands: an exact count, beside the number itself, could tell a declarant how
often the others declared.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collectivities.zones import zone_of
from incidents.models import Incident
from stats.enums import ALL_BANDS, BANDS, Measure
from stats.facts import NOT_COUNTED
from stats.models import Block, BlockMember, Release
from stats.partition import K
from stats.periods import SETTLED_AFTER, last_day_of_quarter, month_of

SHARED_BY = (
    (50, gettext_lazy("50 collectivités ou plus")),
    (10, gettext_lazy("de 10 à 49 collectivités")),
    (K, gettext_lazy("de 5 à 9 collectivités")),
)


@dataclass(frozen=True)
class Place:
    """One published number that holds this declaration. `sharing`: how many bodies stand in it, in words."""

    title: str
    where: str
    value: int
    sharing: str


@dataclass(frozen=True)
class Standing:
    """`why`: why nothing is published of it, as one sentence; empty where `places` says it."""

    release: Release | None
    places: list[Place]
    why: str


def standing_of(incident: Incident) -> Standing:
    """At most five queries."""
    release = Release.objects.order_by("number").last()
    places = list(places_of(incident, release)) if release else []
    return Standing(release, places, "" if places else why_not(incident, release))


def places_of(incident: Incident, release: Release) -> Iterator[Place]:
    """The blocks of the last release in which the case stands, as it was when each was published."""
    mine = BlockMember.objects.filter(fact=incident.pk, block__releases=release).values("block")
    blocks = Block.objects.filter(pk__in=mine).select_related("region").order_by("pk")
    bodies: dict[int, set[int]] = defaultdict(set)
    for pk, body in BlockMember.objects.filter(block__in=[one.pk for one in blocks]).values_list(
        "block", "collectivity"
    ):
        bodies[pk].add(body)
    for block in blocks:
        yield Place(
            title=str(Measure(block.measure).label),
            where=where_of(block),
            value=block.value,
            sharing=sharing_of(len(bodies[block.pk])),
        )


def sharing_of(bodies: int) -> str:
    return str(next(said for least, said in SHARED_BY if bodies >= least))


def where_of(block: Block) -> str:
    """« Bretagne, février 2026 », « plusieurs régions ensemble, 2026 »"""
    place = block.region.name if block.region else _("plusieurs régions ensemble")
    together = _(", tous types ensemble") if block.band == ALL_BANDS and len(BANDS[block.measure]) > 1 else ""
    return f"{place}, {period_of(block.starts_on, block.ends_on)}{together}"


def period_of(first: date, last: date) -> str:
    if first.month == last.month:
        return date_format(first, "F Y")
    if last == last_day_of_quarter(first) and first.month == last.month - 2:
        return _("de %(first)s à %(last)s") % {"first": date_format(first, "F"), "last": date_format(last, "F Y")}
    return str(first.year)


def why_not(incident: Incident, release: Release | None) -> str:
    """Told in the order in which it would be cured."""
    if incident.closing_reason in NOT_COUNTED:
        return _("Elle n’est comptée nulle part : le centre l’a close comme doublon, comme retirée, ou sans incident.")
    if not incident.is_verified:
        return _("Elle n’est comptée nulle part : seules les déclarations vérifiées par le centre sont publiées.")
    last_day = last_day_of_quarter(month_of(incident.received_at, zone_of(incident.collectivity)))
    if release is None or release.covers_until < last_day:
        opens = last_day + SETTLED_AFTER
        if timezone.localdate() < opens:
            said = {"day": date_format(opens, "j F Y")}
            return _("Rien n’en est publié : son trimestre le sera à partir du %(day)s.") % said
    return _(
        "Rien n’en est publié : moins de cinq collectivités seraient derrière le nombre. "
        "Elle attend d’être comptée avec d’autres, pour l’année ou pour plusieurs régions."
    )
