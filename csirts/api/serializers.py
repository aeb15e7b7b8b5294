"""The directory in the API. It includes the published mailbox, and never the notification address."""

from rest_framework import serializers


class CsirtSerializer(serializers.Serializer[object]):
    slug = serializers.CharField()
    name = serializers.CharField()
    phone = serializers.CharField(help_text="Tel que publié, parfois un numéro local ; vide s’il n’y en a pas.")
    phone_note = serializers.CharField(
        help_text="À dire avec le numéro, par exemple « presse, à confirmer » ; ou vide."
    )
    email = serializers.CharField(help_text="Boîte publiée, pour l’affichage ; vide s’il n’y en a pas.")
    website = serializers.CharField()


class CoveredTerritorySerializer(serializers.Serializer[object]):
    """The territory of a coverage: a region or one of its départements, for all bodies or for one kind of body."""

    region = serializers.CharField(source="region.code")
    departement = serializers.CharField(source="departement.code", allow_null=True, default=None)
    kind = serializers.CharField(help_text="Sorte d’organisme ; vide : toutes.")


class DirectoryCsirtSerializer(CsirtSerializer):
    level = serializers.CharField()
    territories = CoveredTerritorySerializer(many=True, source="current_coverages")


class DirectorySerializer(serializers.Serializer[object]):
    results = DirectoryCsirtSerializer(many=True)


class FallbackSerializer(serializers.Serializer[object]):
    """Another centre to call when the centre of a body cannot be called."""

    name = serializers.CharField()
    phone = serializers.CharField()
    phone_note = serializers.CharField()
    website = serializers.CharField()


class RouteSerializer(serializers.Serializer[object]):
    csirt = CsirtSerializer(allow_null=True)
    reason = serializers.CharField(help_text="Une phrase en français, à dire telle quelle.")
    fallbacks = FallbackSerializer(many=True)
