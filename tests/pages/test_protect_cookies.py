"""Every cookie that the site sets in production has the prefix `__Host-`, and what browsers demand with it."""

import json
import subprocess
import sys
from datetime import timedelta
from http.cookies import Morsel

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.enums import Role
from incidents.models import Incident
from tests.backend import ROOT
from tests.cast import PASSWORD, a_lead, a_person, breizh_cyber, code_of, plouexemple
from tests.config.environments import PRODUCTION
from tests.incidents.completing_pages import open_by_link, post
from tests.incidents.journeys import KEY
from tests.incidents.journeys import post as post_declaration

pytestmark = pytest.mark.django_db

PROGRAM = (
    "import json; from django.conf import settings; "
    "print(json.dumps({name: getattr(settings, name) for name in dir(settings) if 'COOKIE' in name}))"
)


class RecordingClient(Client):
    """A browser that keeps each cookie of each response, also those that a later response deletes."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.seen: list[Morsel] = []

    def request(self, **request):
        response = super().request(**request)
        self.seen += response.cookies.values()
        return response


@pytest.fixture
def browser(settings: Settings) -> RecordingClient:
    """Return a browser of a site whose cookies are those of production."""
    environment = {"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "config.settings.prod"} | PRODUCTION
    read = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    for name, value in json.loads(read.stdout).items():
        setattr(settings, name, value)
    breizh_cyber()
    return RecordingClient()


def test_each_cookie_of_a_declaration_a_follow_up_and_a_sign_in_is_bound_to_the_host(browser):
    manager, lead = a_person(Role.MANAGER, collectivity=plouexemple()), a_lead()

    declare_and_follow(browser)
    sign_in_and_act(browser, manager)
    sign_in_and_act(browser, lead)

    names = {morsel.key for morsel in browser.seen}
    assert names == {
        *(settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.CASE_COOKIE_NAME),
        *(settings.DRAFT_COOKIE_NAME, settings.SIGNATURE_COOKIE_NAME, settings.MESSAGE_COOKIE_NAME),
        settings.FORM_COOKIE_NAME,
    }
    for morsel in browser.seen:
        assert morsel.key.startswith("__Host-"), morsel
        assert (morsel["secure"], morsel["path"], morsel["domain"]) == (True, "/", ""), morsel
        assert morsel["samesite"] == "Lax", morsel
        # A cookie that is deleted has no value that a script could read.
        assert morsel["httponly"] or not morsel.value, morsel


def declare_and_follow(browser):
    """Declare, open the case by its link, write to the centre, begin again, and forget the case on this device."""
    post_declaration(browser, {"cle": KEY})
    incident = Incident.objects.get()
    open_by_link(browser, incident)
    post(browser, incident, "machines", {"q-postes": "8"})
    browser.post("/declarer/autre/")
    browser.post(f"/suivi/{incident.reference}/quitter/")


def sign_in_and_act(browser, user):
    """Sign in with the password, and the code if one is asked for, do what shows a message, and sign out."""
    response = browser.post("/connexion/", {"login": user.email, "password": PASSWORD})
    if response["Location"] == "/connexion/code/":
        browser.post("/connexion/code/", {"code": code_of(user)})
        browser.post("/admin/incidents/incident/ZZZZZZZZ/clore/")
        browser.post("/compte/sessions/autres/terminer/", follow=True)
        with time_machine.travel(timezone.now() + timedelta(minutes=6)):  # a form for which a proof is asked
            browser.post("/compte/sessions/autres/terminer/")
    browser.post("/deconnexion/")
