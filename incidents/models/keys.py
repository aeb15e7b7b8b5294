"""Secrets that open something to whoever holds them. None is stored: only a seed and a hash (`services/`)."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.models.incident import Incident


class FollowUpAccess(models.Model):
    """A secret that opens one case to whoever holds it. The secret itself is not stored (`services/follow_up.py`)."""

    uid = models.UUIDField(_("identifiant public"), default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="accesses", verbose_name=_("incident"))
    nonce = models.CharField(_("graine"), max_length=64, editable=False)
    secret_hash = models.CharField(_("empreinte du secret"), max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("créé le"), default=timezone.now)
    revoked_at = models.DateTimeField(_("révoqué le"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expire le"))

    class Meta:
        verbose_name = _("accès de suivi")
        verbose_name_plural = _("accès de suivi")
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(revoked_at=None), name="follow_up_one_live_access"
            )
        ]

    def __str__(self) -> str:
        return str(self.uid)


class SharedSentence(models.Model):
    """A secret that shows one sentence on a case, read-only, to whoever the declarant gives it to."""

    uid = models.UUIDField(_("identifiant public"), default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="shared", verbose_name=_("incident"))
    nonce = models.CharField(_("graine"), max_length=64, editable=False)
    secret_hash = models.CharField(_("empreinte du secret"), max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("créé le"), default=timezone.now)
    revoked_at = models.DateTimeField(_("révoqué le"), null=True, blank=True)

    class Meta:
        verbose_name = _("phrase partagée")
        verbose_name_plural = _("phrases partagées")
        constraints = [
            models.UniqueConstraint(fields=["incident"], condition=Q(revoked_at=None), name="shared_one_live_sentence")
        ]

    def __str__(self) -> str:
        return str(self.uid)
