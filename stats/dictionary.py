"""The dictionary of measures: what each published number means, in words that an elected official can read.

Names of measures and bands are those of the enums, written once; this module adds what a name cannot say. How finely
a table is cut, and into what its small cells are put, is read from `stats/family.py`, so that it cannot say otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.enums import TYPE_TERMS, Cause, DataCategory, LeakStatus, PersonsBand, PublicService
from incidents.rsit import RsitClass
from stats.enums import ALL_BANDS, BANDS, FINEST, NOT_SAID, DelayBand, HoursBand, Measure, Stratum
from stats.explained import ENTRIES, RATES, Entry, Source
from stats.family import BY_MEASURE, Table
from stats.partition import Grain, Shape

type Labels = Mapping[str, str | Promise]

# The sentence that stands beside every figure.
UNDER_DECLARED = gettext_lazy(
    "Ces chiffres comptent ce que les collectivités ont déclaré. Personne ne sait combien d’incidents ne sont pas "
    "déclarés."
)
# Said otherwise than in the form, where the town hall speaks.
PERSONS: Labels = dict(PersonsBand.choices) | {PersonsBand.UNKNOWN: gettext_lazy("nombre de personnes pas connu")}
CATEGORIES: Labels = dict(DataCategory.choices) | {DataCategory.UNKNOWN: gettext_lazy("catégories pas connues")}
CAUSES: Labels = dict(Cause.choices) | {NOT_SAID: gettext_lazy("pas dite")}
STRATA: Labels = dict(Stratum.choices) | {"commune": gettext_lazy("communes, toutes populations")}
# The parts of each measure's bands, from the widest to the finest.
PARTS: dict[str, tuple[Labels, ...]] = {
    Measure.INCIDENTS: (dict(RsitClass.choices), TYPE_TERMS),
    Measure.INTERRUPTIONS: (dict(HoursBand.choices),),
    Measure.LEAKS: (PERSONS, dict(LeakStatus.choices)),
    Measure.SERVICES: (dict(PublicService.choices),),
    Measure.CATEGORIES: (CATEGORIES,),
    Measure.CAUSES: (CAUSES,),
    Measure.DISCOVERY: (dict(DelayBand.choices),),
    Measure.HELP: (dict(DelayBand.choices),),
    Measure.CLOSING: (dict(DelayBand.choices),),
    Measure.STRATA: (STRATA,),
    Measure.STRATA_HIT: (STRATA,),
}


class Band(NamedTuple):
    """`parent`: the band that it is put into where it is too small. `is_finest`: it is put together of no others."""

    code: str
    label: str
    parent: str
    is_finest: bool


@dataclass(frozen=True)
class Definition:
    """What is said of one measure, all in French. `finest` and `merged_into` are empty for what is not published."""

    code: str
    name: str
    says: Entry
    finest: str
    merged_into: str
    bands: tuple[Band, ...]
    is_rate: bool = False

    @property
    def is_published(self) -> bool:
        return self.is_rate or bool(self.finest)

    @property
    def has_bands(self) -> bool:
        return len(self.bands) > 1


def dictionary() -> list[Definition]:
    """Every measure in the order of the enum, then the rates that are derived from them."""
    return [*(definition_of(measure) for measure in Measure), *(rate_of(code) for code in RATES)]


def definition_of(measure: Measure) -> Definition:
    table = BY_MEASURE.get(measure)
    return Definition(
        code=measure.value,
        name=str(measure.label),
        says=ENTRIES[measure],
        finest=cut_in_words(measure, table.shapes[0]) if table else "",
        merged_into=merging_in_words(measure, table) if table else "",
        bands=bands_of(measure),
    )


def rate_of(code: str) -> Definition:
    rate = RATES[code]
    return Definition(
        code=code,
        name=str(rate.name),
        says=rate.says,
        finest=cut_in_words(rate.of, BY_MEASURE[rate.of].shapes[0]),
        merged_into=_("Comme le nombre de collectivités dont il est tiré ; il n’est pas dit là où ce nombre manque."),
        bands=(),
        is_rate=True,
    )


# Bands


def bands_of(measure: str) -> tuple[Band, ...]:
    """« All bands » first, the others in the order in which they are read: hours from the shortest."""
    finest = FINEST[measure]
    return tuple(
        Band(str(code), band_label(measure, code), code.rpartition("/")[0], code in finest)
        for code in sorted(BANDS[measure], key=lambda code: place_of(code, finest))
    )


def place_of(code: str, finest: Sequence[str]) -> list[int]:
    """Of each part of a code, the place of the first of the finest bands that begin so."""
    parts = code.split("/") if code else []
    starts = ["/".join(parts[:number]) for number in range(1, len(parts) + 1)]
    return [next(at for at, one in enumerate(finest) if f"{one}/".startswith(f"{start}/")) for start in starts]


def band_label(measure: str, band: str) -> str:
    """« de 6 à 50 personnes / confirmée »; for several bands together, « ensemble »."""
    if band == ALL_BANDS:
        return _("ensemble")
    labels_of_widest = PARTS[measure][0]
    if band in labels_of_widest:
        return str(labels_of_widest[band])
    return " / ".join(str(labels[code]) for labels, code in zip(PARTS[measure], band.split("/"), strict=True))


# How a table is cut, and what is given up

GRAINS = {
    Grain.MONTH: gettext_lazy("par mois"),
    Grain.QUARTER: gettext_lazy("par trimestre"),
    Grain.YEAR: gettext_lazy("par année"),
}
OF_DELAYS = (gettext_lazy("par délai"), gettext_lazy("tous les délais ensemble"))
OF_STRATA = (
    gettext_lazy("par nature et population"),
    gettext_lazy("les communes, toutes populations ensemble"),
    gettext_lazy("toutes les natures ensemble"),
)
# The finest band, then what bands are put into, step by step.
BAND_WORDS: dict[str, tuple[str | Promise, ...]] = {
    Measure.INCIDENTS: (
        gettext_lazy("par type"),
        gettext_lazy("la classe RSIT"),
        gettext_lazy("toutes les classes ensemble"),
    ),
    Measure.INTERRUPTIONS: (gettext_lazy("par durée"), gettext_lazy("toutes les durées ensemble")),
    Measure.LEAKS: (
        gettext_lazy("par nombre de personnes et par état"),
        gettext_lazy("le nombre de personnes, tous états ensemble"),
        gettext_lazy("toutes les fuites ensemble"),
    ),
    Measure.SERVICES: (gettext_lazy("par service"), gettext_lazy("tous les services ensemble")),
    Measure.CATEGORIES: (gettext_lazy("par catégorie"), gettext_lazy("toutes les catégories ensemble")),
    Measure.CAUSES: (gettext_lazy("par cause"), gettext_lazy("toutes les causes ensemble")),
    Measure.DISCOVERY: OF_DELAYS,
    Measure.HELP: OF_DELAYS,
    Measure.CLOSING: OF_DELAYS,
    Measure.STRATA: OF_STRATA,
    Measure.STRATA_HIT: OF_STRATA,
}


def cut_in_words(measure: str, shape: Shape) -> str:
    """« par région, par mois, par type »"""
    words = [_("par région") if shape.by_region else _("France entière"), str(GRAINS[shape.grain])]
    if shape.by_band and measure in PARTS:
        words.append(str(BAND_WORDS[measure][0]))
    return ", ".join(words)


def merging_in_words(measure: str, table: Table) -> str:
    """The chain of the first shape, then the coarser shapes that are tried if the audit refuses it."""
    first, *coarser = table.shapes
    steps = chain_of(measure, first)
    said = [_("Ce qui est trop petit est réuni : %(steps)s.") % {"steps": _(", puis ").join(steps)}] if steps else []
    tried = " ; ".join(dict.fromkeys(cut_in_words(measure, shape) for shape in coarser))
    if tried:
        said.append(_("Si cela ne suffit pas, la table est coupée moins finement (%(tried)s).") % {"tried": tried})
    return " ".join([*said, _("Sinon, elle ne paraît pas.")])


def chain_of(measure: str, shape: Shape) -> list[str]:
    bands = [str(word) for word in BAND_WORDS.get(measure, ())[1:]] if shape.by_band else []
    regions = [_("les autres régions de la même année")] if shape.by_region else []
    if shape.bands_first:
        return [*regions, *bands]
    periods = [_("le mois avec les autres du trimestre")] if shape.grain is Grain.MONTH else []
    if shape.grain is not Grain.YEAR:
        periods.append(_("le trimestre avec le reste de l’année"))
    return [*bands, *periods, *regions]


def sources() -> list[Source]:
    """Each standard that some definition names, once."""
    named = [source for one in dictionary() for source in one.says.sources]
    return list(dict.fromkeys(named))


def in_force_since() -> date:
    """The day of the latest change of any definition."""
    return max(one.says.since for one in dictionary())
