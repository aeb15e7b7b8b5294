from django.db.models import Prefetch
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from collectivities.models import Collectivity
from collectivities.search import SearchProblem, check_siren_or_siret, find_body_by_code
from csirts.api.serializers import DirectorySerializer, RouteSerializer
from csirts.models import Coverage, Csirt
from csirts.routing import find_route


class CsirtListView(APIView):
    """The public directory: every active centre, with the territories that it covers today."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(responses=DirectorySerializer)
    def get(self, request: Request) -> Response:
        today = Coverage.objects.filter(valid__contains=timezone.localdate()).with_territories()
        current = Prefetch("coverages", queryset=today, to_attr="current_coverages")
        csirts = Csirt.objects.active().with_contacts().prefetch_related(current)
        return Response(DirectorySerializer({"results": csirts}).data)


class BodyRouteView(APIView):
    """The centre that covers the body with this SIREN or INSEE code today, the reason, and other centres to call."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(responses=RouteSerializer)
    def get(self, request: Request, code: str) -> Response:
        route = find_route(_find_body(code), on=timezone.localdate())
        return Response(RouteSerializer(route).data)


def _find_body(code: str) -> Collectivity:
    """Return the body with this code. Raises ValidationError for an impossible number, and NotFound for an unknown
    one.
    """
    try:
        check_siren_or_siret(code)
    except SearchProblem as problem:
        raise ValidationError({"code": [str(problem)]}) from problem
    body = find_body_by_code(code)
    if body is None:
        raise NotFound("Aucune collectivité de la liste officielle ne porte ce code. Vérifiez-le, ou cherchez le nom.")
    return body
