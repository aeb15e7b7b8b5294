import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from pytest_django import Settings

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind
from accounts.installation import clear_installation_cache
from accounts.services.mails import queue_mail
from incidents.facts.shapes import Caller
from incidents.services.declarant.access import derive_secret
from notifications import dispatch
from notifications.models import Delivery
from tests.cast import a_lead, breizh_cyber, declare

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


@pytest.fixture
def store(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    clear_installation_cache()
    yield tmp_path
    clear_installation_cache()


def declare_and_notify(**overrides):
    breizh_cyber()
    incident = declare(**overrides)
    dispatch.announce_all_events()
    dispatch.send_due_deliveries()
    return incident


def test_a_demonstration_shows_its_mails_with_working_links(client, demonstration):
    incident = declare_and_notify()

    listed = client.get("/mails/").content.decode()
    receipt = Delivery.objects.get(recipient="declarant")
    address = reverse("mail", args=[receipt.key])
    page = client.get(address).content.decode()

    assert f'href="{address}"' in listed
    assert "garde@breizh.example" in listed
    link = f"{django_settings.SITE_URL}/suivi/acces/{derive_secret(incident.accesses.get())}/"
    assert f'<a href="{link}">{link}</a>' in page


def test_a_link_to_a_search_is_whole(client, demonstration):
    lead = a_lead()
    queue_mail(MailKind.SILENT_CASES, lead, csirt=breizh_cyber(), detail="3")
    send_due_mails()

    address = re.search(r'href="(/mails/[^/]+/)"', client.get("/mails/").content.decode())[1]
    page = client.get(address).content.decode()

    assert re.search(r'/recherche/\?q=etat%3Aouvert\+au%3A[\d%F]+">', page)


def test_the_declarants_text_is_escaped_and_not_linked(client, demonstration):
    declare_and_notify(description="<script>alert(1)</script> http://evil.example.com")

    centre = Delivery.objects.get(recipient="csirt")
    page = client.get(reverse("mail", args=[centre.key])).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert 'href="http://evil' not in page


def test_a_line_of_dashes_does_not_cut_a_mail(client, demonstration):
    declare_and_notify(
        supplier="-" * 100, description="-" * 79 + "\n" + "-" * 200, caller=Caller(name="-" * 79, phone="0299000000")
    )

    centre = Delivery.objects.get(recipient="csirt")

    assert client.get("/mails/").status_code == 200
    assert "Référence" in client.get(reverse("mail", args=[centre.key])).content.decode()


def test_the_hour_of_a_mail_is_that_of_paris(client, demonstration, time_machine):
    time_machine.move_to("2026-11-24 17:56:00+00:00", tick=False)
    declare_and_notify()
    receipt = Delivery.objects.get(recipient="declarant")

    page = client.get(reverse("mail", args=[receipt.key])).content.decode()

    assert "le mardi 24 novembre 2026 à 18\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}56, heure de Paris" in page


def test_an_empty_store_says_what_to_do(client, demonstration):
    assert "Déclarez un incident" in client.get("/mails/").content.decode()


def test_an_unknown_mail_is_not_found(client, demonstration):
    assert client.get("/mails/00000000-0000-4000-8000-000000000000/").status_code == 404


def test_the_store_of_a_real_database_is_closed(client):
    declare_and_notify()
    key = Delivery.objects.first().key

    assert client.get("/mails/").status_code == 404
    assert client.get(f"/mails/{key}/").status_code == 404


def test_the_page_is_closed_when_there_is_a_mail_server(client, demonstration, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

    assert client.get("/mails/").status_code == 404


def test_the_mails_are_shown_in_development_too(client, settings):
    settings.DEBUG = True

    assert client.get("/mails/").status_code == 200
