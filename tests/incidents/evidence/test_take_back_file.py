"""A file sent by mistake is taken back: nobody can open it any more, but the sealed list still names it."""

import os

from django.test import Client

from incidents.enums import EventKind
from incidents.files.seals import find_first_broken_seal
from incidents.models import SearchDocument
from incidents.services.evidence.files import compute_remaining_quota
from incidents.services.evidence.sweep import list_expected_stems
from tests.cast import an_agent, declare, plouexemple
from tests.incidents.devices import open_by_link
from tests.incidents.evidence_files import evidence_url, hand_over
from tests.reading import read_text


def take_back_url(piece):
    return f"/suivi/{piece.incident.reference}/pieces/{piece.uid}/reprendre/"


def files_url(incident, rest=""):
    return f"/suivi/{incident.reference}/pieces/{rest}"


def test_a_file_that_is_taken_back_cannot_be_opened_but_stays_in_the_sealed_list(holder, responder_client, incident):
    content = os.urandom(2_000)
    first = hand_over(holder, incident, b"a", "premier.txt")
    piece = hand_over(holder, incident, content, "paie de tous.xlsx")
    quota = compute_remaining_quota(incident)
    assert f'href="{take_back_url(piece)}"' in holder.get(files_url(incident)).content.decode()
    confirm_page = holder.get(take_back_url(piece))
    assert "Reprendre la pièce 2" in read_text(confirm_page)
    assert "C’est définitif" in read_text(confirm_page)

    done = holder.post(take_back_url(piece))
    assert done["Location"] == files_url(incident, "?reprise=2")
    assert "La pièce 2 est reprise" in read_text(holder.get(done["Location"]))

    piece.refresh_from_db()
    assert piece.taken_back_at is not None
    assert "Personne ne peut plus l’ouvrir" in read_text(holder.get(files_url(incident)))
    sealed_list = read_text(holder.get(files_url(incident, "bordereau/")))
    assert "paie de tous.xlsx" in sealed_list
    assert "Les scellés se suivent sans défaut" in sealed_list
    assert "le fichier est effacé, sa ligne reste" in sealed_list
    assert find_first_broken_seal(incident, [first, piece]) is None
    download = responder_client.get(evidence_url(piece))
    assert download.status_code == 410
    assert "a été reprise" in read_text(download)
    case = read_text(responder_client.get(f"/admin/incidents/incident/{incident.reference}/"))
    assert "reprise par le déclarant" in case
    assert piece.storage_name not in set(list_expected_stems(piece.storage_name[:2]))
    assert compute_remaining_quota(incident).byte_count == quota.byte_count + len(content)
    assert not SearchDocument.objects.filter(incident=incident, source=str(piece.uid)).exists()
    assert "Vous avez repris une pièce remise par erreur" in read_text(holder.get(f"/suivi/{incident.reference}/"))


def test_taking_a_file_back_twice_changes_nothing(holder, incident):
    piece = hand_over(holder, incident, b"a")
    holder.post(take_back_url(piece))
    assert holder.post(take_back_url(piece)).status_code == 302
    assert holder.get(take_back_url(piece)).status_code == 404
    assert incident.events.filter(kind=EventKind.FILE_TAKEN_BACK).count() == 1


def test_the_same_file_may_be_handed_over_again(holder, incident):
    piece = hand_over(holder, incident, b"a")
    holder.post(take_back_url(piece))
    again = hand_over(holder, incident, b"a")
    assert (again.number, again.taken_back_at) == (2, None)


def test_opening_the_confirmation_page_takes_no_file_back(holder, incident):
    piece = hand_over(holder, incident, b"a")
    holder.get(take_back_url(piece))
    piece.refresh_from_db()
    assert piece.taken_back_at is None


def test_the_page_does_not_trust_the_file_number_in_its_address(holder, incident):
    assert "est reprise" not in read_text(holder.get(files_url(incident, "?reprise=99")))
    hand_over(holder, incident, b"a")
    assert "est reprise" not in read_text(holder.get(files_url(incident, "?reprise=1")))


def test_only_the_declarant_takes_a_file_back(holder, responder_client, incident):
    piece = hand_over(holder, incident, b"a")
    neighbour = Client()
    neighbour.force_login(an_agent(plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")))
    for client, status in ((Client(), 404), (open_by_link(declare()), 404), (neighbour, 404), (responder_client, 403)):
        assert client.post(take_back_url(piece)).status_code == status
    piece.refresh_from_db()
    assert piece.taken_back_at is None
    assert not incident.events.filter(kind=EventKind.FILE_TAKEN_BACK).exists()


def test_files_taken_back_are_not_counted(holder, incident):
    pieces = [hand_over(holder, incident, content, "photo.png") for content in (b"a", b"b")]
    page = f"/suivi/{incident.reference}/"
    assert "Fichiers remis (2)" in read_text(holder.get(page))
    assert "Une photo de l’écran ou un fichier" not in read_text(holder.get(page))
    for piece in pieces:
        holder.post(take_back_url(piece))
    assert "Fichiers remis (0)" in read_text(holder.get(page))
    assert "Une photo de l’écran ou un fichier" in read_text(holder.get(page))
    assert "Fichiers remis (2)" not in read_text(holder.get(files_url(incident)))
