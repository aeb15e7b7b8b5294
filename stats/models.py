"""Figures: what was counted of each case, exact sums for those entitled, and what was published to everyone.

Nothing here holds a word of a case. What is published is never changed: a correction is another release.
"""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collectivities.models import Collectivity, Region
from csirts.models import Csirt
from incidents.enums import IncidentType, LeakStatus, PersonsBand
from incidents.models import Incident
from stats.enums import BANDS, PUBLISHED, HoursBand, Measure


def never_changed(name: str) -> list[pgtrigger.Trigger]:
    """Rows that are appended only. A row trigger lets TRUNCATE pass; the second refuses the statement itself."""
    return [
        pgtrigger.Protect(name=f"{name}_is_never_changed", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name=f"{name}_table_is_never_changed",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
            func="RAISE EXCEPTION 'pgtrigger: what was published is never changed';",
        ),
    ]


def known_bands() -> Q:
    condition = Q()
    for measure, bands in BANDS.items():
        condition |= Q(measure=measure, band__in=bands)
    return condition


class CaseFact(models.Model):
    """What was counted of one incident when its last event was folded; the next folding counts the difference."""

    incident = models.OneToOneField(Incident, models.PROTECT, primary_key=True, verbose_name=_("incident"))
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, verbose_name=_("CSIRT"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, verbose_name=_("région"))
    collectivity = models.ForeignKey(Collectivity, models.PROTECT, verbose_name=_("collectivité"))
    # First days, in Paris time, of the month and the quarter in which the declaration was received.
    month = models.DateField(_("mois"))
    quarter = models.DateField(_("trimestre"))
    type = models.CharField(_("type"), max_length=16, choices=IncidentType)
    # Closed as « pas un incident » or « déjà déclaré »: counted nowhere.
    is_counted = models.BooleanField(_("compté"))
    is_verified = models.BooleanField(_("vérifié"))
    # One value an interruption; one in each of the two lists a leak.
    interruption_hours = ArrayField(
        models.CharField(max_length=12, choices=HoursBand), default=list, verbose_name=_("durées des interruptions")
    )
    leak_statuses = ArrayField(
        models.CharField(max_length=12, choices=LeakStatus), default=list, verbose_name=_("états des fuites")
    )
    leak_persons = ArrayField(
        models.CharField(max_length=12, choices=PersonsBand), default=list, verbose_name=_("personnes par fuite")
    )

    class Meta:
        verbose_name = _("fait compté")
        verbose_name_plural = _("faits comptés")
        constraints = [
            models.CheckConstraint(condition=Q(type__in=IncidentType.values), name="case_fact_type_known"),
            models.CheckConstraint(
                condition=Q(interruption_hours__contained_by=HoursBand.values), name="case_fact_hours_known"
            ),
            models.CheckConstraint(
                condition=Q(leak_statuses__contained_by=LeakStatus.values), name="case_fact_leak_statuses_known"
            ),
            models.CheckConstraint(
                condition=Q(leak_persons__contained_by=PersonsBand.values), name="case_fact_leak_persons_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["quarter"], name="case_fact_publishable", condition=Q(is_counted=True, is_verified=True)
            )
        ]

    def __str__(self) -> str:
        return str(self.incident_id)


class Rollup(models.Model):
    """An exact sum, kept by signed differences. For those entitled only (`queries.py`): it protects nobody."""

    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, verbose_name=_("CSIRT"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, verbose_name=_("région"))
    month = models.DateField(_("mois"))
    measure = models.CharField(_("mesure"), max_length=16, choices=Measure)
    band = models.CharField(_("tranche"), max_length=24, blank=True)
    value = models.BigIntegerField(_("valeur"))

    class Meta:
        verbose_name = _("somme exacte")
        verbose_name_plural = _("sommes exactes")
        constraints = [
            models.CheckConstraint(condition=Q(measure__in=Measure.values), name="rollup_measure_known"),
            models.CheckConstraint(condition=known_bands(), name="rollup_band_known"),
            models.UniqueConstraint(
                fields=["csirt", "month", "measure", "band", "region"], nulls_distinct=False, name="rollup_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.measure} {self.band}"


class Block(models.Model):
    """One published number: whole, safe, disjoint from the others of its measure. Public figures are sums of these.

    No region: several together. No band: several together.
    """

    measure = models.CharField(_("mesure"), max_length=16, choices=Measure)
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, verbose_name=_("région"))
    starts_on = models.DateField(_("premier jour"))
    ends_on = models.DateField(_("dernier jour"))
    band = models.CharField(_("tranche"), max_length=24, blank=True)
    value = models.PositiveIntegerField(_("valeur"))

    class Meta:
        verbose_name = _("nombre publié")
        verbose_name_plural = _("nombres publiés")
        constraints = [
            models.CheckConstraint(condition=Q(measure__in=PUBLISHED), name="block_measure_known"),
            models.CheckConstraint(condition=known_bands(), name="block_band_known"),
            models.CheckConstraint(condition=Q(starts_on__lt=F("ends_on")), name="block_starts_before_it_ends"),
        ]
        triggers = never_changed("block")

    def __str__(self) -> str:
        return f"{self.measure} {self.starts_on}"


class Release(models.Model):
    """A numbered publication: the blocks that everyone may read from that day on."""

    number = models.PositiveIntegerField(_("numéro"), unique=True)
    published_at = models.DateTimeField(_("publiée le"), default=timezone.now)
    covers_until = models.DateField(_("dernier jour couvert"))
    made_at = models.DateTimeField(_("enregistrée le"), db_default=TransactionNow(), editable=False)
    blocks = models.ManyToManyField(Block, through="ReleaseBlock", related_name="releases", verbose_name=_("nombres"))

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        triggers = never_changed("release")

    def __str__(self) -> str:
        return str(self.number)


class ReleaseBlock(models.Model):
    """A block stands in a release; carried over unchanged, it is the same row in the next one."""

    release = models.ForeignKey(Release, models.PROTECT, verbose_name=_("publication"))
    block = models.ForeignKey(Block, models.PROTECT, verbose_name=_("nombre publié"))

    class Meta:
        verbose_name = _("nombre d’une publication")
        verbose_name_plural = _("nombres des publications")
        constraints = [models.UniqueConstraint(fields=["release", "block"], name="release_block_once")]
        triggers = [
            *never_changed("release_block"),
            # CURRENT_TIMESTAMP is the transaction's: only the transaction that made the release may fill it.
            pgtrigger.Trigger(
                name="release_is_filled_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT FROM stats_release WHERE id = NEW.release_id AND made_at = CURRENT_TIMESTAMP
                    ) THEN
                        RAISE EXCEPTION 'pgtrigger: what was published is never changed';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release_id} {self.block_id}"


class BlockCase(models.Model):
    """What a block was made of, so that the next release sees what changed since. Shown to nobody."""

    block = models.ForeignKey(Block, models.PROTECT, related_name="cases", verbose_name=_("nombre publié"))
    fact = models.ForeignKey(CaseFact, models.PROTECT, related_name="+", verbose_name=_("fait compté"))
    band = models.CharField(_("tranche"), max_length=24, blank=True)
    units = models.PositiveIntegerField(_("unités"))

    class Meta:
        verbose_name = _("cas d’un nombre publié")
        verbose_name_plural = _("cas des nombres publiés")
        constraints = [
            models.UniqueConstraint(fields=["block", "fact", "band"], name="block_case_once"),
            models.CheckConstraint(condition=Q(units__gt=0), name="block_case_has_units"),
        ]
        triggers = never_changed("block_case")

    def __str__(self) -> str:
        return f"{self.block_id} {self.fact_id}"
