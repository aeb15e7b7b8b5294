"""The facts of an incident: its description, the services that it stopped, the data that it affects."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.text import capfirst

from incidents.enums import (
    EXTENT_NOT_STATED,
    NOT_STATED,
    DataCategory,
    InterruptionExtent,
    LeakStatus,
    PersonCategory,
    PersonsBand,
    PublicService,
)
from incidents.models.constraints import build_choices_constraint
from incidents.models.incident import Incident
from incidents.models.labelled import LabelledModel
from incidents.querysets import extract_last_digits


class Story(models.Model):
    """The declarant's description and the person to call back. Its texts and personal values can be erased."""

    incident = models.OneToOneField(Incident, models.PROTECT, primary_key=True, verbose_name="incident")
    description = models.TextField("ce qui se passe", blank=True)
    supplier = models.CharField("prestataire concerné", max_length=120, blank=True)
    contact_name = models.CharField("nom de la personne à rappeler", max_length=120, blank=True)
    contact_role = models.CharField("fonction", max_length=120, blank=True)
    contact_phone = models.CharField("téléphone", max_length=40, blank=True)
    contact_email = models.EmailField("adresse mail", blank=True)

    class Meta:
        verbose_name = "récit"
        verbose_name_plural = "récits"
        indexes = [
            models.Index(extract_last_digits("contact_phone"), name="story_by_number"),
            models.Index(Lower("contact_email"), name="story_by_mail"),
        ]

    def __str__(self) -> str:
        return str(self.incident_id)


class ServiceInterruption(LabelledModel):
    """A public service that is stopped or slowed. Without `ended_at`, the interruption goes on. An empty `extent`
    means that nobody stated the extent.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="interruptions", verbose_name="incident")
    service = models.CharField("service public", max_length=16, choices=PublicService)
    extent = models.CharField("ampleur", max_length=12, choices=InterruptionExtent, blank=True)
    started_at = models.DateTimeField("depuis", null=True, blank=True)
    ended_at = models.DateTimeField("jusqu’à", null=True, blank=True)
    people_affected = models.PositiveIntegerField("personnes touchées", null=True, blank=True)
    workaround = models.CharField("comment on fait en attendant", max_length=300, blank=True)

    class Meta:
        verbose_name = "interruption de service"
        verbose_name_plural = "interruptions de service"
        constraints = [
            build_choices_constraint("service", PublicService.values, name="interruption_service_known"),
            build_choices_constraint(
                "extent", InterruptionExtent.values, name="interruption_extent_known", blank=True
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(started_at=None) | Q(ended_at__gte=F("started_at")),
                name="interruption_ends_after_it_starts",
                violation_error_message="La reprise ne peut pas précéder l’arrêt.",
            ),
            models.UniqueConstraint(
                fields=["incident", "service"],
                condition=Q(ended_at=None),
                name="interruption_one_open_a_service",
                violation_error_message="Ce service est déjà noté comme arrêté.",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_service_display())

    @property
    def extent_label(self) -> str:
        """Return the label of the extent, or a label which says that nobody stated the extent."""
        return str(self.get_extent_display() or EXTENT_NOT_STATED)

    @property
    def declarant_extent_label(self) -> str:
        """Return the label of the extent for the declarant's pages. An unknown extent gives « Arrêté ou ralenti »."""
        return "Arrêté ou ralenti" if self.extent == InterruptionExtent.UNKNOWN else capfirst(self.extent_label)


class DataLeak(LabelledModel):
    """Personal data that the incident affects. An empty `status` means that nobody stated whether the data left the
    body.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="leaks", verbose_name="incident")
    status = models.CharField("état", max_length=12, choices=LeakStatus, blank=True)
    categories = ArrayField(
        models.CharField(max_length=16, choices=DataCategory), default=list, verbose_name="catégories (CNIL)"
    )
    person_categories = ArrayField(
        models.CharField(max_length=16, choices=PersonCategory),
        default=list,
        blank=True,
        verbose_name="catégories de personnes (CNIL)",
    )
    persons = models.PositiveIntegerField("nombre de personnes", null=True, blank=True)
    persons_band = models.CharField("tranche de personnes", max_length=12, choices=PersonsBand, blank=True)
    records = models.PositiveIntegerField("nombre d’enregistrements", null=True, blank=True)
    records_band = models.CharField("tranche d’enregistrements", max_length=12, choices=PersonsBand, blank=True)

    class Meta:
        verbose_name = "fuite de données"
        verbose_name_plural = "fuites de données"
        constraints = [
            build_choices_constraint("status", LeakStatus.values, name="leak_status_known", blank=True),
            build_choices_constraint("persons_band", PersonsBand.values, name="leak_persons_band_known", blank=True),
            build_choices_constraint("records_band", PersonsBand.values, name="leak_records_band_known", blank=True),
            models.CheckConstraint(
                condition=Q(categories__contained_by=DataCategory.values), name="leak_categories_known"
            ),
            models.CheckConstraint(
                condition=Q(person_categories__contained_by=PersonCategory.values),
                name="leak_person_categories_known",
            ),
        ]

    def __str__(self) -> str:
        return self.status_label

    @property
    def status_label(self) -> str:
        """Return the label of the status, or « pas dit » if nobody stated it."""
        return str(self.get_status_display() or NOT_STATED)

    @property
    def persons_label(self) -> str:
        """Return the label of the band of the number of persons, or « pas dit »."""
        return str(self.get_persons_band_display() or NOT_STATED)
