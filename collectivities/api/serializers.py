from rest_framework import serializers

from collectivities.models import Collectivity


class TerritorySerializer(serializers.Serializer[object]):
    """A région or a département."""

    code = serializers.CharField()
    name = serializers.CharField()


class CollectivitySerializer(serializers.ModelSerializer[Collectivity]):
    """A body. `region` is its région after any correction made by a person.

    `is_confirmed` is false for a body that a visitor added and no centre has confirmed. A search finds such a body
    only by its SIREN.
    """

    id = serializers.UUIDField(source="uid")
    departement = TerritorySerializer(allow_null=True)
    region = TerritorySerializer(source="home_region", allow_null=True)

    is_confirmed = serializers.SerializerMethodField()

    class Meta:
        model = Collectivity
        fields = [
            *("id", "name", "kind", "siren", "insee_code", "population", "departement", "region", "is_confirmed"),
        ]

    def get_is_confirmed(self, body: Collectivity) -> bool:
        return not body.is_unconfirmed


class SearchSerializer(serializers.Serializer[object]):
    """The query string of a search for a body."""

    q = serializers.CharField(
        max_length=200, help_text="Nom, code postal, code INSEE, SIREN ou SIRET ; un département peut suivre le nom."
    )


class FoundSerializer(serializers.Serializer[object]):
    """The bodies that a search found."""

    results = CollectivitySerializer(many=True)
