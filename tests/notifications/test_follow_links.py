"""A link that a centre writes arrives whole where its site is listed, and nowhere else."""

import pytest
from django.test import Client

from csirts.models import Contact
from incidents.links import list_linkable_hosts, split_links
from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from tests.cast import a_responder, breizh_cyber, declare
from tests.incidents.devices import get_visitor, open_by_link
from tests.notifications.mailing import CENTRE, TOWN, deliver_all, read_body

HOSTS = frozenset({"www.cnil.fr", "aide.exemple.example"})
LONG = "https://www.cnil.fr/fr/" + "notifier-une-violation-de-donnees-personnelles/" * 3
OWN = "https://aide.exemple.example/outil?a=1&b=2"


@pytest.fixture
def case_of_centre_with_sites(db: None) -> Incident:
    centre = breizh_cyber()
    Contact.objects.create(csirt=centre, kind="sites", value="aide.exemple.example autre.exemple.example", source="x")
    return declare()


def write_as_centre(incident, text):
    letter = Letter(text=text, key="k")
    return write_to_declarant(reference=incident.reference, actor=a_responder(incident.csirt), letter=letter)


def test_listed_sites_are_links_on_the_page_of_the_case(case_of_centre_with_sites):
    write_as_centre(
        case_of_centre_with_sites,
        f"Lisez {OWN}, puis <b>{LONG}</b>.\nJamais https://piege.example/a ni http://www.cnil.fr/b.",
    )
    page = (
        open_by_link(case_of_centre_with_sites).get(f"/suivi/{case_of_centre_with_sites.reference}/").content.decode()
    )
    escaped = OWN.replace("&", "&amp;")
    assert f'Lisez <a href="{escaped}" rel="external noreferrer">{escaped}</a>, puis &lt;b&gt;' in page
    assert f'<a href="{LONG}" rel="external noreferrer">{LONG}</a>' in page
    assert 'href="https://piege.example' not in page
    assert 'href="http://www.cnil.fr/b' not in page


def test_a_mail_keeps_the_address_whole(case_of_centre_with_sites, post):
    write_as_centre(case_of_centre_with_sites, f"Lisez {LONG} puis {OWN}. Jamais https://piege.example/a")
    deliver_all()
    text = read_body(post.list_mails_to(TOWN)[-1])
    assert LONG in text
    assert OWN in text
    assert "https://piege.example" not in text
    assert "hxxps://piege[.]example/a" in text


@pytest.mark.parametrize(
    "address", ["https://203.0.113.9:84430/x", "https://serveur:port/", "https://nas.local:8443a"]
)
def test_an_address_with_an_invalid_port_is_plain_text(case_of_centre_with_sites, post, address):
    write_as_centre(case_of_centre_with_sites, f"Bloquez {address} sur le pare-feu.")
    page = open_by_link(case_of_centre_with_sites).get(f"/suivi/{case_of_centre_with_sites.reference}/")
    assert page.status_code == 200
    assert address in page.content.decode()
    deliver_all()
    assert "sur le pare-feu" in read_body(post.list_mails_to(TOWN)[-1])


def test_what_a_victim_writes_is_never_a_link(case_of_centre_with_sites, post):
    letter = Letter(text=f"Voir {LONG} et {OWN}", key="v")
    write_to_csirt(
        reference=case_of_centre_with_sites.reference, visitor=get_visitor(case_of_centre_with_sites), letter=letter
    )
    page = (
        open_by_link(case_of_centre_with_sites).get(f"/suivi/{case_of_centre_with_sites.reference}/").content.decode()
    )
    assert f'href="{LONG}"' not in page
    assert 'rel="external noreferrer"' not in page
    deliver_all()
    text = "".join(read_body(message) for message in post.list_mails_to(CENTRE))
    assert "hxxps://" in text
    assert "https://www.cnil.fr" not in text


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://www.cnil.fr", ["https://www.cnil.fr"]),
        ("(https://www.cnil.fr/fr).", ["https://www.cnil.fr/fr"]),
        ("https://www.cnil.fr:443/fr", ["https://www.cnil.fr:443/fr"]),
        ("https://WWW.CNIL.FR/fr", ["https://WWW.CNIL.FR/fr"]),
        ("http://www.cnil.fr", []),
        ("https://cnil.fr.piege.example", []),
        ("https://www.cnil.fr.piege.example/", []),
        ("https://www.cnil.fr@piege.example/", []),
        ("https://piege.example/https://www.cnil.fr", []),
        ("https://piege.example#@www.cnil.fr", []),
        ("https://[::1", []),
        ("javascript:alert(1)//https://www.cnil.fr", ["https://www.cnil.fr"]),
        ("www.cnil.fr", []),
    ],
)
def test_only_the_whole_address_of_a_listed_site_is_a_link(text, links):
    parts = list(split_links(text, HOSTS))
    assert [part.text for part in parts if part.is_link] == links
    assert "".join(part.text for part in parts) == text


@pytest.mark.django_db
def test_the_listed_sites_are_the_national_ones_and_those_of_the_centre():
    centre = breizh_cyber()
    assert "www.cnil.fr" in list_linkable_hosts(None)
    assert "aide.exemple.example" not in list_linkable_hosts(centre)
    Contact.objects.update_or_create(csirt=centre, kind="website", defaults={"value": "https://breizhcyber.bzh/"})
    Contact.objects.create(
        csirt=centre, kind="sites", value="Aide.exemple.example, outils.exemple.example", source="x"
    )
    centre = type(centre).objects.get(pk=centre.pk)
    assert {"breizhcyber.bzh", "aide.exemple.example", "outils.exemple.example"} <= list_linkable_hosts(centre)


def test_a_stranger_does_not_see_the_message(case_of_centre_with_sites):
    write_as_centre(case_of_centre_with_sites, OWN)
    assert OWN not in Client().get(f"/suivi/{case_of_centre_with_sites.reference}/").content.decode()
