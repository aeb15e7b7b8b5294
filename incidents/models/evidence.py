"""Files received as evidence. Each case has its own encryption key, so that destroying the key destroys the files."""

from uuid import uuid4

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from core.append_only import make_append_only_triggers
from incidents.enums import ActorKind
from incidents.models.constraints import (
    CASE_OF_KEY_AND_MAIN,
    build_actor_constraint,
    build_choices_constraint,
    make_hold_check,
)
from incidents.models.incident import Incident


class CaseKey(models.Model):
    """The key that encrypts the files of one case. It is itself encrypted with the installation's key."""

    incident = models.OneToOneField(Incident, models.PROTECT, primary_key=True, verbose_name="incident")
    wrapped = models.BinaryField("clé chiffrée")
    created_at = models.DateTimeField("créée le", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "clé d’un dossier"
        verbose_name_plural = "clés des dossiers"
        triggers = [
            pgtrigger.Trigger(
                name="key_of_a_held_case_is_never_removed",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func=make_hold_check(CASE_OF_KEY_AND_MAIN, "OLD"),
            )
        ]

    def __str__(self) -> str:
        return str(self.incident_id)


class Evidence(models.Model):
    """A file that was received completely. Its seal covers some of its columns, which never change. Its name can be
    erased.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="evidence", verbose_name="incident")
    number = models.PositiveSmallIntegerField("numéro de pièce")
    name = models.CharField("nom donné", max_length=255, blank=True)
    size = models.PositiveBigIntegerField("taille en octets")
    sha256 = models.CharField("SHA-256", max_length=64)
    media_type = models.CharField("type reconnu", max_length=100, blank=True)
    # Where a photograph was taken, for responders only: {"latitude": …, "longitude": …, "altitude": …}.
    position = models.JSONField("position", null=True, blank=True)
    storage_name = models.CharField("nom dans le dépôt", max_length=100, unique=True, editable=False)
    # SHA-256 of this line and of the seal of the previous file, so that a changed or missing line is detected.
    seal = models.CharField("scellé", max_length=64, editable=False)
    author = models.CharField("remis par", max_length=120, blank=True)
    actor_kind = models.CharField("auteur", max_length=12, choices=ActorKind)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="compte de l’auteur"
    )
    received_at = models.DateTimeField("reçu le", default=timezone.now)
    # A file that was sent by mistake keeps its line and its seal, but nobody can open it any more.
    taken_back_at = models.DateTimeField("reprise le", null=True, blank=True)

    class Meta:
        verbose_name = "pièce"
        verbose_name_plural = "pièces"
        ordering = ["incident", "number"]
        constraints = [
            build_choices_constraint("actor_kind", ActorKind.values, name="evidence_actor_kind_known"),
            build_actor_constraint(name="evidence_actor_fits_kind"),
            models.UniqueConstraint(fields=["incident", "number"], name="evidence_one_number"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="evidence_sha256_well_formed"),
        ]
        triggers = [
            pgtrigger.Protect(name="evidence_is_never_removed", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="sealed_line_is_never_changed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    *("uid", "incident", "number", "size", "sha256", "storage_name", "seal", "received_at")
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(self.uid)


class Opening(models.Model):
    """A record that a person of the CSIRT opened an evidence file and received its content. The declarant can see
    it. Rows are appended, never changed or removed.
    """

    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="openings", verbose_name="pièce")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="ouverte par")
    at = models.DateTimeField("ouverte le", default=timezone.now)

    class Meta:
        verbose_name = "ouverture d’une pièce"
        verbose_name_plural = "ouvertures d’une pièce"
        indexes = [models.Index(fields=["evidence", "user", "at"], name="opening_of_piece")]
        triggers = make_append_only_triggers(
            "opening_is_never_changed", "openings_are_never_changed", reason="openings of files are append-only"
        )

    def __str__(self) -> str:
        return f"{self.evidence_id} {self.user_id}"


class EvidenceUpload(models.Model):
    """The upload of one file. The file arrives in slices, and each slice is stored, so that an interrupted upload can
    continue where it stopped.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="uploads", verbose_name="incident")
    name = models.CharField("nom donné", max_length=255)
    size = models.PositiveBigIntegerField("taille annoncée en octets")
    received = models.PositiveBigIntegerField("octets reçus", default=0)
    author = models.CharField("remis par", max_length=120, blank=True)
    started_at = models.DateTimeField("commencé le", default=timezone.now, editable=False)
    touched_at = models.DateTimeField("dernier morceau le", default=timezone.now)
    # The row stays when the upload is finished, so that a repeated request gets the same response.
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, blank=True, related_name="uploads", verbose_name="pièce"
    )
    is_repeat = models.BooleanField("déjà remis", default=False)

    class Meta:
        verbose_name = "envoi en cours"
        verbose_name_plural = "envois en cours"
        constraints = [
            models.CheckConstraint(condition=Q(received__lte=F("size")), name="upload_no_more_than_announced")
        ]
        indexes = [models.Index(fields=["touched_at"], name="upload_unfinished", condition=Q(evidence=None))]

    def __str__(self) -> str:
        return str(self.uid)


class StrayObject(models.Model):
    """An object of the file store to which no row points. `seen_at` is when the sweep first saw it. A later sweep
    deletes it (`services/evidence/sweep.py`).
    """

    name = models.CharField("nom dans le dépôt", max_length=100, unique=True)
    seen_at = models.DateTimeField("sans ligne depuis le", default=timezone.now)

    class Meta:
        verbose_name = "objet sans ligne"
        verbose_name_plural = "objets sans ligne"

    def __str__(self) -> str:
        return self.name
