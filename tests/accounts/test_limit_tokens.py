"""What a token of the API may do, and until when it works."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.enums import TokenScope
from accounts.models import ApiToken
from incidents.enums import Status
from incidents.models import CaseAccess
from tests.cast import a_responder, an_agent, declare, plouexemple
from tests.factories.accounts import make_api_token

pytestmark = pytest.mark.django_db
LIST, NEW = "/compte/jetons/", "/compte/jetons/nouveau/"
URL = "/api/v1/incidents/"


def call(token, method="get", url=URL, **fields):
    request = getattr(Client(), method)
    return request(url, headers={"Authorization": f"Bearer {token}"}, content_type="application/json", **fields)


@pytest.mark.parametrize("scope", TokenScope)
def test_each_operation_needs_its_scope(scope):
    responder, incident = a_responder(), declare()
    token = make_api_token(responder, scopes=[scope])
    operations = {
        TokenScope.READ: [("get", URL), ("head", URL), ("get", f"{URL}{incident.reference}/")],
        TokenScope.DECLARE: [("post", URL)],
        TokenScope.TRIAGE: [("post", f"{URL}{incident.reference}/acknowledge/")],
    }
    for needed, requests in operations.items():
        for method, url in requests:
            answer = call(token, method, url)
            assert (answer.status_code == 403) == (needed != scope), (method, url, answer.status_code)


def test_a_refusal_names_the_scope():
    answer = call(make_api_token(a_responder(), scopes=[TokenScope.DECLARE]))
    assert answer.status_code == 403
    assert "lire les dossiers" in answer.content.decode()


class ForgetfulView(APIView):
    """A view whose author forgot the scopes."""

    def get(self, request):
        return Response({})


def test_a_view_without_scopes_is_refused():
    headers = {"Authorization": f"Bearer {make_api_token(a_responder())}"}
    assert ForgetfulView.as_view()(RequestFactory().get(URL, headers=headers)).status_code == 403


ALWAYS_ANSWERED = {"reference", "status"}


@pytest.mark.parametrize("reads", [True, False])
def test_a_token_that_does_not_read_learns_only_the_reference_and_the_status(reads):
    """What its answer does not show is recorded as no access to the case."""
    incident, scopes = declare(), [TokenScope.DECLARE, TokenScope.TRIAGE, *([TokenScope.READ] if reads else [])]
    token = make_api_token(a_responder(), scopes=scopes)
    taken = call(token, "post", f"{URL}{incident.reference}/acknowledge/")
    assert (taken.status_code, taken.json()["status"]) == (200, Status.ACKNOWLEDGED)
    assert CaseAccess.objects.filter(incident=incident).exists() == reads
    data = {"collectivity": str(incident.collectivity.uid), "contact": {"phone": "06 39 98 00 12"}, "type": "rancon"}
    declared = call(token, "post", data=data)
    assert declared.status_code == 201
    for answer in (taken.json(), declared.json()):
        assert answer.keys() > ALWAYS_ANSWERED if reads else answer.keys() == ALWAYS_ANSWERED


def test_the_schema_says_what_a_token_that_does_not_read_learns():
    schema = Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    answer = schema["components"]["schemas"]["AnsweredIncidentOut"]
    assert {*answer["required"]} == ALWAYS_ANSWERED
    assert "scope `read`" in answer["description"]
    assert answer["properties"].keys() == schema["components"]["schemas"]["IncidentOut"]["properties"].keys()
    for path, code in ((URL, "201"), (f"{URL}{{reference}}/acknowledge/", "200")):
        assert "AnsweredIncidentOut" in str(schema["paths"][path]["post"]["responses"][code])


def test_what_is_public_answers_a_program_whose_token_has_expired():
    for url in ("/api/v1/csirts/", f"/api/v1/csirts/for/{plouexemple().insee_code}/", "/api/schema/"):
        assert call("tocsin_expired", url=url).status_code == 200


def test_a_token_expires_after_ninety_days():
    token = make_api_token(a_responder())
    with time_machine.travel(timezone.now() + timedelta(days=89)):
        assert call(token).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=90, minutes=1)):
        assert call(token).status_code == 401


def test_the_scopes_and_the_end_of_a_token_are_chosen_and_shown(client):
    client.force_login(a_responder())
    key = client.get(NEW).context["form"].initial["key"]
    client.post(NEW, {"name": "SIEM", "key": key, "scopes": ["read", "triage"], "days": 30})
    row = ApiToken.objects.get()
    assert row.scopes == [TokenScope.READ, TokenScope.TRIAGE]
    assert timedelta(days=29) < row.expires_at - timezone.now() < timedelta(days=31)
    page = client.get(LIST).content.decode()
    assert "Lire les dossiers, prendre un dossier en charge" in page
    assert "Valable jusqu’au" in page
    ApiToken.objects.update(expires_at=timezone.now())
    assert "expiré le" in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    "changes", [{"scopes": []}, {"scopes": ["triage"]}, {"scopes": ["read", "x"]}, {"days": 4000}]
)
def test_a_scope_that_the_person_cannot_use_is_refused(client, changes):
    client.force_login(an_agent())
    key = client.get(NEW).context["form"].initial["key"]
    assert client.post(NEW, {"name": "SIEM", "key": key, "scopes": ["read"], "days": 90} | changes).status_code == 422
    assert not ApiToken.objects.exists()
