"""Figures: what was counted of each case, exact sums for those entitled, and what was published to everyone.

Nothing here holds a word of a case. What is published is never changed.
"""

from collections.abc import Iterable

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from collectivities.models import Collectivity, Region
from csirts.models import Csirt
from incidents.enums import Cause, DataCategory, IncidentType, LeakStatus, Nature, PersonsBand, PublicService
from incidents.models import Incident
from stats.enums import BANDS, PUBLISHED, SUMMED, DelayBand, HoursBand, Measure, Outcome, Stratum
from stats.reports.rows import Report as Report


def never_changed(name: str, why: str = "what was published is never changed") -> list[pgtrigger.Trigger]:
    """Rows that are appended only. A row trigger lets TRUNCATE pass; the second refuses the statement itself."""
    return [
        pgtrigger.Protect(name=f"{name}_is_never_changed", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name=f"{name}_table_is_never_changed",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
            func=f"RAISE EXCEPTION 'pgtrigger: {why}';",
        ),
    ]


def known_bands(measures: Iterable[str]) -> Q:
    condition = Q()
    for measure in measures:
        condition |= Q(measure=measure, band__in=BANDS[measure])
    return condition


def known(field: str, values: Iterable[str]) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q((f"{field}__in", list(values))), name=f"case_fact_{field}_known")


def all_known(field: str, values: Iterable[str]) -> models.CheckConstraint:
    condition = Q((f"{field}__contained_by", list(values)))
    return models.CheckConstraint(condition=condition, name=f"case_fact_{field}_known")


class CaseFact(models.Model):
    """What was counted of one incident when its last event was folded; the next folding counts the difference."""

    incident = models.OneToOneField(Incident, models.PROTECT, primary_key=True, verbose_name=_("incident"))
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, db_index=False, verbose_name=_("CSIRT"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, db_index=False, verbose_name=_("région"))
    collectivity = models.ForeignKey(Collectivity, models.PROTECT, verbose_name=_("collectivité"))
    # First days of the month and the quarter in which the declaration was received, where the body lies.
    month = models.DateField(_("mois"))
    quarter = models.DateField(_("trimestre"))
    type = models.CharField(_("type"), max_length=16, choices=IncidentType)
    nature = models.CharField(_("nature"), max_length=12, choices=Nature, default=Nature.UNQUALIFIED)
    cause = models.CharField(_("cause"), max_length=20, choices=Cause, blank=True)
    discovery_delay = models.CharField(
        _("délai de déclaration"), max_length=12, choices=DelayBand, default=DelayBand.UNKNOWN
    )
    help_delay = models.CharField(
        _("délai de prise en charge"), max_length=12, choices=DelayBand, default=DelayBand.UNKNOWN
    )
    closing_delay = models.CharField(
        _("délai de clôture"), max_length=12, choices=DelayBand, default=DelayBand.UNKNOWN
    )
    # Closed as « pas un incident » or « déjà déclaré »: counted nowhere.
    is_counted = models.BooleanField(_("compté"))
    is_verified = models.BooleanField(_("vérifié"))
    # One value in each of these two lists an interruption; in each of the next two a leak.
    interruption_hours = ArrayField(
        models.CharField(max_length=12, choices=HoursBand), default=list, verbose_name=_("durées des interruptions")
    )
    interruption_services = ArrayField(
        models.CharField(max_length=16, choices=PublicService), default=list, verbose_name=_("services interrompus")
    )
    leak_statuses = ArrayField(
        models.CharField(max_length=12, choices=LeakStatus), default=list, verbose_name=_("états des fuites")
    )
    leak_persons = ArrayField(
        models.CharField(max_length=12, choices=PersonsBand), default=list, verbose_name=_("personnes par fuite")
    )
    # Of each leak that is not unfounded, its categories once each.
    leak_categories = ArrayField(
        models.CharField(max_length=16, choices=DataCategory), default=list, verbose_name=_("catégories des fuites")
    )

    class Meta:
        verbose_name = _("fait compté")
        verbose_name_plural = _("faits comptés")
        constraints = [
            known("type", IncidentType.values),
            known("nature", Nature.values),
            known("cause", ["", *Cause.values]),
            known("discovery_delay", DelayBand.values),
            known("help_delay", DelayBand.values),
            known("closing_delay", DelayBand.values),
            all_known("interruption_hours", HoursBand.values),
            all_known("interruption_services", PublicService.values),
            all_known("leak_statuses", LeakStatus.values),
            all_known("leak_persons", PersonsBand.values),
            all_known("leak_categories", DataCategory.values),
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
    """An exact sum, kept by signed differences. For those entitled only (`queries.py`): it protects nobody."""

    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, db_index=False, verbose_name=_("CSIRT"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, db_index=False, verbose_name=_("région"))
    month = models.DateField(_("mois"))
    measure = models.CharField(_("mesure"), max_length=16, choices=Measure)
    band = models.CharField(_("tranche"), max_length=48, blank=True)
    value = models.BigIntegerField(_("valeur"))

    class Meta:
        verbose_name = _("somme exacte")
        verbose_name_plural = _("sommes exactes")
        constraints = [
            models.CheckConstraint(condition=Q(measure__in=SUMMED), name="rollup_measure_known"),
            models.CheckConstraint(condition=known_bands(SUMMED), name="rollup_band_known"),
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
    """How many incidents one body had in one year, kept by signed differences: distinct bodies never add up.

    A year of a region has as many rows as bodies that declared, whatever the number of cases. For those entitled only.
    """

    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, verbose_name=_("CSIRT"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, verbose_name=_("région"))
    year = models.PositiveSmallIntegerField(_("année"))
    collectivity = models.ForeignKey(Collectivity, models.PROTECT, verbose_name=_("collectivité"))
    incidents = models.IntegerField(_("incidents"))
    hits = models.IntegerField(_("incidents avec interruption ou fuite"))

    class Meta:
        verbose_name = _("présence d’une collectivité")
        verbose_name_plural = _("présences des collectivités")
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


class Block(models.Model):
    """One published number: whole, safe, disjoint from the others of its measure. Public figures are sums of these.

    No region: several together. No band: several together.
    """

    measure = models.CharField(_("mesure"), max_length=16, choices=Measure)
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, verbose_name=_("région"))
    starts_on = models.DateField(_("premier jour"))
    ends_on = models.DateField(_("dernier jour"))
    band = models.CharField(_("tranche"), max_length=48, blank=True)
    value = models.PositiveIntegerField(_("valeur"))

    class Meta:
        verbose_name = _("nombre publié")
        verbose_name_plural = _("nombres publiés")
        constraints = [
            models.CheckConstraint(condition=Q(measure__in=PUBLISHED), name="block_measure_known"),
            models.CheckConstraint(condition=known_bands(PUBLISHED), name="block_band_known"),
            models.CheckConstraint(condition=Q(starts_on__lt=F("ends_on")), name="block_starts_before_it_ends"),
        ]
        # A page shows one year; those published before it are not read.
        indexes = [models.Index(fields=["starts_on"], name="block_starts_on")]
        triggers = never_changed("block")

    def __str__(self) -> str:
        return f"{self.measure} {self.starts_on}"


class Release(models.Model):
    """A numbered publication: the blocks that everyone may read from that day on."""

    number = models.PositiveIntegerField(_("numéro"), unique=True)
    published_at = models.DateTimeField(_("publiée le"), default=timezone.now)
    covers_until = models.DateField(_("dernier jour couvert"))
    made_at = models.DateTimeField(_("enregistrée le"), db_default=TransactionNow(), editable=False)
    # `stats/seal.py`, all three in hexadecimal; empty for what was published before releases were signed.
    digest = models.CharField(_("empreinte"), max_length=64, blank=True)
    signature = models.CharField(_("signature"), max_length=128, blank=True)
    verify_key = models.CharField(_("clé de vérification"), max_length=64, blank=True)
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


class BlockMember(models.Model):
    """What a block was made of, so that the next release sees what changed since. Shown to nobody but to that body.

    `fact` is empty in the tables of distinct bodies, of which a body is the unit.
    """

    block = models.ForeignKey(Block, models.PROTECT, related_name="members", verbose_name=_("nombre publié"))
    collectivity = models.ForeignKey(Collectivity, models.PROTECT, related_name="+", verbose_name=_("collectivité"))
    fact = models.ForeignKey(CaseFact, models.PROTECT, null=True, related_name="+", verbose_name=_("fait compté"))
    # The finest cell that the units come from, which the block may have put together with others.
    month = models.DateField(_("mois"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, related_name="+", verbose_name=_("région"))
    band = models.CharField(_("tranche"), max_length=48, blank=True)
    units = models.PositiveIntegerField(_("unités"))

    class Meta:
        verbose_name = _("part d’un nombre publié")
        verbose_name_plural = _("parts des nombres publiés")
        constraints = [
            models.UniqueConstraint(
                fields=["block", "collectivity", "fact", "band", "month", "region"],
                nulls_distinct=False,
                name="block_member_once",
            ),
            models.CheckConstraint(condition=Q(units__gt=0), name="block_member_has_units"),
        ]
        triggers = never_changed("block_member")

    def __str__(self) -> str:
        return f"{self.block_id} {self.collectivity_id}"


class Denominator(models.Model):
    """How many bodies existed at the end of a year, for the rates of a release: public, and frozen with it.

    `stratum` empty: all bodies of the région. `region` empty: all régions.
    """

    release = models.ForeignKey(Release, models.PROTECT, related_name="denominators", verbose_name=_("publication"))
    year = models.PositiveSmallIntegerField(_("année"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, related_name="+", verbose_name=_("région"))
    stratum = models.CharField(_("strate"), max_length=48, blank=True, choices=Stratum)
    bodies = models.PositiveIntegerField(_("collectivités existantes"))

    class Meta:
        verbose_name = _("dénominateur")
        verbose_name_plural = _("dénominateurs")
        constraints = [
            models.CheckConstraint(condition=Q(stratum__in=["", *Stratum.values]), name="denominator_stratum_known"),
            models.UniqueConstraint(
                fields=["release", "year", "region", "stratum"], nulls_distinct=False, name="denominator_once"
            ),
        ]
        triggers = never_changed("denominator")

    def __str__(self) -> str:
        return f"{self.release_id} {self.year} {self.stratum}"


class Attempt(models.Model):
    """That a release was tried, and what came of it: a publication that fails must not fail in silence."""

    at = models.DateTimeField(_("le"), default=timezone.now)
    outcome = models.CharField(_("issue"), max_length=16, choices=Outcome)
    release = models.ForeignKey(Release, models.PROTECT, null=True, blank=True, verbose_name=_("publication"))
    seconds = models.FloatField(_("durée en secondes"))
    # Which tables were coarsened or left out: code → years → shape. No figure.
    coarsened = models.JSONField(_("tables regroupées"), default=dict)

    class Meta:
        verbose_name = _("essai de publication")
        verbose_name_plural = _("essais de publication")
        constraints = [models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="attempt_outcome_known")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.outcome}"


class ExactReading(models.Model):
    """Somebody entitled was shown exact figures. Appended, never changed: one row a person, scope, year and minute.

    No centre and no région: the nation.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("compte"))
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, related_name="+", verbose_name=_("CSIRT"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, related_name="+", verbose_name=_("région"))
    year = models.PositiveSmallIntegerField(_("année"))
    minute = models.DateTimeField(_("à"))

    class Meta:
        verbose_name = _("consultation de chiffres exacts")
        verbose_name_plural = _("consultations de chiffres exacts")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "minute", "year", "csirt", "region"], nulls_distinct=False, name="exact_reading_once"
            ),
            models.CheckConstraint(condition=Q(csirt=None) | Q(region=None), name="exact_reading_of_one_scope"),
        ]
        triggers = never_changed("exact_reading", "readings of exact figures are append-only")

    def __str__(self) -> str:
        return f"{self.user_id} {self.year}"


class FigureCheck(models.Model):
    """A recount of everything from the raw rows, slice by slice: what it found, or put right, and how far it is.

    First the cases in the order of their ids, then the sums month by month. `repaired_at`: since then the figures are
    known to be right again.
    """

    started_at = models.DateTimeField(_("commencée le"), default=timezone.now)
    finished_at = models.DateTimeField(_("finie le"), null=True, blank=True)
    repairs = models.BooleanField(_("corrige"), default=False)
    cases_until = models.BigIntegerField(_("dernier dossier relu"), default=0)
    months_until = models.DateField(_("dernier mois relu"), null=True, blank=True)
    mistakes = models.PositiveIntegerField(_("écarts"), default=0)
    # The first ones: numbers of rows and codes, no word.
    found = models.JSONField(_("premiers écarts"), default=list)
    repaired_at = models.DateTimeField(_("réparée le"), null=True, blank=True)

    class Meta:
        verbose_name = _("vérification des chiffres")
        verbose_name_plural = _("vérifications des chiffres")
        indexes = [
            models.Index("started_at", name="figure_check_unrepaired", condition=Q(mistakes__gt=0, repaired_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d} {self.mistakes}"
