"""Texts that people write about a case after it was sent: answers, corrections, messages. All of them can be
erased.
"""

from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from incidents.enums import ActorKind
from incidents.models.constraints import build_actor_constraint, build_choices_constraint
from incidents.models.incident import Incident


class AnswerSheet(models.Model):
    """The values of one section of a case: answers, or declared facts.

    A correction is a new row, and the newest row of the section counts.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="sheets", verbose_name="incident")
    section = models.CharField("rubrique", max_length=24)
    version = models.CharField("version des questions", max_length=16)
    values = models.JSONField("réponses", default=dict)
    author = models.CharField("rempli par", max_length=120, blank=True)
    actor_kind = models.CharField("auteur", max_length=12, choices=ActorKind)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="compte de l’auteur"
    )
    written_at = models.DateTimeField("écrit le", default=timezone.now)

    class Meta:
        verbose_name = "réponses à une rubrique"
        verbose_name_plural = "réponses aux rubriques"
        constraints = [
            build_choices_constraint("actor_kind", ActorKind.values, name="sheet_actor_kind_known"),
            build_actor_constraint(name="sheet_actor_fits_kind"),
        ]
        indexes = [models.Index(F("incident"), F("section"), F("id").desc(), name="sheet_newest_of_section")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.section}"


class Message(models.Model):
    """A message between the declarant and the CSIRT. It is never edited. Internal notes are in another table."""

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="messages", verbose_name="incident")
    text = models.TextField("message", blank=True)
    author = models.CharField("signé", max_length=120, blank=True)
    is_from_csirt = models.BooleanField("écrit par le CSIRT")
    # The page shows « En attente de vous » until the declarant adds something, or the CSIRT writes again without
    # asking.
    asks_answer = models.BooleanField("attend une réponse", default=False)
    actor_kind = models.CharField("auteur", max_length=12, choices=ActorKind)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="compte de l’auteur"
    )
    # The idempotency key of the form, so that a message that is sent twice is one message.
    submission_key = models.CharField("clé d’envoi", max_length=64, unique=True, editable=False)
    written_at = models.DateTimeField("écrit le", default=timezone.now)

    class Meta:
        verbose_name = "message"
        verbose_name_plural = "messages"
        constraints = [
            build_choices_constraint("actor_kind", ActorKind.values, name="message_actor_kind_known"),
            build_actor_constraint(name="message_actor_fits_kind"),
            models.CheckConstraint(
                condition=Q(is_from_csirt=False) | Q(actor__isnull=False), name="message_of_the_csirt_has_its_author"
            ),
            models.CheckConstraint(
                condition=Q(asks_answer=False) | Q(is_from_csirt=True), name="message_only_the_csirt_asks"
            ),
        ]
        indexes = [models.Index(fields=["incident", "id"], name="message_by_incident")]

    def __str__(self) -> str:
        return str(self.uid)
