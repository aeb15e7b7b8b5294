"""The administrator says on one page who publishes and hosts the site, its accessibility and its security contact."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts import installation
from accounts.enums import Accessibility, Role
from accounts.models import SiteNotice, User
from csirts.models import get_version_manager
from tests.cast import a_lead, a_person
from tests.pages.notices import FILLED, fill_notice
from tests.reading import read_text
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db

PAGE = "/admin/accounts/sitenotice/1/change/"


@pytest.fixture
def administrator(client: Client) -> User:
    person = a_person(Role.ADMINISTRATOR)
    client.force_login(person)
    return person


def post_notice(client, **changes):
    return client.post(PAGE, {**FILLED, "accessibility_state": "none", **changes}, follow=True)


def test_the_administrator_fills_in_the_notices_and_each_version_stays(client, administrator):
    assert client.get("/admin/accounts/sitenotice/", follow=True).redirect_chain == [(PAGE, 302)]
    tomorrow = timezone.localdate() + timedelta(days=1)
    page = post_notice(client, security_contact="securite@exemple.example", security_expires_on=f"{tomorrow:%d/%m/%Y}")

    assert "modifié" in read_text(page)
    notice = SiteNotice.objects.get()
    assert notice.publisher == FILLED["publisher"]
    assert notice.security_contact == "mailto:securite@exemple.example"
    assert notice.security_expires_on == tomorrow
    assert notice.list_empty_labels() == []
    post_notice(client, publisher="Autre syndicat")
    history = read_text(client.get("/admin/accounts/sitenotice/1/history/"))
    assert f"nom de l’éditeur : {FILLED['publisher']} → Autre syndicat" in history
    assert administrator.display_name in history
    with act_as_superuser(), pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        get_version_manager(SiteNotice).update(publisher="Réécrit")


def test_nobody_else_edits_them(client):
    client.force_login(a_lead())
    assert client.get(PAGE).status_code == 403
    assert post_notice(client).status_code == 403
    assert SiteNotice.objects.get().publisher == ""


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("security_contact", "au guichet", "Écrivez une adresse mail, ou celle d’une page en https://."),
        ("accessibility_contact", "javascript:alert(1)", "Écrivez une adresse mail, ou celle d’une page en https://."),
        ("accessibility_scheme", "javascript:alert(1)", "Écrivez l’adresse complète de la page."),
        ("accessibility_state", "full", "Sans la date et le résultat d’un audit, l’état est : non conforme."),
        ("security_expires_on", "01/01/2020", "Donnez un jour à venir, dans un an au plus."),
        ("security_expires_on", "01/01/2090", "Donnez un jour à venir, dans un an au plus."),
        ("accessibility_audited_on", "01/01/2090", "Cette date est à venir."),
    ],
)
def test_a_notice_that_cannot_be_is_refused_with_its_reason(client, administrator, field, value, words):
    without_audit = {"accessibility_audited_on": "", "accessibility_result": ""} if value == "full" else {}
    page = post_notice(client, **without_audit, **{field: value})

    assert words in read_text(page)
    assert SiteNotice.objects.get().publisher == ""


def test_the_administrator_reads_what_is_empty_and_the_public_does_not(client, administrator):
    for page in ("/admin/", "/mentions-legales/", "/vos-donnees/", "/accessibilite/"):
        text = read_text(client.get(page))
        assert "Il manque aux mentions du site : nom de l’éditeur, adresse de l’éditeur, " in text, page
        assert "dernier jour de security.txt. Le public ne voit pas ce rappel. Remplir les mentions" in text, page
    fill_notice()
    for page in ("/admin/", "/mentions-legales/"):
        assert "Il manque aux mentions" not in read_text(client.get(page)), page
    SiteNotice.objects.update(host="")
    assert "Il manque aux mentions du site : nom de l’hébergeur. " in read_text(client.get("/mentions-legales/"))
    client.logout()
    text = read_text(client.get("/mentions-legales/"))
    assert "Il manque aux mentions" not in text
    assert "Hébergeur Non renseigné" in text


def test_the_foot_of_each_page_states_the_new_accessibility_at_once(client, administrator):
    post_notice(client, accessibility_state=Accessibility.PARTIAL)
    assert installation.get_facts().accessibility == Accessibility.PARTIAL
    assert "Accessibilité : partiellement conforme" in read_text(client.get("/"))


def test_two_people_do_not_overwrite_each_other(client, administrator):
    seen = client.get(PAGE).context["adminform"].form.current_stamp
    fill_notice()
    page = post_notice(client, publisher="Second éditeur", _seen=seen)
    assert "Quelqu’un a changé cette page" in read_text(page)
    assert SiteNotice.objects.get().publisher == FILLED["publisher"]
