"""The rows of a publication: the release, its figures, and the cases that it counted. They never change."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from collectivities.models import Collectivity
from core.append_only import make_append_only_triggers
from stats.disclosure.figures import BASE, THRESHOLD
from stats.disclosure.tables import TABLES, Period
from stats.enums import AttemptOutcome, Stratum

NEVER_CHANGED = "what was published is never changed"
# CURRENT_TIMESTAMP is when the transaction began, so only the transaction that made the release may add rows to it.
FILLED_ONCE = f"""
    IF EXISTS (
        SELECT FROM added WHERE release_id NOT IN (SELECT id FROM stats_release WHERE made_at = CURRENT_TIMESTAMP)
    ) THEN
        RAISE EXCEPTION 'pgtrigger: {NEVER_CHANGED}';
    END IF;
    RETURN NULL;
"""  # noqa: S608 (ours)


def make_filled_once_trigger(name: str) -> pgtrigger.Trigger:
    """Return a trigger that lets only the transaction of a release add rows to it. It runs once for each statement,
    because a release has some hundred thousand cases.
    """
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="added"),  # type: ignore[no-untyped-call]  # of pgtrigger
        func=FILLED_ONCE,
    )


class Release(models.Model):
    """The publication of one year (`quarter` 0) or of one quarter of the nation. Each period is published once."""

    number = models.PositiveIntegerField("numéro", unique=True)
    year = models.PositiveSmallIntegerField("année")
    quarter = models.PositiveSmallIntegerField("trimestre", default=0)
    published_at = models.DateTimeField("publiée le", default=timezone.now)
    made_at = models.DateTimeField("enregistrée le", db_default=TransactionNow(), editable=False)
    # A fingerprint of the secret of the rounding, which shows readers when a new secret begins.
    rounding_key = models.CharField("clé d’arrondi", max_length=16)
    # The printed document, byte for byte as sealed (`stats/releases/seal.py`). Defer it in lists.
    printed = models.BinaryField("forme imprimée")
    # All three in hexadecimal.
    digest = models.CharField("empreinte", max_length=64)
    signature = models.CharField("signature", max_length=128)
    verify_key = models.CharField("clé de vérification", max_length=64)

    class Meta:
        verbose_name = "publication"
        verbose_name_plural = "publications"
        constraints = [
            models.UniqueConstraint(fields=["year", "quarter"], name="release_once_a_period"),
            models.CheckConstraint(condition=Q(quarter__lte=4), name="release_quarter_known"),
        ]
        triggers = make_append_only_triggers(
            "release_is_never_changed", "release_table_is_never_changed", reason=NEVER_CHANGED
        )

    def __str__(self) -> str:
        return f"{self.number} ({self.period})"

    @property
    def period(self) -> Period:
        return Period(self.year, self.quarter)


class Figure(models.Model):
    """One printed cell of a table. `value` is a multiple of `BASE`, or None for a dash.

    If a release has no row for a cell of the fixed list, the cell is not printed.
    """

    release = models.ForeignKey(Release, models.PROTECT, related_name="figures", verbose_name="publication")
    table = models.CharField("table", max_length=40, choices=[(code, code) for code in TABLES])
    # The categories in the order of the table's classifications; empty if there is none.
    first = models.CharField("catégorie", max_length=24, blank=True)
    second = models.CharField("seconde catégorie", max_length=24, blank=True)
    value = models.PositiveIntegerField("valeur", null=True)

    class Meta:
        verbose_name = "nombre publié"
        verbose_name_plural = "nombres publiés"
        constraints = [
            models.UniqueConstraint(fields=["release", "table", "first", "second"], name="figure_once"),
            models.CheckConstraint(condition=Q(table__in=list(TABLES)), name="figure_table_known"),
            models.CheckConstraint(
                condition=Q(value=None) | Q(value__gte=THRESHOLD, value=F("value") / BASE * BASE),
                name="figure_is_rounded",
            ),
        ]
        triggers = [
            *make_append_only_triggers(
                "figure_is_never_changed", "figure_table_is_never_changed", reason=NEVER_CHANGED
            ),
            make_filled_once_trigger("figure_is_filled_once"),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.first} {self.second}".strip()


class Denominator(models.Model):
    """The number of bodies of a stratum at the end of a year. It is public and saved with the yearly release."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="denominators", verbose_name="publication")
    stratum = models.CharField("strate", max_length=48, choices=Stratum)
    bodies = models.PositiveIntegerField("collectivités existantes")

    class Meta:
        verbose_name = "dénominateur"
        verbose_name_plural = "dénominateurs"
        constraints = [
            models.CheckConstraint(condition=Q(stratum__in=Stratum.values), name="denominator_stratum_known"),
            models.UniqueConstraint(fields=["release", "stratum"], name="denominator_once"),
        ]
        triggers = [
            *make_append_only_triggers(
                "denominator_is_never_changed", "denominator_table_is_never_changed", reason=NEVER_CHANGED
            ),
            make_filled_once_trigger("denominator_is_filled_once"),
        ]

    def __str__(self) -> str:
        return f"{self.release_id} {self.stratum}"


class CountedCase(models.Model):
    """One case as a release counted it, in the categories of the tables.

    `body` is the protected unit. It differs from the body that declared if bodies have merged. `is_late` marks a case
    of an earlier year that the release of its year did not count. The lists about interruptions have one entry for
    each interruption. `persons` and `statuses` have one entry for each leak, and `categories` has the categories of
    all leaks. Unfounded leaks have no entry.
    """

    # The foreign keys to the case and the body have no constraint, because neither is ever deleted, and checking each
    # key would take as long as the rest of the publication.
    release = models.ForeignKey(
        Release, models.PROTECT, related_name="cases", db_index=False, verbose_name="publication"
    )
    fact = models.ForeignKey(
        "stats.CaseFact",
        models.PROTECT,
        related_name="counted",
        db_index=False,
        db_constraint=False,
        verbose_name="fait compté",
    )
    body = models.ForeignKey(
        Collectivity,
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name="collectivité",
    )
    is_report = models.BooleanField("signalement")
    is_late = models.BooleanField("déclaré plus tard", default=False)
    region = models.CharField("région", max_length=3, blank=True)
    month = models.CharField("mois", max_length=2)
    quarter = models.CharField("trimestre", max_length=2)
    type = models.CharField("type", max_length=16)
    cause = models.CharField("cause", max_length=20)
    discovery = models.CharField("délai de déclaration", max_length=12)
    help = models.CharField("délai de prise en charge", max_length=12)
    closing = models.CharField("délai de clôture", max_length=12)
    stratum = models.CharField("strate", max_length=48, blank=True)
    hours = ArrayField(models.CharField(max_length=12), verbose_name="durées des interruptions")
    services = ArrayField(models.CharField(max_length=16), verbose_name="services interrompus")
    persons = ArrayField(models.CharField(max_length=12), verbose_name="personnes par fuite")
    statuses = ArrayField(models.CharField(max_length=12), verbose_name="états des fuites")
    categories = ArrayField(models.CharField(max_length=16), verbose_name="catégories des fuites")
    unfounded = models.PositiveSmallIntegerField("fuites jugées sans fondement")

    class Meta:
        verbose_name = "dossier compté"
        verbose_name_plural = "dossiers comptés"
        constraints = [models.UniqueConstraint(fields=["fact", "release"], name="counted_case_once")]
        triggers = [
            *make_append_only_triggers(
                "counted_case_is_never_changed", "counted_case_table_is_never_changed", reason=NEVER_CHANGED
            ),
            make_filled_once_trigger("counted_case_is_filled_once"),
        ]

    def __str__(self) -> str:
        return f"{self.release_id} {self.fact_id}"


class Attempt(models.Model):
    """An attempt to publish a period, with its result. A failed attempt has a row too."""

    at = models.DateTimeField("le", default=timezone.now)
    outcome = models.CharField("issue", max_length=16, choices=AttemptOutcome)
    period = models.CharField("période", max_length=7)
    release = models.ForeignKey(Release, models.PROTECT, null=True, blank=True, verbose_name="publication")
    seconds = models.FloatField("durée en secondes")
    draws = models.PositiveIntegerField("tirages", default=0)
    # Codes of the tables that no draw made safe.
    closed = models.JSONField("tables fermées par la vérification", default=list)

    class Meta:
        verbose_name = "essai de publication"
        verbose_name_plural = "essais de publication"
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=AttemptOutcome.values), name="attempt_outcome_known")
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.period} {self.outcome}"
