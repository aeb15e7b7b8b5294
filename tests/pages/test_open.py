"""The pages that anyone may open."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from accounts.enums import Role
from accounts.installation import clear_installation_cache
from tests.cast import a_lead, a_person, an_agent, declare
from tests.factories.csirts import CsirtFactory

pytestmark = pytest.mark.django_db

BEHIND_SIGN_IN = {
    "lead": (
        a_lead,
        [
            *("/admin/", "/admin/incidents/incident/", "/admin/incidents/incident/{case}/", "/equipe/", "/compte/"),
            *("/admin/incidents/incident/{case}/gel/", "/admin/incidents/incident/recherche/"),
        ],
    ),
    "administrator": (
        lambda: a_person(Role.ADMINISTRATOR),
        ["/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/", "/admin/csirts/csirt/"],
    ),
    "agent": (an_agent, ["/mes-dossiers/", "/ma-collectivite/"]),
}
PUBLIC = ["home", "privacy_notice", "accessibility", "legal_notice", "login"]


@pytest.fixture(autouse=True)
def _fresh_answer() -> None:
    clear_installation_cache()


class Elements(HTMLParser):
    """The (tag, attributes) pairs of a rendered page."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def read_text(response):
    return unescape(response.content.decode())


def list_elements(response):
    return Elements(response.content.decode()).elements


def test_the_home_page_has_a_search_field(client):
    response = client.get("/")

    assert response.status_code == 200
    page = response.content.decode()
    assert "Attaque informatique dans votre collectivité" in page
    assert ("input", "q") in [(tag, attrs.get("name")) for tag, attrs in list_elements(response)]


def test_every_link_of_the_home_page_leads_somewhere(client):
    links = {attrs["href"].partition("#")[0] for tag, attrs in list_elements(client.get("/")) if tag == "a"} - {""}

    assert {"/declarer/", "/suivi/", "/annuaire/", "/statistiques/", "/admin/"} <= links
    assert {link: client.get(link, follow=True).status_code for link in links} == dict.fromkeys(links, 200)


def test_the_home_page_shows_no_number_before_a_place_is_known(client):
    """The centre to call depends on the place."""
    assert "tel:" not in client.get("/").content.decode()


@pytest.mark.parametrize("name", PUBLIC)
def test_each_page_opens_for_anyone(client, name):
    response = client.get(reverse(name))

    assert response.status_code == 200
    assert [attrs.get("lang") for tag, attrs in list_elements(response) if tag == "html"] == ["fr"]
    assert len([tag for tag, _ in list_elements(response) if tag == "main"]) == 1


@pytest.mark.parametrize("name", [*PUBLIC, "health"])
def test_each_page_sends_a_strict_policy(client, name):
    check_policy(client.get(reverse(name)))


@pytest.mark.parametrize("who", ["lead", "administrator", "agent"])
def test_each_page_behind_the_sign_in_sends_a_strict_policy(client, who):
    make, pages = BEHIND_SIGN_IN[who]
    case = declare()
    client.force_login(make())
    for page in pages:
        response = client.get(page.format(case=case.reference), follow=True)
        assert response.status_code == 200, page
        check_policy(response)


def test_a_refusal_sends_a_strict_policy_too(client):
    for page in ("/rien/", "/admin/rien/"):
        check_policy(client.get(page))


def check_policy(response):
    """Assert that scripts and styles come from this site alone."""
    policy = response["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "object-src 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", PUBLIC)
def test_no_page_needs_what_the_policy_refuses(client, name):
    for tag, attrs in list_elements(client.get(reverse(name))):
        assert tag != "style"
        assert tag != "script" or "src" in attrs
        assert "style" not in attrs
        assert not [attribute for attribute in attrs if attribute.startswith("on")]


@pytest.mark.parametrize("name", PUBLIC)
def test_no_page_calls_another_host(client, name):
    for tag, attrs in list_elements(client.get(reverse(name))):
        fetched = attrs.get("src") or (attrs.get("href") if tag == "link" else None) or attrs.get("action")
        assert fetched is None or (fetched.startswith("/") and not fetched.startswith("//")), fetched


def test_the_stylesheets_call_nothing():
    for name in ["tocsin.css", "components.css", "charts.css", "print.css", "admin.css"]:
        assert not re.findall(r"url\(|@import|https?:", Path(finders.find(name)).read_text()), name


@pytest.mark.parametrize("name", PUBLIC)
def test_every_file_of_a_page_is_a_static_file(client, name):
    files = [attrs["href"] for tag, attrs in list_elements(client.get(reverse(name))) if tag == "link"]

    assert files
    for file in files:
        assert finders.find(file.removeprefix("/static/")), file


@pytest.mark.parametrize("name", PUBLIC)
def test_every_page_of_a_demonstration_tells_that_its_data_are_invented(client, demonstration, name):
    assert "Démonstration\N{NO-BREAK SPACE}: cas et chiffres inventés." in read_text(client.get(reverse(name)))


@pytest.mark.parametrize("name", PUBLIC)
def test_no_page_of_a_real_installation_says_demonstration(client, name):
    assert "Démonstration" not in client.get(reverse(name)).content.decode()


def test_no_invented_contact_is_given(client):
    """Nobody writes to an address that this software made up."""
    for name in ["privacy_notice", "accessibility", "legal_notice"]:
        page = client.get(reverse(name)).content.decode()
        assert "mailto:" not in page
        assert set(re.findall(r"tel:\d+", page)) <= {"tel:112"}


def test_the_legal_notice_says_that_some_numbers_come_from_the_press(client):
    page = read_text(client.get(reverse("legal_notice")))
    assert "viennent de listes publiques, des centres eux-mêmes ou de la presse" in page
    assert "sont ceux qu’ils ont publiés" not in page
    assert f'href="{reverse("csirt_directory")}"' in client.get(reverse("legal_notice")).content.decode()


def test_the_personal_data_page_says_itself_that_its_publisher_has_no_name_yet(client):
    """A link to another page that only says so would lead in a circle."""
    page = client.get(reverse("privacy_notice")).content.decode()
    [controller] = re.findall(r"<dt><b>Responsable du traitement</b></dt><dd>(.*?)</dd>", page, re.DOTALL)
    assert "Son nom&nbsp;: <b>non renseigné</b>." in controller
    assert reverse("legal_notice") not in controller


@pytest.mark.parametrize(("name", "most"), [("home", 1), ("legal_notice", 2), ("accessibility", 3)])
def test_a_page_costs_few_queries(client, django_assert_max_num_queries, name, most):
    """The first one reads what each page says of the installation, the others what this page says of it."""
    with django_assert_max_num_queries(most):
        client.get(reverse(name))


def test_the_personal_data_page_costs_few_queries(client, django_assert_max_num_queries):
    client.get(reverse("privacy_notice"))  # loads the directory into this process
    with django_assert_max_num_queries(3):
        page = read_text(client.get(reverse("privacy_notice")))
    for words in (
        *("Responsable du traitement", "Base légale", "Destinataires", "Durée", "Vos droits", "CNIL"),
        *("Hors de l’Union européenne", "Obligation", "Décision automatique"),
    ):
        assert words in page
    bare = re.sub(r"<[^>]+>", "", page).replace("&nbsp;", " ").replace("\N{NO-BREAK SPACE}", " ")
    assert (
        "Breizh Cyber : son délégué n’est pas encore écrit ici. Écrivez au centre : 5 rue de la Chataigneraie" in bare
    )
    assert "la liste ci-dessous dit à qui écrire pour chaque centre" in bare
    assert "marque TLP" not in bare
    assert "lui seul voit où une photo a été prise" not in bare


@pytest.mark.parametrize(
    ("contacts", "words"),
    [
        ({"dpo": "dpo@essai.example", "email": "essai@essai.example"}, "Centre Essai : dpo@essai.example"),
        ({"email": "essai@essai.example"}, "Écrivez au centre : essai@essai.example"),
        ({"website": "https://essai.example"}, "Il n’a pas publié d’adresse : passez par son site, essai.example"),
        ({}, "écrivez à l’organisme qui édite ce site"),
    ],
    ids=["officer", "mail", "site", "nothing"],
)
def test_each_centre_has_somebody_to_write_to_about_personal_data(client, contacts, words):
    CsirtFactory(name="Centre Essai", contacts=contacts)
    bare = re.sub(r"<[^>]+>", "", read_text(client.get(reverse("privacy_notice")))).replace("\N{NO-BREAK SPACE}", " ")
    [line] = [line for line in bare.splitlines() if "Centre Essai" in line]
    assert words in line
    assert "écrivez au centre lui-même" not in bare


def test_the_footer_states_the_accessibility_as_the_decree_asks(client):
    assert "Accessibilité : non conforme" in read_text(client.get(reverse("home"))).replace("\N{NO-BREAK SPACE}", " ")
