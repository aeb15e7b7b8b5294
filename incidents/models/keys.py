"""Secrets that give access to their holder, and the counts that limit what strangers may try. No secret is stored as
it is (`reference.py`).
"""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from incidents.models.incident import Incident


class FollowUpAccess(models.Model):
    """The right to open one case through a secret link. The secret of the link is not stored
    (`services/declarant/access.py`).
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="accesses", verbose_name="incident")
    nonce = models.CharField("graine", max_length=64, editable=False)
    secret_hash = models.CharField("empreinte du secret", max_length=64, unique=True, editable=False)
    # The code, encrypted by a rotation of keys. The seed is then empty.
    encrypted_code = models.CharField(
        "code chiffré", max_length=128, blank=True, default="", db_default="", editable=False
    )
    created_at = models.DateTimeField("créé le", default=timezone.now)
    revoked_at = models.DateTimeField("révoqué le", null=True, blank=True)
    expires_at = models.DateTimeField("expire le")

    class Meta:
        verbose_name = "accès de suivi"
        verbose_name_plural = "accès de suivi"
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(revoked_at=None), name="follow_up_one_live_access"
            )
        ]

    def __str__(self) -> str:
        return str(self.uid)


class ClosedVisit(models.Model):
    """The visit of a case by one device, which was closed there. The cookie of this device, and each copy of it, opens
    the case no longer. The row is deleted once they have expired (`services/declarant/visits.py`).
    """

    uid = models.UUIDField("visite", primary_key=True, editable=False)
    closed_at = models.DateTimeField("fermée le", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "visite fermée"
        verbose_name_plural = "visites fermées"
        indexes = [models.Index(fields=["closed_at"], name="closed_visit_by_age")]

    def __str__(self) -> str:
        return str(self.uid)


class SharedSentence(models.Model):
    """The right to read the sentence about a case through a secret link. The declarant gives this link to people of
    their choice, who can change nothing.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="shared", verbose_name="incident")
    nonce = models.CharField("graine", max_length=64, editable=False)
    secret_hash = models.CharField("empreinte du secret", max_length=64, unique=True, editable=False)
    # The code, encrypted by a rotation of keys. The seed is then empty.
    encrypted_code = models.CharField(
        "code chiffré", max_length=128, blank=True, default="", db_default="", editable=False
    )
    created_at = models.DateTimeField("créé le", default=timezone.now)
    revoked_at = models.DateTimeField("révoqué le", null=True, blank=True)

    class Meta:
        verbose_name = "phrase partagée"
        verbose_name_plural = "phrases partagées"
        constraints = [
            models.UniqueConstraint(fields=["incident"], condition=Q(revoked_at=None), name="shared_one_live_sentence")
        ]

    def __str__(self) -> str:
        return str(self.uid)


class CodeGuess(models.Model):
    """The number of wrong codes that somebody entered for one reference, whether or not this reference exists. After
    several wrong codes, the next try must wait.

    The row is deleted after a day. The reference is hashed, and no IP address is stored.
    """

    reference_hash = models.CharField("empreinte de la référence", max_length=64, unique=True, editable=False)
    wrong = models.PositiveSmallIntegerField("codes faux", default=0)
    waits_until = models.DateTimeField("attend jusqu’à", null=True, blank=True)
    last_at = models.DateTimeField("dernier essai le", default=timezone.now)

    class Meta:
        verbose_name = "essai de code"
        verbose_name_plural = "essais de code"
        indexes = [models.Index(fields=["last_at"], name="code_guess_by_age")]

    def __str__(self) -> str:
        return self.reference_hash[:8]


class RecentCount(models.Model):
    """The number of recent requests from one IP address, for one mailbox or in the name of one body."""

    # A keyed digest, so that neither the address nor the mailbox is stored.
    key = models.CharField("clé", max_length=32, primary_key=True, editable=False)
    began_at = models.DateTimeField("compté depuis le")
    number = models.PositiveIntegerField("nombre")

    class Meta:
        verbose_name = "compte récent"
        verbose_name_plural = "comptes récents"

    def __str__(self) -> str:
        return f"{self.key}: {self.number}"
