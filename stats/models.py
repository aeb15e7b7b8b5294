"""The figures: the facts counted of each case, the exact sums for entitled readers, and the published figures.

No row contains text of a case. Published rows never change.
"""

from collections.abc import Iterable

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from collectivities.models import Collectivity, Region
from core.append_only import make_append_only_triggers
from csirts.models import Csirt
from incidents.enums import Cause, DataCategory, IncidentType, LeakStatus, Nature, PersonsBand, PublicService
from incidents.models import Incident
from stats.enums import BANDS, DelayBand, HoursBand, Measure
from stats.releases.rows import Attempt as Attempt
from stats.releases.rows import CountedCase as CountedCase
from stats.releases.rows import Denominator as Denominator
from stats.releases.rows import Figure as Figure
from stats.releases.rows import Release as Release
from stats.reports.rows import Report as Report


def make_bands_condition(measures: Iterable[str]) -> Q:
    """Return the condition that the band of a row is a band of its measure."""
    condition = Q()
    for measure in measures:
        condition |= Q(measure=measure, band__in=BANDS[measure])
    return condition


def make_values_constraint(field: str, values: Iterable[str], lookup: str = "in") -> models.CheckConstraint:
    """Return the constraint that a field of a fact holds only these values."""
    condition = Q((f"{field}__{lookup}", list(values)))
    return models.CheckConstraint(condition=condition, name=f"case_fact_{field}_known")


class CaseFact(models.Model):
    """What the sums count of one case at present.

    When the case changes, the sums change by the difference between its new facts and these facts.
    """

    incident = models.OneToOneField(Incident, models.PROTECT, primary_key=True, verbose_name="incident")
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, db_index=False, verbose_name="CSIRT")
    region = models.ForeignKey(Region, models.PROTECT, null=True, db_index=False, verbose_name="région")
    collectivity = models.ForeignKey(Collectivity, models.PROTECT, verbose_name="collectivité")
    # First days of the month and the quarter of the declaration, in the time zone of the body.
    month = models.DateField("mois")
    quarter = models.DateField("trimestre")
    type = models.CharField("type", max_length=16, choices=IncidentType)
    nature = models.CharField("nature", max_length=12, choices=Nature, default=Nature.UNQUALIFIED)
    cause = models.CharField("cause", max_length=20, choices=Cause, blank=True)
    discovery_delay = models.CharField(
        "délai de déclaration", max_length=12, choices=DelayBand, default=DelayBand.UNKNOWN
    )
    help_delay = models.CharField(
        "délai de prise en charge", max_length=12, choices=DelayBand, default=DelayBand.UNKNOWN
    )
    closing_delay = models.CharField("délai de clôture", max_length=12, choices=DelayBand, default=DelayBand.UNKNOWN)
    # False for cases closed for one of the reasons NOT_COUNTED (`counting/facts.py`), which are counted nowhere.
    is_counted = models.BooleanField("compté")
    is_verified = models.BooleanField("vérifié")
    # The first two lists have one value for each interruption, the next two one for each leak.
    interruption_hours = ArrayField(
        models.CharField(max_length=12, choices=HoursBand), default=list, verbose_name="durées des interruptions"
    )
    interruption_services = ArrayField(
        models.CharField(max_length=16, choices=PublicService), default=list, verbose_name="services interrompus"
    )
    leak_statuses = ArrayField(
        models.CharField(max_length=12, choices=LeakStatus), default=list, verbose_name="états des fuites"
    )
    leak_persons = ArrayField(
        models.CharField(max_length=12, choices=PersonsBand), default=list, verbose_name="personnes par fuite"
    )
    # The categories of each leak that is not unfounded, leak after leak; « not known » for a leak without categories.
    leak_categories = ArrayField(
        models.CharField(max_length=16, choices=DataCategory), default=list, verbose_name="catégories des fuites"
    )

    class Meta:
        verbose_name = "fait compté"
        verbose_name_plural = "faits comptés"
        constraints = [
            make_values_constraint("type", IncidentType.values),
            make_values_constraint("nature", Nature.values),
            make_values_constraint("cause", ["", *Cause.values]),
            make_values_constraint("discovery_delay", DelayBand.values),
            make_values_constraint("help_delay", DelayBand.values),
            make_values_constraint("closing_delay", DelayBand.values),
            make_values_constraint("interruption_hours", HoursBand.values, "contained_by"),
            make_values_constraint("interruption_services", PublicService.values, "contained_by"),
            make_values_constraint("leak_statuses", LeakStatus.values, "contained_by"),
            make_values_constraint("leak_persons", PersonsBand.values, "contained_by"),
            make_values_constraint("leak_categories", DataCategory.values, "contained_by"),
        ]
        indexes = [
            models.Index(
                fields=["quarter"], name="case_fact_publishable", condition=Q(is_counted=True, is_verified=True)
            ),
            models.Index(fields=["month"], name="case_fact_of_month"),
            models.Index(fields=["csirt", "month"], name="case_fact_of_csirt"),
            models.Index(fields=["region", "month"], name="case_fact_of_region"),
        ]

    def __str__(self) -> str:
        return str(self.incident_id)


class Rollup(models.Model):
    """An exact sum of units, for entitled readers only (`stats/exact/year.py`).

    Counting adds positive or negative differences to it.
    """

    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, db_index=False, verbose_name="CSIRT")
    region = models.ForeignKey(Region, models.PROTECT, null=True, db_index=False, verbose_name="région")
    month = models.DateField("mois")
    measure = models.CharField("mesure", max_length=16, choices=Measure)
    band = models.CharField("tranche", max_length=48, blank=True)
    value = models.BigIntegerField("valeur")

    class Meta:
        verbose_name = "somme exacte"
        verbose_name_plural = "sommes exactes"
        constraints = [
            models.CheckConstraint(condition=Q(measure__in=Measure.values), name="rollup_measure_known"),
            models.CheckConstraint(condition=make_bands_condition(Measure.values), name="rollup_band_known"),
            models.UniqueConstraint(
                fields=["csirt", "month", "measure", "band", "region"], nulls_distinct=False, name="rollup_once"
            ),
        ]
        indexes = [
            models.Index(fields=["month"], name="rollup_of_month"),
            models.Index(fields=["region", "month"], name="rollup_of_region"),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.measure} {self.band}"


class Presence(models.Model):
    """The number of incidents of one body in one year, within one centre and région.

    Counting adds positive or negative differences to it. Each body has its own rows, because counts of distinct bodies
    cannot be added together. Only entitled readers may read these rows.
    """

    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, verbose_name="CSIRT")
    region = models.ForeignKey(Region, models.PROTECT, null=True, verbose_name="région")
    year = models.PositiveSmallIntegerField("année")
    collectivity = models.ForeignKey(Collectivity, models.PROTECT, verbose_name="collectivité")
    incidents = models.IntegerField("incidents")
    hits = models.IntegerField("incidents avec interruption ou fuite")

    class Meta:
        verbose_name = "présence d’une collectivité"
        verbose_name_plural = "présences des collectivités"
        constraints = [
            models.UniqueConstraint(
                fields=["csirt", "year", "collectivity", "region"], nulls_distinct=False, name="presence_once"
            ),
        ]
        indexes = [
            models.Index(fields=["region", "year"], name="presence_of_region"),
            models.Index(fields=["year"], name="presence_of_year"),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.collectivity_id}"


class ExactReading(models.Model):
    """The record that a person read exact figures. There is one row for each person, scope, year and minute.

    Rows never change. Without centre and région, the scope is the nation.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="compte")
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, related_name="+", verbose_name="CSIRT")
    region = models.ForeignKey(Region, models.PROTECT, null=True, related_name="+", verbose_name="région")
    year = models.PositiveSmallIntegerField("année")
    minute = models.DateTimeField("à")

    class Meta:
        verbose_name = "consultation de chiffres exacts"
        verbose_name_plural = "consultations de chiffres exacts"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "minute", "year", "csirt", "region"], nulls_distinct=False, name="exact_reading_once"
            ),
            models.CheckConstraint(condition=Q(csirt=None) | Q(region=None), name="exact_reading_of_one_scope"),
        ]
        triggers = make_append_only_triggers(
            "exact_reading_is_never_changed",
            "exact_reading_table_is_never_changed",
            reason="readings of exact figures are append-only",
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.year}"


class FigureCheck(models.Model):
    """A recount of all cases from the raw rows: its progress, and the differences that it found or repaired.

    It first reads the cases by id, then the sums by month. `repaired_at` is when this or a later recount repaired the
    figures or found them right.
    """

    started_at = models.DateTimeField("commencée le", default=timezone.now)
    finished_at = models.DateTimeField("finie le", null=True, blank=True)
    repairs = models.BooleanField("corrige", default=False)
    cases_until = models.BigIntegerField("dernier dossier relu", default=0)
    months_until = models.DateField("dernier mois relu", null=True, blank=True)
    mistakes = models.PositiveIntegerField("écarts", default=0)
    # The first differences, as row ids and codes without any text.
    differences = models.JSONField("premiers écarts", default=list, db_column="found")
    repaired_at = models.DateTimeField("réparée le", null=True, blank=True)

    class Meta:
        verbose_name = "vérification des chiffres"
        verbose_name_plural = "vérifications des chiffres"
        indexes = [
            models.Index("started_at", name="figure_check_unrepaired", condition=Q(mistakes__gt=0, repaired_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d} {self.mistakes}"
