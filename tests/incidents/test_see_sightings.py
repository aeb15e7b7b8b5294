"""The same trace in several cases is said, and leads there: in the cases of the reader's centres, nobody else's."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from accounts.models import Membership
from incidents.enums import ObservableKind
from incidents.indicators.sightings import list_observables
from incidents.models import Incident
from incidents.services.groups.merge import merge_incident
from incidents.services.history.index import index_all
from incidents.triage.indicators.observables import build_observables_block
from tests.cast import a_lead, a_person, a_responder, declare
from tests.incidents.devices import signed_in
from tests.incidents.observing import STORY, URL, a_case_elsewhere, an_observable, elsewhere, page
from tests.reading import text_of

pytestmark = pytest.mark.django_db
LOOK = "/admin/incidents/incident/indicateurs/"


def test_it_works(client, responder):
    incident, other = declare(), declare()
    row = an_observable(incident)
    an_observable(other)

    assert "Vu dans 1 autre dossier de votre centre" in text_of(client.get(page(incident)))
    one = text_of(client.get(page(incident, "indicateurs", str(row.uid))))
    assert f'href="{page(other)}"' in one
    assert "evil[.]example" in one
    assert "Vu dans d’autres dossiers de votre centre" in one
    assert "Relevé dans aucun autre" not in one


def test_nobody_elses(client, responder):
    incident, theirs = declare(), a_case_elsewhere()
    row = an_observable(incident)
    an_observable(theirs)

    assert "Vu dans" not in text_of(client.get(page(incident)))
    for answer in (
        client.get(page(incident, "indicateurs", str(row.uid))),
        client.post(LOOK, {"text": "evil.example"}),
    ):
        assert theirs.reference not in answer.content.decode()
    assert "Relevé dans aucun autre." in text_of(client.get(page(incident, "indicateurs", str(row.uid))))
    declared = declare(description="evil.example")
    row.delete()
    assert not client.get(page(declared, "indicateurs")).context["offers"][0].row.is_elsewhere


def test_the_doubles_of_a_case_are_no_other_case(client, responder):
    main, double, second = declare(), declare(), declare(description="evil.example")
    rows = {one: an_observable(one) for one in (main, double)}
    for one in (double, second):
        merge_incident(reference=one.reference, into=main.reference, actor=responder)

    for one, row in rows.items():
        assert "Vu dans" not in text_of(client.get(page(one)))
        assert "Relevé dans aucun autre" in text_of(client.get(page(one, "indicateurs", str(row.uid))))
    assert not client.get(page(second, "indicateurs")).context["offers"][0].row.is_elsewhere

    an_observable(declare())
    for one, row in rows.items():
        assert "Vu dans 1 autre dossier" in text_of(client.get(page(one)))
        assert len(client.get(page(one, "indicateurs", str(row.uid))).context["seen"]) == 1


def test_a_body_that_i_serve_gives_no_right_to_see_its_cases_here(client):
    """A responder of one centre, agent of a body whose case another centre has."""
    incident, theirs = declare(), a_case_elsewhere()
    both = a_responder()
    Membership.objects.create(user=both, role=Role.AGENT, collectivity=theirs.collectivity, since_on=date(2021, 1, 1))
    row, _ = an_observable(incident), an_observable(theirs)
    client = signed_in(both)
    assert theirs.reference not in client.get(page(incident, "indicateurs", str(row.uid))).content.decode()


def test_a_transferred_case_counts_for_its_new_centre_only(client, responder):
    incident, moved = declare(), declare()
    an_observable(incident)
    an_observable(moved)
    Incident.objects.filter(pk=moved.pk).update(csirt=elsewhere())

    assert "Vu dans" not in text_of(client.get(page(incident)))
    assert client.get(page(moved, "indicateurs")).status_code == 404
    theirs = signed_in(a_responder(elsewhere()))
    found = theirs.post(LOOK, {"text": "evil.example"}).content.decode()
    assert moved.reference in found.replace(" ", "")
    assert incident.reference not in found


def test_more_than_twenty_are_not_counted(client, responder):
    incident = declare()
    row = an_observable(incident)
    for _ in range(22):
        an_observable(declare(), actor=responder)
    assert "Vu dans 20 autres dossiers de votre centre, et plus" in text_of(client.get(page(incident)))
    one = client.get(page(incident, "indicateurs", str(row.uid)))
    assert len(one.context["seen"]) == 20
    assert "Les 20 plus récents" in text_of(one)
    assert len(list_observables(incident, responder).get().seen_in) == 21


@pytest.mark.parametrize("many", [2, 50])
def test_the_block_costs_one_query(responder, many):
    incident, other = declare(), declare()
    for number in range(many):
        for case in (incident, other):
            an_observable(case, f"evil{number}.example", actor=responder)
    assert responder.read_centre_ids
    with CaptureQueriesContext(connection) as queries:
        block = build_observables_block(incident, responder)
    assert len(queries) == 1
    assert [len(group.lines) for group in block["groups"]] == [many]


def test_a_value_of_the_words_that_another_case_has_is_said(client, responder):
    an_observable(declare(), URL, ObservableKind.URL)
    incident = declare(description=STORY)
    offers = client.get(page(incident, "indicateurs")).context["offers"]
    assert [one.row.is_elsewhere for one in offers] == [True, False]


# A look across the cases


def test_a_pasted_text_is_looked_up(client, responder):
    incident = declare()
    an_observable(incident, URL, ObservableKind.URL)

    answer = client.post(LOOK, {"text": STORY})

    assert answer.status_code == 200
    said = text_of(answer)
    assert f'href="{page(incident)}"' in said
    assert "Pas encore relevé dans vos dossiers." in said, "the mailboxes of the text"


def test_unseen_is_never_said_to_be_absent(client, responder):
    """Only what was kept is looked at: the page says so, and leads to the texts, where the value stands."""
    declared = [declare(description="Le message vient de voleur@evil.example") for _ in range(2)]
    index_all()
    page_of_look = client.post(LOOK, {"text": "voleur@evil.example"})
    said = text_of(page_of_look)
    assert "Pas encore relevé dans vos dossiers. Cela ne veut pas dire absent" in said
    assert "Dans aucun dossier" not in said
    (result,) = page_of_look.context["results"]
    assert f'href="{result.search.replace("&", "&amp;")}"' in said
    hits = client.get(result.search).context["hits"]
    assert {hit.incident for hit in hits} == set(declared)


def test_the_page_of_one_value_says_so_too(client, responder):
    incident = declare()
    row = an_observable(incident)
    other = declare(description="Encore evil.example")
    index_all()
    one = client.get(page(incident, "indicateurs", str(row.uid)))
    assert "Relevé dans aucun autre. Cela ne veut pas dire absent" in text_of(one)
    assert other in {hit.incident for hit in client.get(one.context["search"]).context["hits"]}


def test_one_line_may_be_the_name_of_a_file(client, responder):
    incident = declare()
    an_observable(incident, "lisez-moi.txt", ObservableKind.FILE)
    assert f'href="{page(incident)}"' in text_of(client.post(LOOK, {"text": "LISEZ-MOI.txt"}))


@pytest.mark.parametrize("text", ["", "  ", "rien\ndu tout", "x" * 20_001])
def test_nothing_to_look_for_is_said_and_stays(client, responder, text):
    answer = client.post(LOOK, {"text": text})
    assert answer.status_code == 422
    assert 'role="alert"' in text_of(answer)
    assert answer.context["form"]["text"].value() == text


@pytest.mark.parametrize("many", [2, 50])
def test_looking_costs_the_same(client, responder, many):
    for number in range(many):
        an_observable(declare(), f"evil{number}.example", actor=responder)
    text = " ".join(f"evil{number}.example" for number in range(many))
    client.post(LOOK, {"text": text})
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(LOOK, {"text": text})
    assert sum(len(one.rows) for one in answer.context["results"]) == many
    assert len(queries) <= 10


def test_fifty_values_at_a_time(client, responder):
    answer = client.post(LOOK, {"text": " ".join(f"evil{number}.example" for number in range(60))})
    assert "10 autres valeurs n’ont pas été cherchées" in text_of(answer)


def test_it_is_for_people_of_a_centre(client):
    assert signed_in(a_lead()).get(LOOK).status_code == 200
    administrator = signed_in(a_person(Role.ADMINISTRATOR))
    assert administrator.get(LOOK).status_code == administrator.post(LOOK, {"text": "evil.com"}).status_code == 404
