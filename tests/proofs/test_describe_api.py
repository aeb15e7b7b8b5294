"""Every operation of the API does what its OpenAPI description says. Schemathesis makes the requests, with values that
the description allows and with values that it forbids; they come with the token of a responder, of the analyst of a
campus and of an agent.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.enums import Role
from accounts.models import User
from incidents.enums import Answer, InterruptionExtent, LeakStatus, PublicService
from incidents.facts.shapes import Interruption, Leak
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.erase import erase_personal_data
from stats.disclosure.tables import Period
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, bretagne, declare, plouexemple
from tests.factories.accounts import make_api_token
from tests.stats.printing import print_release, spread_tables

SCHEMA = "/api/schema/"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 40

ROLES: dict[str, Callable[[], User]] = {
    "responder": a_responder,
    "analyst": lambda: a_person(Role.ANALYST, region=bretagne()),
    "agent": an_agent,
}


@pytest.fixture
def existing(db: None) -> dict[str, list[Any]]:
    """Return values that name something: cases in several states, a body, a release."""
    csirt, year = breizh_cyber(), Period(2025)
    leak = Leak(status=LeakStatus.values[0], persons=12)
    stop = Interruption(service=PublicService.values[0], extent=InterruptionExtent.values[0])
    full = declare(service_stopped=Answer.YES, data_concerned=Answer.YES, interruptions=(stop,), leak=leak)
    taken, erased = declare(), declare()
    acknowledge_incident(reference=taken.reference, actor=a_responder(csirt))
    erase_personal_data(reference=erased.reference, actor=a_lead(csirt))
    return {
        "reference": [full.reference, taken.reference, erased.reference, full.reference.lower()],
        "code": [plouexemple().insee_code],
        "number": [print_release(year, spread_tables(year, 90)).number],
        "collectivity": [str(plouexemple().uid), plouexemple().insee_code],
    }


@pytest.fixture
def _keep_the_connection() -> Iterator[None]:
    """Let a request leave the connection open, and with it the transaction of the test, as Django's client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("_keep_the_connection")
@pytest.mark.parametrize("role", ROLES)
def test_the_api_does_what_its_description_says(existing, role):
    schema = schemathesis.openapi.from_wsgi(SCHEMA, get_wsgi_application())
    headers = {"Authorization": f"Bearer {make_api_token(ROLES[role]())}"}
    failures, answers = Counter[str](), Counter[str]()

    for operation in list_operations(schema):
        for mode in list_modes(operation):
            for failure, status in ask(operation, mode, existing, headers):
                answers[f"{operation.label} {status // 100}xx"] += 1
                if failure:
                    failures[failure] += 1

    assert not failures, "\n".join(f"{count} × {failure}" for failure, count in failures.most_common())
    served = {answer.removesuffix(" 2xx") for answer in answers if answer.endswith(" 2xx")}
    assert served >= {operation.label for operation in list_operations(schema)} - REFUSED[role], answers


# The operations that refuse everything that a role asks.
REFUSED = {
    "responder": set[str](),
    "agent": {"POST /api/v1/incidents/{reference}/acknowledge/"},
    "analyst": {
        *("GET /api/v1/incidents/", "POST /api/v1/incidents/", "GET /api/v1/incidents/{reference}/"),
        "POST /api/v1/incidents/{reference}/acknowledge/",
    },
}


def list_operations(schema: Any) -> list[Any]:
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == 10
    return operations


def list_modes(operation: Any) -> Iterator[GenerationMode]:
    """Yield what can be asked. Only what is not a part of the address can be of a wrong type."""
    yield GenerationMode.POSITIVE
    if operation.body or operation.query or operation.headers:
        yield GenerationMode.NEGATIVE


def ask(
    operation: Any, mode: GenerationMode, existing: dict[str, list[Any]], headers: dict[str, str]
) -> list[tuple[str, int]]:
    """Ask this operation many times, and undo what each request wrote. Return how each response differs from the
    description, or "", with its status code.
    """
    results: list[tuple[str, int]] = []
    strategy = make_strategy(operation, mode, existing)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=strategies.data())
    def send(data: Any) -> None:
        case = data.draw(strategy)
        if isinstance(case.body, dict) and data.draw(strategies.booleans()):
            case.body |= make_valid_parts(existing, data.draw)
        with transaction.atomic():
            response = case.call(headers=headers)
            transaction.set_rollback(True)
        results.append((describe_failure(case, response), response.status_code))

    send()
    return results


def make_strategy(operation: Any, mode: GenerationMode, existing: dict[str, list[Any]]) -> Any:
    """Return the strategy of the requests: half of those with a place in their address name something that exists."""
    invented = operation.as_strategy(generation_mode=mode)
    places = {name: strategies.sampled_from(existing[name]) for name in existing if f"{{{name}}}" in operation.path}
    if not places:
        return invented
    fixed = strategies.fixed_dictionaries(places)
    return invented | fixed.flatmap(lambda values: operation.as_strategy(generation_mode=mode, path_parameters=values))


def make_valid_parts(existing: dict[str, list[Any]], draw: Callable[[Any], Any]) -> dict[str, Any]:
    """Return what no description can say of a declaration: a body that exists and a number that can be called."""
    return {
        "collectivity": draw(strategies.sampled_from(existing["collectivity"])),
        "contact": {"phone": "06 39 98 00 12"},
    }


def describe_failure(case: Any, response: Any) -> str:
    """Return how the response differs from the description, or "" if it does not."""
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        texts = sorted(f"{failure.title}: {failure.message.strip()}"[:300] for failure in group.exceptions)
        return f"{case.operation.label} {response.status_code}: {'; '.join(texts)}"
    return ""
