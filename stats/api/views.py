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

from stats.api.serializers import Asked, HeadingsOut, ReleaseOut
from stats.caching import BRIEFLY, FOR_EVER, is_held, kept, mark, unchanged
from stats.exports import edition_of, heading_of, headings, last_heading
from stats.package import Heading, Row, heading_said


class PublicView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]


class ReleaseListView(PublicView):
    @extend_schema(responses=HeadingsOut, operation_id="stats_releases_list")
    def get(self, request: Request) -> HttpResponseBase:
        """Every publication, the last one first."""
        every = headings()
        etag = mark("list", *every)
        if is_held(request.headers, etag):
            return unchanged(etag, BRIEFLY)
        return kept(Response({"results": [heading_said(one) for one in every]}), etag, BRIEFLY)


class ReleaseView(PublicView):
    @extend_schema(parameters=[Asked], responses=ReleaseOut, operation_id="stats_release")
    def get(self, request: Request, number: int) -> HttpResponseBase:
        """The numbers of one publication, all or those asked for. They never change."""
        etag = mark("release", number, *asked_of(request))
        if is_held(request.headers, etag):
            return unchanged(etag, FOR_EVER)
        return kept(Response(chosen(heading_of(number), request)), etag, FOR_EVER)


class LatestReleaseView(PublicView):
    @extend_schema(parameters=[Asked], responses=ReleaseOut, operation_id="stats_latest_release")
    def get(self, request: Request) -> HttpResponseBase:
        """The numbers of the last publication, all or those asked for."""
        heading = last_heading()
        etag = mark("latest", heading, *asked_of(request))
        if is_held(request.headers, etag):
            return unchanged(etag, BRIEFLY)
        return kept(Response(chosen(heading, request)), etag, BRIEFLY)


def asked_of(request: Request) -> list[tuple[str, str]]:
    return sorted((name, value) for name, values in request.query_params.lists() for value in values)


def chosen(heading: Heading | None, request: Request) -> dict[str, Any]:
    asked = Asked(data=request.query_params)
    asked.is_valid(raise_exception=True)
    if heading is None:
        raise NotFound(_("Aucune publication ne porte ce numéro."))
    edition, wanted = edition_of(heading), asked.validated_data
    return heading_said(heading) | {
        "blocks": [row for row in edition.numbers if is_wanted(row, wanted)],
        "denominators": [row for row in edition.denominators if is_wanted_of_bodies(row, wanted)],
    }


def is_wanted(row: Row, wanted: dict[str, Any]) -> bool:
    """Inside all that is asked; what is put together with others is inside of nothing smaller."""
    band = wanted.get("band")
    return (
        wanted.get("measure") in (None, row["measure"])
        and wanted.get("region") in (None, row["region"])
        and wanted.get("year") in (None, row["starts_on"].year)
        and (band is None or row["band"] == band or (row["band"] or "").startswith(f"{band}/"))
    )


def is_wanted_of_bodies(row: Row, wanted: dict[str, Any]) -> bool:
    return wanted.get("region") in (None, row["region"]) and wanted.get("year") in (None, row["year"])
