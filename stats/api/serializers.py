"""Shapes only: what a release says of itself, its numbers, and what may be asked of them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from collectivities.models import Region
from stats.enums import ALL_BANDS, BANDS, Measure

EVERY_BAND = sorted({band for bands in BANDS.values() for band in bands if band != ALL_BANDS})
FIRST_YEAR, LAST_YEAR = 2000, 9999


class HeadingOut(serializers.Serializer[object]):
    number = serializers.IntegerField()
    published_at = serializers.DateTimeField()
    covers_until = serializers.DateField(help_text="Dernier jour couvert.")
    url = serializers.CharField(help_text="Page de la publication, avec ses fichiers.")
    digest = serializers.CharField(help_text="SHA-256 de la forme canonique.")
    signature = serializers.CharField(help_text="Ed25519 de la forme canonique, en hexadécimal.")
    verify_key = serializers.CharField(help_text="Clé publique qui vérifie la signature, en hexadécimal.")


class HeadingsOut(serializers.Serializer[object]):
    results = HeadingOut(many=True)


class NumberOut(serializers.Serializer[object]):
    """`null` : plusieurs ensemble."""

    measure = serializers.ChoiceField(Measure.choices)
    measure_label = serializers.CharField()
    region = serializers.CharField(allow_null=True, help_text="Code INSEE.")
    region_name = serializers.CharField(allow_null=True)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    band = serializers.CharField(allow_null=True)
    band_label = serializers.CharField()
    regions_together = serializers.BooleanField()
    bands_together = serializers.BooleanField()
    whole_year = serializers.BooleanField()
    value = serializers.IntegerField()


class BodiesOut(serializers.Serializer[object]):
    """Les collectivités qui existent au 31 décembre : le dénominateur des taux."""

    year = serializers.IntegerField()
    region = serializers.CharField(allow_null=True)
    region_name = serializers.CharField(allow_null=True)
    stratum = serializers.CharField(allow_null=True)
    stratum_label = serializers.CharField(allow_null=True)
    bodies = serializers.IntegerField()


class ReleaseOut(HeadingOut):
    blocks = NumberOut(many=True)
    denominators = BodiesOut(many=True)


class Asked(serializers.Serializer[dict[str, Any]]):
    """Chaque filtre ne fait que choisir des lignes publiées ; rien n’est recalculé. Une liste vide ne dit pas zéro."""

    measure = serializers.ChoiceField(Measure.choices, required=False, help_text="Code de la mesure.")
    region = serializers.CharField(required=False, max_length=3, help_text="Code INSEE de la région.")
    year = serializers.IntegerField(
        required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR, help_text="Année civile."
    )
    band = serializers.ChoiceField(
        EVERY_BAND, required=False, help_text="Code de la tranche ; les tranches qu’elle contient viennent avec elle."
    )

    def validate_region(self, code: str) -> str:
        if not Region.objects.filter(code=code).exists():
            raise serializers.ValidationError(_("Aucune région ne porte ce code."))
        return code

    def to_internal_value(self, data: Any) -> Any:
        """Of a QueryDict. What is no filter, is empty or is said twice is refused: left aside, it would give what was
        not asked.
        """
        wrong = {name: [_("Ce filtre n’existe pas.")] for name in data if name not in self.fields}
        for name in self.fields:
            if "" in data.getlist(name):
                wrong[name] = [_("Ce filtre est vide.")]
            elif len(data.getlist(name)) > 1:
                wrong[name] = [_("Ce filtre est donné plusieurs fois.")]
        if wrong:
            raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)
