"""The tables for the end of a case: its outcome, the lesson for others, and the declarant's opinion of the help."""

from django.db import models
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from incidents.enums import ActorKind, Outcome, Satisfaction
from incidents.models.constraints import build_actor_constraint, build_choices_constraint
from incidents.models.incident import Incident


class Closing(models.Model):
    """One closing of a case. A case that was reopened and closed again has several closings, and the newest one
    counts.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="closings", verbose_name="incident")
    outcome = models.CharField("issue", max_length=16, choices=Outcome, blank=True)
    # The service to which the case was handed over, which the declarant reads too.
    handed_to = models.CharField("confié à", max_length=120, blank=True, default="", db_default="")
    summary = models.TextField("bilan, pour le centre", blank=True)
    # The lesson is written for other centres. It names nobody, which the person who shares it has confirmed.
    lesson = models.TextField("enseignement", blank=True)
    is_shared = models.BooleanField("enseignement partagé", default=False)
    actor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="clos par")
    closed_at = models.DateTimeField("clos le", default=timezone.now)

    class Meta:
        verbose_name = "clôture"
        verbose_name_plural = "clôtures"
        constraints = [build_choices_constraint("outcome", Outcome.values, name="closing_outcome_known", blank=True)]
        indexes = [models.Index(F("incident"), F("id").desc(), name="closing_newest")]

    def __str__(self) -> str:
        return str(self.incident_id)


class Rating(models.Model):
    """The declarant's opinion of the help. The platform asks for this opinion when a case is closed, and the declarant
    may change it.
    """

    incident = models.OneToOneField(Incident, models.PROTECT, primary_key=True, verbose_name="incident")
    level = models.PositiveSmallIntegerField("avis", choices=Satisfaction)
    words = models.CharField("commentaire", max_length=500, blank=True)
    actor_kind = models.CharField("auteur", max_length=12, choices=ActorKind)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="compte de l’auteur"
    )
    given_at = models.DateTimeField("donné le", default=timezone.now)

    class Meta:
        verbose_name = "avis du déclarant"
        verbose_name_plural = "avis des déclarants"
        constraints = [
            build_choices_constraint("level", Satisfaction.values, name="rating_level_known"),
            build_choices_constraint("actor_kind", ActorKind.values, name="rating_actor_kind_known"),
            build_actor_constraint(name="rating_actor_fits_kind"),
        ]

    def __str__(self) -> str:
        return str(self.incident_id)
