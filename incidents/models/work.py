"""The work of a centre on its cases: notes that no declarant reads, tasks, message templates, acts on many cases."""

from datetime import datetime
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import BulkAct, BulkOutcome, BulkState, IncidentType, NoteKind
from incidents.models.constraints import build_choices_constraint
from incidents.models.incident import Incident
from incidents.models.labelled import LabelledModel

# How the submission key of a note begins if its text is the reason for an act, and the title of such a note.
CLOSING_KEY, REOPENING_KEY = "close", "reopen"
ACT_TITLES = {CLOSING_KEY: "clôture", REOPENING_KEY: "réouverture"}


def build_reason_note_key(act: str, incident: Incident, at: datetime | None) -> str:
    """Return the submission key of the note that explains why the case was closed or reopened. `act` is CLOSING_KEY or
    REOPENING_KEY. `Note.title` later reads it to choose the title of the note.
    """
    return f"{act} {incident.pk} {at}"


class Note(LabelledModel):
    """An internal note, call report or hand-over, which responders write for each other. The table is separate from
    `Message` so that no declarant reads its rows.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="notes", verbose_name="incident")
    kind = models.CharField("nature", max_length=12, choices=NoteKind, default=NoteKind.NOTE)
    text = models.TextField("note", blank=True)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="écrite par")
    written_at = models.DateTimeField("écrite le", default=timezone.now)
    # The idempotency key of the form, so that a note that is sent twice is one note.
    submission_key = models.CharField("clé d’envoi", max_length=64, unique=True, editable=False)

    class Meta:
        verbose_name = "note interne"
        verbose_name_plural = "notes internes"
        constraints = [build_choices_constraint("kind", NoteKind.values, name="note_kind_known")]
        indexes = [models.Index(fields=["incident", "id"], name="note_by_incident")]

    def __str__(self) -> str:
        return str(self.uid)

    @property
    def title(self) -> str:
        """Return « clôture » or « réouverture » for a note that explains why the case was closed or reopened. Return
        the label of the kind for any other note.
        """
        act, _space, _rest = self.submission_key.partition(" ")
        return ACT_TITLES.get(act) or self.get_kind_display()


class Task(models.Model):
    """Something to do on a case, with the reason and its source. A task can be completed and reopened, but never
    removed.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="tasks", verbose_name="incident")
    title = models.CharField("à faire", max_length=160, blank=True)
    why = models.CharField("pourquoi", max_length=400, blank=True)
    source = models.CharField("source", max_length=200, blank=True)
    # The type of incident whose playbook contains the step. Empty for a task that no playbook added.
    playbook = models.CharField("guide", max_length=40, blank=True)
    step = models.CharField("étape du guide", max_length=60, blank=True)
    due_at = models.DateTimeField("à faire avant le", null=True, blank=True)
    # Empty if the platform added the task.
    author = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="ajoutée par"
    )
    added_at = models.DateTimeField("ajoutée le", default=timezone.now)
    done_at = models.DateTimeField("faite le", null=True, blank=True)
    done_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="faite par"
    )
    # True if the task was completed because it does not apply to the case.
    is_moot = models.BooleanField("sans objet", default=False)

    class Meta:
        verbose_name = "tâche"
        verbose_name_plural = "tâches"
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None, is_moot=False)
                | Q(done_at__isnull=False, done_by__isnull=False),
                name="task_done_has_its_time_and_person",
            ),
            # Applying a playbook twice adds none of its steps twice.
            models.UniqueConstraint(
                fields=["incident", "playbook", "step"], condition=~Q(step=""), name="task_one_a_step"
            ),
        ]
        indexes = [
            models.Index(fields=["incident", "id"], name="task_by_incident"),
            models.Index(fields=["incident", "due_at"], name="task_open_due", condition=Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return str(self.uid)


class Playbook(models.Model):
    """One version of a centre's playbook for a type of incident. A version without steps restores the national
    playbook.
    """

    type = models.CharField("type", max_length=16, choices=IncidentType)
    csirt = models.ForeignKey(Csirt, models.PROTECT, related_name="+", verbose_name="CSIRT")
    version = models.PositiveSmallIntegerField("version")
    # [{"step": …, "title": …, "why": …, "source": …, "within_hours": 4 or null}, …]
    steps = models.JSONField("étapes", default=list)
    published_at = models.DateTimeField("publié le", default=timezone.now)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="publié par")

    class Meta:
        verbose_name = "guide de traitement"
        verbose_name_plural = "guides de traitement"
        ordering = [F("type"), F("version").desc()]
        constraints = [
            build_choices_constraint("type", IncidentType.values, name="playbook_type_known"),
            models.UniqueConstraint(fields=["type", "csirt", "version"], name="playbook_one_version"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()}, {self.version}"


class MessageTemplate(models.Model):
    """A message that a centre sends often. Its placeholders are replaced by known values, never evaluated."""

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    csirt = models.ForeignKey(Csirt, models.PROTECT, related_name="+", verbose_name="CSIRT")
    title = models.CharField("titre", max_length=80)
    text = models.TextField("message")
    # An empty list offers the message for every type.
    types = ArrayField(
        models.CharField(max_length=16, choices=IncidentType), default=list, blank=True, verbose_name="types"
    )
    version = models.PositiveIntegerField("version", default=1)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="écrit par")
    written_at = models.DateTimeField("écrit le", default=timezone.now)
    withdrawn_at = models.DateTimeField("retiré le", null=True, blank=True)

    class Meta:
        verbose_name = "message type"
        verbose_name_plural = "messages types"
        constraints = [
            models.CheckConstraint(
                condition=Q(types__contained_by=IncidentType.values), name="message_template_types_known"
            ),
            models.UniqueConstraint(
                fields=["csirt", "title"], condition=Q(withdrawn_at=None), name="message_template_one_title"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class BulkJob(models.Model):
    """One act on many cases, which a background task carries out. Each case has its own transaction, so that a killed
    worker loses nothing.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    csirt = models.ForeignKey(Csirt, models.PROTECT, related_name="+", verbose_name="CSIRT")
    act = models.CharField("acte", max_length=12, choices=BulkAct)
    # Codes and ids: {"reason": …}, {"assignee": …}, {"group": …}, {"nature": …, "type": …}
    choices = models.JSONField("choix", default=dict)
    # The message of an act that writes to declarants. It is emptied when the job ends.
    text = models.TextField("texte", blank=True)
    state = models.CharField("état", max_length=12, choices=BulkState, default=BulkState.RUNNING)
    total = models.PositiveIntegerField("dossiers", default=0)
    actor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="demandé par")
    asked_at = models.DateTimeField("demandé le", default=timezone.now)
    # Each batch first postpones this date, so that another worker takes over if the worker dies.
    due_at = models.DateTimeField("à faire après le", default=timezone.now)
    ended_at = models.DateTimeField("terminé le", null=True, blank=True)
    submission_key = models.CharField("clé d’envoi", max_length=64, unique=True, editable=False)

    class Meta:
        verbose_name = "acte en nombre"
        verbose_name_plural = "actes en nombre"
        constraints = [
            build_choices_constraint("act", BulkAct.values, name="bulk_job_act_known"),
            build_choices_constraint("state", BulkState.values, name="bulk_job_state_known"),
        ]
        indexes = [models.Index(fields=["due_at"], name="bulk_job_to_do", condition=Q(state=BulkState.RUNNING))]

    def __str__(self) -> str:
        return str(self.uid)


class BulkItem(models.Model):
    """One case of a bulk act, and its outcome."""

    job = models.ForeignKey(BulkJob, models.CASCADE, related_name="items", verbose_name="acte en nombre")
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="+", verbose_name="incident")
    outcome = models.CharField("résultat", max_length=12, choices=BulkOutcome, default=BulkOutcome.WAITING)
    # Why the act was refused, as the page displays it. It is empty if the state of the case explains the refusal.
    why = models.CharField("motif du refus", max_length=300, blank=True)

    class Meta:
        verbose_name = "dossier d’un acte en nombre"
        verbose_name_plural = "dossiers d’un acte en nombre"
        constraints = [
            build_choices_constraint("outcome", BulkOutcome.values, name="bulk_item_outcome_known"),
            models.UniqueConstraint(fields=["job", "incident"], name="bulk_item_once"),
        ]
        indexes = [
            models.Index(fields=["job", "id"], name="bulk_item_waiting", condition=Q(outcome=BulkOutcome.WAITING))
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.incident_id}"
