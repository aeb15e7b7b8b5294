"""A centre lists the values that it knows, and why; they are no longer proposed to that centre."""

from datetime import date
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from structlog.testing import capture_logs

from accounts.enums import CENTRE_ABILITIES, CentreAbility, Role
from accounts.models import Membership
from incidents.models import IgnoredValue, Observable
from tests.cast import a_person, breizh_cyber, declare
from tests.incidents.devices import sign_in_as
from tests.incidents.observing import EMAIL, STORY, URL, an_observable
from tests.incidents.transferring import get_other_centre
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
LIST = "/admin/incidents/incident/valeurs-connues/"
WHY = "Outil de télémaintenance de la région."


def ignore_value(responder, value="evil.example", csirt=None):
    return IgnoredValue.objects.create(
        csirt=csirt or breizh_cyber(), kind="domain", value=value, motive=WHY, actor=responder
    )


def test_a_responder_ignores_a_proposed_value(client, responder):
    incident = declare(description=STORY)
    form = {"acte": "ignorer", "choix": [f"url|declaration|{URL}"], "motive": WHY}

    answer = client.post(case_url(incident, "indicateurs"), form, follow=True)

    row = IgnoredValue.objects.get()
    assert (row.csirt, row.kind, row.value, row.motive, row.actor) == (incident.csirt, "url", URL, WHY, responder)
    assert [offer.row.indicator.value for offer in answer.context["offers"]] == [EMAIL]
    assert "Ignorées par votre centre (1)" in read_markup(answer)
    assert WHY in read_markup(answer)
    assert not Observable.objects.exists()
    assert WHY in read_markup(client.get(LIST))

    client.post(LIST, {"uid": row.uid})
    assert client.post(LIST, {"uid": row.uid}).status_code == 302, "a double click"
    assert not IgnoredValue.objects.exists()
    assert len(client.get(case_url(incident, "indicateurs")).context["offers"]) == 2


def test_without_a_reason_nothing_is_ignored_and_the_ticks_stay(client, responder):
    incident = declare(description=STORY)
    form = {"acte": "ignorer", "choix": [f"url|declaration|{URL}"], "motive": "  "}

    answer = client.post(case_url(incident, "indicateurs"), form)

    assert answer.status_code == 422
    assert list(answer.context["why"].errors) == ["motive"]
    assert [offer.is_chosen for offer in answer.context["offers"]] == [True, False]
    assert not IgnoredValue.objects.exists()


def test_a_value_is_added_without_a_case(client, responder):
    with capture_logs() as logs:
        for _ in range(2):
            answer = client.post(LIST, {"kind": "domain", "value": "Evil[.]Example", "motive": WHY})
            assert answer.status_code == 302
    row = IgnoredValue.objects.get()
    assert row.value == "evil.example"
    assert [line["ignored"] for line in logs if line["event"] == "value ignored"] == [str(row.uid)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "ip"}, "value"),
        ({"value": ""}, "value"),
        ({"kind": "autre"}, "kind"),
        ({"motive": ""}, "motive"),
        ({"motive": "x" * 201}, "motive"),
    ],
)
def test_a_wrong_value_is_refused_by_its_field_and_shown_again(client, responder, fields, field):
    form = {"kind": "domain", "value": "evil.com", "motive": WHY} | fields
    answer = client.post(LIST, form)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"]["motive"].value() == form["motive"]
    assert not IgnoredValue.objects.exists()


def test_another_centre_does_not_see_an_ignored_value(client, responder):
    row = ignore_value(responder, csirt=get_other_centre())
    incident = declare(description="evil.example")

    assert "evil[.]example" not in read_markup(client.get(LIST))
    assert len(client.get(case_url(incident, "indicateurs")).context["offers"]) == 1
    assert client.post(LIST, {"uid": row.uid}).status_code == 404
    form = {"csirt": "ailleurs", "kind": "domain", "value": "x.com", "motive": WHY}
    assert client.post(LIST, form).status_code == 404
    assert IgnoredValue.objects.get() == row
    assert client.post(LIST, {"uid": uuid4()}).status_code == 302
    assert client.post(LIST, {"uid": "x"}).status_code == 404


def test_only_people_of_a_centre_open_the_list():
    administrator = sign_in_as(a_person(Role.ADMINISTRATOR))
    assert administrator.get(LIST).status_code == 404
    form = {"kind": "domain", "value": "evil.com", "motive": WHY}
    assert administrator.post(LIST, form).status_code == 404
    assert not IgnoredValue.objects.exists()


def test_ignoring_a_value_keeps_it_on_the_cases_that_recorded_it(client, responder):
    row = an_observable(declare())
    client.post(LIST, {"kind": "domain", "value": "evil.example", "motive": WHY})
    assert Observable.objects.get() == row


@pytest.mark.parametrize("many", [2, 50])
def test_the_list_of_ignored_values_costs_the_same_with_fifty(client, responder, many):
    for number in range(many):
        ignore_value(responder, f"evil{number}.example")
    client.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        assert len(client.get(LIST).context["rows"]) == many
    assert len(queries) <= 10


def test_older_values_are_on_the_next_page(client, responder):
    for number in range(60):
        ignore_value(responder, f"evil{number}.example")
    first = client.get(LIST)
    second = client.get(LIST, {"avant": first.context["next"]})
    values = [row.value for page in (first, second) for row, _shown in page.context["rows"]]
    assert values == [f"evil{number}.example" for number in reversed(range(60))]
    for strange in ("x", uuid4()):
        assert len(client.get(LIST, {"avant": strange}).context["rows"]) == 50


def test_a_person_who_reads_in_one_centre_and_works_in_another_changes_only_the_other(monkeypatch):
    monkeypatch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset({CentreAbility.READ}))
    other = get_other_centre()
    user = a_person(Role.RESPONDER, csirt=breizh_cyber())
    Membership.objects.create(user=user, role=Role.LEAD, since_on=date(2021, 1, 1), csirt=other)
    client = sign_in_as(user)
    read_only, own = ignore_value(user), ignore_value(user, "autre.example", other)

    page_text = read_markup(client.get(LIST))

    assert "evil[.]example" in page_text
    assert str(read_only.uid) not in page_text
    assert str(own.uid) in page_text
    assert client.post(LIST, {"kind": "domain", "value": "ville.example", "motive": WHY}).status_code == 302
    assert IgnoredValue.objects.get(value="ville.example").csirt == other
