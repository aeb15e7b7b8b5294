"""« Que voit-on de moi ? »: where one declaration stands in what is published, told to those who may see it.

How many bodies share a number is not told, not even in bands: beside the number itself, it would tell a declarant how
often the others declared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from collectivities.zones import zone_of
from incidents.enums import EventKind
from incidents.models import Incident
from stats.dictionary import BAND_WORDS, band_label
from stats.enums import ALL_BANDS, BANDS, Measure
from stats.facts import NOT_COUNTED, bands_by_measure
from stats.family import FAMILY, HITS
from stats.models import Block, BlockMember, CaseFact, Release
from stats.periods import SETTLED_AFTER, last_day_of_quarter, month_of
from stats.published.reading import tables_of

# A body stands in the first table for a case of it that stands in one of the others.
OF_BODIES = {
    Measure.BODIES: (Measure.INCIDENTS,),
    Measure.STRATA: (Measure.INCIDENTS,),
    Measure.BODIES_HIT: HITS,
    Measure.STRATA_HIT: HITS,
}


@dataclass(frozen=True)
class Place:
    """One published number that holds this declaration."""

    title: str
    where: str
    value: int


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
    """The blocks of the last release in which the case stands, as it was when each was published; and its body."""
    mine = BlockMember.objects.filter(fact=incident.pk, block__releases=release)
    alone = Block.objects.filter(
        releases=release, measure=OuterRef("measure"), starts_on__year=OuterRef("starts_on__year")
    ).exclude(region=None)
    is_there = Q(pk__in=mine.values("block"))
    counted = set(mine.values_list("block__measure", flat=True))
    if counted and (fact := CaseFact.objects.filter(pk=incident.pk).first()):
        is_there |= Q(pk__in=of_its_body(fact, release, counted).values("block"))
    blocks = Block.objects.filter(is_there).annotate(is_by_region=Exists(alone))
    for block in blocks.select_related("region").order_by("pk"):
        yield Place(what_of(block), where_of(block, is_by_region=block.is_by_region), block.value)


def of_its_body(fact: CaseFact, release: Release, counted: set[str]) -> QuerySet[BlockMember]:
    """As far as this case says it: what others of the same body declared is not told here."""
    there = tables_of(release, fact.month.year)
    said = [
        measure
        for measure, tables in OF_BODIES.items()
        if any(was_counted(table, fact, counted=counted, there=there) for table in tables)
    ]
    return BlockMember.objects.filter(
        fact=None,
        collectivity=fact.collectivity_id,
        block__measure__in=said,
        block__releases=release,
        block__starts_on__year=fact.month.year,
    )


def was_counted(measure: Measure, fact: CaseFact, *, counted: set[str], there: frozenset[str]) -> bool:
    """Whether the case had what this table counts when it was published; whether it has, of a table left out.

    `counted`: the tables in which the case stands; `there`: those of its year.
    """
    same_units = {measure, *(table.measure for table in FAMILY if table.same_units_as == measure)}
    return bool(same_units & counted) if same_units & there else measure in bands_by_measure(fact)


def what_of(block: Block) -> str:
    """« interruptions par service : cantine », « interruptions par service, tous les services ensemble »"""
    title = str(Measure(block.measure).label)
    if len(BANDS[block.measure]) == 1:
        return title
    if block.band == ALL_BANDS:
        return f"{title}, {BAND_WORDS[block.measure][-1]}"
    return f"{title}\N{NO-BREAK SPACE}: {band_label(block.measure, block.band)}"


def where_of(block: Block, *, is_by_region: bool) -> str:
    """« Bretagne, février 2026 », « plusieurs régions ensemble, 2026 », « France entière, 2026 »"""
    several = _("plusieurs régions ensemble") if is_by_region else _("France entière")
    place = block.region.name if block.region else several
    return f"{place}, {period_of(block.starts_on, block.ends_on)}"


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
        return not_yet(last_day + SETTLED_AFTER)
    return came_later(incident, release) or _(
        "Rien n’en est publié : trop peu de collectivités seraient derrière le nombre pour qu’il ne désigne personne. "
        "Elle attend d’être comptée avec d’autres, pour l’année ou pour plusieurs régions."
    )


def came_later(incident: Incident, release: Release) -> str:
    """What made it count since the release was made; "" if nothing did."""
    if incident.verified_at and incident.verified_at > release.published_at:
        return _(
            "Rien n’en est publié : elle a été vérifiée après la dernière publication. La prochaine peut la compter."
        )
    undone = Q(kind=EventKind.REOPENED, data__reason__in=NOT_COUNTED) | Q(kind=EventKind.UNMERGED)
    if incident.events.filter(undone, at__gt=release.published_at).exists():
        return _(
            "Rien n’en est publié : elle a été rouverte après la dernière publication. La prochaine peut la compter."
        )
    return ""


def not_yet(opens: date) -> str:
    """`opens`: the day from which its quarter may be published."""
    if timezone.localdate() < opens:
        said = {"day": date_format(opens, "j F Y")}
        return _("Rien n’en est publié : son trimestre le sera à partir du %(day)s.") % said
    return _("Rien n’en est publié : les chiffres de son trimestre ne sont pas encore parus.")
