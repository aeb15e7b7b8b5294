"""Pages and cards give the hours of a centre with their reserve, and a number that answers while it is closed."""

import re
from io import BytesIO

import pytest
from pypdf import PdfReader

from csirts.models import BackupCentre, Contact
from tests.cast import breizh_cyber, declare
from tests.incidents.completing_pages import open_by_link
from tests.incidents.journeys import find_commune, post
from tests.incidents.transferring import create_other_centre
from tests.reading import read_text

pytestmark = pytest.mark.django_db


def test_a_number_that_answers_at_any_hour_is_beside_the_hours_of_the_centre(client):
    breizh_cyber()
    incident = declare()
    open_by_link(client, incident)
    page = f"/suivi/{incident.reference}/"
    fields = {"value": "lun.–ven. 9 h–17 h", "note": "", "source": "essai"}
    Contact.objects.update_or_create(csirt=incident.csirt, kind="hours", defaults=fields)
    national = "CERT-FR, +33 9 70 83 32 18 (à toute heure"
    assert f"Ses horaires : lun.–ven. 9 h–17 h. Fermé ? {national}" in read_text(client.get(page))
    Contact.objects.filter(csirt=incident.csirt, kind="hours").delete()
    assert "Fermé ?" not in read_text(client.get(page))


def test_a_centre_that_never_closes_is_not_called_closed(client):
    breizh_cyber()
    incident = declare()
    open_by_link(client, incident)
    hours = {"value": "24 h/24, 7 j/7", "note": "", "source": "essai"}
    Contact.objects.update_or_create(csirt=breizh_cyber(), kind="hours", defaults=hours)
    page = read_text(client.get(f"/suivi/{incident.reference}/"))
    assert "Ses horaires : 24 h/24, 7 j/7." in page
    assert "Fermé ?" not in page


@pytest.mark.parametrize(
    ("value", "note", "closes"),
    [
        ("lun.–ven. 8 h–17 h", "ensuite, le centre national, 24 h/24", True),
        ("lun.–dim. 8 h–24 h", "", True),
        ("24 h/24", "", False),
        ("24\N{NO-BREAK SPACE}h/24", "", False),
        ("7j/7 et 24h/24h", "", False),
        ("24 heures sur 24", "", False),
        ("24/24", "", False),
        ("24/7", "", False),
        ("À toute heure", "", False),
    ],
)
def test_only_the_hours_of_the_centre_tell_whether_it_closes(client, value, note, closes):
    breizh_cyber()
    incident = declare()
    open_by_link(client, incident)
    hours = {"value": value, "note": note, "source": "essai"}
    Contact.objects.update_or_create(csirt=breizh_cyber(), kind="hours", defaults=hours)
    assert ("Fermé ?" in read_text(client.get(f"/suivi/{incident.reference}/"))) is closes


def test_a_backup_with_hours_of_its_own_is_not_the_number_outside_hours(client):
    centre, backup = breizh_cyber(), create_other_centre()
    incident = declare()
    open_by_link(client, incident)
    BackupCentre.objects.create(csirt=centre, backup=backup, rank=1)
    for csirt in (centre, backup):
        hours = {"value": "lun.–ven. 9 h–17 h", "note": "", "source": "essai"}
        Contact.objects.update_or_create(csirt=csirt, kind="hours", defaults=hours)
    phone = {"value": "02 98 00 00 00", "note": "", "source": "essai"}
    Contact.objects.update_or_create(csirt=backup, kind="phone", defaults=phone)
    assert "Fermé ? CERT-FR, +33 9 70 83 32 18" in read_text(client.get(f"/suivi/{incident.reference}/"))


def test_the_receipt_of_a_centre_that_never_closes_speaks_of_no_reopening(client):
    page = read_text(post(client, body=find_commune("Lille")))
    assert "Horaires du CSIRT Hauts-de-France : 24 h/24, 7 j/7 (presse, à confirmer)." in page
    assert "réouverture" not in page
    assert "Fermé" not in page


def test_the_target_of_a_centre_with_hours_waits_for_its_reopening(client):
    breizh_cyber()
    incident = declare()
    open_by_link(client, incident)
    page = f"/suivi/{incident.reference}/"
    assert re.search(
        r"s’en occuper avant le [^.,]+, ou dès sa réouverture s’il est fermé\.", read_text(client.get(page))
    )
    Contact.objects.filter(csirt=incident.csirt, kind="hours").delete()
    assert "réouverture" not in read_text(client.get(page))


def test_the_hours_on_a_card_keep_their_reserve_and_their_source(client):
    """On the page and in the PDF; the number has another source."""
    body = find_commune("Rennes")
    page = read_text(client.get(f"/secours/{body.uid}/"))
    file = b"".join(client.get(f"/secours/{body.uid}/pdf/").streaming_content)
    pdf = PdfReader(BytesIO(file)).pages[0].extract_text()
    for words in (page, " ".join(pdf.replace("\xa0", " ").split())):
        assert "ven. 9 h–17 h (presse, à confirmer ; hors de ces heures, le centre national prend le relais)" in words
        assert "Source : Liste de l’ANSSI, 23 juin 2026 ; horaires : alouette.fr, 22 novembre 2023" in words
