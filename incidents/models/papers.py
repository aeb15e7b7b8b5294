"""PDF documents that a background task makes, and the reflex sheets."""

from datetime import timedelta
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from collectivities.models import Departement
from csirts.models import Csirt
from incidents.enums import IncidentType, PaperKind, PaperState
from incidents.models.constraints import build_choices_constraint
from incidents.models.incident import Incident

# If no worker has begun a paper within this time, the page says so and lets the person ask again.
LATE_AFTER = timedelta(minutes=5)


class Paper(models.Model):
    """A PDF document that somebody requested: the answer pack of a case, or the wall cards of all communes of a
    département.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    kind = models.CharField("nature", max_length=12, choices=PaperKind)
    incident = models.ForeignKey(
        Incident, models.PROTECT, null=True, blank=True, related_name="papers", verbose_name="incident"
    )
    departement = models.ForeignKey(
        Departement, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="département"
    )
    state = models.CharField("état", max_length=12, choices=PaperState, default=PaperState.ASKED)
    done = models.PositiveIntegerField("pages faites", default=0)
    total = models.PositiveIntegerField("pages à faire", default=0)
    tries = models.PositiveSmallIntegerField("essais", default=0)
    storage_name = models.CharField("nom dans le dépôt", max_length=100, blank=True, editable=False)
    size = models.PositiveBigIntegerField("taille en octets", default=0)
    asked_at = models.DateTimeField("demandé le", default=timezone.now)
    # Each try first postpones this date, so that another worker takes over if the worker dies.
    due_at = models.DateTimeField("à faire après le", default=timezone.now)
    made_at = models.DateTimeField("fait le", null=True, blank=True)

    class Meta:
        verbose_name = "document"
        verbose_name_plural = "documents"
        constraints = [
            build_choices_constraint("kind", PaperKind.values, name="paper_kind_known"),
            build_choices_constraint("state", PaperState.values, name="paper_state_known"),
            models.CheckConstraint(
                condition=Q(kind=PaperKind.ANSWER_PACK, incident__isnull=False, departement=None)
                | Q(kind=PaperKind.WALL_CARDS, incident=None, departement__isnull=False),
                name="paper_subject_fits_kind",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="paper_to_make", condition=Q(state=PaperState.ASKED))]

    def __str__(self) -> str:
        return str(self.uid)

    @property
    def is_late(self) -> bool:
        """Tell whether the document has waited for a worker longer than LATE_AFTER. This probably means that no worker
        is running.
        """
        return self.state == PaperState.ASKED and max(self.asked_at, self.due_at) + LATE_AFTER < timezone.now()


class ReflexSheet(models.Model):
    """One version of the advice for a type of incident. It belongs to one CSIRT, or is national if it has no CSIRT."""

    type = models.CharField("type", max_length=16, choices=IncidentType)
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="CSIRT")
    version = models.PositiveSmallIntegerField("version")
    content = models.JSONField("contenu", default=dict)
    published_at = models.DateTimeField("publiée le", default=timezone.now)
    author = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="publiée par"
    )

    class Meta:
        verbose_name = "fiche réflexe"
        verbose_name_plural = "fiches réflexes"
        ordering = [F("type"), F("version").desc()]
        constraints = [
            build_choices_constraint("type", IncidentType.values, name="reflex_sheet_type_known"),
            models.UniqueConstraint(
                fields=["type", "csirt", "version"], nulls_distinct=False, name="reflex_sheet_one_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()}, {self.version}"
