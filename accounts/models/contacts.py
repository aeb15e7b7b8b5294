"""The emergency contacts of a body."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.enums import EmergencyContactKind
from accounts.models.people import User
from collectivities.models import Collectivity


class EmergencyContact(models.Model):
    """A person or firm that a body calls when its computers are down. Only the members of the body and the centres of
    its cases see it.
    """

    collectivity = models.ForeignKey(
        Collectivity, models.PROTECT, related_name="emergency_contacts", verbose_name="collectivité"
    )
    kind = models.CharField("qui", max_length=8, choices=EmergencyContactKind)
    name = models.CharField("nom", max_length=120, blank=True)
    phone = models.CharField("téléphone", max_length=40, blank=True)
    note = models.CharField("numéro de contrat, horaires", max_length=200, blank=True)
    updated_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="écrit par")
    updated_at = models.DateTimeField("écrit le", default=timezone.now)

    class Meta:
        verbose_name = "contact d’urgence"
        verbose_name_plural = "contacts d’urgence"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EmergencyContactKind.values), name="emergency_kind_known"),
            models.UniqueConstraint(fields=["collectivity", "kind"], name="emergency_once_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} : {self.name}"
