"""The published releases as JSON: rows chosen, nothing computed."""

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from stats.api.serializers import Filters, HeadingsOut, LatestFilters, ReleaseOut
from stats.open_data.caching import BRIEFLY, FOR_EVER, answer_unchanged, is_held, make_etag, set_caching
from stats.open_data.edition import Heading, Row, find_heading, find_last_heading, list_headings, read_edition
from stats.open_data.package import describe_closed, describe_heading


class PublicView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]


class ReleaseListView(PublicView):
    @extend_schema(responses=HeadingsOut, operation_id="stats_releases_list")
    def get(self, request: Request) -> HttpResponseBase:
        """Toutes les publications, la dernière d’abord."""
        headings = [describe_heading(heading) for heading in list_headings()]
        etag = make_etag("list", *headings)
        if is_held(request.headers, etag):
            return answer_unchanged(etag, BRIEFLY)
        return set_caching(Response({"results": headings}), etag, BRIEFLY)


class ReleaseView(PublicView):
    @extend_schema(parameters=[Filters], responses=ReleaseOut, operation_id="stats_release")
    def get(self, request: Request, number: int) -> HttpResponseBase:
        """Les nombres d’une publication, tous ou ceux demandés. Ils ne changent jamais."""
        etag = make_etag("release", number, *list_asked(request))
        if is_held(request.headers, etag):
            return answer_unchanged(etag, FOR_EVER)
        wanted = read_filters(Filters(data=request.query_params))
        return set_caching(Response(describe_wanted(find_heading(number), wanted)), etag, FOR_EVER)


class LatestReleaseView(PublicView):
    @extend_schema(parameters=[LatestFilters], responses=ReleaseOut, operation_id="stats_latest_release")
    def get(self, request: Request) -> HttpResponseBase:
        """Les nombres de la dernière année publiée, ou d’une période, tous ou ceux demandés."""
        wanted = read_filters(LatestFilters(data=request.query_params))
        heading = find_last_heading(wanted.get("period"))
        etag = make_etag("latest", heading and heading.release.digest, *list_asked(request))
        if is_held(request.headers, etag):
            return answer_unchanged(etag, BRIEFLY)
        return set_caching(Response(describe_wanted(heading, wanted)), etag, BRIEFLY)


def list_asked(request: Request) -> list[tuple[str, str]]:
    return sorted((name, value) for name, values in request.query_params.lists() for value in values)


def read_filters(filters: Filters) -> dict[str, Any]:
    filters.is_valid(raise_exception=True)
    wanted: dict[str, Any] = filters.validated_data
    return wanted


def describe_wanted(heading: Heading | None, wanted: dict[str, Any]) -> Row:
    if heading is None:
        raise NotFound(_("Cette publication n’existe pas."))
    edition, table = read_edition(heading), wanted.get("table")
    return describe_heading(heading) | {
        "closed_tables": [row for row in describe_closed(edition) if table in (None, row["table"])],
        "figures": [
            row
            for row in edition.printed_figures
            if table in (None, row["table"]) and wanted.get("region") in (None, row["region"])
        ],
        "denominators": edition.denominators,
    }
