"""Input of responders in the forms of a case before they send it. Only its author sees it, until it is sent or
expires.
"""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from incidents.enums import CaseFormCode
from incidents.models.constraints import build_choices_constraint
from incidents.models.incident import Incident


class UnsentText(models.Model):
    """The unsent input of one person in one form of a case. Nobody else sees it, and it is erased with the case."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="unsent_texts", verbose_name="incident")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="écrit par")
    form = models.CharField("formulaire", max_length=12, choices=CaseFormCode)
    # Sending the form empties the values but leaves the row, so that a late save of the same page does not restore
    # them.
    values = models.JSONField("réponses", default=dict, blank=True)
    # The opening of the page that wrote the row, and the number of its save, so that a late save is not mistaken for a
    # newer one.
    pen = models.CharField("page ouverte", max_length=32, blank=True, editable=False)
    stroke = models.PositiveIntegerField("numéro d’enregistrement", default=0, editable=False)
    saved_at = models.DateTimeField("enregistré le", default=timezone.now)
    expires_at = models.DateTimeField("effacé après le")

    class Meta:
        db_table = "incidents_keptwords"  # the earlier name of the model: renaming a table stops the running code
        verbose_name = "mots pas encore envoyés"
        verbose_name_plural = "mots pas encore envoyés"
        constraints = [
            build_choices_constraint("form", CaseFormCode.values, name="kept_words_form_known"),
            models.UniqueConstraint(fields=["incident", "user", "form"], name="kept_words_once_a_form"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("saved_at")), name="kept_words_expire_after_saved"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="kept_words_by_expiry")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.form}"
