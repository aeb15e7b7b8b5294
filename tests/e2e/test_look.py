"""Every public page in every state: axe finds nothing, nothing scrolls sideways, nothing is refused or fetched."""

import gzip

import pytest
from playwright.sync_api import expect

from csirts.models import Contact
from incidents.reference import compact_code
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from stats import services as figures
from stats.disclosure.tables import Period
from stats.pages.freshness import page_cache
from tests.browser import find_host, open_page
from tests.cast import a_responder, an_agent, declare
from tests.e2e import steps
from tests.pages.notices import fill_notice
from tests.stats.cases import bodies, one_each, paris_time, store
from tests.stats.printing import print_release, print_year, spread_tables

FRESH = [
    "/",
    "/declarer/",
    "/declarer/reprendre/",
    "/declarer/rappelez-moi/",
    "/suivi/",
    "/reflexes/",
    "/reflexes/rancon/",
    "/reflexes/inconnu/?region=53",
    "/reflexes/perte/?region=06",
    "/annuaire/",
    "/statistiques/",
    "/statistiques/definitions/",
    "/statistiques/methode/",
    "/statistiques/publications/",
    "/connexion/",
    "/vos-donnees/",
    "/accessibilite/",
    "/mentions-legales/",
]
WRONG = [
    "/nulle-part/",
    "/declarer/qui/",
    "/declarer/qui/?suite=oui",
    "/suivi/acces/2222/",
    "/suivi/2222/",
    "/annuaire/?q=quimper",
    "/annuaire/?organisme=29232",
    "/annuaire/?q=saint+denis",
    "/annuaire/?q=zzqxkjw",
    "/annuaire/?q=123456789",
    "/annuaire/?q=mamoudzou",
    "/statistiques/?region=53",
    "/statistiques/?annee=1800",
]


def make_file_name(path):
    return path.strip("/").translate(str.maketrans("/?=&+", "-----")) or "home"


@pytest.mark.proof
def test_public_pages_are_accessible(visitor):
    for path in FRESH:
        visitor.goto(path)
        visitor.inspect(make_file_name(path))
    visitor.check()


@pytest.mark.proof
def test_legal_pages_that_are_filled_in_are_accessible(visitor):
    fill_notice(
        accessibility_scheme=f"https://exemple.example/{'schema-' * 20}",
        security_contact=f"mailto:{'signalements-' * 5}faille@exemple.example",
    )
    for path in ("/vos-donnees/", "/accessibilite/", "/mentions-legales/"):
        visitor.goto(path)
        visitor.inspect(f"filled-{make_file_name(path)}")
    visitor.check()


@pytest.mark.proof
def test_error_and_empty_pages_are_accessible(visitor):
    for path in WRONG:
        visitor.goto(path)
        visitor.inspect(make_file_name(path))
    visitor.check()


@pytest.mark.proof
def test_the_first_screens_of_the_declaration_are_accessible(visitor):
    page = visitor.page
    visitor.goto("/declarer/")
    steps.choose_type(page)
    visitor.inspect("who")
    for query in ("123456789", "zzqxkjw", "saint denis", "plouexemple"):
        steps.search_body(page, query)
        visitor.inspect(f"who-{query}")
    steps.choose_body(page, "plouexemple", "Plouexemple")
    visitor.inspect("services")
    steps.fill_services(page)
    page.locator("#id_civil-started_date").fill("2026-11-03")
    page.locator("#id_civil-ended_date").fill("2026-11-02")
    steps.go_on(page)
    visitor.inspect("services-errors")
    page.locator("#id_civil-ended_date").fill("")
    steps.go_on(page)
    visitor.inspect("data")
    steps.fill_data(page)
    visitor.inspect("data-yes")
    visitor.check()


@pytest.mark.proof
def test_the_last_screens_of_the_declaration_are_accessible(visitor):
    page = visitor.page
    visitor.fill_in()
    steps.describe(page)
    visitor.inspect("caller")
    page.locator("#id_occurred_date").fill("2096-11-24")
    steps.send(page)
    expect(page.locator(".errors")).to_be_visible()
    visitor.inspect("caller-errors")
    visitor.goto("/declarer/")
    visitor.inspect("type-under-way")
    page.get_by_role("link", name="La reprendre").click()
    page.locator("#id_occurred_date").fill("")
    steps.fill_caller(page)
    steps.send(page)
    visitor.inspect("answer")
    visitor.check()


@pytest.mark.parametrize("town", ["ajaccio", "mamoudzou", "noumea"])
@pytest.mark.proof
def test_the_confirmation_page_is_accessible_in_exceptional_territories(visitor, town):
    """Corse has a number to be confirmed, Mayotte has no centre, Nouvelle-Calédonie a short number."""
    visitor.fill_in(town)
    visitor.send()
    visitor.inspect(f"answer-{town}")
    visitor.check()


@pytest.mark.proof
def test_only_a_number_to_call_is_shown_in_brass(live_site, browser):
    """The block of a territory without a centre has plain colours. A centre without a number lends its brass to the
    national centre, which has one.
    """
    page = open_page(browser)
    page.goto(live_site + "/annuaire/?q=mamoudzou")
    expect(page.locator("#appeler")).to_contain_text("Aucun centre ne couvre votre territoire")
    brass = "rgb(244, 196, 79)"
    ground = "box => getComputedStyle(box).backgroundColor"
    assert page.locator("#appeler section").evaluate(ground) != brass
    Contact.objects.filter(csirt__slug="cyber-corsica", kind="phone").delete()
    page.goto(live_site + "/annuaire/?q=ajaccio")
    expect(page.locator("#appeler")).to_contain_text("n’a pas publié de téléphone")
    expect(page.locator("#appeler")).to_contain_text("Appelez le CERT-FR")
    assert page.locator("#appeler section").evaluate(ground) == brass
    page.goto(live_site + "/annuaire/?organisme=29232")
    assert page.locator("#appeler section").evaluate(ground) == brass


@pytest.mark.proof
def test_the_confirmation_and_the_conflict_are_accessible(visitor, browser):
    page = visitor.page
    visitor.fill_in()
    steps.describe_nothing(page)
    late = page.context.new_page()
    late.goto(visitor.site + "/declarer/rappel/")
    page.evaluate("document.getElementById('site_web').value = 'x'")
    steps.fill_caller(page)
    steps.send(page)
    visitor.inspect("confirm")
    steps.send(page)
    late.locator("#id_contact_phone").fill("03 11 11 11 11")
    steps.send(late)
    visitor.page, late.complaints, late.hosts = late, [], set()
    visitor.inspect("conflict")
    visitor.check()


@pytest.mark.proof
def test_the_follow_up_is_accessible(visitor):
    page = visitor.page
    visitor.fill_in()
    visitor.send()
    reference, secret = map(compact_code, page.locator("dd.code").all_inner_texts())
    responder = a_responder()
    visitor.goto(f"/suivi/acces/{secret}/")
    visitor.inspect("follow-up-link")
    steps.click_to_next_page(page.get_by_role("button", name="Ouvrir mon dossier"))
    visitor.inspect("follow-up-received")
    visitor.goto("/suivi/")
    visitor.inspect("follow-up-known")
    page.locator("#id_reference").fill("AAAA")
    steps.click_to_next_page(page.get_by_role("button", name="Ouvrir mon dossier"))
    visitor.inspect("follow-up-errors")
    acknowledge_incident(reference=reference, actor=responder)
    visitor.goto(f"/suivi/{reference}/")
    visitor.inspect("follow-up-taken")
    close_incident(reference=reference, reason="handed_over", handed_to="la DSI", actor=responder)
    steps.reload(page)
    visitor.inspect("follow-up-closed")
    page.locator("summary", has_text="Code, compte").click()
    steps.click_to_next_page(page.get_by_role("link", name="Renouveler le code"))
    visitor.inspect("follow-up-new-code-asked")
    steps.click_to_next_page(page.get_by_role("button", name="Renouveler le code"))
    visitor.inspect("follow-up-new-code")
    visitor.check()


FIGURES = [
    "/statistiques/?annee=2025",
    "/statistiques/?annee=2025&region=53",
    "/statistiques/?annee=2026",
    "/statistiques/?region=94",
    "/statistiques/?region=01&annee=2026",
]


@pytest.mark.parametrize("size", [84, 317, 5_000])
@pytest.mark.proof
def test_the_figures_are_accessible_at_each_size(visitor, size):
    """Two years and a quarter in progress are published, for the nation and for régions, one with a dash."""
    page_cache.clear()
    print_year(2024, size * 3 // 4)
    print_year(2025, size)
    print_release(Period(2026, 1), spread_tables(Period(2026, 1), size // 3))
    for path in FIGURES:
        visitor.goto(path)
        visitor.page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        visitor.inspect(f"{make_file_name(path)}-{size}")
    visitor.check()


@pytest.mark.proof
def test_figures_published_by_the_real_rule_are_accessible(visitor):
    """One région has enough bodies for a figure, and another too few."""
    page_cache.clear()
    store(one_each(bodies("53", 60), paris_time(2025, 2, 3), hours=(2, None), leaks=(("confirmed", "6-50"),)))
    store(one_each(bodies("94", 2), paris_time(2025, 6, 3)))
    figures.publish_due_periods(now=paris_time(2026, 4, 1))
    paths = ["?annee=2025", "?annee=2025&region=53", "?region=94", "publications/", "publications/5/", "definitions/"]
    for path in (f"/statistiques/{page}" for page in [*paths, "methode/"]):
        visitor.goto(path)
        visitor.page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        visitor.inspect(f"published-{make_file_name(path)}")
    visitor.check()


@pytest.mark.proof
def test_pages_behind_an_account_are_accessible(visitor):
    incident = declare()
    for person, path in ((an_agent(), "/mes-dossiers/"), (a_responder(), f"/triage/{incident.reference}/")):
        visitor.goto(path)
        steps.sign_in(visitor.page, person)
        visitor.inspect(make_file_name(path).partition("-")[0] + "-signed-in")
        visitor.page.context.clear_cookies()
    visitor.check()


@pytest.mark.proof
def test_each_page_of_the_declaration_weighs_under_60_kb(live_site, browser):
    """Each page takes under 60 kB compressed with all that it fetches, from this site only."""
    first = open_page(browser)
    steps.begin(first, live_site)
    for path in ["/", "/declarer/", *(f"/declarer/{name}/" for name in ("qui", "services", "donnees", "rappel"))]:
        page = open_page(browser, storage_state=first.context.storage_state())
        fetched = []
        page.on("response", lambda answer, fetched=fetched: fetched.append(len(gzip.compress(answer.body()))))
        page.goto(live_site + path, wait_until="networkidle")
        assert page.url == live_site + path
        assert page.hosts == {find_host(live_site)}
        assert len(fetched) > 3
        assert sum(fetched) < 60_000, path
