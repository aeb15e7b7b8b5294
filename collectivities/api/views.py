from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from collectivities.api.serializers import CollectivitySerializer, FoundSerializer, SearchSerializer
from collectivities.search import SearchProblem, find_collectivities


class CollectivitySearchView(APIView):
    """Return the twenty bodies that match best, best first. The search is public, because the list is open data."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(parameters=[SearchSerializer], responses=FoundSerializer)
    def get(self, request: Request) -> Response:
        search = SearchSerializer(data=request.query_params)
        search.is_valid(raise_exception=True)
        try:
            bodies = find_collectivities(search.validated_data["q"])
        except SearchProblem as problem:
            raise ValidationError({"q": [str(problem)]}) from problem
        return Response({"results": CollectivitySerializer(bodies, many=True).data})
