"""The published releases as JSON. These views only select rows and compute nothing."""

from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from stats.api.serializers import Filters, LatestFilters, ReleaseListOut, ReleaseOut
from stats.open_data.caching import CACHE_BRIEFLY, CACHE_FOREVER, respond_with_etag
from stats.open_data.edition import Edition, Row, find_last_edition, list_editions, read_edition
from stats.open_data.package import describe_numbers, describe_release_heading
from stats.releases.rows import Release

UNCHANGED = OpenApiResponse(description="Rien n’a changé depuis la réponse dont If-None-Match porte l’ETag.")


class PublicView(APIView):
    """A view that anybody may read without an account."""

    authentication_classes = []
    permission_classes = [AllowAny]


class ReleaseListView(PublicView):
    @extend_schema(
        responses={200: ReleaseListOut, 304: UNCHANGED},
        operation_id="stats_releases_list",
        description="Toutes les publications, la dernière d’abord.",
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Return the headings of all releases, the latest first."""
        headings = [describe_release_heading(edition) for edition in list_editions()]
        return respond_with_etag(request, CACHE_BRIEFLY, lambda: Response({"results": headings}), headings)


class ReleaseView(PublicView):
    @extend_schema(
        parameters=[Filters],
        responses={200: ReleaseOut, 304: UNCHANGED},
        operation_id="stats_release",
        description="Les nombres d’une publication, tous ou ceux demandés. Ils ne changent jamais.",
    )
    def get(self, request: Request, number: int) -> HttpResponseBase:
        """Return one release, with all its figures or the figures that the filters select.

        A release never changes.
        """

        def build_response() -> Response:
            filters = read_filters(Filters(data=request.query_params))
            return Response(select_figures(find_edition(number=number), filters))

        return respond_with_etag(request, CACHE_FOREVER, build_response)


class LatestReleaseView(PublicView):
    problems: ClassVar = {"GET": [404]}

    @extend_schema(
        parameters=[LatestFilters],
        responses={200: ReleaseOut, 304: UNCHANGED},
        operation_id="stats_latest_release",
        description="Les nombres de la dernière année publiée, ou d’une période, tous ou ceux demandés.",
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Return the release of the requested period, with the figures that the filters select.

        Without a period, return the latest yearly release, or the latest release if no year is published.
        """
        filters = read_filters(LatestFilters(data=request.query_params))
        period = filters.get("period")
        edition = find_edition(year=period.year, quarter=period.quarter) if period else find_last_edition()
        return respond_with_etag(
            request,
            CACHE_BRIEFLY,
            lambda: Response(select_figures(edition, filters)),
            edition and edition.release.digest,
        )


def read_filters(filters: Filters) -> dict[str, Any]:
    """Return the validated filters by name. Raises ValidationError if one is not valid."""
    filters.is_valid(raise_exception=True)
    values: dict[str, Any] = filters.validated_data
    return values


def find_edition(**lookup: int) -> Edition | None:
    """Return the edition of the release with these field values, or None if there is none."""
    release = Release.objects.filter(**lookup).first()
    return read_edition(release) if release else None


def select_figures(edition: Edition | None, filters: dict[str, Any]) -> Row:
    """Return the JSON of a release, with only the figures of the chosen table and région.

    Raises NotFound if `edition` is None.
    """
    if edition is None:
        raise NotFound("Cette publication n’existe pas.")
    numbers, table, region = describe_numbers(edition), filters.get("table"), filters.get("region")
    for name in ("closed_tables", "figures"):
        numbers[name] = [row for row in numbers[name] if table in (None, row["table"])]
    if region is not None:
        numbers["figures"] = [row for row in numbers["figures"] if row["region"] == region]
    return describe_release_heading(edition) | numbers
