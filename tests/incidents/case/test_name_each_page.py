"""The pages about one case name it in their title or heading, and none of their controls is without a name."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from incidents.models import Incident, Task
from incidents.questions.catalogue import SNAPSHOTS
from incidents.reference import hyphenate
from incidents.services.handling.acknowledge import acknowledge_incident
from tests.cast import a_lead, a_responder, breizh_cyber, declare
from tests.incidents.completing import CIVIL
from tests.incidents.completing_pages import post as complete
from tests.incidents.devices import follow_up_url, open_by_link, send, sign_in_as
from tests.incidents.evidence_files import hand_over
from tests.incidents.merging import MAYOR
from tests.incidents.observing import an_observable
from tests.incidents.transferring import create_other_centre, offer_url, propose_transfer
from tests.incidents.triage_pages import case_url
from tests.stores import store_in_folder

pytestmark = pytest.mark.django_db
CONTROLS = {"a", "button", "summary"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
OF_THE_DECLARANT = [
    *("", "lien", "messages", "retirer", "completer", "dossier", "pieces", "pieces/bordereau"),
    "pieces/{piece}/reprendre",
]
SECTIONS = [
    *(f"completer/{section}" for section in (*SNAPSHOTS, "precisions", "machines", "sauvegardes", "demarches")),
    "completer/precisions/avant",
]
OF_THE_TRIAGE = [
    *("histoire", "cloture", "appel", "transfert", "avis", "indicateurs", "indicateurs/{observable}", "messages"),
    *("code", "effacer/demande"),
]
NAMED_BY_BODY = ["", "fusionner/", "fusionner/?avec={duplicate}"]


class Controls(HTMLParser):
    """The opening tags of the links, buttons and summaries that a screen reader would name with nothing."""

    def __init__(self, content):
        super().__init__()
        self.path, self.unclosed, self.nameless = [], [], []
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in VOID:
            self.path.append((tag, attributes.get("aria-hidden") == "true"))
        if tag in CONTROLS:
            self.unclosed.append((self.get_starttag_text(), len(self.path), [attributes.get("aria-label") or ""]))
        elif tag == "img":
            self.handle_data(attributes.get("alt") or "")

    def handle_data(self, data):
        for _, depth, words in self.unclosed:
            if not any(is_silent for _, is_silent in self.path[depth:]):
                words.append(data)

    def handle_endtag(self, tag):
        while self.path and self.path.pop()[0] != tag:
            pass
        if tag in CONTROLS:
            control, _, words = self.unclosed.pop()
            if not "".join(words).strip():
                self.nameless.append(control)


@pytest.fixture
def case_with_stopped_service(settings: Settings, tmp_path: Path) -> Iterator[Incident]:
    breizh_cyber()
    with store_in_folder(settings, tmp_path / "evidence"):
        yield declare(service_stopped="yes", interruptions=(CIVIL,))


@pytest.fixture
def uids(case_with_stopped_service: Incident) -> dict[str, Any]:
    """Fill the case, so that each of its parts has controls, and return what the addresses vary by."""
    declarant, responder = open_by_link(case_with_stopped_service), a_responder()
    acknowledge_incident(reference=case_with_stopped_service.reference, actor=responder)
    send(declarant, case_with_stopped_service)
    complete(declarant, case_with_stopped_service, "precisions", {"q-extension": ".abcd"})
    Task.objects.create(incident=case_with_stopped_service, title="Rappeler le maire", author=responder)
    create_other_centre()
    return {
        "piece": hand_over(declarant, case_with_stopped_service, b"x", name="journal.txt").uid,
        "observable": an_observable(case_with_stopped_service, actor=responder).uid,
        "duplicate": declare(caller=MAYOR).reference,
    }


def join_names(response):
    """Return the text of the title and of the first headings."""
    content = " ".join(response.content.decode().replace("&nbsp;", " ").split())
    return re.sub("<[^>]+>", "", " ".join(re.findall(r"<(?:title|h1)\b.*?</(?:title|h1)>", content)))


def assert_named(response, name):
    assert response.status_code == 200
    assert name in join_names(response)
    assert Controls(response.content.decode()).nameless == []


@pytest.mark.parametrize("path", OF_THE_DECLARANT)
def test_each_page_of_the_declarant_names_the_case(case_with_stopped_service, uids, path):
    address = follow_up_url(case_with_stopped_service, *path.format(**uids).split("/")).replace("//", "/")
    assert_named(open_by_link(case_with_stopped_service).get(address), hyphenate(case_with_stopped_service.reference))


@pytest.mark.parametrize("path", SECTIONS)
def test_each_section_leads_back_to_the_page_that_names_the_case(case_with_stopped_service, uids, path):
    """A section has the words of its questions alone: it names neither the case nor the body."""
    response = open_by_link(case_with_stopped_service).get(follow_up_url(case_with_stopped_service, *path.split("/")))
    assert Controls(response.content.decode()).nameless == []
    assert (
        f'<a href="{follow_up_url(case_with_stopped_service, "completer")}">Ce qui aiderait encore</a>'
        in response.content.decode()
    )


@pytest.mark.parametrize("path", OF_THE_TRIAGE)
def test_each_page_of_the_triage_names_the_case(case_with_stopped_service, uids, path):
    address = case_url(case_with_stopped_service, *path.format(**uids).split("/"))
    assert_named(sign_in_as(a_lead()).get(address), hyphenate(case_with_stopped_service.reference))


@pytest.mark.parametrize("path", NAMED_BY_BODY)
def test_the_pages_that_are_read_by_body_name_the_body(case_with_stopped_service, uids, path):
    address = case_url(case_with_stopped_service).rstrip("/") + "/" + path.format(**uids)
    assert_named(sign_in_as(a_lead()).get(address), case_with_stopped_service.collectivity.name)


def test_the_telephone_page_names_the_body(case_with_stopped_service, uids):
    response = sign_in_as(a_lead()).get(f"/triage/{case_with_stopped_service.reference}/")
    assert_named(response, case_with_stopped_service.collectivity.name)


def test_the_offer_names_the_case_to_the_other_centre(case_with_stopped_service, uids):
    transfer = propose_transfer(case_with_stopped_service, a_responder())
    taker = sign_in_as(a_responder(transfer.taker))
    assert_named(taker.get(offer_url(transfer)), hyphenate(case_with_stopped_service.reference))


@pytest.mark.parametrize(
    ("markup", "is_named"),
    [
        ('<a href="/">Dossier</a>', True),
        ('<button aria-label="Fermer"><svg aria-hidden="true"></svg></button>', True),
        ('<a href="/"><img src="a.png" alt="Accueil"></a>', True),
        ('<a href="/"><span class="hash"></span></a>', False),
        ('<summary><span aria-hidden="true">×</span></summary>', False),
    ],
)
def test_a_control_without_words_is_found(markup, is_named):
    assert bool(Controls(markup).nameless) is not is_named
