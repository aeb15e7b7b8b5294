"""A centre says which values it knows, and why: they are not proposed again, to it alone."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from incidents.models import IgnoredValue, Observable
from tests.cast import a_person, breizh_cyber, declare
from tests.incidents.devices import signed_in
from tests.incidents.observing import EMAIL, STORY, URL, an_observable, elsewhere, page
from tests.reading import text_of

pytestmark = pytest.mark.django_db
LIST = "/admin/incidents/incident/valeurs-connues/"
WHY = "Outil de télémaintenance de la région."


def ignored(responder, value="evil.example", csirt=None):
    return IgnoredValue.objects.create(
        csirt=csirt or breizh_cyber(), kind="domain", value=value, motive=WHY, actor=responder
    )


def test_it_works(client, responder):
    incident = declare(description=STORY)
    sent = {"acte": "ignorer", "choix": [f"url|declaration|{URL}"], "motive": WHY}

    answer = client.post(page(incident, "indicateurs"), sent, follow=True)

    row = IgnoredValue.objects.get()
    assert (row.csirt, row.kind, row.value, row.motive, row.actor) == (incident.csirt, "url", URL, WHY, responder)
    assert [one.row.indicator.value for one in answer.context["offers"]] == [EMAIL]
    assert "Ignorées par votre centre (1)" in text_of(answer)
    assert WHY in text_of(answer)
    assert not Observable.objects.exists()
    assert WHY in text_of(client.get(LIST))

    client.post(LIST, {"uid": row.uid})
    assert client.post(LIST, {"uid": row.uid}).status_code == 302, "a double click"
    assert not IgnoredValue.objects.exists()
    assert len(client.get(page(incident, "indicateurs")).context["offers"]) == 2


def test_without_a_motive_nothing_is_ignored_and_the_ticks_stay(client, responder):
    incident = declare(description=STORY)
    sent = {"acte": "ignorer", "choix": [f"url|declaration|{URL}"], "motive": "  "}

    answer = client.post(page(incident, "indicateurs"), sent)

    assert answer.status_code == 422
    assert list(answer.context["why"].errors) == ["motive"]
    assert [one.is_chosen for one in answer.context["offers"]] == [True, False]
    assert not IgnoredValue.objects.exists()


def test_one_is_added_beside_the_cases(client, responder):
    for _ in range(2):
        answer = client.post(LIST, {"kind": "domain", "value": "Evil[.]Example", "motive": WHY})
        assert answer.status_code == 302
    assert IgnoredValue.objects.get().value == "evil.example"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "ip"}, "value"),
        ({"value": ""}, "value"),
        ({"kind": "autre"}, "kind"),
        ({"motive": ""}, "motive"),
        ({"motive": "x" * 201}, "motive"),
    ],
)
def test_what_is_refused_is_named_and_stays(client, responder, said, field):
    sent = {"kind": "domain", "value": "evil.com", "motive": WHY} | said
    answer = client.post(LIST, sent)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"]["motive"].value() == sent["motive"]
    assert not IgnoredValue.objects.exists()


def test_another_centre_sees_nothing_of_it(client, responder):
    row = ignored(responder, csirt=elsewhere())
    incident = declare(description="evil.example")

    assert "evil[.]example" not in text_of(client.get(LIST))
    assert len(client.get(page(incident, "indicateurs")).context["offers"]) == 1
    assert client.post(LIST, {"uid": row.uid}).status_code == 404
    said = {"csirt": "ailleurs", "kind": "domain", "value": "x.com", "motive": WHY}
    assert client.post(LIST, said).status_code == 404
    assert IgnoredValue.objects.get() == row
    assert client.post(LIST, {"uid": uuid4()}).status_code == 302
    assert client.post(LIST, {"uid": "x"}).status_code == 404


def test_it_is_for_people_of_a_centre():
    administrator = signed_in(a_person(Role.ADMINISTRATOR))
    assert administrator.get(LIST).status_code == 404
    sent = {"kind": "domain", "value": "evil.com", "motive": WHY}
    assert administrator.post(LIST, sent).status_code == 404
    assert not IgnoredValue.objects.exists()


def test_what_a_case_keeps_stays(client, responder):
    row = an_observable(declare())
    client.post(LIST, {"kind": "domain", "value": "evil.example", "motive": WHY})
    assert Observable.objects.get() == row


@pytest.mark.parametrize("many", [2, 50])
def test_the_list_costs_the_same(client, responder, many):
    for number in range(many):
        ignored(responder, f"evil{number}.example")
    client.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        assert len(client.get(LIST).context["rows"]) == many
    assert len(queries) <= 10


def test_the_older_ones_are_on_the_next_page(client, responder):
    for number in range(60):
        ignored(responder, f"evil{number}.example")
    first = client.get(LIST)
    second = client.get(LIST, {"avant": first.context["next"]})
    values = [row.value for page in (first, second) for row, _shown in page.context["rows"]]
    assert values == [f"evil{number}.example" for number in reversed(range(60))]
    for strange in ("x", uuid4()):
        assert len(client.get(LIST, {"avant": strange}).context["rows"]) == 50
