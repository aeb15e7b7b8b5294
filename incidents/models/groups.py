"""Groups of cases of one cause within one centre, such as an attacked supplier or a campaign."""

from uuid import uuid4

from django.db import models
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import GroupKind
from incidents.models.constraints import build_choices_constraint


class CaseGroup(models.Model):
    """Several cases that are handled together because they have one cause. Responders of the centre can read its
    shared text (`sheet`), and declarants cannot.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    csirt = models.ForeignKey(Csirt, models.PROTECT, related_name="+", verbose_name="CSIRT")
    kind = models.CharField("cause commune", max_length=12, choices=GroupKind)
    title = models.CharField("titre", max_length=120)
    sheet = models.TextField("fiche partagée", blank=True)
    # Each save increments the version, so that a person who saves after somebody else is warned.
    version = models.PositiveIntegerField("version", default=1)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="ouvert par")
    opened_at = models.DateTimeField("ouvert le", default=timezone.now)
    closed_at = models.DateTimeField("fermé le", null=True, blank=True)

    class Meta:
        verbose_name = "groupe de dossiers"
        verbose_name_plural = "groupes de dossiers"
        constraints = [build_choices_constraint("kind", GroupKind.values, name="case_group_kind_known")]
        indexes = [models.Index(F("csirt"), F("opened_at").desc(), F("id").desc(), name="case_group_by_csirt")]

    def __str__(self) -> str:
        return self.title
