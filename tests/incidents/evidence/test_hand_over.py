"""Handing files over by a plain form, without a script."""

import hashlib
import io
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.enums import ActorKind, EventKind
from incidents.files import vault
from incidents.files.seals import compute_seal, find_first_broken_seal
from incidents.models import CaseKey, Evidence, IncidentEvent
from incidents.services.evidence import files
from incidents.services.evidence.files import get_reading_key
from incidents.services.handling.erase import erase_personal_data
from tests.cast import a_lead, a_responder, an_agent
from tests.reading import read_text
from tests.stores import list_stored_objects
from tests.superuser import act_as_superuser, switch_triggers_off

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_store")]
NOTE = b"YOUR FILES ARE ENCRYPTED\n" * 40


def get_pieces_url(incident):
    return f"/suivi/{incident.reference}/pieces/"


def make_file(name="note.txt", content=NOTE):
    return SimpleUploadedFile(name, content)


def hand_over(client, incident, *files, **fields):
    return client.post(get_pieces_url(incident), {"pieces": list(files), **fields})


def read_decrypted(piece):
    return b"".join(vault.read_object(piece.storage_name, get_reading_key(piece.incident)))


def test_a_declarant_hands_over_two_files(holder, incident):
    response = hand_over(
        holder, incident, make_file(), make_file("photo.jpg", b"\xff\xd8\xff" + b"x" * 999), auteur="Dominique"
    )

    assert (response.status_code, response["Location"]) == (302, get_pieces_url(incident) + "?recus=2&deja=0")
    note, photo = Evidence.objects.order_by("number")
    assert (note.number, note.name, note.size, note.author) == (1, "note.txt", len(NOTE), "Dominique")
    assert (note.sha256, note.media_type) == (hashlib.sha256(NOTE).hexdigest(), "text/plain")
    assert (note.actor_kind, note.actor) == (ActorKind.DECLARANT, None)
    assert (photo.number, photo.media_type) == (2, "image/jpeg")
    assert read_decrypted(note) == NOTE
    page_text = read_text(holder.get(response["Location"]))
    assert "2 fichiers sont reçus Breizh Cyber peut les ouvrir." in page_text
    assert "par Dominique" in page_text
    assert f"{note.sha256[:4]} … {note.sha256[-4:]}" in page_text
    assert note.sha256 in page_text


def test_one_file_is_confirmed_in_the_singular(holder, incident):
    for received in ("Un fichier est reçu", "Ce fichier est déjà reçu"):
        confirmed = read_text(holder.get(hand_over(holder, incident, make_file())["Location"]))
        assert f"{received} Breizh Cyber peut l’ouvrir." in confirmed
    both = read_text(holder.get(hand_over(holder, incident, make_file(), make_file("b", b"b"))["Location"]))
    assert "Un fichier est reçu Un autre était déjà reçu. Breizh Cyber peut les ouvrir." in both


@pytest.mark.parametrize(
    ("count", "words"), [(5, "Remettre d’autres fichiers"), (6, "Voir les 6 fichiers, en remettre")]
)
def test_the_page_of_the_case_lists_five_files_and_says_how_many_there_are(holder, incident, count, words):
    hand_over(holder, incident, *(make_file(f"{i}.log", bytes([i])) for i in range(count)))
    page = read_text(holder.get(f"/suivi/{incident.reference}/"))
    assert words in page
    assert page.count(".log") == 5


def test_the_form_takes_several_files_and_a_photograph(holder, incident):
    """A telephone opens its camera from the second field; a desk shows one more choice of files."""
    page = holder.get(get_pieces_url(incident)).content.decode()
    files, photo = re.findall(r'<input [^>]*type="file"[^>]*>', page)
    assert 'name="pieces" multiple' in files
    assert 'name="pieces" accept="image/*" capture="environment"' in photo
    assert "accept" not in files


def test_each_file_handed_over_is_an_event(holder, incident):
    hand_over(holder, incident, make_file(), make_file("b", b"b"))

    events = IncidentEvent.objects.filter(kind=EventKind.FILE).order_by("id")
    recorded = [(event.data["evidence"], event.data["sha256"]) for event in events]
    assert recorded == [(str(piece.uid), piece.sha256) for piece in Evidence.objects.order_by("number")]
    assert {event.actor_kind for event in events} == {ActorKind.DECLARANT}
    incident.refresh_from_db()
    assert incident.declarant_wrote_at == events[1].at


def test_a_colleague_hands_over_under_their_name(client, incident):
    agent = an_agent(incident.collectivity)
    client.force_login(agent)
    assert "Votre nom" not in read_text(client.get(get_pieces_url(incident)))
    hand_over(client, incident, make_file(), auteur="Quelqu’un d’autre")
    piece = Evidence.objects.get()
    assert (piece.author, piece.actor) == (agent.display_name, agent)


def test_the_same_content_sent_twice_is_one_evidence_file(holder, incident, settings):
    hand_over(holder, incident, make_file())
    response = hand_over(holder, incident, make_file("autre nom.txt"), make_file("vide", b""))
    assert response["Location"].endswith("?recus=1&deja=1")
    assert "Un autre était déjà reçu" in read_text(holder.get(response["Location"]))
    assert Evidence.objects.count() == 2
    assert IncidentEvent.objects.filter(kind=EventKind.FILE).count() == 2
    assert len(list_stored_objects()) == 2


def test_a_form_without_a_file_is_refused(holder, incident):
    response = holder.post(get_pieces_url(incident), {"auteur": "Dominique"})
    assert response.status_code == 422
    assert "choisissez au moins un fichier" in read_text(response)
    assert 'value="Dominique"' in response.content.decode()


def test_an_empty_file_is_kept_with_a_warning(holder, incident):
    assert "Aucune pièce n’est remise à Breizh Cyber." in read_text(
        holder.get(get_pieces_url(incident) + "bordereau/")
    )
    hand_over(holder, incident, make_file())
    assert "Ce fichier est vide" not in read_text(holder.get(get_pieces_url(incident)))
    hand_over(holder, incident, make_file("photo.jpg", b""))
    assert "0 octet, " in read_text(holder.get(get_pieces_url(incident)))
    assert "Ce fichier est vide. Si ce n’est pas voulu, envoyez-le de nouveau" in read_text(
        holder.get(get_pieces_url(incident))
    )


def test_a_file_too_large_is_refused_and_the_other_files_are_kept(holder, incident, monkeypatch):
    monkeypatch.setattr("incidents.files.deposits.MAX_FILE_BYTES", 1000)
    response = hand_over(
        holder, incident, make_file("a", b"a"), make_file("gros.zip", b"z" * 1001), make_file("c", b"c")
    )
    assert response.status_code == 422
    page_text = read_text(response)
    assert "gros.zip : C’est plus de 100 Mo" in page_text
    assert "Les 2 autres fichiers sont reçus" in page_text
    assert list(Evidence.objects.order_by("number").values_list("name", flat=True)) == ["a", "c"]
    assert len(list_stored_objects()) == 2


@pytest.mark.parametrize("most", [3, pytest.param(300, marks=pytest.mark.proof)])
def test_a_case_takes_a_limited_number_of_files(holder, incident, monkeypatch, most):
    if most != files.MAX_FILES:
        monkeypatch.setattr(files, "MAX_FILES", most)
    response = hand_over(holder, incident, *(make_file(f"{i}.log", str(i).encode()) for i in range(most + 2)))
    assert response.status_code == 422
    assert "2 fichiers ne sont pas reçus" in read_text(response)
    assert f"{most + 1}.log" in read_text(response)
    assert Evidence.objects.count() == most
    assert find_first_broken_seal(incident, Evidence.objects.order_by("number")) is None
    assert hand_over(holder, incident, make_file()).status_code == 422


def test_a_case_takes_two_gigabytes_of_files_at_most(holder, incident, monkeypatch):
    monkeypatch.setattr("incidents.services.evidence.files.MAX_BYTES", 1500)
    response = hand_over(holder, incident, make_file("a", b"a" * 1000), make_file("b", b"b" * 1000))
    assert response.status_code == 422
    assert "b : Ce dossier contient déjà près de 2 Go" in read_text(response)
    assert Evidence.objects.get().name == "a"
    assert len(list_stored_objects()) == 1


def test_a_zip_bomb_is_kept_as_it_is(holder, incident):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 50_000_000)
    hand_over(holder, incident, make_file("bombe.zip", bomb.getvalue()))
    piece = Evidence.objects.get()
    assert (piece.size, piece.media_type) == (len(bomb.getvalue()), "application/zip")
    assert read_decrypted(piece) == bomb.getvalue()


def test_a_full_disk_is_reported_and_earlier_files_stay(holder, incident, monkeypatch):
    hand_over(holder, incident, make_file("avant.txt", b"avant"))

    def refuse(_deposit, _chunk):
        raise vault.StoreRefused

    monkeypatch.setattr("incidents.files.deposits.Deposit.write", refuse)
    response = hand_over(holder, incident, make_file("apres.txt"))
    assert response.status_code == 422
    assert "apres.txt : Nous n’avons plus de place pour le garder" in read_text(response)
    assert Evidence.objects.get().name == "avant.txt"
    assert len(list_stored_objects()) == 1


def test_a_forged_post_stores_no_file(incident):
    client = Client(enforce_csrf_checks=True)
    client.force_login(an_agent(incident.collectivity))
    assert hand_over(client, incident, make_file()).status_code == 403
    assert not Evidence.objects.exists()
    assert list_stored_objects() == []


def test_a_form_with_its_token_is_accepted(incident):
    client = Client(enforce_csrf_checks=True)
    client.force_login(an_agent(incident.collectivity))
    client.get(get_pieces_url(incident))
    token = client.cookies["tocsin_csrf" if "tocsin_csrf" in client.cookies else "csrftoken"].value
    assert hand_over(client, incident, make_file(), csrfmiddlewaretoken=token).status_code == 302


def test_a_request_that_is_cut_off_keeps_only_the_files_that_arrived_whole(holder, incident):
    boundary = "----cut"
    part = '--{}\r\nContent-Disposition: form-data; name="pieces"; filename="{}"\r\n\r\n{}'
    body = part.format(boundary, "entier", "aaaa") + "\r\n" + part.format(boundary, "coupé", "bbbb")
    response = holder.post(get_pieces_url(incident), body.encode(), f"multipart/form-data; boundary={boundary}")
    assert "La ligne a été coupée" in read_text(response)
    assert Evidence.objects.get().name == "entier"
    assert len(list_stored_objects()) == 1


def test_the_list_of_evidence_files_is_sealed(holder, incident):
    hand_over(holder, incident, *(make_file(f"{i}", bytes([i])) for i in range(3)))
    pieces = list(Evidence.objects.order_by("number"))
    assert [piece.seal for piece in pieces] == [
        compute_seal(before, piece)
        for before, piece in zip([incident.reference, *(p.seal for p in pieces)], pieces)  # noqa: B905
    ]
    page_text = read_text(holder.get(get_pieces_url(incident) + "bordereau/"))
    assert "Les scellés se suivent sans défaut" in page_text
    assert all(piece.seal in page_text and piece.sha256 in page_text for piece in pieces)
    lines = [incident.reference, "1", pieces[0].sha256, "1", pieces[0].received_at.strftime("%FT%TZ"), "0"]
    assert pieces[0].seal == hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


@pytest.mark.parametrize(
    ("change", "broken"),
    [({"name": "autre"}, 2), ({"sha256": "0" * 64}, 2), ({"size": 9}, 2), ({"number": 9}, 2), (None, 2)],
    ids=["name", "bytes", "size", "number", "left out"],
)
def test_a_changed_line_breaks_the_seals(holder, incident, change, broken):
    hand_over(holder, incident, *(make_file(f"{i}", bytes([i])) for i in range(3)))
    line = Evidence.objects.filter(number=2)
    with switch_triggers_off():
        line.update(**change) if change else line.delete()
    assert find_first_broken_seal(incident, Evidence.objects.order_by("number")) == broken
    assert "La pièce 2 ne correspond plus" in read_text(holder.get(get_pieces_url(incident) + "bordereau/"))


def test_history_and_evidence_files_are_read_in_an_explicit_order(holder, incident):
    """Without ORDER BY, PostgreSQL may return rows in any order."""
    hand_over(holder, incident, make_file("a", b"a"), make_file("b", b"b"))
    with CaptureQueriesContext(connection) as read:
        assert find_first_broken_seal(incident, Evidence.objects.order_by("number")) is None
    assert [query["sql"].partition(" ORDER BY ")[2] for query in read] == [
        '"incidents_incidentevent"."id" ASC',
        '"incidents_evidence"."number" ASC',
    ]


def test_removing_the_last_line_breaks_the_seals(holder, incident):
    hand_over(holder, incident, make_file("a", b"a"), make_file("b", b"b"))
    with switch_triggers_off():
        Evidence.objects.filter(number=2).delete()
    assert find_first_broken_seal(incident, Evidence.objects.order_by("number")) == 2


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"seal": "x"}, {"number": 9}, None], ids=str)
def test_the_database_refuses_to_change_or_remove_a_line(holder, incident, change):
    hand_over(holder, incident, make_file())
    with act_as_superuser(), pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        Evidence.objects.update(**change) if change else Evidence.objects.all().delete()
    assert find_first_broken_seal(incident, Evidence.objects.all()) is None


def test_erasing_the_case_destroys_its_files(holder, incident):
    hand_over(holder, incident, make_file())
    erase_personal_data(reference=incident.reference, actor=a_lead())
    piece = Evidence.objects.get()
    assert not CaseKey.objects.exists()
    assert piece.name == ""
    assert holder.get(get_pieces_url(incident)).status_code == 404
    colleague, responder = Client(), Client()
    colleague.force_login(an_agent(incident.collectivity))
    assert "ont été effacés le" in read_text(colleague.get(get_pieces_url(incident)))
    assert hand_over(colleague, incident, make_file("b", b"b")).status_code == 410
    responder.force_login(a_responder())
    response = responder.get(f"/triage/{incident.reference}/pieces/{piece.uid}/")
    assert response.status_code == 410
    assert "Leur clé est détruite" in read_text(response)
    assert "ne se recalculent plus" in read_text(responder.get(get_pieces_url(incident) + "bordereau/"))


def test_responders_and_strangers_may_not_hand_files_over(client, incident):
    client.force_login(a_responder())
    assert client.get(get_pieces_url(incident)).status_code == 200
    assert "<form class" not in client.get(get_pieces_url(incident)).content.decode()
    assert hand_over(client, incident, make_file()).status_code == 403
    assert not Evidence.objects.exists()
    assert hand_over(Client(), incident, make_file()).status_code == 404


@pytest.mark.parametrize("many", [2, 50])
def test_pages_cost_the_same_with_fifty_files(holder, incident, many, django_assert_max_num_queries):
    hand_over(holder, incident, *(make_file(f"{i}", bytes([i])) for i in range(many)))
    with django_assert_max_num_queries(10):
        holder.get(get_pieces_url(incident))
    with django_assert_max_num_queries(10):
        holder.get(get_pieces_url(incident) + "bordereau/")
    holder.force_login(a_responder())
    with django_assert_max_num_queries(35):
        holder.get(f"/admin/incidents/incident/{incident.reference}/")


def test_a_name_that_grows_when_normalised_is_cut(holder, incident):
    """Normalisation form C turns the one letter « क़ » into two."""
    assert hand_over(holder, incident, make_file(), auteur="\u0958" * 120).status_code == 302
    assert len(Evidence.objects.get().author) == 120
