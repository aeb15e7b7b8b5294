"""The CSIRTs, their contacts, and the territories that each covers.

Each row has a history, which PostgreSQL triggers (pghistory) write with the context of the change: `user` for a person
in the admin, `source` for a command.
"""

import re
from typing import Any

import pghistory
import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, Value, prefetch_related_objects
from django.db.models.functions import Coalesce, Lower
from pghistory.core import event_models

from collectivities.enums import Kind
from collectivities.models import Departement, Region
from core.telephone import find_dialled_number
from csirts import wording
from csirts.contact_values import check_contact_value
from csirts.enums import ContactKind, Level
from csirts.sites import list_sites

# Hours that say that a centre never closes: « 24 h/24 », « 24h sur 24 », « 24/7 », and not « 8 h–24 h ».
ALL_DAY = re.compile(r"\b24\s*(?:h|heures)?\s*(?:/|sur)\s*(?:24|7)(?!\d)|à toute heure", re.IGNORECASE)


def track_changes(verbose_name: Any, *constraints: models.BaseConstraint, table: str | None = None):  # type: ignore[no-untyped-def]  # pghistory's decorator is untyped
    """Return a class decorator that makes PostgreSQL record each version of the rows of a model, deletions included.

    The versions go to an append-only table of their own with these `constraints`. `table` is the name of this table.
    If it is None, Django chooses a name.
    """
    options = {"verbose_name": verbose_name, "verbose_name_plural": verbose_name, "constraints": list(constraints)}
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        append_only=True,
        meta=options | ({"db_table": table} if table else {}),
    )


class DirectoryVersion(models.Model):
    """The single row whose token changes whenever anything in the directory changes. Only triggers write it.

    The token is random, so that no two states of the directory share a token. A rollback restores the former token.
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    token = models.UUIDField("jeton", editable=False)

    class Meta:
        verbose_name = "version de l’annuaire"
        verbose_name_plural = "versions de l’annuaire"
        constraints = [models.CheckConstraint(name="directoryversion_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return str(self.token)


def make_version_trigger() -> pgtrigger.Trigger:
    """Return the trigger that renews the token of the directory at each change of a table.

    The trigger runs before the statement. Concurrent editors then wait for the token before they lock other rows.
    """
    return pgtrigger.Trigger(
        name="renews_version",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
        func="""
            INSERT INTO csirts_directoryversion (id, token) VALUES (1, gen_random_uuid())
            ON CONFLICT (id) DO UPDATE SET token = EXCLUDED.token;
            RETURN NULL;
        """,
    )


class CsirtQuerySet(models.QuerySet["Csirt"]):
    def active(self) -> "CsirtQuerySet":
        return self.filter(is_active=True)

    def territorial(self) -> "CsirtQuerySet":
        return self.filter(level=Level.TERRITORIAL)

    def with_contacts(self) -> "CsirtQuerySet":
        return self.prefetch_related("contacts")


@track_changes(
    "version d’un centre",
    models.CheckConstraint(name="csirtevent_level__in", condition=Q(level__in=Level.values)),
)
class Csirt(models.Model):
    """A centre that answers for a territory or a sector, or for the whole country."""

    slug = models.SlugField("identifiant court", max_length=60, unique=True)
    name = models.CharField("nom", max_length=200)
    level = models.CharField("niveau", max_length=20, choices=Level, default=Level.TERRITORIAL)
    notification_email = models.EmailField(
        "adresse de notification",
        blank=True,
        help_text="Choisie par le responsable du centre. Vide : rien n’est envoyé, le déclarant appelle.",
    )
    is_active = models.BooleanField("en service", default=True)

    objects = CsirtQuerySet.as_manager()

    class Meta:
        verbose_name = "centre de réponse (CSIRT)"
        verbose_name_plural = "centres de réponse (CSIRT)"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="csirt_level__in", condition=Q(level__in=Level.values)),
            # Mails and pages name a centre by its name alone.
            models.UniqueConstraint(
                Lower("name"), name="csirt_one_name", violation_error_message="Un autre centre a déjà ce nom."
            ),
            # Whoever reads a mailbox reads the cases that arrive there.
            models.UniqueConstraint(
                Lower("notification_email"),
                name="csirt_one_mailbox",
                condition=~Q(notification_email=""),
                violation_error_message="Cette adresse reçoit déjà les déclarations d’un autre centre.",
            ),
        ]
        triggers = [make_version_trigger()]

    def __str__(self) -> str:
        return self.name

    def get_contact(self, kind: ContactKind) -> "Contact | None":
        """Return the contact of this kind, or None. The first call reads all contacts of the CSIRT, so a list must
        prefetch them (`with_contacts`).
        """
        prefetch_related_objects([self], "contacts")
        return next((contact for contact in self.contacts.all() if contact.kind == kind), None)

    def _get_value(self, kind: ContactKind) -> str:
        contact = self.get_contact(kind)
        return contact.value if contact else ""

    @property
    def notes(self) -> dict[str, str]:
        """The notes on the contacts, by kind: « numéro local », « presse, à confirmer »."""
        return {contact.kind: contact.note for contact in self.contacts.all()}

    @property
    def phone(self) -> str:
        """The published telephone number, or ""."""
        return self._get_value(ContactKind.PHONE)

    @property
    def phone_note(self) -> str:
        """The note on the telephone number. It must be shown with the number, so that people read it before a call."""
        contact = self.get_contact(ContactKind.PHONE)
        return contact.note if contact else ""

    @property
    def phone_uri(self) -> str:
        """The tel: URI of the published number, or "". The number may be a local one, which E.164 cannot express."""
        number = find_dialled_number(self.phone)
        return f"tel:{number}" if number else ""

    @property
    def website(self) -> str:
        return self._get_value(ContactKind.WEBSITE)

    @property
    def email(self) -> str:
        """The published mailbox, for display only: messages go to `notification_email`."""
        return self._get_value(ContactKind.EMAIL)

    @property
    def address(self) -> str:
        """The published postal address, or ""."""
        return self._get_value(ContactKind.ADDRESS)

    @property
    def hours(self) -> str:
        """The hours with their note, which must be shown with them: « lun.–ven. 8 h–17 h (presse, à confirmer) »."""
        return wording.append_note(self._get_value(ContactKind.HOURS), self.notes.get(ContactKind.HOURS, ""))

    @property
    def may_be_closed(self) -> bool:
        """True if the published hours leave the centre closed at some moments. Their note is not read, because it may
        give the hours of another centre.
        """
        hours = self._get_value(ContactKind.HOURS)
        return bool(hours) and not ALL_DAY.search(hours)

    @property
    def sites(self) -> list[str]:
        """The host names of the sites that the lead has listed."""
        return list_sites(self._get_value(ContactKind.SITES))

    @property
    def dpo(self) -> "Contact | None":
        """The contact for personal data. Its note says how long the centre keeps a case."""
        return self.get_contact(ContactKind.DPO)


@track_changes(
    "version d’une coordonnée",
    models.CheckConstraint(name="contactevent_kind__in", condition=Q(kind__in=ContactKind.values)),
)
class Contact(models.Model):
    """One published contact of a CSIRT, or its opening hours, with the source and its date."""

    csirt = models.ForeignKey(
        Csirt, on_delete=models.CASCADE, related_name="contacts", verbose_name="centre de réponse"
    )
    kind = models.CharField("nature", max_length=20, choices=ContactKind)
    value = models.CharField("valeur", max_length=300)
    note = models.CharField("remarque", max_length=200, blank=True)
    source = models.CharField("source", max_length=200)
    source_on = models.DateField("date de la source", null=True, blank=True)

    class Meta:
        verbose_name = "coordonnée publiée"
        verbose_name_plural = "coordonnées publiées"
        ordering = ["csirt", "kind"]
        constraints = [
            models.UniqueConstraint(
                name="contact_one_of_a_kind",
                fields=["csirt", "kind"],
                violation_error_message="Ce centre a déjà une coordonnée de cette nature.",
            ),
            models.CheckConstraint(name="contact_kind__in", condition=Q(kind__in=ContactKind.values)),
            models.CheckConstraint(name="contact_value_given", condition=~Q(value="")),
            models.CheckConstraint(
                name="contact_website_is_address",
                condition=~Q(kind=ContactKind.WEBSITE) | Q(value__regex=r"^https?://[^\s/?#]+\.[^\s/?#]"),
                violation_error_message="L’adresse d’un site commence par https://.",
            ),
        ]
        triggers = [make_version_trigger()]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} : {self.value}"

    def clean(self) -> None:
        """Raise ValidationError for a value that no reader could use."""
        try:
            check_contact_value(self.kind, self.value)
        except ValidationError as problem:
            raise ValidationError({"value": problem.messages}) from problem


class CoverageQuerySet(models.QuerySet["Coverage"]):
    def with_territories(self) -> "CoverageQuerySet":
        return self.select_related("csirt", "region", "departement")


@track_changes(
    "version d’un territoire couvert",
    models.CheckConstraint(name="coverageevent_kind__in", condition=Q(kind__in=["", *Kind.values])),
)
class Coverage(models.Model):
    """The territory that a CSIRT covers during a period: a region, or one of its départements.

    The coverage may be limited to one kind of body.
    """

    csirt = models.ForeignKey(
        Csirt, on_delete=models.PROTECT, related_name="coverages", verbose_name="centre de réponse"
    )
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+", verbose_name="région")
    departement = models.ForeignKey(
        Departement,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="département",
        null=True,
        blank=True,
        help_text="Vide : toute la région.",
    )
    kind = models.CharField(
        "sorte d’organisme", max_length=40, choices=Kind, blank=True, help_text="Vide : toutes les sortes."
    )
    valid = DateRangeField("période", help_text="Du premier jour au premier jour qui n’est plus couvert.")
    source = models.CharField("source", max_length=200)
    source_on = models.DateField("date de la source", null=True, blank=True)

    objects = CoverageQuerySet.as_manager()

    class Meta:
        verbose_name = "territoire couvert"
        verbose_name_plural = "territoires couverts"
        ordering = ["region__sort_key", "departement__sort_key", "kind"]
        constraints = [
            ExclusionConstraint(
                # Deferrable, so that an import may give a territory to another centre, or exchange two ranks.
                name="coverage_one_csirt_a_ground_and_day",
                deferrable=models.Deferrable.IMMEDIATE,
                expressions=[
                    (F("region"), RangeOperators.EQUAL),
                    (Coalesce(F("departement"), Value(0)), RangeOperators.EQUAL),
                    (F("kind"), RangeOperators.EQUAL),
                    (F("valid"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Un autre centre répond déjà pour ce territoire et cette période.",
            ),
            models.CheckConstraint(name="coverage_kind__in", condition=Q(kind__in=["", *Kind.values])),
            models.CheckConstraint(
                name="coverage_period_not_empty",
                condition=Q(valid__isempty=False),
                violation_error_message="La période ne contient aucun jour.",
            ),
        ]
        triggers = [
            make_version_trigger(),
            pgtrigger.Trigger(
                name="departement_in_region",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__departement__isnull=False),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM collectivities_departement
                        WHERE id = NEW.departement_id AND region_id = NEW.region_id
                    ) THEN
                        RAISE check_violation USING MESSAGE = 'the département is not in the region';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return " – ".join(str(part) for part in (self.region, self.departement, self.get_kind_display()) if part)


@track_changes("version d’un secours", table="csirts_backupevent")
class BackupCentre(models.Model):
    """A CSIRT to call when another CSIRT does not answer. The lowest rank comes first. CERT-FR and 17Cyber always come
    last and have no row.
    """

    csirt = models.ForeignKey(
        Csirt, on_delete=models.CASCADE, related_name="backups", verbose_name="centre de réponse"
    )
    backup = models.ForeignKey(Csirt, on_delete=models.PROTECT, related_name="+", verbose_name="centre de secours")
    rank = models.PositiveSmallIntegerField("rang", default=1)

    class Meta:
        verbose_name = "centre de secours"
        verbose_name_plural = "centres de secours"
        ordering = ["csirt", "rank"]
        constraints = [
            models.UniqueConstraint(name="backup_once", fields=["csirt", "backup"]),
            models.UniqueConstraint(
                name="backup_one_a_rank", fields=["csirt", "rank"], deferrable=models.Deferrable.IMMEDIATE
            ),
            models.CheckConstraint(name="backup_is_another", condition=~Q(csirt=F("backup"))),
        ]
        triggers = [make_version_trigger()]
        db_table = "csirts_backup"

    def __str__(self) -> str:
        return f"{self.rank}. {self.backup}"


def get_version_manager(model: type[models.Model]) -> Any:
    """Return the manager of the versions of a model. pghistory generates the model of these versions."""
    (versions,) = event_models(tracks_model=model)
    return versions.objects  # type: ignore[attr-defined]  # pghistory's stubs say Model
