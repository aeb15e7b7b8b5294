"""The centre of the territory has published no telephone number: each page gives that of another centre first."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from csirts.models import Contact
from tests.cast import plouexemple
from tests.incidents.devices import follow_up_url, open_by_link
from tests.incidents.journeys import WHERE, begin, find_commune, post
from tests.reading import read_markup, read_text

pytestmark = pytest.mark.django_db


def test_the_receipt_of_a_centre_that_published_nothing_names_no_site(client):
    Contact.objects.filter(csirt__slug="cyber-corsica").delete()
    answer = read_text(post(client, body=find_commune("Ajaccio")))
    assert "votre déclaration est dans sa liste, mais rien ne l’en prévient." in answer
    assert "Appelez maintenant le CERT-FR +33 9 70 83 32 18" in answer
    assert "par son site" not in answer
    assert "Joignez" not in answer


def test_the_bar_of_a_centre_without_telephone_shows_a_number_that_answers(client):
    Contact.objects.filter(csirt__slug="cyber-corsica").delete()
    begin(client, body=find_commune("Ajaccio"))
    bar = client.get(WHERE["rappel"]).content.decode().split('class="callbar')[1].split("</aside>")[0]
    assert 'href="tel:+33970833218"' in bar
    assert "<b>CERT-FR" in bar


def test_follow_up_of_a_centre_without_telephone_gives_a_number_that_answers(incident):
    Contact.objects.filter(csirt=incident.csirt, kind="phone").delete()
    client = open_by_link(incident)
    answer = client.get(follow_up_url(incident))
    urgent = "C’est urgent ? Breizh Cyber n’a pas publié de téléphone : appelez le CERT-FR, +33 9 70 83 32 18"
    assert f"{urgent} , ou passez par le site du centre." in read_text(answer)
    bar = answer.content.decode().split('class="callbar')[1].split("</aside>")[0]
    assert 'href="tel:+33970833218"' in bar
    Contact.objects.filter(csirt=incident.csirt).delete()
    assert f"{urgent} ." in read_text(client.get(follow_up_url(incident)))
    assert "par le site du centre" not in read_text(client.get(follow_up_url(incident)))


def test_the_bar_of_a_centre_gives_its_hours(incident):
    page = read_markup(open_by_link(incident).get(follow_up_url(incident)))
    assert f'class="callbar__hours">Horaires : {" ".join(incident.csirt.hours.split())}<' in page


def test_the_card_of_a_centre_that_published_nothing_gives_a_number_that_answers(client, centre):
    centre.contacts.all().delete()
    town = plouexemple()
    pdf = PdfReader(BytesIO(b"".join(client.get(f"/secours/{town.uid}/pdf/").streaming_content)))
    printed = " ".join(pdf.pages[0].extract_text().replace("\xa0", " ").split())
    for card in (read_text(client.get(f"/secours/{town.uid}/")), printed):
        assert "1. Appelez" in card
        assert card.index("CERT-FR +33 9 70 83 32 18") < card.index("Breizh Cyber n’a pas publié de téléphone.")
        assert "Ou bien 17Cyber" in card
        assert "son site" not in card
    assert len(pdf.pages) == 1


def test_the_pack_of_a_centre_without_telephone_gives_a_number_that_answers(incident):
    incident.csirt.contacts.filter(kind="phone").delete()
    page_text = read_text(open_by_link(incident).get(follow_up_url(incident, "dossier")))
    assert page_text.index("Appeler CERT-FR +33 9 70 83 32 18") < page_text.index("Breizh Cyber n’a pas publié")
