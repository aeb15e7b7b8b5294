"""The legal pages, security.txt and the deploy check say what the administrator wrote, and that the rest is empty."""

import re
import subprocess
import sys
from datetime import timedelta

import pytest
import time_machine
from django.core.checks import Error
from django.utils import timezone

from accounts.enums import Accessibility
from accounts.installation import mark_as_demonstration
from accounts.models import SiteNotice
from accounts.notices.checks import check_notices
from config.demo.notices import fill_invented_notice
from csirts.models import get_version_manager
from tests.backend import ROOT
from tests.config.environments import PRODUCTION
from tests.pages.notices import FILLED, fill_notice
from tests.reading import read_text

pytestmark = pytest.mark.django_db

SECURITY_TXT = "/.well-known/security.txt"
HOST = ("host", "host_address", "host_phone")
NO_AUDIT = {"accessibility_audited_on": None, "accessibility_result": "", "accessibility_gaps": ""}


def test_the_legal_notice_names_the_publisher_the_director_and_the_host(client):
    fill_notice()
    text = read_text(client.get("/mentions-legales/"))
    for name in (
        "publisher",
        "publisher_address",
        "publisher_phone",
        "director",
        "host",
        "host_address",
        "host_phone",
    ):
        assert FILLED[name] in text, name
    assert "écrivez-nous, en français ou en anglais : securite@exemple.example" in text.lower()
    assert "Non renseigné" not in text


def test_the_privacy_notice_says_all_that_article_13_asks(client):
    fill_notice()
    text = read_text(client.get("/vos-donnees/"))
    assert (
        "Syndicat mixte Exemple, 1 place Modèle, Exemple-Ville. Son délégué à la protection des données : dpo@" in text
    )
    assert "pour le compte de l’éditeur : Centre de calcul Exemple" in text
    assert "Hors de l’Union européenne Aucun. " in text
    assert "non renseigné" not in text.lower()


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({}, ["Ce site n’est pas conforme au RGAA", "1er juin 2026. Résultat : 62 % des critères du RGAA 4.1."]),
        (
            {"accessibility_state": Accessibility.PARTIAL},
            ["Ce site est partiellement conforme au RGAA", "Les cartes n’ont pas de texte. Les tableaux non plus."],
        ),
        (
            {"accessibility_state": Accessibility.FULL, "accessibility_gaps": ""},
            ["Ce site est totalement conforme au RGAA", "Contenus non accessibles Aucun n’est connu."],
        ),
        (
            NO_AUDIT,
            ["aucun audit n’a été indiqué", "audit : non renseigné", "non accessibles Non renseigné ."],
        ),
    ],
    ids=["audited", "partial", "full", "no audit"],
)
def test_the_declaration_of_accessibility_follows_the_last_audit(client, changes, sentences):
    fill_notice(**changes)
    text = read_text(client.get("/accessibilite/"))
    for sentence in [*sentences, "Défenseur des droits", "écrivez à accessibilite@exemple.example", "n° 2005-102"]:
        assert sentence in text


def test_the_declaration_of_accessibility_is_dated_by_the_last_change_of_what_it_says(client):
    versions = get_version_manager(SiteNotice)
    for day, changes in (
        ("2026-06-02", {"accessibility_result": "61 %"}),
        ("2026-06-03", {}),
        ("2026-06-04", {"publisher": "Autre syndicat"}),
    ):
        with time_machine.travel(f"{day} 12:00+02:00", tick=False):
            versions.create(id=1, pgh_obj_id=1, pgh_label="update", **(FILLED | changes))
    fill_notice()
    assert "mise à jour le 3 juin 2026" in read_text(client.get("/accessibilite/"))


def test_security_txt_has_the_fields_of_rfc_9116(client, settings):
    settings.SITE_URL = "https://tocsin.example"
    with time_machine.travel("2026-11-30 12:00+01:00", tick=False):
        fill_notice()
        response = client.get(SECURITY_TXT)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode().splitlines() == [
        "Contact: mailto:securite@exemple.example",
        "Expires: 2026-12-30T23:00:00Z",
        "Preferred-Languages: fr, en",
        "Canonical: https://tocsin.example/.well-known/security.txt",
        "Policy: https://tocsin.example/mentions-legales/#signaler-une-faille",
    ]
    assert 'id="signaler-une-faille"' in client.get("/mentions-legales/").content.decode()


@pytest.mark.parametrize("changes", [{"security_contact": ""}, {"security_expires_on": None}])
def test_there_is_no_security_txt_without_its_two_required_fields(client, changes):
    fill_notice(**changes)
    assert client.get(SECURITY_TXT).status_code == 404


@pytest.mark.usefixtures("unread_demonstration_answer")
def test_a_demonstration_says_that_its_notices_are_invented(client):
    mark_as_demonstration()
    fill_invented_notice()
    assert SiteNotice.objects.get().list_empty_labels() == []
    assert read_text(client.get("/mentions-legales/")).count("inventé pour la démonstration") >= 4
    assert client.get(SECURITY_TXT).content.decode().startswith("# Démonstration : adresses inventées.\n")
    addresses = re.findall(r"[\w.]+@([\w.]+)", repr(SiteNotice.objects.values().get()))
    assert set(addresses) == {"demo.example"}
    SiteNotice.objects.update(publisher="Un essai")
    fill_invented_notice()
    assert SiteNotice.objects.get().publisher == "Un essai"


# What `manage.py check --deploy` names


def test_the_deploy_check_refuses_each_empty_notice_by_its_name():
    fill_notice()
    assert check_notices() == []
    SiteNotice.objects.update(host="", dpo_contact="", **NO_AUDIT)
    errors = check_notices()
    assert {type(error) for error in errors} == {Error}
    assert [error.msg for error in errors] == [
        f"The legal pages lack this notice: {label}."
        for label in (
            "nom de l’hébergeur",
            "délégué à la protection des données",
            "date du dernier audit d’accessibilité",
            "résultat de l’audit d’accessibilité",
            "contenus non accessibles",
        )
    ]


def test_the_deploy_check_refuses_a_security_txt_that_has_expired():
    fill_notice(security_expires_on=timezone.localdate())
    assert check_notices() == []
    fill_notice(security_expires_on=timezone.localdate() - timedelta(days=1))
    assert [error.id for error in check_notices()] == ["tocsin.E004"]


def test_the_deploy_check_of_an_installation_asks_its_database():
    """Here there is none: the check fails, and does not pass over in silence what it could not read."""
    environment = {"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "config.settings.prod"} | PRODUCTION
    environment["DATABASE_URL"] = "postgresql://tocsin:secret@127.0.0.1:1/tocsin"
    command = [sys.executable, "manage.py", "check", "--deploy"]
    checked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert "(tocsin.E008)" in checked.stderr
