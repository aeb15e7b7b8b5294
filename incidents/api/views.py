"""Views of the API over the services: declare, list, read, acknowledge."""

from typing import Any, ClassVar
from uuid import uuid4

from django.core.exceptions import ValidationError as RefusedDeclaration
from django.db.models import Prefetch, prefetch_related_objects
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, PermissionDenied, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import has_scope
from accounts.enums import TokenScope
from accounts.models import User
from incidents.access import get_incident, list_abilities, may_declare
from incidents.api.serializers import (
    AnsweredIncidentOut,
    DeclarationIn,
    IncidentDetailOut,
    IncidentOut,
    IncidentPageOut,
)
from incidents.enums import Ability, Door, Origin
from incidents.facts.shapes import Submission
from incidents.models import Incident, IncidentEvent
from incidents.queries import VISIBLE_TO_BODY
from incidents.reference import compact_code
from incidents.services.declaring.declare import DeclarationResult, SubmissionConflict, declare_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.workflow import InvalidTransition

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key with the same content gives the same incident back; with other content, 422.",
)

CURSOR = OpenApiParameter(
    "cursor", str, description="Place in the list, as `next` and `previous` of a page give it. Without it: the newest."
)


class AcknowledgeConflict(APIException):
    """The case cannot be acknowledged, because somebody else has it or it is closed."""

    status_code = 409
    default_detail = "Cet incident est déjà pris en charge par quelqu’un d’autre, ou il est clos."
    default_code = "conflict"


class IdempotencyKeyReused(APIException):
    """The idempotency key was already used for a declaration with other content."""

    status_code = 422
    default_detail = "Cette clé Idempotency-Key a déjà servi pour une déclaration différente."
    default_code = "key_reused"


class NewestFirstPagination(CursorPagination):
    """Pagination by cursor, newest case first. It counts no rows."""

    page_size = 50
    ordering = ("-received_at", "-id")

    def decode_cursor(self, request: Request) -> Any:
        """Return the cursor. Raises NotFound if its position is not a date. DRF would compare the position with a date
        without checking it.
        """
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None and not is_moment(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor


class IncidentList(APIView):
    """The list of incidents, and the declaration of a new one."""

    scopes: ClassVar = {"GET": TokenScope.READ, "HEAD": TokenScope.READ, "POST": TokenScope.DECLARE}
    problems: ClassVar = {"GET": [404], "POST": [422]}

    @extend_schema(responses=IncidentPageOut, operation_id="incidents_list", parameters=[CURSOR])
    def get(self, request: Request) -> Response:
        """List the incidents that this person may see, newest first."""
        paginator = NewestFirstPagination()
        rows = Incident.objects.visible_to(get_api_user(request)).with_displayed_rows()
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(IncidentOut(page, many=True).data)

    @extend_schema(request=DeclarationIn, responses={201: AnsweredIncidentOut}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Declare an incident. A member declares for their own body, and a responder for any body."""
        declared_data = DeclarationIn(data=request.data)
        declared_data.is_valid(raise_exception=True)
        if not may_declare(get_api_user(request), declared_data.validated_data["collectivity"]):
            raise PermissionDenied
        declared = self.declare(request, declared_data)
        headers = {"Location": request.build_absolute_uri(declared.incident.reference + "/")}
        if not declared.is_new:
            headers["Idempotency-Replayed"] = "true"
        answer = describe_answered_incident(request, declared.incident)
        return Response(answer, status=status.HTTP_201_CREATED, headers=headers)

    def declare(self, request: Request, declared_data: DeclarationIn) -> DeclarationResult:
        """Declare the incident of a validated request. Raises ValidationError if the services refuse the declaration.
        Raises IdempotencyKeyReused if the idempotency key was used with other content.
        """
        key = request.headers.get("Idempotency-Key") or uuid4().hex
        submission = Submission(key=f"api:{get_api_user(request).uid}:{key}", origin=Origin.API)
        try:
            return declare_incident(
                declaration=declared_data.to_declaration(), submission=submission, actor=get_api_user(request)
            )
        except RefusedDeclaration as refusal:
            raise ValidationError(refusal.message_dict) from None
        except SubmissionConflict:
            raise IdempotencyKeyReused from None


class IncidentDetail(APIView):
    """One incident with its facts and events."""

    scopes: ClassVar = {"GET": TokenScope.READ, "HEAD": TokenScope.READ}

    @extend_schema(responses=IncidentDetailOut)
    def get(self, request: Request, reference: str) -> Response:
        """Return one incident, if this person may see it."""
        user = get_api_user(request)
        incident = get_incident(user, compact_code(reference), to=Ability.VIEW, door=Door.API)
        events = IncidentEvent.objects.order_by("id")
        # Members of the body must not read the centre's own work.
        if Ability.READ not in list_abilities(user, incident):
            events = events.filter(VISIBLE_TO_BODY)
        prefetch_related_objects([incident], Prefetch("events", events))
        return Response(IncidentDetailOut(incident).data)


class AcknowledgeIncidentView(APIView):
    """The acknowledgement of an incident by a responder."""

    scopes: ClassVar = {"POST": TokenScope.TRIAGE}
    problems: ClassVar = {"POST": [409]}

    @extend_schema(request=None, responses=AnsweredIncidentOut)
    def post(self, request: Request, reference: str) -> Response:
        """Acknowledge the case. A second request of the same person changes nothing. The response is 409 if somebody
        else has the case or if it is closed.
        """
        user, reference = get_api_user(request), compact_code(reference)
        try:
            incident = acknowledge_incident(reference=reference, actor=user)
        except InvalidTransition:
            raise AcknowledgeConflict from None
        if has_scope(request, TokenScope.READ):  # only then does the answer show the case, which is recorded
            incident = get_incident(user, reference, to=Ability.VIEW, door=Door.API)
        return Response(describe_answered_incident(request, incident))


def describe_answered_incident(request: Request, incident: Incident) -> dict[str, Any]:
    """Return what this token may read of the incident that it declared or acknowledged."""
    is_readable = has_scope(request, TokenScope.READ)
    return dict(AnsweredIncidentOut(incident, context={"is_readable": is_readable}).data)


def is_moment(text: str) -> bool:
    """Tell whether `text` is a moment that Django can parse."""
    try:
        return parse_datetime(text) is not None
    except ValueError:
        return False


def get_api_user(request: Request) -> User:
    """Return the user of the request. The permission IsAuthenticated has already refused every request without a
    user.
    """
    user: Any = request.user
    assert isinstance(user, User)  # noqa: S101 (for the type checker)
    return user
