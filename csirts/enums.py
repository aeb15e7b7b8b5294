"""The levels of CSIRTs and the kinds of contacts."""

from django.db import models


class Level(models.TextChoices):
    """Whom a CSIRT serves: a territory, the nation, victims of any kind or a sector."""

    TERRITORIAL = "territorial", "centre territorial"
    NATIONAL = "national", "centre national"
    ASSISTANCE = "assistance", "assistance aux victimes"
    SECTOR = "sector", "centre sectoriel"


class ContactKind(models.TextChoices):
    PHONE = "phone", "téléphone"
    WEBSITE = "website", "site"
    EMAIL = "email", "courriel publié"
    ADDRESS = "address", "adresse postale"
    HOURS = "hours", "horaires"
    DPO = "dpo", "délégué à la protection des données"
    SITES = "sites", "sites du centre cités dans ses messages"
