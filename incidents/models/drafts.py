"""Declarations that are still being written. A draft that was not sent counts nowhere and reaches nobody."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from collectivities.models import Collectivity
from incidents.enums import IncidentType, Screen
from incidents.models.constraints import build_choices_constraint
from incidents.models.incident import Incident


class Draft(models.Model):
    """A declaration that is still being written. A person who enters its code can open the draft on another device.
    Once the declaration is sent, `incident` points to its case.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    nonce = models.CharField("graine", max_length=64, editable=False)
    code_hash = models.CharField("empreinte du code", max_length=64, unique=True, editable=False)
    # The code, encrypted by a rotation of keys. The seed is then empty.
    encrypted_code = models.CharField(
        "code chiffré", max_length=128, blank=True, default="", db_default="", editable=False
    )
    type = models.CharField("type", max_length=16, choices=IncidentType, blank=True)
    collectivity = models.ForeignKey(
        Collectivity, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="collectivité"
    )
    created_at = models.DateTimeField("commencé le", default=timezone.now, editable=False)
    saved_at = models.DateTimeField("enregistré le", default=timezone.now)
    # Empty for a draft that was sent and whose screens were deleted since: nothing of it is left to delete.
    expires_at = models.DateTimeField("effacé après le", null=True, blank=True)
    # True for a draft that has only the type and the body. Such a draft is deleted sooner.
    is_empty = models.BooleanField("sans réponse", default=False, editable=False)
    incident = models.OneToOneField(
        Incident, models.PROTECT, null=True, blank=True, related_name="draft", verbose_name="incident"
    )

    class Meta:
        verbose_name = "brouillon de déclaration"
        verbose_name_plural = "brouillons de déclaration"
        constraints = [
            build_choices_constraint("type", IncidentType.values, name="draft_type_known", blank=True),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=False) | Q(incident__isnull=False), name="draft_not_sent_expires"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="draft_by_end", condition=Q(expires_at__isnull=False)),
            models.Index(fields=["created_at"], name="draft_empty", condition=Q(incident=None, is_empty=True)),
            models.Index(fields=["saved_at"], name="draft_answered", condition=Q(incident=None, is_empty=False)),
        ]

    def __str__(self) -> str:
        return str(self.uid)


class DraftPage(models.Model):
    """The answers of one screen of a draft, as somebody typed them. `author` is the name of this person. Saving the
    screen again replaces the row.
    """

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="pages", verbose_name="brouillon")
    screen = models.CharField("écran", max_length=12, choices=Screen)
    values = models.JSONField("réponses", default=dict)
    author = models.CharField("rempli par", max_length=120, blank=True)
    saved_at = models.DateTimeField("enregistré le", default=timezone.now)
    # The opening of the screen that wrote the row, and the number of its save. They show that a second save of the
    # same opening is not a conflict.
    pen = models.CharField("page ouverte", max_length=16, blank=True, editable=False)
    stroke = models.PositiveIntegerField("numéro d’enregistrement", default=0, editable=False)

    class Meta:
        verbose_name = "écran d’un brouillon"
        verbose_name_plural = "écrans d’un brouillon"
        constraints = [
            build_choices_constraint("screen", Screen.values, name="draft_page_screen_known"),
            models.UniqueConstraint(fields=["draft", "screen"], name="draft_page_once_a_screen"),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.screen}"
