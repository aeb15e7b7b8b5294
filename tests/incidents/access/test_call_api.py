"""The API: thin doors on the same services, by token."""

from base64 import b64encode

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from accounts.enums import Role
from accounts.models import ApiToken, User
from collectivities.models import Collectivity
from csirts.models import Csirt
from incidents.api.serializers import DeclarationIn, InterruptionIn, InterruptionOut, LeakIn, LeakOut
from incidents.enums import EventKind, GroupKind, NoteKind, Origin, Status, Verification
from incidents.facts.description import map_facts
from incidents.facts.shapes import INSTANTS, Declaration, Interruption, Leak
from incidents.follow_up.history import SENTENCES
from incidents.models import Incident, IncidentEvent
from incidents.queries import ASSIGNMENT_KINDS, KINDS_VISIBLE_TO_BODY, MERGE_KINDS
from incidents.services.duplicates.merge import merge_incident
from incidents.services.groups.group import add_to_group, open_group
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.notes import write_note
from tests.cast import a_lead, a_person, a_responder, an_agent, declare, plouexemple
from tests.factories.accounts import make_api_token
from tests.incidents.api import URL, Api

pytestmark = pytest.mark.django_db
BODY = {"contact": {"phone": "06 39 98 00 12"}, "type": "rancon", "description": "Tout est chiffré."}


@pytest.fixture
def agent(centre: Csirt) -> User:
    return an_agent()


def declaration(**overrides):
    return BODY | {"collectivity": str(plouexemple().uid)} | overrides


def test_a_declaration_by_api_opens_a_verified_case(agent):
    response = Api(agent).post(URL, declaration())

    assert response.status_code == 201
    incident = Incident.objects.get(reference=response.json()["reference"])
    assert incident.origin == Origin.API
    assert incident.verification == Verification.MEMBER
    assert incident.csirt.slug == "breizh-cyber"
    assert response["Location"].endswith(f"/api/v1/incidents/{incident.reference}/")


def test_all_declared_facts_are_stored_and_read(agent):
    stopped = {"service": "civil", "extent": "stopped", "people_affected": 40, "workaround": "sur papier"}
    facts = {
        "detected_at": "2026-11-20T08:10:00+01:00",
        "service_stopped": "yes",
        "interruptions": [stopped | {"started_at": "2026-11-20T08:00:00+01:00"}],
        "data_concerned": "yes",
        "leak": {
            "status": "claimed",
            "categories": ["nir", "sante"],
            "person_categories": ["employes"],
            "persons": 1200,
            "persons_band": "301-5000",
        },
        "supplier": "Exemple Informatique",
    }
    reference = Api(agent).post(URL, declaration(**facts)).json()["reference"]

    detail = Api(a_responder()).get(f"{URL}{reference}/").json()
    assert detail["interruptions"][0] | {"started_at": None} == stopped | {"started_at": None, "ended_at": None}
    assert detail["leaks"][0]["categories"] == ["nir", "sante"]
    assert detail["leaks"][0]["person_categories"] == ["employes"]
    assert detail["story"]["supplier"] == "Exemple Informatique"
    assert detail["severity"] == 4
    assert detail["detected_certainty"] == "exact"
    assert [event["kind"] for event in detail["events"]] == ["declared"]


def test_each_fact_of_the_schema_is_accepted_and_returned():
    """A fact that is added to a shape of `incidents/facts/shapes.py` is in the API without another line."""
    for shape, accepted, returned in ((Interruption, InterruptionIn, InterruptionOut), (Leak, LeakIn, LeakOut)):
        assert set(accepted().fields) == set(returned().fields) == set(map_facts(shape))
    declared = {f"{name}_at" if name in INSTANTS else name for name in map_facts(Declaration)}
    assert set(DeclarationIn().fields) == declared | {"collectivity", "interruptions", "leak", "contact"}


def test_no_code_by_mail_may_be_chosen(agent):
    for chosen in ({}, {"mail_without_code": True}):
        reference = Api(agent).post(URL, declaration(**chosen)).json()["reference"]
        assert Incident.objects.get(reference=reference).mail_without_code is bool(chosen)


def test_same_key_same_incident(agent):
    api = Api(agent)
    first = api.post(URL, declaration(), Idempotency_Key="a-1")
    again = api.post(URL, declaration(), Idempotency_Key="a-1")
    other = api.post(URL, declaration(description="Autre chose."), Idempotency_Key="a-1")

    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert other.status_code == 422
    assert other["Content-Type"] == "application/problem+json"
    assert Incident.objects.count() == 1


def test_the_same_key_gets_the_case_also_once_it_is_erased(agent):
    api = Api(agent)
    first = api.post(URL, declaration(), Idempotency_Key="a-1").json()
    erase_personal_data(reference=first["reference"], actor=a_lead(Incident.objects.get().csirt))
    again = api.post(URL, declaration(), Idempotency_Key="a-1")
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert again.json()["reference"] == first["reference"]
    assert Incident.objects.count() == 1


def test_an_idempotency_key_belongs_to_its_sender(agent):
    first = Api(agent).post(URL, declaration(), Idempotency_Key="a-1").json()
    second = Api(an_agent()).post(URL, declaration(), Idempotency_Key="a-1").json()

    assert first["reference"] != second["reference"]


@pytest.mark.parametrize("code", ["siren", "insee_code"])
def test_a_body_is_found_by_its_codes(centre, code):
    body = Collectivity.objects.get(insee_code="35238")
    response = Api(an_agent(body)).post(URL, declaration(collectivity=getattr(body, code)))

    assert response.json()["collectivity"]["id"] == str(body.uid)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"collectivity": "00000"}, "collectivity"),
        ({"collectivity": "a\x00b"}, "collectivity"),
        ({"contact": {}}, "contact_phone"),
        ({"contact": {"email": "mairie"}}, "contact_email"),
        ({"type": "nimporte"}, "type"),
        ({"detected_at": "2127-01-01T00:00:00Z"}, "detected_at"),
        ({"detected_at": "hier"}, "detected_at"),
        ({"description": "x" * 5_001}, "description"),
        (
            {"service_stopped": "yes", "interruptions": [{"service": "civil", "people_affected": -1}]},
            "interruptions.0.people_affected",
        ),
        ({"leak": {"categories": ["secrets"]}}, "leak.categories"),
        (
            {
                "service_stopped": "yes",
                "interruptions": [
                    {"service": "civil", "started_at": "2026-11-20T08:00Z", "ended_at": "2026-11-19T08:00Z"}
                ],
            },
            "interruption_civil_ended_at",
        ),
    ],
)
def test_a_declaration_is_refused_with_the_name_of_its_wrong_field(agent, wrong, field):
    response = Api(agent).post(URL, declaration(**wrong))

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert field in [problem["field"] for problem in response.json()["errors"]]
    assert not Incident.objects.exists()


@pytest.mark.parametrize("content", ["{", "[]", "null", '"x"', "\x00", "[" * 900_000, '{"a":' * 100_000])
def test_content_that_is_no_declaration_is_refused(agent, content):
    api = Api(agent)
    response = api.client.post(URL, content, "application/json", headers=api.headers)

    assert response.status_code == 400
    assert response.json()["status"] == 400


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[[[["])
def test_unreadable_json_is_refused_in_french(agent, content):
    api = Api(agent)
    response = api.client.post(URL, content, "application/json", headers=api.headers)
    assert response.status_code == 400
    assert response.json()["detail"] == "Cette demande n’est pas du JSON lisible, en UTF-8."


def test_ten_megabytes_are_refused(agent):
    response = Api(agent).post(URL, declaration(description="x" * 10_000_000))

    assert response.status_code == 413
    assert not Incident.objects.exists()


@pytest.mark.parametrize("position", ["p=abc", "p=2026-02-30", "p=\x00", "r=1&p=", "r=1&p=9999-99-99", "o=-1"])
def test_altered_cursor_names_no_page(agent, position):
    response = Api(agent).get(f"{URL}?cursor={b64encode(position.encode()).decode()}")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_the_list_shows_only_cases_of_the_centre(agent):
    own = declare()
    other_body = Collectivity.objects.get(insee_code="59350")
    declare(collectivity=other_body)

    rows = Api(a_responder()).get(URL).json()["results"]

    assert [row["reference"] for row in rows] == [own.reference]


@pytest.mark.parametrize("rows", [2, 50])
def test_a_list_takes_the_same_number_of_queries_at_any_length(centre, rows, django_assert_max_num_queries):
    for _ in range(rows):
        declare()
    api = Api(a_responder())

    with django_assert_max_num_queries(10):
        assert len(api.get(URL).json()["results"]) == rows


def test_a_list_is_read_page_by_page(centre):
    references = [declare().reference for _ in range(52)]
    api = Api(a_responder())

    first = api.get(URL).json()
    second = api.get(first["next"]).json()

    assert [row["reference"] for row in first["results"] + second["results"]] == references[::-1]
    assert second["next"] is None


@pytest.mark.parametrize("events", [0, 40])
def test_a_case_takes_the_same_number_of_queries_at_any_length(centre, events, django_assert_max_num_queries):
    incident = declare()
    IncidentEvent.objects.bulk_create(
        IncidentEvent(incident=incident, kind="link_rotated", actor_kind="declarant") for _ in range(events)
    )
    api = Api(a_responder())

    with django_assert_max_num_queries(20):
        assert len(api.get(f"{URL}{incident.reference}/").json()["events"]) == events + 1


def test_a_case_is_acknowledged_once(centre):
    incident = declare()
    api, other = Api(a_responder()), Api(a_responder())

    taken = api.post(f"{URL}{incident.reference}/acknowledge/")
    again = api.post(f"{URL}{incident.reference}/acknowledge/")
    late = other.post(f"{URL}{incident.reference}/acknowledge/")

    assert taken.json()["status"] == again.json()["status"] == Status.ACKNOWLEDGED
    assert late.status_code == 409
    assert IncidentEvent.objects.filter(incident=incident, kind="acknowledged").count() == 1


def test_a_case_of_another_centre_is_answered_like_one_that_does_not_exist(centre):
    incident = declare()
    stranger = Api(a_responder(Csirt.objects.get(slug="csirt-hdf")))

    foreign = stranger.get(f"{URL}{incident.reference}/")
    absent = stranger.get(f"{URL}22222222/")

    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content


@pytest.mark.parametrize("role", [Role.ANALYST, Role.NATIONAL, Role.ADMINISTRATOR])
def test_analysts_and_administrators_may_not_declare(centre, role):
    scope = {"region": plouexemple().region} if role == Role.ANALYST else {}
    response = Api(a_person(role, **scope)).post(URL, declaration())

    assert response.status_code == 403
    assert not Incident.objects.exists()


def test_a_town_does_not_declare_for_another(agent):
    response = Api(agent).post(URL, declaration(collectivity="35238"))

    assert response.status_code == 403
    assert not Incident.objects.exists()


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer tocsin_faux", "Basic YTpi", "Bearer a b", "Bearer é"])
def test_a_request_without_a_good_token_is_refused(header):
    response = Client().get(URL, headers={"Authorization": header})

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["Content-Type"] == "application/problem+json"


def test_no_cache_may_keep_an_answer_of_the_api(agent):
    for answer in (
        Api(agent).get(URL),
        Api(agent).get(f"{URL}ABCDEFGH/"),
        Api().get(URL),
        Api().get("/api/v1/csirts/"),
        Api().get("/api/schema/"),
        Api().get("/api/nowhere/"),
    ):
        assert "no-store" in answer["Cache-Control"], answer


def test_a_token_stops_working_once_its_account_is_closed(agent):
    api = Api(agent)
    agent.is_active = False
    agent.save()

    assert api.get(URL).status_code == 401


def test_a_revoked_token_is_refused(agent):
    api = Api(agent)
    ApiToken.objects.update(revoked_at="2026-11-24T10:00Z")

    assert api.get(URL).status_code == 401


def test_a_wrong_token_of_a_client_that_wants_a_page_gets_a_problem_document():
    response = Client().get(URL, headers={"Accept": "text/html", "Authorization": "Bearer faux"})
    assert (response.status_code, response["Content-Type"]) == (406, "application/problem+json")


def test_tokens_are_not_stored(agent):
    token = make_api_token(agent)

    assert not ApiToken.objects.filter(token_hash__contains=token[8:20]).exists()


def test_the_api_describes_itself_in_openapi():
    response = Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})

    schema = response.json() if response["Content-Type"].endswith("json") else response.content.decode()
    assert response.status_code == 200
    assert "3.1.0" in str(schema)
    assert "Idempotency-Key" in str(schema)
    assert "bearer" in str(schema)


def test_the_description_names_every_answer_without_doubt(tmp_path):
    """A warning means that two types have one name, or that a field has no type."""
    call_command("spectacular", "--fail-on-warn", file=str(tmp_path / "schema.yml"))
    paths = yaml.safe_load((tmp_path / "schema.yml").read_text())["paths"]
    codes = {
        (method, path): {int(code) for code in operation["responses"]}
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    assert codes["get", URL] == {200, 400, 401, 403, 404, 406, 429}
    assert codes["post", URL] == {201, 400, 401, 403, 406, 413, 415, 422, 429}
    assert codes["post", f"{URL}{{reference}}/acknowledge/"] == {200, 400, 401, 403, 404, 406, 409, 429}
    assert codes["get", "/api/v1/csirts/"] == {200, 406}
    listed = paths[URL]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert listed == {"$ref": "#/components/schemas/IncidentPageOut"}
    assert list(paths[URL]["post"]["responses"]["422"]["content"]) == ["application/problem+json"]


def test_a_body_reads_no_event_of_the_internal_work_of_the_centre(centre, agent):
    responder, incident, other = a_responder(), declare(), declare()
    reference = incident.reference
    acknowledge_incident(reference=reference, actor=responder)
    write_note(reference=reference, actor=responder, kind=NoteKind.NOTE, text="Entre nous.", key="k")
    group = open_group(csirt=centre, kind=GroupKind.CAMPAIGN, title="Campagne", actor=responder)
    add_to_group(reference=reference, group=group.uid, actor=responder)
    merge_incident(reference=other.reference, into=reference, actor=responder)

    def kinds(user, case):
        return [event["kind"] for event in Api(user).get(f"{URL}{case.reference}/").json()["events"]]

    assert kinds(responder, incident) == ["declared", "acknowledged", "noted", "grouped", "merged"]
    assert kinds(agent, incident) == ["declared", "acknowledged"]
    assert kinds(agent, other) == ["declared", "merged"]


def test_events_are_listed_in_the_order_of_their_ids(agent):
    incident = declare()
    last = incident.events.get().pk
    for step in (3, 2, 1):  # the order in which PostgreSQL returns them when it is not asked for another
        IncidentEvent.objects.create(id=last + step, incident=incident, kind="declared", actor_kind="declarant")
    uids = [str(uid) for uid in incident.events.order_by("id").values_list("uid", flat=True)]
    for user in (a_responder(), agent):
        events = Api(user).get(f"{URL}{incident.reference}/").json()["events"]
        assert [event["id"] for event in events] == uids


def test_each_event_that_a_body_reads_has_a_sentence():
    assert set(SENTENCES) == {*KINDS_VISIBLE_TO_BODY, *MERGE_KINDS, *ASSIGNMENT_KINDS, EventKind.NOTED}
