"""The words of the figures, as the database stores them and as people read them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from incidents.enums import LeakStatus, PersonsBand


class Measure(models.TextChoices):
    """What is counted. All but the first count verified cases only."""

    DECLARED = "declared", _("déclarations reçues")
    INCIDENTS = "incidents", _("incidents vérifiés")
    INTERRUPTIONS = "interruptions", _("interruptions de service")
    LEAKS = "leaks", _("fuites de données")
    UNFOUNDED = "unfounded", _("fuites jugées sans fondement")


# What a release may hold: three measures, each its own partition of the closed periods.
PUBLISHED = (Measure.INCIDENTS, Measure.INTERRUPTIONS, Measure.LEAKS)


class HoursBand(models.TextChoices):
    """How long a public service was stopped or slowed."""

    UNDER_4_HOURS = "0-4h", _("moins de 4 heures")
    UNDER_A_DAY = "4-24h", _("de 4 à 24 heures")
    UNDER_3_DAYS = "1-3d", _("de 1 à 3 jours")
    UNDER_7_DAYS = "3-7d", _("de 3 à 7 jours")
    OVER_7_DAYS = "7d+", _("plus de 7 jours")
    UNKNOWN = "unknown", _("durée pas connue, ou en cours")


ALL_BANDS = ""


# A leak found to be none is counted apart, and not published.
LEAK_STATUSES = (LeakStatus.CLAIMED, LeakStatus.SUSPECTED, LeakStatus.CONFIRMED)


def leak_band(persons: str, status: str) -> str:
    """A leak's band has two parts: how many persons, then what is known of it. A merged one keeps the first only."""
    return f"{persons}/{status}"


BANDS: dict[str, list[str]] = {
    Measure.DECLARED: [ALL_BANDS],
    Measure.INCIDENTS: [ALL_BANDS],
    Measure.INTERRUPTIONS: [ALL_BANDS, *HoursBand.values],
    Measure.LEAKS: [
        ALL_BANDS,
        *PersonsBand.values,
        *(leak_band(persons, status) for persons in PersonsBand.values for status in LEAK_STATUSES),
    ],
    Measure.UNFOUNDED: [ALL_BANDS],
}
