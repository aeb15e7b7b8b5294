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


def leak_band(status: str, persons: str) -> str:
    """A leak's band has two parts: what is known of it, then how many persons. A merged one keeps the first only."""
    return f"{status}/{persons}"


BANDS: dict[str, list[str]] = {
    Measure.DECLARED: [ALL_BANDS],
    Measure.INCIDENTS: [ALL_BANDS],
    Measure.INTERRUPTIONS: [ALL_BANDS, *HoursBand.values],
    Measure.LEAKS: [
        ALL_BANDS,
        *LeakStatus.values,
        *(leak_band(status, persons) for status in LeakStatus.values for persons in PersonsBand.values),
    ],
}
