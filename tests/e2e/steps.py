"""What people do in the browser, one function a screen."""

from re import Pattern

from django.test import Client
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from tests.cast import PASSWORD, code_of, signed_in


def leave_by(target: Locator) -> None:
    """Click what leads to another page and wait until that page is loaded. A click alone returns while it is empty."""
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
    """Leave a screen by its main button."""
    with page.expect_navigation():
        page.get_by_role("button", name="Continuer").click()


def skip(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Je ne sais pas, passer").click()


def name_services(page: Page) -> None:
    page.check("#id_service_stopped_0")
    page.check("#service-civil")
    page.check("#id_civil-extent_0")


def name_data(page: Page) -> None:
    page.check("#id_data_concerned_0")
    page.check("#id_leak_status_0")
    page.check("#id_categories_0")


def describe(page: Page) -> None:
    """A stopped service and data, as a person would say them: from the third screen to the last."""
    name_services(page)
    go_on(page)
    name_data(page)
    go_on(page)
    page.locator("#id_description").fill(
        "Les fichiers de l’accueil ne s’ouvrent plus et un message demande de l’argent."
    )


def describe_nothing(page: Page) -> None:
    """From the third screen to the last without knowing anything."""
    skip(page)
    skip(page)


def say_who_to_call(page: Page) -> None:
    page.get_by_label("Téléphone", exact=True).fill("02 99 00 00 00")
    page.locator("#id_contact_email").fill("mairie@plouexemple.example")
    page.locator("#id_contact_name").fill("Dominique Exemple")


def send(page: Page) -> None:
    """Send the last screen and wait for the page that answers it, which may have the same address."""
    with page.expect_navigation():
        page.locator("main form[method=post] p.actions button[type=submit]").last.click()


def begin(page: Page, site: str, *, kind: str = "rancon", query: str = "29998", name: str = "Plouexemple") -> None:
    """From the home page to the third screen, for another incident if this device has declared one."""
    page.goto(site)
    page.get_by_role("link", name="Déclarer un incident").first.click()
    page.wait_for_url("**/declarer/**")
    another = page.get_by_role("button", name="Déclarer un autre incident")
    if another.count():
        with page.expect_navigation():
            another.click()
    choose_type(page, kind)
    choose_body(page, query, name)


def declare(
    page: Page, site: str, *, kind: str = "rancon", query: str = "29998", name: str = "Plouexemple"
) -> tuple[str, str]:
    """From the home page to the answer. Gives (reference, secret code), as they are said."""
    begin(page, site, kind=kind, query=query, name=name)
    describe(page)
    say_who_to_call(page)
    send(page)
    reference, secret = page.locator("dd.code").all_inner_texts()
    return reference, secret


def sign_in(page: Page, user: User) -> None:
    """On the sign-in page that one was sent to."""
    give_password(page, user)
    if page.url.endswith("/connexion/code/"):
        show_code(page, user)


def bring_session(page: Page, site: str, user: User) -> None:
    """Sign in without the page, which other tests walk through."""
    cookies = signed_in(Client(), user).cookies
    page.context.clear_cookies()
    page.context.add_cookies([{"name": name, "value": one.coded_value, "url": site} for name, one in cookies.items()])


def give_password(page: Page, user: User) -> None:
    page.get_by_label("Adresse mail").fill(user.email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    with page.expect_navigation():
        page.locator("form", has=page.get_by_label("Mot de passe")).locator("button, [type=submit]").last.click()


def show_code(page: Page, user: User) -> None:
    """The second factor, where one is asked for."""
    page.locator("#id_code").fill(code_of(user))
    with page.expect_navigation():
        page.get_by_role("button", name="Continuer", exact=True).click()


def look_again(page: Page) -> None:
    """The same address once more. Chromium refuses to reload while it is still changing pages; this it takes."""
    page.goto(page.url.partition("#")[0])


def open_admin(page: Page, site: str, user: User) -> None:
    page.goto(site + "/admin/")
    sign_in(page, user)


def open_acts(page: Page) -> None:
    """Open the menu of a case that holds what is done seldom, or shut it."""
    page.locator("#actes > summary").click()


def press(page: Page, button: Locator) -> None:
    """Press a button that leads to a page; one of the page of a case changes its own block instead."""
    if button.get_attribute("form") != "ecrits":
        with page.expect_navigation():
            button.click()
        return
    button.click()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def is_told(page: Page, words: str | Pattern[str]) -> None:
    """Above the page that came, or in the block of the page of a case."""
    expect(page.locator(".messagelist li, .said").filter(has_text=words).first).to_be_visible()
