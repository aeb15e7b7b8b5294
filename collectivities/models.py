import uuid

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, OuterRef, Q

from collectivities.enums import TERRITORIAL, Kind, Zone
from collectivities.wording import prepend_article
from core.french import curl_apostrophes, prepend_a, prepend_de

# INSEE’s type de liaison of names before which « de » loses its vowel, such as those with a silent h: « d’Hyères ».
ELIDES_DE = 1
SHORT_KINDS = ("CC", "CA", "CU")
validate_nine_digits = RegexValidator(r"^\d{9}$", "Un numéro SIREN compte 9 chiffres.")


class Region(models.Model):
    """A région or an overseas collectivity, as a territory. Its council is a `Collectivity`."""

    code = models.CharField("code", max_length=3, unique=True)
    name = models.CharField("nom", max_length=80)
    zone = models.CharField("zone", max_length=5, choices=Zone)
    sort_key = models.CharField("clé de tri", max_length=80, editable=False)

    class Meta:
        verbose_name = "région"
        verbose_name_plural = "régions"
        ordering = ["sort_key", "pk"]
        constraints = [models.CheckConstraint(name="region_zone__in", condition=Q(zone__in=Zone.values))]

    def __str__(self) -> str:
        return self.name


class Departement(models.Model):
    """A département or an overseas collectivity, as a territory. Its code may also be that of a région."""

    code = models.CharField("code", max_length=3, unique=True)
    name = models.CharField("nom", max_length=80)
    region = models.ForeignKey(Region, models.PROTECT, related_name="departements", verbose_name="région")
    zone = models.CharField("zone", max_length=5, choices=Zone)
    sort_key = models.CharField("clé de tri", max_length=80, editable=False)

    class Meta:
        verbose_name = "département"
        verbose_name_plural = "départements"
        ordering = ["sort_key", "pk"]
        constraints = [models.CheckConstraint(name="departement_zone__in", condition=Q(zone__in=Zone.values))]

    def __str__(self) -> str:
        return self.name


class CollectivityQuerySet(models.QuerySet["Collectivity"]):
    def existing(self) -> "CollectivityQuerySet":
        """Return the bodies that have not vanished."""
        return self.filter(vanished_on=None)

    def to_confirm(self) -> "CollectivityQuerySet":
        """Return the bodies that somebody added while declaring and that nobody has confirmed yet."""
        return self.existing().filter(declared_at__isnull=False, confirmed_at=None)

    def with_territory(self) -> "CollectivityQuerySet":
        """Load the territories with the bodies. Then `str`, `label` and `home_region` run no query for each row."""
        return self.select_related("departement", "region", "region_correction")

    def with_former_names(self) -> "CollectivityQuerySet":
        """Annotate each body with `known_as`, the list of its other names. Runs no query of its own."""
        names = Alias.objects.filter(collectivity=OuterRef("pk")).exclude(name="").order_by("pk").values("name")
        return self.annotate(known_as=ArraySubquery(names))


class Collectivity(models.Model):
    """A local public body that may declare. It is never deleted, but may vanish or be merged into another body."""

    uid = models.UUIDField("identifiant public", default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField("nature", max_length=20, choices=Kind)
    name = models.CharField("nom", max_length=150)
    liaison = models.PositiveSmallIntegerField("type de liaison (INSEE)", default=0)
    sort_key = models.CharField("clé de tri", max_length=150, editable=False)
    stem = models.CharField("nom réduit pour la recherche", max_length=150, editable=False)
    siren = models.CharField("SIREN", max_length=9, null=True, blank=True, validators=[validate_nine_digits])  # noqa: DJ001
    insee_code = models.CharField("code INSEE", max_length=9, null=True, blank=True)  # noqa: DJ001 unique when known
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="collectivities", verbose_name="région"
    )
    departement = models.ForeignKey(
        Departement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="collectivities",
        verbose_name="département",
    )
    population = models.PositiveIntegerField("population", null=True, blank=True)
    postal_codes = ArrayField(models.CharField(max_length=5), verbose_name="codes postaux", default=list, blank=True)
    seat = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="hosted", verbose_name="commune du siège"
    )
    is_listed = models.BooleanField("sur la liste officielle", default=False)
    millesime = models.PositiveSmallIntegerField("millésime", null=True, blank=True)
    # For a body that somebody added while declaring. It is unconfirmed until a CSIRT says that it exists.
    declared_at = models.DateTimeField("ajoutée le", null=True, blank=True, editable=False)
    confirmed_at = models.DateTimeField("confirmée le", null=True, blank=True, editable=False)
    # None if the body was in the first list loaded here, or if somebody added it before any list contained it.
    appeared_on = models.DateField("apparue le", null=True, blank=True, editable=False)
    vanished_on = models.DateField("disparue le", null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="absorbed", verbose_name="fusionnée dans"
    )
    region_correction = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="région corrigée"
    )
    region_correction_note = models.CharField("motif de la correction", max_length=300, blank=True)
    region_correction_on = models.DateField("corrigée le", null=True, blank=True)

    objects = CollectivityQuerySet.as_manager()

    # Set by a search that found the commune under the name of a former commune (`former.py`).
    former_name = ""
    # The code that the query of a search contained, as a list shows it (`search.set_typed_codes`).
    typed_code = ""

    class Meta:
        verbose_name = "collectivité"
        verbose_name_plural = "collectivités"
        ordering = ["sort_key", "pk"]
        constraints = [
            models.CheckConstraint(name="collectivity_kind__in", condition=Q(kind__in=Kind.values)),
            models.CheckConstraint(
                name="collectivity_siren_nine_digits",
                condition=Q(siren=None) | Q(siren__regex=r"^[0-9]{9}$"),
                violation_error_message="Un numéro SIREN compte 9 chiffres.",
            ),
            # Deferred, so that an import may move a number from one body to another.
            models.UniqueConstraint(
                name="collectivity_one_siren", fields=["siren"], deferrable=models.Deferrable.DEFERRED
            ),
            models.UniqueConstraint(
                name="collectivity_one_insee_code", fields=["insee_code"], deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(
                name="collectivity_merged_is_vanished",
                condition=Q(merged_into=None) | (Q(vanished_on__isnull=False) & ~Q(merged_into=F("id"))),
                violation_error_message="Une collectivité fusionnée a disparu, dans une autre qu’elle-même.",
            ),
            models.CheckConstraint(
                name="collectivity_listed_or_seated",
                condition=Q(is_listed=False)
                | (
                    Q(seat=None, region__isnull=False, millesime__isnull=False)
                    & (Q(siren__isnull=False) | Q(insee_code__isnull=False))
                ),
                violation_error_message="Une collectivité de la liste a une région, un code, et pas de siège à part.",
            ),
            models.CheckConstraint(
                name="collectivity_confirmed_was_declared",
                condition=Q(confirmed_at=None) | Q(declared_at__isnull=False, confirmed_at__gte=F("declared_at")),
                violation_error_message="Seule une collectivité ajoutée en déclarant se confirme, et après coup.",
            ),
            models.CheckConstraint(
                name="collectivity_listed_is_confirmed",
                condition=Q(is_listed=False) | Q(declared_at=None) | Q(confirmed_at__isnull=False),
                violation_error_message="Une collectivité que la liste porte est confirmée par elle.",
            ),
            models.CheckConstraint(
                name="collectivity_correction_is_dated",
                condition=Q(region_correction=None, region_correction_on=None)
                | Q(region_correction__isnull=False, region_correction_on__isnull=False),
                violation_error_message="Une région corrigée porte la date de sa correction.",
            ),
        ]
        indexes = [
            models.Index(name="collectivity_stem_prefix", fields=["stem"], opclasses=["text_pattern_ops"]),
            models.Index(name="collectivity_sort_key", fields=["sort_key", "id"]),
            GinIndex(name="collectivity_stem_trigram", fields=["stem"], opclasses=["gin_trgm_ops"]),
            GinIndex(name="collectivity_postal_codes", fields=["postal_codes"]),
            models.Index(
                name="collectivity_to_confirm",
                fields=["declared_at"],
                condition=Q(declared_at__isnull=False, confirmed_at=None, vanished_on=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{curl_apostrophes(self.name)}{self.place}"

    @property
    def result_name(self) -> str:
        """The name in a list of search results.

        It is « Former, aujourd’hui dans Present » if the search found a former name.
        """
        return f"{self.former_name}, aujourd’hui dans {self}" if self.former_name else str(self)

    @property
    def departement_hint(self) -> str:
        """The name of the département, which distinguishes homonyms. It is "" if the body is a territory itself or has
        the name of its département.
        """
        if self.kind in TERRITORIAL or self.departement is None or self.departement.name == self.name:
            return ""
        return self.departement.name

    @property
    def place(self) -> str:
        """A space and the département in brackets, to write after the name, as in « Le Mans (Sarthe) ».

        It is "" if the body has no `departement_hint`.
        """
        return f" ({curl_apostrophes(self.departement_hint)})" if self.departement_hint else ""

    @property
    def label(self) -> str:
        """The name as written inside a sentence, after its kind if needed: « commune du Mans (Sarthe) »."""
        if self.kind == Kind.COMMUNE:
            return f"{self.get_kind_display()} {self.name_with_de}{self.place}"
        short, _space, name = self.name.partition(" ")
        if short in SHORT_KINDS:
            return f"{self.get_kind_display()} {curl_apostrophes(name)}{self.place}"
        return str(self)

    @property
    def name_with_de(self) -> str:
        """The name after « de », without its département: « d’Hyères », « du Mans », « de la Métropole de Lyon »."""
        if self.kind == Kind.COMMUNE and self.liaison == ELIDES_DE:
            return f"d’{self.name_with_article}"
        return prepend_de(self.name_with_article)

    @property
    def name_with_a(self) -> str:
        """The name after « à », without its département: « à Hyères », « au Mans », « à la Métropole de Lyon »."""
        return prepend_a(self.name_with_article)

    @property
    def name_with_article(self) -> str:
        """The name without its département, after its article: « Hyères », « Le Mans », « la Métropole de Lyon »."""
        name = curl_apostrophes(self.name)
        return name if self.kind == Kind.COMMUNE else prepend_article(name)

    @property
    def is_unconfirmed(self) -> bool:
        """True if somebody added the body while declaring and no CSIRT has confirmed it yet."""
        return self.declared_at is not None and self.confirmed_at is None

    @property
    def home_region(self) -> Region | None:
        """The région of the body: the one in a correction by a person, or else the official one."""
        return self.region_correction or self.region


class GroundsVersion(models.Model):
    """The single row whose token changes whenever the territory or the kind of a body changes
    (`territory_version.py`).
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    token = models.UUIDField("jeton", editable=False)

    class Meta:
        verbose_name = "version des territoires"
        verbose_name_plural = "versions des territoires"
        constraints = [models.CheckConstraint(name="groundsversion_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return str(self.token)


class Alias(models.Model):
    """Another code or name under which people search for a body: that of a former commune or an arrondissement."""

    collectivity = models.ForeignKey(Collectivity, models.CASCADE, related_name="aliases", verbose_name="collectivité")
    code = models.CharField("ancien code", max_length=9, blank=True)
    name = models.CharField("ancien nom", max_length=150, blank=True)
    stem = models.CharField("nom réduit pour la recherche", max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = "autre appellation"
        verbose_name_plural = "autres appellations"
        ordering = ["name", "code", "pk"]
        constraints = [
            models.UniqueConstraint(name="alias_unique", fields=["collectivity", "code", "name"]),
            models.CheckConstraint(name="alias_not_empty", condition=~Q(code="", name="")),
        ]
        indexes = [
            models.Index(name="alias_code", fields=["code"], condition=~Q(code="")),
            models.Index(name="alias_stem_prefix", fields=["stem"], opclasses=["text_pattern_ops"]),
            GinIndex(name="alias_stem_trigram", fields=["stem"], opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class Grouping(models.Model):
    """The membership of a commune in a group of communes: at most one EPCI and, in Grand Paris, at most one EPT."""

    member = models.ForeignKey(Collectivity, models.CASCADE, related_name="memberships", verbose_name="membre")
    group = models.ForeignKey(Collectivity, models.CASCADE, related_name="members", verbose_name="groupement")

    class Meta:
        verbose_name = "appartenance à un groupement"
        verbose_name_plural = "appartenances à un groupement"
        ordering = ["group", "member"]
        constraints = [
            models.UniqueConstraint(name="grouping_unique", fields=["member", "group"]),
            models.CheckConstraint(name="grouping_not_itself", condition=~Q(member=F("group"))),
        ]

    def __str__(self) -> str:
        return f"{self.member} → {self.group}"
