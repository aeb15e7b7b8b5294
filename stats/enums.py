"""The words of the figures, as the database stores them and as people read them.

What each measure means, in full, is in `stats/dictionary.py`; which tables are published, in `stats/family.py`.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from incidents.enums import Cause, DataCategory, IncidentType, LeakStatus, PersonsBand, PublicService
from incidents.rsit import FIRST_CLASSIFICATION


class Measure(models.TextChoices):
    """What is counted. All but the first count verified cases only."""

    DECLARED = "declared", _("déclarations reçues")
    INCIDENTS = "incidents", _("incidents vérifiés")
    REPORTS = "reports", _("signalements vérifiés")
    INTERRUPTIONS = "interruptions", _("interruptions de service")
    LEAKS = "leaks", _("fuites de données")
    UNFOUNDED = "unfounded", _("fuites jugées sans fondement")
    SERVICES = "services", _("interruptions par service public")
    CATEGORIES = "categories", _("fuites par catégorie de données")
    CAUSES = "causes", _("incidents par cause")
    DISCOVERY = "discovery", _("délai entre la découverte et la déclaration")
    HELP = "help", _("délai entre la déclaration et la prise en charge")
    CLOSING = "closing", _("délai entre la déclaration et la clôture")
    QUARTERS = "quarters", _("incidents en France par trimestre")
    BODIES = "bodies", _("collectivités ayant déclaré un incident")
    BODIES_HIT = "bodies_hit", _("collectivités ayant déclaré une interruption ou une fuite")
    STRATA = "strata", _("collectivités ayant déclaré un incident, par nature et population")
    STRATA_HIT = "strata_hit", _("collectivités ayant déclaré une interruption ou une fuite, par nature et population")


class HoursBand(models.TextChoices):
    """How long a public service was stopped or slowed."""

    UNDER_4_HOURS = "0-4h", _("moins de 4 heures")
    UNDER_A_DAY = "4-24h", _("de 4 à 24 heures")
    UNDER_3_DAYS = "1-3d", _("de 1 à 3 jours")
    UNDER_7_DAYS = "3-7d", _("de 3 à 7 jours")
    OVER_7_DAYS = "7d+", _("plus de 7 jours")
    UNKNOWN = "unknown", _("durée pas connue, ou en cours")


class DelayBand(models.TextChoices):
    """How long people waited for each other."""

    UNDER_AN_HOUR = "0-1h", _("moins d’une heure")
    UNDER_4_HOURS = "1-4h", _("de 1 à 4 heures")
    UNDER_A_DAY = "4-24h", _("de 4 à 24 heures")
    UNDER_3_DAYS = "1-3d", _("de 1 à 3 jours")
    UNDER_7_DAYS = "3-7d", _("de 3 à 7 jours")
    UNDER_30_DAYS = "7-30d", _("de 7 à 30 jours")
    OVER_30_DAYS = "30d+", _("plus de 30 jours")
    UNKNOWN = "unknown", _("pas connu, ou pas encore")


class Stratum(models.TextChoices):
    """Bodies of one nature, communes by population: few enough that each holds a hundred bodies or more.

    Only the natures that the official list carries: of the others (syndicats, établissements) nobody knows how many
    there are, so no rate can be said.
    """

    COMMUNE_UNDER_500 = "commune/0-499", _("communes de moins de 500 habitants")
    COMMUNE_UNDER_2000 = "commune/500-1999", _("communes de 500 à 1 999 habitants")
    COMMUNE_UNDER_10000 = "commune/2000-9999", _("communes de 2 000 à 9 999 habitants")
    COMMUNE_OVER_10000 = "commune/10000+", _("communes de 10 000 habitants et plus")
    GROUPING = "grouping", _("intercommunalités")
    LARGE = "large", _("départements, régions et collectivités à statut particulier")


class Outcome(models.TextChoices):
    """What came of an attempt to publish."""

    PUBLISHED = "published", _("publié")
    NOTHING_SAFE = "nothing_safe", _("rien ne peut être montré sans désigner quelqu’un")
    TIMED_OUT = "timed_out", _("vérification trop longue, rien n’est publié")
    FAILED = "failed", _("vérification impossible, rien n’est publié")


ALL_BANDS = ""
# A leak found to be none is counted apart.
LEAK_STATUSES = (LeakStatus.CLAIMED, LeakStatus.SUSPECTED, LeakStatus.CONFIRMED)
NOT_SAID = "not_said"


def leak_band(persons: str, status: str) -> str:
    """A leak's band has two parts: how many persons, then what is known of it. A merged one keeps the first only."""
    return f"{persons}/{status}"


def type_band(kind: str) -> str:
    """A type's band has two parts: its RSIT class, then itself. A merged one keeps the class only."""
    return f"{FIRST_CLASSIFICATION[kind][0]}/{kind}"


def with_parents(bands: list[str]) -> list[str]:
    """Of bands of several parts, what they are merged into as well; « all bands » first."""
    parents = {"/".join(band.split("/")[:depth]) for band in bands for depth in range(1, band.count("/") + 2)}
    return [ALL_BANDS, *sorted(parents)]


LEAK_BANDS = [leak_band(persons, status) for persons in PersonsBand.values for status in LEAK_STATUSES]

# The finest bands of each measure.
FINEST: dict[str, list[str]] = {
    Measure.DECLARED: [ALL_BANDS],
    Measure.INCIDENTS: [type_band(kind) for kind in IncidentType.values],
    Measure.REPORTS: [ALL_BANDS],
    Measure.INTERRUPTIONS: HoursBand.values,
    Measure.LEAKS: LEAK_BANDS,
    Measure.UNFOUNDED: [ALL_BANDS],
    Measure.SERVICES: PublicService.values,
    Measure.CATEGORIES: DataCategory.values,
    Measure.CAUSES: [*Cause.values, NOT_SAID],
    Measure.DISCOVERY: DelayBand.values,
    Measure.HELP: DelayBand.values,
    Measure.CLOSING: DelayBand.values,
    Measure.QUARTERS: [ALL_BANDS],
    Measure.BODIES: [ALL_BANDS],
    Measure.BODIES_HIT: [ALL_BANDS],
    Measure.STRATA: Stratum.values,
    Measure.STRATA_HIT: Stratum.values,
}
BANDS: dict[str, list[str]] = {measure: with_parents([b for b in bands if b]) for measure, bands in FINEST.items()}
# Sums of units of cases, which add up over months; distinct bodies do not.
# All but what nobody has checked yet may be published, each as a table of its own (`stats/family.py`).
PUBLISHED = tuple(measure for measure in Measure if measure != Measure.DECLARED)
NOT_SUMMED = (Measure.QUARTERS, Measure.BODIES, Measure.BODIES_HIT, Measure.STRATA, Measure.STRATA_HIT)
SUMMED = tuple(measure for measure in Measure if measure not in NOT_SUMMED)
