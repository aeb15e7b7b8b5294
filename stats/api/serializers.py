"""The releases in the API: the heading of a release, its figures, and the filters.

The docstrings of `FigureOut` and `BodiesOut` are in French because the published schema contains them.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from stats.disclosure.tables import OTHER_REGION, REGIONS, TABLES, Period

PERIOD_PATTERN = r"^[0-9]{4}(-T[1-4])?$"


# The published schema has these names for its components. A subclass would inherit the name of its parent.
@extend_schema_serializer(component_name="HeadingOut")
class ReleaseHeadingOut(serializers.Serializer[object]):
    number = serializers.IntegerField()
    period = serializers.CharField(help_text="« 2025 », ou « 2025-T1 » : le premier trimestre.")
    published_at = serializers.DateTimeField()
    url = serializers.CharField(help_text="Page de la publication, avec ses fichiers.")
    rounding_key = serializers.CharField(
        help_text="Empreinte du secret de l’arrondi : un autre secret en a une autre."
    )
    digest = serializers.CharField(help_text="SHA-256 de la forme signée, canonical.json.")
    signature = serializers.CharField(help_text="Ed25519 de la forme signée, en hexadécimal.")
    verify_key = serializers.CharField(help_text="Clé publique qui vérifie la signature, en hexadécimal.")


@extend_schema_serializer(component_name="HeadingsOut")
class ReleaseListOut(serializers.Serializer[object]):
    results = ReleaseHeadingOut(many=True)


class ClosedTableOut(serializers.Serializer[object]):
    table = serializers.ChoiceField(list(TABLES))
    table_label = serializers.CharField()
    why = serializers.CharField(help_text="La raison, en français.")


class FigureOut(serializers.Serializer[object]):
    """Une case d’un tableau. Le vrai nombre est entre `low` et `high`. Une case absente ne paraît pas."""

    release = serializers.IntegerField(help_text="Publication qui donne la case.")
    period = serializers.CharField()
    table = serializers.ChoiceField(list(TABLES))
    table_label = serializers.CharField()
    counts = serializers.CharField(help_text="Code de ce qui est compté.")
    region = serializers.CharField(
        allow_null=True,
        help_text="Code INSEE ; vide : autre territoire d’outre-mer, ou pas connu ; "
        "null : le tableau n’est pas par région.",
    )
    region_label = serializers.CharField(allow_null=True)
    category = serializers.CharField(allow_null=True, help_text="Code de l’autre classement, s’il y en a un.")
    category_label = serializers.CharField(allow_null=True)
    value = serializers.IntegerField(allow_null=True, help_text="Arrondie au hasard à un multiple de 5.")
    low = serializers.IntegerField(allow_null=True, help_text="Le moins que peut être le vrai nombre.")
    high = serializers.IntegerField(allow_null=True, help_text="Le plus que peut être le vrai nombre.")
    rounded = serializers.BooleanField()
    below_threshold = serializers.BooleanField(
        help_text="« Moins de 5 collectivités » : zéro ou peu, ou l’une d’elles en fait l’essentiel."
    )


class BodiesOut(serializers.Serializer[object]):
    """Les collectivités qui existent au 31 décembre : le dénominateur des taux."""

    year = serializers.IntegerField()
    stratum = serializers.CharField()
    stratum_label = serializers.CharField()
    bodies = serializers.IntegerField()


@extend_schema_serializer(component_name="ReleaseOut")
class ReleaseOut(ReleaseHeadingOut):
    closed_tables = ClosedTableOut(many=True)
    figures = FigureOut(many=True)
    denominators = BodiesOut(many=True)


class Filters(serializers.Serializer[dict[str, Any]]):
    """The filters that select published figures of a release by table and région."""

    table = serializers.ChoiceField(list(TABLES), required=False, help_text="Code du tableau.")
    region = serializers.ChoiceField(
        [code for code in REGIONS if code != OTHER_REGION], required=False, help_text="Code INSEE de la région."
    )

    def to_internal_value(self, data: Any) -> Any:
        """Return the valid filters. Raises ValidationError for a filter that is unknown, empty or repeated.

        A response that ignored such a filter would mislead the client.
        """
        wrong = {name: ["Ce filtre n’existe pas."] for name in data if name not in self.fields}
        for name in self.fields:
            if "" in data.getlist(name):
                wrong[name] = ["Ce filtre est vide."]
            elif len(data.getlist(name)) > 1:
                wrong[name] = ["Ce filtre est donné plusieurs fois."]
        if wrong:
            raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)


class LatestFilters(Filters):
    """The filters of the latest release. A client may choose another release by its period."""

    period = serializers.RegexField(
        PERIOD_PATTERN,
        required=False,
        help_text="« 2025 » ou « 2025-T1 ». Sans ce filtre : la dernière année publiée.",
    )

    def validate_period(self, period: str) -> Period:
        """Return the period written as « 2025 » or « 2025-T1 »."""
        year, _dash, quarter = period.partition("-T")
        return Period(int(year), int(quarter or 0))
