"""An observable links to the other cases that have it, among the cases of the reader's centres only."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from accounts.models import Membership
from incidents.enums import ObservableKind
from incidents.indicators.sightings import list_observables
from incidents.models import Incident
from incidents.services.duplicates.merge import merge_incident
from incidents.services.search.index import index_pending_events
from incidents.triage.indicators.observables import build_observables_block
from tests.cast import a_lead, a_person, a_responder, declare
from tests.incidents.devices import sign_in_as
from tests.incidents.observing import STORY, URL, an_observable, declare_elsewhere
from tests.incidents.transferring import get_other_centre
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
LOOK = "/admin/incidents/incident/indicateurs/"


def test_a_value_is_counted_alike_before_and_after_it_is_recorded(client, responder):
    incident = declare(description=STORY)
    for _ in range(2):
        an_observable(declare(), URL, "url")
    seen = "Vu dans 2 autres dossiers de votre centre"
    before = client.get(case_url(incident, "indicateurs"))
    assert read_markup(before).count(seen) == 1
    offer = next(offer for offer in before.context["offers"] if URL in offer.tick)
    after = client.post(case_url(incident, "indicateurs"), {"acte": "relever", "choix": offer.tick}, follow=True)
    assert seen in read_markup(after).partition('id="releves"')[2]


def test_an_observable_links_to_the_other_cases_that_have_it(client, responder):
    incident, other = declare(), declare()
    row = an_observable(incident)
    an_observable(other)

    assert "Vu dans 1 autre dossier de votre centre" in read_markup(client.get(case_url(incident)))
    value_page = read_markup(client.get(case_url(incident, "indicateurs", str(row.uid))))
    assert f'href="{case_url(other)}"' in value_page
    assert "evil[.]example" in value_page
    assert "Vu dans d’autres dossiers de votre centre" in value_page
    assert "Relevé dans aucun autre" not in value_page


def test_observables_of_another_centre_are_not_shown(client, responder):
    incident, case_elsewhere = declare(), declare_elsewhere()
    row = an_observable(incident)
    an_observable(case_elsewhere)

    assert "Vu dans" not in read_markup(client.get(case_url(incident)))
    for answer in (
        client.get(case_url(incident, "indicateurs", str(row.uid))),
        client.post(LOOK, {"text": "evil.example"}),
    ):
        assert case_elsewhere.reference not in answer.content.decode()
    assert "Relevé dans aucun autre." in read_markup(client.get(case_url(incident, "indicateurs", str(row.uid))))
    declared = declare(description="evil.example")
    row.delete()
    assert client.get(case_url(declared, "indicateurs")).context["offers"][0].row.seen_elsewhere == 0


def test_duplicates_of_a_case_do_not_count_as_other_cases(client, responder):
    main, duplicate, second = declare(), declare(), declare(description="evil.example")
    rows = {case: an_observable(case) for case in (main, duplicate)}
    for case in (duplicate, second):
        merge_incident(reference=case.reference, into=main.reference, actor=responder)

    for case, row in rows.items():
        assert "Vu dans" not in read_markup(client.get(case_url(case)))
        assert "Relevé dans aucun autre" in read_markup(client.get(case_url(case, "indicateurs", str(row.uid))))
    assert client.get(case_url(second, "indicateurs")).context["offers"][0].row.seen_elsewhere == 0

    an_observable(declare())
    for case, row in rows.items():
        assert "Vu dans 1 autre dossier" in read_markup(client.get(case_url(case)))
        assert len(client.get(case_url(case, "indicateurs", str(row.uid))).context["seen"]) == 1


def test_a_responder_does_not_see_cases_of_their_own_body_at_another_centre(client):
    """The user is a responder of one centre and an agent of a body whose case another centre has."""
    incident, case_elsewhere = declare(), declare_elsewhere()
    user = a_responder()
    Membership.objects.create(
        user=user, role=Role.AGENT, collectivity=case_elsewhere.collectivity, since_on=date(2021, 1, 1)
    )
    row, _ = an_observable(incident), an_observable(case_elsewhere)
    client = sign_in_as(user)
    assert case_elsewhere.reference not in client.get(case_url(incident, "indicateurs", str(row.uid))).content.decode()


def test_a_transferred_case_counts_for_its_new_centre_only(client, responder):
    incident, moved = declare(), declare()
    an_observable(incident)
    an_observable(moved)
    Incident.objects.filter(pk=moved.pk).update(csirt=get_other_centre())

    assert "Vu dans" not in read_markup(client.get(case_url(incident)))
    assert client.get(case_url(moved, "indicateurs")).status_code == 404
    new_centre_client = sign_in_as(a_responder(get_other_centre()))
    results = new_centre_client.post(LOOK, {"text": "evil.example"}).content.decode()
    assert moved.reference in results.replace(" ", "")
    assert incident.reference not in results


def test_more_than_twenty_other_cases_are_not_counted(client, responder):
    incident = declare()
    row = an_observable(incident)
    for _ in range(22):
        an_observable(declare(), actor=responder)
    assert "Vu dans 20 autres dossiers de votre centre, et plus" in read_markup(client.get(case_url(incident)))
    value_page = client.get(case_url(incident, "indicateurs", str(row.uid)))
    assert len(value_page.context["seen"]) == 20
    assert "Les 20 plus récents" in read_markup(value_page)
    assert len(list_observables(incident, responder).get().seen_in) == 21


@pytest.mark.parametrize("many", [2, 50])
def test_the_observables_block_costs_one_query(responder, many):
    incident, other = declare(), declare()
    for number in range(many):
        for case in (incident, other):
            an_observable(case, f"evil{number}.example", actor=responder)
    assert responder.readable_centre_ids
    with CaptureQueriesContext(connection) as queries:
        block = build_observables_block(incident, responder)
    assert len(queries) == 1
    assert [len(group.lines) for group in block["groups"]] == [many]


def test_a_value_in_the_declaration_is_marked_when_another_case_has_it(client, responder):
    an_observable(declare(), URL, ObservableKind.URL)
    incident = declare(description=STORY)
    offers = client.get(case_url(incident, "indicateurs")).context["offers"]
    assert [offer.row.seen_elsewhere for offer in offers] == [1, 0]


# Looking values up in all cases


def test_the_values_of_a_pasted_text_are_looked_up(client, responder):
    incident = declare()
    an_observable(incident, URL, ObservableKind.URL)

    answer = client.post(LOOK, {"text": STORY})

    assert answer.status_code == 200
    results = read_markup(answer)
    assert f'href="{case_url(incident)}"' in results
    assert "Pas encore relevé dans vos dossiers." in results, "the mailboxes of the text"


def test_the_page_does_not_call_an_unrecorded_value_absent(client, responder):
    """Only recorded observables are looked up: the page says so and links to the search, which finds the texts."""
    declared = [declare(description="Le message vient de voleur@evil.example") for _ in range(2)]
    index_pending_events()
    answer = client.post(LOOK, {"text": "voleur@evil.example"})
    text = read_markup(answer)
    assert "Pas encore relevé dans vos dossiers. Cela ne veut pas dire absent" in text
    assert "Dans aucun dossier" not in text
    (result,) = answer.context["results"]
    assert f'href="{result.search.replace("&", "&amp;")}"' in text
    hits = client.get(result.search).context["hits"]
    assert {hit.incident for hit in hits} == set(declared)


def test_the_page_of_a_value_does_not_say_that_it_is_absent_elsewhere(client, responder):
    incident = declare()
    row = an_observable(incident)
    other = declare(description="Encore evil.example")
    index_pending_events()
    value_page = client.get(case_url(incident, "indicateurs", str(row.uid)))
    assert "Relevé dans aucun autre. Cela ne veut pas dire absent" in read_markup(value_page)
    assert other in {hit.incident for hit in client.get(value_page.context["search"]).context["hits"]}


def test_a_recorded_file_name_is_found_in_a_pasted_text(client, responder):
    """Also with an ending that no rule takes for a file. A name that was not recorded is a word among others."""
    incident = declare()
    an_observable(incident, "lisezmoi.txt", "file")
    an_observable(declare_elsewhere(), "secret.txt", "file")
    text = "Bonjour, voici « C:\\Users\\LISEZMOI.txt ». Pas secret.txt, ni autre.txt. Le domaine evil.example."
    results = client.post(LOOK, {"text": text}).context["results"]
    assert [(result.value, len(result.rows)) for result in results] == [("lisezmoi.txt", 1), ("evil[.]example", 0)]


def test_a_single_line_is_looked_up_as_a_file_name(client, responder):
    incident = declare()
    an_observable(incident, "lisez-moi.txt", ObservableKind.FILE)
    assert f'href="{case_url(incident)}"' in read_markup(client.post(LOOK, {"text": "LISEZ-MOI.txt"}))


@pytest.mark.parametrize("text", ["", "  ", "rien\ndu tout", "x" * 20_001])
def test_a_text_without_values_is_refused_and_kept(client, responder, text):
    answer = client.post(LOOK, {"text": text})
    assert answer.status_code == 422
    assert 'role="alert"' in read_markup(answer)
    assert answer.context["form"]["text"].value() == text


@pytest.mark.parametrize("many", [2, 50])
def test_looking_values_up_costs_the_same_whatever_their_number(client, responder, many):
    for number in range(many):
        an_observable(declare(), f"evil{number}.example", actor=responder)
    text = " ".join(f"evil{number}.example" for number in range(many))
    client.post(LOOK, {"text": text})
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(LOOK, {"text": text})
    assert sum(len(result.rows) for result in answer.context["results"]) == many
    assert len(queries) <= 10


def test_at_most_fifty_values_are_looked_up_at_a_time(client, responder):
    answer = client.post(LOOK, {"text": " ".join(f"evil{number}.example" for number in range(60))})
    assert "10 autres valeurs n’ont pas été cherchées" in read_markup(answer)


def test_only_people_of_a_centre_may_look_values_up(client):
    assert sign_in_as(a_lead()).get(LOOK).status_code == 200
    administrator = sign_in_as(a_person(Role.ADMINISTRATOR))
    assert administrator.get(LOOK).status_code == administrator.post(LOOK, {"text": "evil.com"}).status_code == 404
