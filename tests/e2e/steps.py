"""The steps that people take in the browser, with one function for each screen or button."""

from re import Pattern

from django.test import Client
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from incidents.enums import Screen
from tests.cast import PASSWORD, code_of, signed_in
from tests.incidents import journeys


def click_to_next_page(target: Locator) -> None:
    """Click a link or button to another page and wait until that page is loaded. A click alone returns earlier."""
    with target.page.expect_navigation():
        target.click()


def choose_type(page: Page, kind: str = "rancon") -> None:
    with page.expect_navigation():
        page.locator(f"#quoi-{kind}").click()


def search_body(page: Page, query: str) -> None:
    page.get_by_role("searchbox").fill(query)
    with page.expect_navigation():
        page.get_by_role("button", name="Chercher").click()


def choose_body(page: Page, query: str, name: str) -> None:
    search_body(page, query)
    with page.expect_navigation():
        page.locator("button.choice", has_text=name).first.click()


def go_on(page: Page) -> None:
    """Press the main button of a screen, which opens the next one."""
    with page.expect_navigation():
        page.get_by_role("button", name="Continuer").click()


def skip(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Je ne sais pas, passer").click()


def fill_services(page: Page) -> None:
    page.check("#id_service_stopped_0")
    page.check("#service-civil")
    page.check("#id_civil-extent_0")


def fill_data(page: Page) -> None:
    page.check("#id_data_concerned_0")
    page.check("#id_leak_status_0")
    page.check("#id_categories_0")


def describe(page: Page) -> None:
    """Report a stopped service and concerned data, from the third screen to the last."""
    fill_services(page)
    go_on(page)
    fill_data(page)
    go_on(page)
    page.locator("#id_description").fill(
        "Les fichiers de l’accueil ne s’ouvrent plus et un message demande de l’argent."
    )


def describe_nothing(page: Page) -> None:
    """Skip the questions from the third screen to the last."""
    skip(page)
    skip(page)


def fill_caller(page: Page) -> None:
    page.get_by_label("Téléphone", exact=True).fill("02 99 00 00 00")
    page.locator("#id_contact_email").fill("mairie@plouexemple.example")
    page.locator("#id_contact_name").fill("Dominique Exemple")


def send(page: Page) -> None:
    """Send the last screen and wait for the next page, which may have the same address."""
    with page.expect_navigation():
        page.locator("main form[method=post] p.actions button[type=submit]").last.click()


def begin(page: Page, site: str, *, kind: str = "rancon", query: str = "29998", name: str = "Plouexemple") -> None:
    """Go from the home page to the third screen. If this device has declared an incident already, declare
    another one.
    """
    page.goto(site)
    page.get_by_role("link", name="Déclarer un incident").first.click()
    page.wait_for_url("**/declarer/**")
    another = page.get_by_role("button", name="Déclarer un autre incident")
    if another.count():
        with page.expect_navigation():
            another.click()
    choose_type(page, kind)
    choose_body(page, query, name)


def begin_by_cookie(page: Page, site: str) -> None:
    """Open the third screen of a declaration by Plouexemple, without the pages before it, which other tests use."""
    client = Client()
    journeys.begin(client)
    add_cookies(page, site, client)
    page.goto(site + journeys.WHERE[Screen.SERVICES])


def declare(
    page: Page, site: str, *, kind: str = "rancon", query: str = "29998", name: str = "Plouexemple"
) -> tuple[str, str]:
    """Declare from the home page to the confirmation. Return the reference and the secret code as the page
    shows them.
    """
    begin(page, site, kind=kind, query=query, name=name)
    describe(page)
    fill_caller(page)
    send(page)
    reference, secret = page.locator("dd.code").all_inner_texts()
    return reference, secret


def sign_in(page: Page, user: User) -> None:
    """Sign in on the current page, with a code if the site asks for one."""
    give_password(page, user)
    if page.url.endswith("/connexion/code/"):
        enter_code(page, user)


def sign_in_by_cookie(page: Page, site: str, user: User) -> None:
    """Sign in without the sign-in page, which other tests use."""
    page.context.clear_cookies()
    add_cookies(page, site, signed_in(Client(), user))


def add_cookies(page: Page, site: str, client: Client) -> None:
    page.context.add_cookies(
        [{"name": name, "value": cookie.coded_value, "url": site} for name, cookie in client.cookies.items()]
    )


def give_password(page: Page, user: User) -> None:
    page.get_by_label("Adresse mail").fill(user.email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    with page.expect_navigation():
        page.locator("form", has=page.get_by_label("Mot de passe")).locator("button, [type=submit]").last.click()


def enter_code(page: Page, user: User) -> None:
    """Enter the code of the second factor."""
    page.locator("#id_code").fill(code_of(user))
    with page.expect_navigation():
        page.get_by_role("button", name="Continuer", exact=True).click()


def reload(page: Page) -> None:
    """Open the current address again. Chromium refuses `page.reload` while it is still changing pages."""
    page.goto(page.url.partition("#")[0])


def open_admin(page: Page, site: str, user: User) -> None:
    sign_in_by_cookie(page, site, user)
    page.goto(site + "/admin/")


def open_acts(page: Page) -> None:
    """Open or close the menu of rare acts of a case."""
    page.locator("#actes > summary").click()


def press(page: Page, button: Locator) -> None:
    """Press a button and wait for the next page or, on the page of a case, for the changed block."""
    if button.get_attribute("form") != "ecrits":
        with page.expect_navigation():
            button.click()
        return
    button.click()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def expect_message(page: Page, words: str | Pattern[str]) -> None:
    """Expect a message at the top of the page or in a block of the page of a case."""
    expect(page.locator(".messagelist li, .act-result").filter(has_text=words).first).to_be_visible()
