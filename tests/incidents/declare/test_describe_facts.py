"""A line that is described in `incidents/facts/shapes.py` is asked at each door, stored, corrected and read."""

import pytest

from incidents.enums import Screen
from incidents.facts.shapes import CALLER_COLUMNS, STORY_LINES, STORY_WORDS, map_inputs
from incidents.models import Incident, Story
from incidents.questions.facts import list_sheet_facts
from incidents.services.history.snapshots import snapshot_rows
from tests.cast import a_responder, declare
from tests.incidents import completing_pages
from tests.incidents.devices import open_by_link
from tests.incidents.journeys import WHERE, begin, post
from tests.incidents.triage_pages import case_url
from tests.reading import read_hidden_value, read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]

PHONE = "02 99 00 00 00"
LINES = {name: f"Ligne {place}" for place, name in enumerate(STORY_LINES, start=1)}
CORRECTED = {name: f"{words}, corrigée" for name, words in LINES.items()}
INPUTS = [*CALLER_COLUMNS.values(), *STORY_WORDS]


def get_story_lines(incident):
    return Story.objects.values(*LINES).get(incident=incident)


def list_missing_inputs(page, names):
    """Return the inputs that the page does not ask for."""
    return [name for name in names if f'name="{name}"' not in page.content.decode()]


def test_story_lines_are_asked_on_the_last_screen(client):
    begin(client)
    page = client.get(WHERE[Screen.CALLER])
    assert list_missing_inputs(page, INPUTS) == []
    assert all(fact.help in page.content.decode() for fact in STORY_LINES.values())

    post(client, {"contact_phone": PHONE, **LINES})

    assert get_story_lines(Incident.objects.get()) == LINES


def test_a_number_typed_in_any_way_is_written_as_people_read_it_everywhere(client):
    begin(client)
    post(client, {"contact_phone": "02,99-00-00-00"})
    incident = Incident.objects.get()
    assert incident.story.contact_phone == "02,99-00-00-00"

    client.force_login(a_responder())
    declarant = open_by_link(incident)
    case_page = f"/admin/incidents/incident/{incident.reference}/"
    pages = [client.get(path) for path in ("/admin/incidents/incident/", case_page, f"/triage/{incident.reference}/")]
    pages += [declarant.get(f"/suivi/{incident.reference}/{part}") for part in ("", "dossier/")]
    for page in pages:
        words = read_text(page)
        assert PHONE in words, page.request["PATH_INFO"]
        assert "02,99" not in words, page.request["PATH_INFO"]


def test_the_data_are_named_by_the_boxes_that_were_ticked(client):
    begin(client)
    data = {"data_concerned": "yes", "categories": ["nir", "coordonnees"], "person_categories": ["employes"]}
    post(client, data)
    declarant, incident = open_by_link(Incident.objects.get()), Incident.objects.get()
    for part in ("", "dossier/"):
        words = read_text(declarant.get(f"/suivi/{incident.reference}/{part}"))
        assert "Numéro de sécurité sociale, Comment les joindre" in words, part
        assert "Agents et élus" in words, part
        assert "NIR" not in words, part


def test_story_lines_are_asked_in_a_call(client):
    client.force_login(a_responder())
    page = client.get("/triage/saisir/")
    assert list_missing_inputs(page, INPUTS) == []

    client.post(
        "/triage/saisir/", {"cle": read_hidden_value(page, "cle"), "body": "29999", "contact_phone": PHONE, **LINES}
    )

    assert get_story_lines(Incident.objects.get()) == LINES


def test_story_lines_are_filled_in_a_later_call(client):
    incident = declare(**LINES)
    client.force_login(a_responder())
    page = client.get(case_url(incident, "appel"))
    form = page.context["form"]
    assert {name: form[name].value() for name in LINES} == LINES

    fields = {
        "vu": read_hidden_value(page, "vu"),
        "cle": read_hidden_value(page, "cle"),
        "contact_phone": PHONE,
        "type": incident.type,
        "direction": "call_out",
    }
    assert client.post(case_url(incident, "appel"), fields | CORRECTED).status_code == 302

    assert get_story_lines(incident) == CORRECTED


def test_story_lines_are_corrected(client):
    incident = declare(**LINES)
    completing_pages.open_by_link(client, incident)
    assert list_missing_inputs(client.get(completing_pages.url(incident, "rappel")), CALLER_COLUMNS.values()) == []
    page = client.get(completing_pages.url(incident, "recit"))
    assert all(f'value="{words}"' in page.content.decode() for words in LINES.values())

    completing_pages.post(client, incident, "recit", {"description": "Tout est chiffré."} | CORRECTED)

    assert get_story_lines(incident) == CORRECTED


def test_story_lines_are_read_on_the_case_and_in_the_sheet(client):
    incident = declare(**LINES)
    client.force_login(a_responder())
    page = read_text(client.get(case_url(incident)))
    assert all(f"{fact.short} {LINES[name]}" in page for name, fact in STORY_LINES.items())

    facts = {
        line.label: line.words
        for line in list_sheet_facts("recit", "", snapshot_rows(incident, "recit"), "Europe/Paris")
    }

    assert {fact.history_label: LINES[name] for name, fact in STORY_LINES.items()}.items() <= facts.items()


def test_an_older_sheet_is_read_without_the_story_lines():
    (line,) = list_sheet_facts("recit", "", {"description": "Tout est chiffré."}, "Europe/Paris")
    assert (line.label, line.words) == ("Récit", "Tout est chiffré.")


@pytest.mark.parametrize("section", ["recit", "rappel"])
def test_a_column_holds_as_much_as_is_accepted(section):
    limits = {name: fact.limit for name, fact in map_inputs(section).items() if fact.is_free_text}
    lengths = {name: Story._meta.get_field(name).max_length for name in limits}
    assert all(lengths[name] is None or lengths[name] >= limit for name, limit in limits.items())
