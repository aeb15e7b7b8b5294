"""Data that responders look up across cases: indicators, and the words that the search finds."""

from uuid import uuid4

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import DocumentKind, ObservableKind
from incidents.models.constraints import build_choices_constraint
from incidents.models.incident import Incident
from incidents.querysets import extract_reversed_host


class Observable(models.Model):
    """An indicator in one case, normalised but not defanged. It is deleted with the texts of the case.

    An indicator of the same kind and value in another case is called a sighting.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="observables", verbose_name="incident")
    kind = models.CharField("nature", max_length=8, choices=ObservableKind)
    value = models.CharField("valeur", max_length=500)
    # The kind of text in which the indicator was found, as a code of `DocumentKind`, or « hand » if a person typed it.
    origin = models.CharField("trouvé dans", max_length=16, blank=True)
    actor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="relevé par")
    added_at = models.DateTimeField("relevé le", default=timezone.now)

    class Meta:
        verbose_name = "indicateur"
        verbose_name_plural = "indicateurs"
        constraints = [
            build_choices_constraint("kind", ObservableKind.values, name="observable_kind_known"),
            models.UniqueConstraint(fields=["incident", "kind", "value"], name="observable_once_a_case"),
        ]
        indexes = [
            models.Index(fields=["kind", "value"], name="observable_by_value"),
            # PostgreSQL learns from it which hosts are frequent, which it does not learn from a partial index.
            models.Index(extract_reversed_host(), name="observable_by_host"),
        ]

    def __str__(self) -> str:
        return str(self.uid)


class IgnoredValue(models.Model):
    """A value that reveals nothing about an attack (a ministry's website, the body's own domain). It is not proposed
    as an indicator again to the centre that ignores it.
    """

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    csirt = models.ForeignKey(Csirt, models.PROTECT, related_name="+", verbose_name="CSIRT")
    kind = models.CharField("nature", max_length=8, choices=ObservableKind)
    value = models.CharField("valeur", max_length=500)
    motive = models.CharField("motif", max_length=200)
    actor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="ajoutée par")
    added_at = models.DateTimeField("ajoutée le", default=timezone.now)

    class Meta:
        verbose_name = "valeur connue"
        verbose_name_plural = "valeurs connues"
        constraints = [
            build_choices_constraint("kind", ObservableKind.values, name="ignored_value_kind_known"),
            models.UniqueConstraint(fields=["csirt", "kind", "value"], name="ignored_value_once"),
        ]

    def __str__(self) -> str:
        return str(self.uid)


class SearchDocument(models.Model):
    """The words (lexemes) of one text of a case, which the search compares with a query. Erasing the case deletes the
    row.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="documents", verbose_name="incident")
    # The centre of the case, repeated here so that one index finds words within a centre. A transfer changes it,
    # except for a hand-over note, which stays with the centre where it was written.
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, related_name="+", verbose_name="CSIRT")
    kind = models.CharField("nature", max_length=12, choices=DocumentKind)
    # The public identifier of the row from which it was made. It is empty for a kind of which a case has only one.
    source = models.CharField("ligne d’origine", max_length=40, blank=True)
    vector = SearchVectorField("lexèmes")
    # When the case was received, also for its later texts, so that a search by days selects documents and cases alike.
    at = models.DateTimeField("dossier reçu le")

    class Meta:
        verbose_name = "texte cherché"
        verbose_name_plural = "textes cherchés"
        constraints = [
            build_choices_constraint("kind", DocumentKind.values, name="search_document_kind_known"),
            models.UniqueConstraint(fields=["incident", "kind", "source"], name="search_document_once"),
        ]
        indexes = [
            GinIndex(F("csirt"), F("vector"), name="search_document_words"),
            # A word that many texts contain is searched among the newest rows, without reading its long list of rows.
            models.Index(F("csirt"), F("at").desc(), F("id").desc(), name="search_document_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"
