"""The pages of a case full of hostile text, in a real browser: no script runs, and nothing is fetched."""

import pytest

from accounts.enums import Role
from incidents.models import Incident
from incidents.services.declarant.share import derive_sentence_secret
from tests.browser import find_host, open_page
from tests.cast import a_lead, a_person, a_responder, breizh_cyber
from tests.hostile import ADDRESSES, MARKUP, TEMPLATES
from tests.incidents import hostile_acts
from tests.walking import Log, Visitor

WORDS = [*MARKUP, *ADDRESSES, *TEMPLATES]


@pytest.fixture
def holder(live_site: str) -> Visitor:
    return Visitor(WORDS, Log(), address="2001:db8::2")


@pytest.fixture
def hostile_case(holder: Visitor) -> Incident:
    incident = hostile_acts.declare(holder, "rancon", 1)
    hostile_acts.act_as_declarant(holder, incident, 1)
    return incident


class Browser:
    """One person's browser, with the problems of its pages."""

    def __init__(self, browser, site, visitor):
        self.site, self.page, self.problems = site, open_page(browser), []
        self.page.on("dialog", lambda dialog: self.problems.append(("dialog", dialog.message)) or dialog.dismiss())
        cookies = [(name, morsel) for name, morsel in visitor.client.cookies.items() if morsel.value]
        self.page.context.add_cookies(
            [{"name": name, "value": morsel.coded_value, "url": site} for name, morsel in cookies]
        )

    def open(self, address):
        answer = self.page.goto(self.site + address)
        assert answer.status == 200, address
        for event in ("mouseover", "focus", "toggle", "error", "load"):
            self.page.evaluate(f"document.querySelectorAll('*').forEach(e => e.dispatchEvent(new Event('{event}')))")
        if self.page.evaluate("typeof window.piege !== 'undefined' && !(window.piege instanceof Node)"):
            self.problems.append((address, "ran"))
        self.problems += [(address, complaint) for complaint in self.page.complaints]
        self.problems += [(address, host) for host in self.page.hosts if host != find_host(self.site)]
        self.page.complaints.clear()


@pytest.mark.proof
def test_nothing_runs_on_the_declarants_pages(live_site, browser, holder, hostile_case):
    """The pages of the holder of the link, and the shared sentence."""
    case = f"/suivi/{hostile_case.reference}/"
    filled = ("", "recit/", "rappel/", "services/", "precisions/", "recit/avant/")
    pages = ["", *(f"completer/{page}" for page in filled)]
    window = Browser(browser, live_site, holder)
    for page in (*pages, "pieces/", "pieces/bordereau/", "dossier/", "retirer/"):
        window.open(case + page)
    window.open(f"/phrase/{derive_sentence_secret(hostile_case.shared.get())}/")
    assert window.problems == []


@pytest.mark.proof
def test_nothing_runs_on_the_centres_pages(live_site, browser, holder, hostile_case):
    responder, lead = (Visitor(WORDS, holder.log, user=user) for user in (a_responder(), a_lead()))
    hostile_acts.act_as_responder(responder, hostile_case)
    window = Browser(browser, live_site, responder)
    case = f"/admin/incidents/incident/{hostile_case.reference}/"
    for page in ("/admin/incidents/incident/", f"/triage/{hostile_case.reference}/", "/triage/saisir/?q=<b id=piege>"):
        window.open(page)
    window.open(case)
    chief = Browser(browser, live_site, lead)
    chief.open(f"{case}effacer/demande/")
    assert (window.problems, chief.problems) == ([], [])


@pytest.mark.proof
def test_nothing_runs_on_the_pages_of_a_body_and_the_directory(live_site, browser, holder, hostile_case):
    manager = Visitor(WORDS, holder.log, user=a_person(Role.MANAGER, collectivity=hostile_case.collectivity))
    administrator = Visitor(WORDS, holder.log, user=a_person(Role.ADMINISTRATOR))
    hostile_acts.invite_member(manager, hostile_case.collectivity)
    hostile_acts.edit_directory(administrator, breizh_cyber())
    home, office = Browser(browser, live_site, manager), Browser(browser, live_site, administrator)
    for page in ("", "urgence/", "urgence/ecrire/", "inviter/"):
        home.open(f"/ma-collectivite/{hostile_case.collectivity.uid}/{page}")
    home.open("/annuaire/?q=<b id=piege>")
    csirt = f"/admin/csirts/csirt/{hostile_case.csirt_id}/"
    for page in ("/admin/accounts/user/", "/admin/csirts/csirt/", f"{csirt}change/", f"{csirt}history/"):
        office.open(page)
    assert (home.problems, office.problems) == ([], [])
