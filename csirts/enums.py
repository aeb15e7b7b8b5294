"""The levels of CSIRTs and the kinds of contacts."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    TERRITORIAL = "territorial", _("centre territorial")
    NATIONAL = "national", _("centre national")
    ASSISTANCE = "assistance", _("assistance aux victimes")
    SECTOR = "sector", _("centre sectoriel")


class ContactKind(models.TextChoices):
    PHONE = "phone", _("téléphone")
    WEBSITE = "website", _("site")
    EMAIL = "email", _("courriel publié")
    ADDRESS = "address", _("adresse postale")
    HOURS = "hours", _("horaires")
    DPO = "dpo", _("délégué à la protection des données")
    SITES = "sites", _("sites du centre cités dans ses messages")
