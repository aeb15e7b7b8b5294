"""A passkey in a real browser: Chromium's virtual authenticator holds it, as a telephone would."""

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from playwright.sync_api import Browser, expect

from accounts.enums import Role
from tests.accounts.security.events import list_events
from tests.browser import WatchedPage, open_page
from tests.cast import a_person, breizh_cyber
from tests.e2e import steps

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page(browser: Browser) -> WatchedPage:
    page = open_page(browser)
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return page


def read_session_key(page):
    return next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == settings.SESSION_COOKIE_NAME)


def test_a_passkey_signs_in_after_the_password_and_alone(page, live_site):
    """The responder has enrolled it instead of an application."""
    responder = a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False)
    page.goto(live_site + "/admin/")
    steps.sign_in(page, responder)
    expect(page.get_by_role("heading", level=1)).to_have_text("Ajoutez un second facteur")
    page.get_by_role("link", name="Prendre une clé d’accès").click()
    page.get_by_label("Nom de cette clé").fill("téléphone de service")
    page.get_by_role("button", name="Ajouter cette clé").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vos codes de secours")
    page.get_by_role("link", name="Continuer").click()
    expect(page).to_have_url(live_site + "/admin/incidents/incident/")
    assert Authenticator.objects.get(type="webauthn").wrap().name == "téléphone de service"

    page.context.clear_cookies()
    page.goto(live_site + "/connexion/")
    steps.give_password(page, responder)
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()
    expect(page).to_have_url(live_site + "/admin/incidents/incident/")

    page.context.clear_cookies()
    page.goto(live_site + "/connexion/?next=/annuaire/")
    page.get_by_role("button", name="Se connecter avec une clé d’accès").click()
    expect(page).to_have_url(live_site + "/annuaire/")
    page.goto(live_site + "/admin/")
    expect(page).to_have_url(live_site + "/admin/incidents/incident/")

    before = read_session_key(page)
    page.goto(live_site + "/compte/confirmer/cle/?next=/compte/")
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()
    expect(page).to_have_url(live_site + "/compte/")
    assert read_session_key(page) != before, "a confirmation renews the key of the session"
    assert list_events() == [
        *[("sign_in", "done", "password"), ("factor_added", "done", "webauthn")],
        *[("sign_in", "done", "webauthn"), ("sign_in", "done", "passkey"), ("identity_proof", "done", "webauthn")],
    ]
    assert page.complaints == []


def test_a_browser_without_script_is_offered_an_application(browser, live_site):
    """The page says that a passkey needs a script, and an application of codes needs none."""
    page = open_page(browser, java_script_enabled=False)
    page.goto(live_site + "/admin/")
    steps.sign_in(page, a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False))
    page.get_by_role("link", name="Prendre une clé d’accès").click()
    expect(page.locator("[data-passkey-none]")).to_be_visible()
    page.get_by_role("link", name="Prenez une application de codes").click()
    expect(page.locator(".qr svg")).to_be_visible()
