"""The directory in the admin: who may edit what, and who did."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership, User
from accounts.services.team import save_channel
from collectivities.models import Departement, Region
from csirts.models import Contact, Coverage, Csirt, get_version_manager
from tests.factories.csirts import ContactFactory, CsirtFactory
from tests.reading import read_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def breizh() -> Csirt:
    return Csirt.objects.get(slug="breizh-cyber")


@pytest.fixture
def sign_in(client: Client) -> Callable[..., User]:
    def sign_in(role: Role, csirt: Csirt | None = None) -> User:
        user = User.objects.create_user(f"{role}@exemple.example", display_name=f"Camille {role}")
        Membership.objects.create(user=user, role=role, csirt=csirt)
        client.force_login(user)
        return user

    return sign_in


@pytest.fixture
def lead(sign_in: Callable[..., User], breizh: Csirt) -> User:
    return sign_in(Role.LEAD, breizh)


@pytest.fixture
def administrator(sign_in: Callable[..., User]) -> User:
    return sign_in(Role.ADMINISTRATOR)


def url(csirt, page="change"):
    return f"/admin/csirts/csirt/{csirt.pk}/{page}/"


def read_form_fields(html):
    """Return what the browser would post if nothing were changed."""
    fields = {}
    for tag in re.findall(r"<input [^>]*>", html):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind, name = attributes.get("type"), attributes.get("name")
        if (name and kind not in ("submit", "checkbox")) or (kind == "checkbox" and " checked" in tag):
            fields[name] = unescape(attributes.get("value", "on" if kind == "checkbox" else ""))
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return {name: value for name, value in fields.items() if "__prefix__" not in name and name != "action"}


def save(client, address, **changes):
    page = client.get(address)
    assert page.status_code == 200
    return client.post(address, read_form_fields(page.content.decode()) | changes)


def test_the_history_names_the_lead_who_confirmed_the_address(client, lead, breizh):
    """No form of the admin writes the notification address."""
    save(client, url(breizh), notification_email="alerte@breizh.example")
    breizh.refresh_from_db()
    assert breizh.notification_email == ""
    save_channel(breizh, "alerte@breizh.example", lead)

    breizh.refresh_from_db()
    assert breizh.notification_email == "alerte@breizh.example"
    last = get_version_manager(Csirt).filter(slug="breizh-cyber").latest("pgh_id")
    assert last.pgh_context.metadata["user"] == lead.pk
    history = client.get(url(breizh, "history")).content.decode()
    assert "Camille lead" in history
    assert "adresse de notification&nbsp;: alerte@breizh.example" in history
    assert "annuaire livré" in history
    assert "en service&nbsp;: oui" in history
    assert "période&nbsp;: toujours" in history
    assert "date de la source&nbsp;: 23 juin 2026" in history
    Coverage.objects.filter(csirt=breizh).update(source_on="2026-11-01")
    assert "1er novembre 2026" in client.get(url(breizh, "history")).content.decode()


def test_a_lead_changes_no_published_fact(client, lead, breizh):
    save(client, url(breizh), name="Autre", slug="autre", level="national", is_active="")

    breizh.refresh_from_db()
    assert (breizh.name, breizh.slug, breizh.level, breizh.is_active) == (
        "Breizh Cyber",
        "breizh-cyber",
        "territorial",
        True,
    )
    assert breizh.phone == "0 800 200 008"


def test_a_lead_changes_the_hours(client, lead, breizh):
    response = save(client, url(breizh), **{"contacts-0-value": "jour et nuit", "contacts-0-note": ""})

    assert response.status_code == 302
    hours = Contact.objects.get(csirt=breizh, kind="hours")
    assert (hours.value, hours.source) == ("jour et nuit", "le centre lui-même")
    assert Contact.objects.get(csirt=breizh, kind="phone").value == "0 800 200 008"


def test_hours_that_a_lead_changes_no_longer_name_the_press_as_source(client, lead, breizh):
    """The remark keeps what it tells a caller to do. Its field is wide enough to be read."""
    field = re.search(r'<input [^>]*name="contacts-0-note"[^>]*>', client.get(url(breizh)).content.decode())
    assert field
    assert 'class="vLargeTextField"' in field[0]
    save(client, url(breizh), **{"contacts-0-value": "jour et nuit"})

    hours = Contact.objects.get(csirt=breizh, kind="hours")
    assert hours.note == "hors de ces heures, le centre national prend le relais"
    directory = client.get("/annuaire/").content.decode().split("Breizh Cyber")[1].split("CSIRT")[0]
    assert "jour et nuit" in directory
    assert "à confirmer" not in directory


def test_saving_another_value_keeps_the_source_of_the_hours(client, lead, breizh):
    """The shipped hours have no-break spaces, which the form writes as spaces: this is no change."""
    hours = Contact.objects.get(csirt=breizh, kind="hours")
    assert "\N{NO-BREAK SPACE}" in hours.value + hours.note

    save(client, url(breizh), **{"contacts-2-0-value": "dpo@breizh.example"})

    after = Contact.objects.get(pk=hours.pk)
    assert (after.value, after.source, after.source_on) == (hours.value, "alouette.fr", date(2023, 11, 22))
    assert Contact.objects.get(csirt=breizh, kind="dpo").source == "le centre lui-même"


@pytest.mark.parametrize("value", ["pas une adresse", "http://breizh.example/dpo", "https://", "javascript:alert(1)"])
def test_an_officer_is_reached_by_mail_or_by_a_page(client, lead, breizh, value):
    refused = save(client, url(breizh), **{"contacts-2-0-value": value})

    assert "Écrivez une adresse mail, ou celle d’une page" in refused.content.decode()
    assert not Contact.objects.filter(csirt=breizh, kind="dpo").exists()
    assert save(client, url(breizh), **{"contacts-2-0-value": "https://breizh.example/dpo"}).status_code == 302


@pytest.mark.parametrize(
    ("value", "is_number"),
    [
        ("bonjour", False),
        ("0 800 200", False),
        ("50 53 001", False),
        ("02 98 00 00 00 02 98 00 00 01", False),
        ("0 800 200 008 le matin", False),
        ("0 800 71 13 13", True),
        ("505.300", True),
        ("+33 9 70 83 32 18", True),
        ("3218", True),
    ],
)
def test_a_published_number_can_be_dialled(client, administrator, breizh, value, is_number):
    page = read_form_fields(client.get(url(breizh)).content.decode())
    phone = next(name for name, kind in page.items() if name.endswith("-kind") and kind == "phone")

    answer = client.post(url(breizh), page | {phone.replace("-kind", "-value"): value})

    assert ("Écrivez un numéro de téléphone entier" not in answer.content.decode()) is is_number
    assert (Contact.objects.get(csirt=breizh, kind="phone").value == value) is is_number


def test_each_block_of_the_form_has_its_title_and_says_where_it_is_shown(client, lead, breizh):
    page = client.get(url(breizh)).content.decode()

    for title in ("Horaires", "Délégué à la protection des données", "Sites du centre"):
        assert f'class="inline-heading">{title}</h2>' in page
    assert "Montré sur la page publique «\N{NO-BREAK SPACE}Vos données\N{NO-BREAK SPACE}»" in page
    assert "Coordonnée publiée" not in page
    assert "#1" not in page
    assert 'href="/equipe/adresse/"' in page.split("Adresse de notification")[0].split('id="csirt_form"')[1]


def test_a_lead_names_the_data_protection_officer(client, lead, breizh):
    fields = {"contacts-2-0-value": "dpo@breizh.example", "contacts-2-0-note": "trois ans"}
    assert save(client, url(breizh), **fields).status_code == 302
    dpo = Contact.objects.get(csirt=breizh, kind="dpo")
    assert (dpo.value, dpo.note, dpo.source) == ("dpo@breizh.example", "trois ans", "le centre lui-même")
    assert Contact.objects.get(csirt=breizh, kind="hours").value != "dpo@breizh.example"
    page = client.get("/vos-donnees/").content.decode()
    assert "dpo@breizh.example. Durée&nbsp;: trois ans" in page


def test_a_lead_lists_its_sites_by_their_names_alone(client, lead, breizh):
    """An address may hide a second host: « https://mairie.fr@piege.example » leads to piege.example."""
    for value in ("https://aide.exemple.example/", "aide.exemple.example https://mairie.fr@piege.example"):
        refused = save(client, url(breizh), **{"contacts-3-0-value": value})
        assert "n’est pas le nom d’un site" in refused.content.decode()
    assert save(client, url(breizh), **{"contacts-3-0-value": "Aide.exemple.example, outils.exemple.example"})
    assert Csirt.objects.get(pk=breizh.pk).sites == ["aide.exemple.example", "outils.exemple.example"]


def test_a_lead_adds_the_first_hours(client, sign_in):
    bfc = Csirt.objects.get(slug="csirt-bfc")
    sign_in(Role.LEAD, bfc)

    response = save(client, url(bfc), **{"contacts-0-value": "8 h–18 h", "contacts-0-note": ""})

    assert response.status_code == 302
    assert Contact.objects.get(csirt=bfc, kind="hours").value == "8 h–18 h"


def test_first_hours_written_twice_are_one_row_or_a_conflict(client, sign_in):
    """A double click saves once; hours that a colleague wrote meanwhile are a conflict."""
    bfc = Csirt.objects.get(slug="csirt-bfc")
    sign_in(Role.LEAD, bfc)
    page = read_form_fields(client.get(url(bfc)).content.decode())
    form = page | {"contacts-0-value": "8 h–18 h", "contacts-0-note": ""}

    assert [client.post(url(bfc), form).status_code for _click in range(2)] == [302, 302]
    late = client.post(url(bfc), form | {"contacts-0-value": "jour et nuit"})

    assert "Les horaires ont été écrits entre-temps" in late.content.decode()
    assert "jour et nuit" in late.content.decode()
    assert Contact.objects.get(csirt=bfc, kind="hours").value == "8 h–18 h"


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_lead_cannot_open_another_centre(client, lead, page):
    other = Csirt.objects.get(slug="csirt-bfc")
    gone = Csirt(pk=10_000_000)

    assert client.get(url(other, page)).status_code == 404
    assert client.get(url(gone, page)).status_code == 404
    assert client.post(url(other), {"notification_email": "x@x.example"}).status_code == 404
    other.refresh_from_db()
    assert other.notification_email == ""


def test_a_lead_sees_its_own_centre_only(client, lead):
    listed = client.get("/admin/csirts/csirt/").content.decode()

    assert "Breizh Cyber" in listed
    assert "CSIRT Bourgogne" not in listed
    assert client.get("/admin/csirts/coverage/").status_code == 403


@pytest.mark.parametrize("address", ["/admin/csirts/csirt/", "/admin/csirts/coverage/"])
def test_a_responder_cannot_open_the_directory_in_the_admin(client, sign_in, breizh, address):
    sign_in(Role.RESPONDER, breizh)

    assert client.get(address).status_code == 403
    assert client.get(url(breizh)).status_code in (403, 404)


def test_the_administrator_changes_the_facts_but_not_the_channel(client, administrator, breizh):
    Csirt.objects.filter(pk=breizh.pk).update(notification_email="alerte@breizh.example")

    response = save(client, url(breizh), name="Breizh Cyber 2", notification_email="voleur@ailleurs.example")

    assert response.status_code == 302
    breizh.refresh_from_db()
    assert (breizh.name, breizh.notification_email) == ("Breizh Cyber 2", "alerte@breizh.example")


def test_the_administrator_creates_a_centre(client, administrator):
    facts = {"name": "Cyber Mayotte", "slug": "cyber-mayotte", "level": "territorial", "is_active": "on"}
    response = save(client, "/admin/csirts/csirt/add/", **facts, notification_email="voleur@ailleurs.example")

    assert response.status_code == 302
    csirt = Csirt.objects.get(slug="cyber-mayotte")
    assert csirt.notification_email == ""
    assert "Camille administrator" in client.get(url(csirt, "history")).content.decode()


def test_the_administrator_gives_a_territory_to_a_centre(client, administrator, breizh):
    mayotte = Region.objects.get(code="06")
    values = {
        "csirt": breizh.pk,
        "region": mayotte.pk,
        "first_on": "01/01/2027",
        "last_on": "31/12/2027",
        "source": "arrêté",
    }
    response = save(client, "/admin/csirts/coverage/add/", **values)

    assert response.status_code == 302
    assert Coverage.objects.get(region=mayotte).valid == DateRange(date(2027, 1, 1), date(2028, 1, 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "Le CSIRT Bourgogne-Franche-Comté répond déjà pour ce territoire et cette période (toujours)."),
        ({"first_on": "02/01/2027", "last_on": "01/01/2027"}, "Le dernier jour vient avant le premier."),
        ({"last_on": "31/12/9999"}, "Cette année ne va pas."),
        ({"departement": "976"}, "Ce département n’est pas dans cette région."),
    ],
)
def test_a_refused_territory_is_explained(client, administrator, breizh, changes, message):
    if "departement" in changes:
        changes = {"departement": Departement.objects.get(code=changes["departement"]).pk}
    before = Coverage.objects.count()
    values = {"csirt": breizh.pk, "region": Region.objects.get(code="27").pk, "source": "arrêté"}
    response = save(client, "/admin/csirts/coverage/add/", **values | changes)

    assert response.status_code == 200
    assert message in response.content.decode()
    assert Coverage.objects.count() == before


def territory_fields(csirt, **changes):
    return {"csirt": csirt.pk, "region": Region.objects.get(code="06").pk, "source": "arrêté"} | changes


def test_changing_a_territory_warns_that_open_cases_will_follow(client, administrator, breizh):
    """They follow minutes later; without the warning an administrator thought that they were lost."""
    words = "Les dossiers ouverts de ce territoire suivront 10 minutes après le dernier changement de l’annuaire"
    client.post("/admin/csirts/coverage/add/", territory_fields(breizh))
    ground = Coverage.objects.get(region__code="06")
    assert words in client.get("/admin/csirts/coverage/").content.decode()

    save(client, f"/admin/csirts/coverage/{ground.pk}/change/", csirt=Csirt.objects.get(slug="csirt-bfc").pk)
    assert words in client.get("/admin/csirts/coverage/").content.decode()
    save(client, f"/admin/csirts/coverage/{ground.pk}/change/", source="délibération")
    assert words not in client.get("/admin/csirts/coverage/").content.decode()

    client.post(f"/admin/csirts/coverage/{ground.pk}/delete/", {"post": "yes"})
    assert words in client.get("/admin/csirts/coverage/").content.decode()

    save(client, url(breizh), is_active="")
    assert "Les dossiers ouverts de ses territoires suivront" in client.get("/admin/csirts/csirt/").content.decode()


def test_started_cases_are_said_to_wait_for_the_agreement_of_the_declarant(client, administrator, breizh):
    client.post("/admin/csirts/coverage/add/", territory_fields(breizh))
    page = client.get("/admin/csirts/coverage/").content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "il reçoit la tâche de demander l’accord du déclarant, puis de proposer le transfert" in page
    assert "Ceux qu’un centre a commencés sont proposés" not in page


def test_a_territory_given_to_a_centre_without_telephone_warns(client, administrator, breizh):
    centre = CsirtFactory(name="Centre Essai", contacts={})
    words = "Le Centre Essai n’a pas publié de téléphone"
    client.post("/admin/csirts/coverage/add/", territory_fields(centre))
    assert Coverage.objects.filter(csirt=centre).exists()
    assert words in client.get("/admin/csirts/coverage/").content.decode()
    save(client, url(centre), name="Centre Essai")
    assert words in client.get("/admin/csirts/csirt/").content.decode()

    ContactFactory(csirt=centre)
    save(client, url(centre), name="Centre Essai")
    assert words not in client.get("/admin/csirts/csirt/").content.decode()


@pytest.mark.parametrize("is_in_admin", [True, False], ids=["admin", "address"])
def test_a_lead_reads_what_is_published_and_who_adds_a_telephone(client, lead, breizh, is_in_admin):
    address = url(breizh) if is_in_admin else "/equipe/adresse/"
    page = read_text(client.get(address))
    assert "Téléphone : 0 800 200 008 (Liste de l’ANSSI, 23 juin 2026)" in page
    assert "Site : https://breizhcyber.bzh" in page
    assert "Aucun téléphone publié" not in page

    breizh.contacts.filter(kind="phone").delete()
    page = read_text(client.get(address))
    assert re.search("Aucun téléphone publié ?: demandez à l’administration de la plateforme de l’ajouter.", page)
    assert "le déclarant appelle" not in page


def test_a_period_without_today_warns_about_no_open_case(client, administrator, breizh):
    words, listed = "Les dossiers ouverts de ce territoire suivront", "/admin/csirts/coverage/"
    later = timezone.localdate() + timedelta(days=200)
    client.post(f"{listed}add/", territory_fields(breizh, first_on=later.strftime("%d/%m/%Y")))
    ground = Coverage.objects.get(region__code="06")
    assert words not in client.get(listed).content.decode()
    page = f"{listed}{ground.pk}/change/"
    save(client, page, csirt=Csirt.objects.get(slug="csirt-bfc").pk)
    assert words not in client.get(listed).content.decode()

    save(client, page, first_on="")
    assert words in client.get(listed).content.decode()
    save(client, page, first_on=later.strftime("%d/%m/%Y"))
    assert words in client.get(listed).content.decode(), "the centre has answered until now"
    client.post(f"{listed}{ground.pk}/delete/", {"post": "yes"})
    assert words not in client.get(listed).content.decode()


def test_the_admin_of_the_directory_takes_few_queries(client, administrator, breizh, django_assert_max_num_queries):
    for address, most in [("/admin/csirts/csirt/", 10), ("/admin/csirts/coverage/", 10), (url(breizh, "history"), 20)]:
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200
    with django_assert_max_num_queries(20):
        client.get(url(breizh))
