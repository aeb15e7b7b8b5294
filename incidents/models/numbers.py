"""Telephone numbers of bodies from sources other than a declaration."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from collectivities.models import Collectivity
from incidents.enums import NumberSource
from incidents.models.constraints import build_choices_constraint


class OfficialNumber(models.Model):
    """The telephone number by which a centre last reached a body, with its source and the day on which it was found. A
    body has at most one such number.

    The number is public. The person who answers the telephone is not stored.
    """

    collectivity = models.OneToOneField(
        Collectivity, models.CASCADE, related_name="official_number", verbose_name="collectivité"
    )
    phone = models.CharField("téléphone", max_length=40)
    source = models.CharField("trouvé où", max_length=9, choices=NumberSource)
    found_on = models.DateField("relevé le")
    noted_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="relevé par")

    class Meta:
        verbose_name = "numéro officiel"
        verbose_name_plural = "numéros officiels"
        constraints = [
            build_choices_constraint("source", NumberSource.values, name="official_number_source_known"),
            models.CheckConstraint(condition=~Q(phone=""), name="official_number_given"),
        ]

    def __str__(self) -> str:
        return f"{self.collectivity_id} {self.source}"
