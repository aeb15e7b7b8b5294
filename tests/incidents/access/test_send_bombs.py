"""A small request to the API costs little: long lists are refused unread, and a response lists few errors."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.models import User
from config.api.problems import MAX_LISTED_PROBLEMS, MESSAGE_LIMIT, describe_error
from incidents.api.serializers import MAX_INTERRUPTIONS, ChoicesField, DeclarationIn, InterruptionIn
from incidents.enums import DataCategory, PublicService
from incidents.models import Incident
from tests.cast import an_agent, breizh_cyber, plouexemple
from tests.incidents.api import URL, Api

pytestmark = pytest.mark.django_db
# Requests of nearly a megabyte: what is wrong → the wrong part.
BOMBS: dict[str, Callable[[], dict[str, Any]]] = {
    "choice": lambda: {"type": "x" * 900_000},
    "list for a choice": lambda: {"type": [[]] * 200_000},
    "object for a choice": lambda: {"tlp": {"a": "é" * 100_000}},
    "digits for a moment": lambda: {"detected_at": "2" * 900_000},
    "long fraction of a second": lambda: {"detected_at": "2026-11-20T08:00:00." + "0" * 900_000},
    "code of a body": lambda: {"collectivity": "0" * 900_000},
    "mail address": lambda: {"contact": {"email": "a@" + "a." * 400_000}},
    "number": lambda: {"interruptions": [{"service": "civil", "people_affected": "9" * 900_000}]},
}
SHORT_ANSWER = 40_000  # bytes: every problem that is listed, with its name


@pytest.fixture
def agent() -> User:
    breizh_cyber()
    return an_agent()


def declaration(**overrides: Any) -> dict[str, Any]:
    return {"collectivity": str(plouexemple().uid), "contact": {"phone": "06 39 98 00 12"}} | overrides


@pytest.fixture
def read_items(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that receives each interruption that is validated."""
    read: list[Any] = []
    validate = InterruptionIn.run_validation

    def note_and_validate(self: InterruptionIn, data: Any) -> Any:
        read.append(data)
        return validate(self, data)

    monkeypatch.setattr(InterruptionIn, "run_validation", note_and_validate)
    return read


@pytest.mark.parametrize("item", [{}, 1, None, {"service": "civil"}])
def test_a_list_of_20_000_items_is_refused_before_any_item_is_read(agent, read_items, item):
    response = Api(agent).post(URL, declaration(interruptions=[item] * 20_000))

    assert response.status_code == 400
    assert [problem["field"] for problem in response.json()["errors"]] == ["interruptions"]
    assert f"{MAX_INTERRUPTIONS} services au plus" in response.json()["errors"][0]["message"]
    assert len(response.content) < SHORT_ANSWER
    assert read_items == []


def test_each_service_can_be_given_once(agent, read_items):
    interruptions = [{"service": service} for service in PublicService.values]
    response = Api(agent).post(URL, declaration(service_stopped="yes", interruptions=interruptions))

    assert response.status_code == 201
    assert Incident.objects.get().interruptions.count() == len(read_items) == MAX_INTERRUPTIONS


def test_a_list_of_choices_is_never_longer_than_the_choices(agent):
    categories = DataCategory.values
    api = Api(agent)

    assert api.post(URL, declaration(leak={"categories": categories})).status_code == 201
    response = api.post(URL, declaration(leak={"categories": categories[:1] * (len(categories) + 1)}))

    assert response.status_code == 400
    assert [problem["field"] for problem in response.json()["errors"]] == ["leak.categories"]


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_value_of_a_megabyte_is_not_repeated_in_the_answer(agent, bomb: Callable[[], dict[str, Any]]):
    response = Api(agent).post(URL, declaration(**bomb()))

    assert response.status_code == 400
    assert len(response.content) < 10 * MESSAGE_LIMIT


def test_an_error_about_the_whole_request_has_a_name_too():
    """A program that reads `field` finds one. An error about a whole list or object bears the name of this object."""
    whole = describe_error(
        ValidationError({"non_field_errors": ["Faux."], "leak": {"non_field_errors": ["Vide."]}}), 400
    )
    assert [problem["field"] for problem in whole["errors"]] == ["non_field_errors", "leak"]


def test_at_most_fifty_problems_are_listed_and_the_others_are_mentioned():
    few = describe_error(ValidationError({f"champ{number}": "Faux." for number in range(50)}), 400)
    many = describe_error(ValidationError({f"champ{number}": "Faux." for number in range(51)}), 400)

    assert few["detail"] == "La demande a 50 points à corriger."
    assert many["detail"] == "La demande a plus de 50 points à corriger. Voici les premiers."
    assert len(few["errors"]) == len(many["errors"]) == MAX_LISTED_PROBLEMS == 50


def list_fields(serializer: Any) -> Iterator[tuple[str, Any]]:
    """Yield each field of a request with its name, those of nested objects and lists too."""
    for name, field in serializer.fields.items():
        yield name, field
        inner = getattr(field, "child", field)
        if hasattr(inner, "fields"):
            yield from list_fields(inner)


def test_each_text_and_each_list_of_a_request_has_a_limit():
    fields = list(list_fields(DeclarationIn()))
    texts = [(name, field) for name, field in fields if isinstance(field, serializers.CharField)]
    lists = [(name, field) for name, field in fields if isinstance(field, serializers.ListSerializer)]
    choices = [(name, field) for name, field in fields if isinstance(field, serializers.MultipleChoiceField)]

    assert {"description", "workaround", "phone"} < {name for name, _field in texts}
    assert [name for name, _field in lists] == ["interruptions"]
    assert {name for name, _field in choices} == {"categories", "person_categories"}
    assert [name for name, field in [*texts, *lists] if not field.max_length] == []
    assert [name for name, field in choices if not isinstance(field, ChoicesField)] == []
    assert [name for name, field in fields if isinstance(field, serializers.ListField | serializers.DictField)] == []
