"""The answer pack is a page to print and a PDF that a task makes once for each state of the case."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Membership
from core import typeset
from incidents.enums import Answer, ClosingReason, PaperState
from incidents.files import vault
from incidents.models import CaseKey, DataLeak, Paper
from incidents.questions.formatting import format_zoned_moment
from incidents.services.declarant.access import derive_secret
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.reopen import reopen_incident
from incidents.services.papers import making as papers
from incidents.services.papers.answer_pack import build_answer_pack
from incidents.services.papers.cards import TEMPLATES
from incidents.services.papers.making import make_due_papers as make_papers
from incidents.services.transfer.proposal import accept_transfer
from tests import harmless
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber, declare
from tests.hostile import LETTERS, MARKUP, TYPST
from tests.incidents.devices import open_by_link
from tests.incidents.journeys import find_commune
from tests.incidents.transferring import propose_transfer
from tests.paper import measure_fill, read_codes
from tests.reading import NBSP, read_text

pytestmark = pytest.mark.usefixtures("new_store")
HOSTILE = [*TYPST, *LETTERS, MARKUP[0], "\ufffe \u200b" + "x" * 400]


def pack_url(incident):
    return f"/suivi/{incident.reference}/dossier/"


def read_content(response):
    return b"".join(response.streaming_content)


def test_a_declarant_prints_the_page_and_downloads_the_pdf(incident):
    client = open_by_link(incident)
    page_text = read_text(client.get(pack_url(incident)))
    for words in ("Breizh Cyber", "0 800 200 008", "La première heure", "L112-11", "heure de Paris", "main courante"):
        assert words in page_text
    assert "Cette page s’imprime aussi telle quelle." in page_text
    assert not Paper.objects.exists()
    assert client.post(pack_url(incident))["Location"] == pack_url(incident)
    assert "Le PDF se prépare" in read_text(client.get(pack_url(incident)))
    make_papers()
    paper = Paper.objects.get()
    assert (paper.state, paper.done, paper.total, paper.tries) == (PaperState.MADE, 1, 1, 1)
    answer = client.get(f"{pack_url(incident)}{paper.uid}/")
    content = read_content(answer)
    assert content.startswith(b"%PDF-1.7")
    assert len(content) == paper.size == int(answer["Content-Length"])
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="tocsin-{incident.reference}.pdf"'
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "no-store")
    ready_text = read_text(client.get(pack_url(incident)))
    assert "Télécharger le PDF" in ready_text
    assert "telle quelle" not in ready_text


def test_the_pack_is_stored_encrypted_with_the_key_of_the_case(incident):
    open_by_link(incident).post(pack_url(incident))
    make_papers()
    with vault.get_store().open(Paper.objects.get().storage_name, "rb") as file:
        assert b"PDF" not in file.read()
    assert CaseKey.objects.filter(incident=incident).exists()


def test_one_pack_is_made_for_each_state_of_the_case(incident):
    client = open_by_link(incident)
    for _ in range(2):
        client.post(pack_url(incident))
    make_papers()
    client.post(pack_url(incident))
    assert Paper.objects.count() == 1
    acknowledge_incident(reference=incident.reference, actor=a_responder())
    assert "fait avant la dernière nouvelle du dossier" in read_text(client.get(pack_url(incident)))
    client.post(pack_url(incident))
    make_papers()
    old, new = Paper.objects.order_by("id")
    for paper in (old, new):
        assert read_content(client.get(f"{pack_url(incident)}{paper.uid}/")).startswith(b"%PDF")


def test_another_worker_makes_the_pack_that_a_dead_one_began(incident):
    open_by_link(incident).post(pack_url(incident))
    assert papers.claim_paper(timezone.now())
    make_papers()
    assert Paper.objects.get().state == PaperState.ASKED
    with time_machine.travel(timezone.now() + papers.LEASE):
        make_papers()
    paper = Paper.objects.get()
    assert (paper.state, paper.tries) == (PaperState.MADE, 2)


def test_a_slow_worker_neither_replaces_a_pack_nor_leaves_a_file(incident):
    open_by_link(incident).post(pack_url(incident))
    slow = papers.claim_paper(timezone.now())
    with time_machine.travel(timezone.now() + papers.LEASE):
        make_papers()
    paper = Paper.objects.get()
    assert paper.state == PaperState.MADE
    assert papers.try_to_make_paper(slow) is False
    assert Paper.objects.get().storage_name == paper.storage_name
    assert count_stored_files() == 1


def count_stored_files():
    store = vault.get_store()
    return sum(len(store.listdir(folder)[1]) for folder in store.listdir("")[0])


def test_a_pack_that_fails_three_times_is_reported(incident, monkeypatch):
    monkeypatch.setattr(papers, "typeset", lambda *args, **kwargs: 1 / 0)
    client = open_by_link(incident)
    client.post(pack_url(incident))
    for tries in range(papers.MAX_TRIES + 1):
        with time_machine.travel(timezone.now() + tries * papers.LEASE):
            make_papers()
    assert Paper.objects.get().state == PaperState.FAILED
    assert "Imprimez cette page" in read_text(client.get(pack_url(incident)))
    monkeypatch.undo()
    client.post(pack_url(incident))
    make_papers()
    assert "Télécharger" in read_text(client.get(pack_url(incident)))


def test_an_overdue_pack_is_reported_and_may_be_requested_again(incident):
    client = open_by_link(incident)
    client.post(pack_url(incident))
    with time_machine.travel(timezone.now() + timezone.timedelta(minutes=6)):
        page_text = read_text(client.get(pack_url(incident)))
        assert "Le PDF tarde" in page_text
        assert "Le demander de nouveau" in page_text
        client.post(pack_url(incident))
        assert "Le PDF se prépare, demandé le" in read_text(client.get(pack_url(incident)))
        make_papers()
    assert Paper.objects.get().state == PaperState.MADE


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_escaped_in_the_pack(db, words):
    breizh_cyber()
    incident = declare(description=words, supplier=words[:100])
    client = open_by_link(incident)
    client.post(pack_url(incident))
    make_papers()
    assert Paper.objects.get().state == PaperState.MADE
    harmless.check_response(client.get(pack_url(incident)))
    harmless.check_response(client.get(f"{pack_url(incident)}{Paper.objects.get().uid}/"))


def test_the_qr_code_leads_to_the_case_without_the_secret(incident):
    dossier = build_answer_pack(incident, at=timezone.now())
    assert (
        dossier["address"]
        == f"http://localhost:8000/suivi/?reference={incident.reference[:4]}-{incident.reference[4:]}"
    )
    first, *following = read_codes(typeset.typeset(TEMPLATES / "pack.typ", dossier))
    assert first == [dossier["address"]]
    assert not any(following)
    assert derive_secret(incident.accesses.get()) not in json.dumps(dossier).replace("-", "")
    assert incident.reference in Client().get(dossier["address"]).content.decode().replace("-", "")


@pytest.mark.parametrize("words", ["", "Rien ne s’ouvre. " * 8, "Un message demande de l’argent. " * 90])
def test_the_pages_of_a_pack_are_filled(incident, words):
    """The space below the last word is ruled for handwriting."""
    incident.story.description = words
    incident.story.save()
    for page_filled in measure_fill(
        typeset.typeset(TEMPLATES / "pack.typ", build_answer_pack(incident, at=timezone.now()))
    ):
        assert page_filled > 0.85


def test_the_pack_repeats_nothing_that_was_declared(incident):
    sections = build_answer_pack(incident, at=timezone.now())["declared"]
    texts = [words for section in sections for _label, words in section["lines"]]
    assert sum("ne s’ouvrent plus et un message" in words for words in texts) == 1
    assert sum("02 99 00 00 00" in words.replace(NBSP, " ") for words in texts) == 1


def test_the_pack_says_for_an_insurer_what_happened_and_how_sure_it_is(incident):
    incident.collectivity.siren = "200066827"
    incident.detected_at, incident.detected_certainty = timezone.now(), "approximate"
    dossier = build_answer_pack(incident, at=timezone.now())
    assert dossier["identity"] == "SIREN 200\xa0066\xa0827, code INSEE 29999"
    lines = dict(line for section in dossier["declared"] for line in section["lines"])
    assert lines["Situation"] == "Nos fichiers ne s’ouvrent plus (rançongiciel)"
    assert lines["Découvert"].endswith(", à peu près")
    assert lines["Un service arrêté ou ralenti"] == "Je ne sais pas"
    assert dossier["progress"] == [
        "Breizh Cyber n’a pas encore pris le dossier en charge.",
        "Déclaration non vérifiée\xa0: personne n’a encore rappelé la collectivité sur un numéro déjà connu.",
    ]


def test_the_pack_shows_the_progress_of_the_case(incident):
    acknowledge_incident(reference=incident.reference, actor=a_responder())
    incident.refresh_from_db()
    assert build_answer_pack(incident, at=timezone.now())["progress"][0].startswith(
        "Breizh Cyber a pris le dossier en charge le"
    )
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=a_responder())
    incident.refresh_from_db()
    closed = build_answer_pack(incident, at=timezone.now())["progress"][0]
    assert closed.startswith("Dossier clos le ")
    assert closed.endswith("heure de Paris\xa0: résolu.")


def test_the_pack_says_when_a_case_put_back_was_first_taken(incident):
    responder, first_at = a_responder(), incident.received_at + timedelta(minutes=1)
    for hours in (0, 8):
        with time_machine.travel(first_at + timedelta(hours=hours), tick=False):
            acknowledge_incident(reference=incident.reference, actor=responder)
        if not hours:
            assign_incident(reference=incident.reference, actor=responder, assignee=None)
    incident.refresh_from_db()
    sentence = build_answer_pack(incident, at=timezone.now())["progress"][0]
    first, again = (format_zoned_moment(first_at + timedelta(hours=hours), "Europe/Paris") for hours in (0, 8))
    assert sentence == f"Breizh Cyber a pris le dossier en charge le {first}, puis de nouveau le {again}."


def test_the_pack_says_that_reopening_the_case_first_took_it(incident):
    lead, first_at = a_lead(), incident.received_at + timedelta(minutes=1)
    with time_machine.travel(first_at, tick=False):
        close_incident(reference=incident.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=lead)
        reopen_incident(reference=incident.reference, actor=lead, motive="Cela recommence.")
        assign_incident(reference=incident.reference, actor=lead, assignee=None)
    with time_machine.travel(first_at + timedelta(hours=8), tick=False):
        acknowledge_incident(reference=incident.reference, actor=lead)
    incident.refresh_from_db()
    sentence = build_answer_pack(incident, at=timezone.now())["progress"][0]
    first, again = (format_zoned_moment(first_at + timedelta(hours=hours), "Europe/Paris") for hours in (0, 8))
    assert sentence == f"Breizh Cyber a pris le dossier en charge le {first}, puis de nouveau le {again}."


@pytest.mark.parametrize("has_left", [True, False])
def test_the_pack_says_that_the_case_has_no_assignee(incident, has_left):
    responder = a_responder()
    acknowledge_incident(reference=incident.reference, actor=responder)
    if has_left:
        Membership.objects.filter(user=responder).update(ended_on=timezone.localdate())
    else:
        assign_incident(reference=incident.reference, actor=responder, assignee=None)
    incident.refresh_from_db()
    progress = build_answer_pack(incident, at=timezone.now())["progress"][0]
    assert progress == "Breizh Cyber n’a personne sur le dossier en ce moment."


def test_the_pack_tells_that_an_accepted_case_was_put_back(incident, giver, taker):
    """Nobody had taken it before the transfer, so accepting it was the first taking."""
    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)
    assign_incident(reference=incident.reference, actor=taker, assignee=None)
    incident.refresh_from_db()
    progress = build_answer_pack(incident, at=timezone.now())["progress"][0]
    assert progress == "Loin Cyber n’a personne sur le dossier en ce moment."


def test_responder_and_declarant_return_to_their_own_page_of_the_case(client, incident):
    client.force_login(a_responder())
    centre, declarant = f"/admin/incidents/incident/{incident.reference}/", f"/suivi/{incident.reference}/"
    for visitor, case_url in ((client, centre), (open_by_link(incident), declarant)):
        assert f'<a href="{case_url}">Retour au dossier</a>' in visitor.get(pack_url(incident)).content.decode()


def test_a_visitor_without_access_is_shown_help(client, incident):
    for response in (client.get(pack_url(incident)), client.post(pack_url(incident))):
        assert response.status_code == 404
        assert "Ce dossier ne s’ouvre pas ici" in read_text(response)
    assert not Paper.objects.exists()


def list_duty_titles(incident):
    return [duty["title"] for duty in build_answer_pack(incident, at=timezone.now())["duties"]]


def test_the_pack_names_only_laws_in_force(db):
    breizh_cyber()
    concerned = declare(data_concerned=Answer.YES)
    assert list_duty_titles(concerned) == [
        "Prévenir la CNIL",
        "Prévenir les personnes, tenir le registre",
        "Porter plainte, si vous êtes assurés",
    ]
    assert list_duty_titles(declare(data_concerned=Answer.NO)) == ["Porter plainte, si vous êtes assurés"]
    assert list_duty_titles(declare(type="panne", data_concerned=Answer.NO)) == []
    assert "NIS" not in json.dumps(build_answer_pack(concerned, at=timezone.now()))


def test_uncertain_data_are_described_as_uncertain(db):
    breizh_cyber()
    cnil = build_answer_pack(declare(data_concerned=Answer.UNKNOWN), at=timezone.now())["duties"][0]
    assert cnil["title"] == "Prévenir la CNIL, si des données personnelles sont touchées"
    assert cnil["text"].startswith("Des données personnelles sont peut-être touchées. La CNIL est prévenue")


def test_the_cnil_deadline_starts_when_the_breach_was_known(db):
    breizh_cyber()
    incident = declare(data_concerned=Answer.YES)
    incident.breach_known_at = timezone.datetime.fromisoformat("2026-10-23T08:10Z")
    cnil, _persons, complaint = build_answer_pack(incident, at=timezone.now())["duties"]
    assert "lundi 26 octobre 2026 à 9\xa0h\xa010, heure de Paris" in cnil["by"]
    assert complaint["by"] == ""


def test_the_pack_of_a_case_without_centre_says_that_there_is_none(db):
    dossier = build_answer_pack(declare(collectivity=find_commune("Mamoudzou")), at=timezone.now())
    assert "aucun service n’est désigné" in dossier["receipt"][1]
    assert "heure de Mayotte" in dossier["receipt"][0]
    assert dossier["progress"] == [
        "Déclaration non vérifiée\xa0: aucun centre ne couvre le territoire, personne n’a rappelé la collectivité."
    ]


def test_erasing_a_case_removes_its_papers(incident, django_capture_on_commit_callbacks):
    client = open_by_link(incident)
    client.post(pack_url(incident))
    make_papers()
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=a_responder())
    with django_capture_on_commit_callbacks(execute=True):
        erase_personal_data(reference=incident.reference, actor=a_lead())
    assert not Paper.objects.exists()
    assert count_stored_files() == 0


def test_no_pack_is_made_for_a_case_erased_meanwhile(incident):
    open_by_link(incident).post(pack_url(incident))
    paper = papers.claim_paper(timezone.now())
    type(incident).objects.filter(pk=incident.pk).update(erased_at=timezone.now())
    assert papers.try_to_make_paper(paper) is False
    assert count_stored_files() == 0
    agent = Client()
    agent.force_login(an_agent())
    assert "effacés" in read_text(agent.get(pack_url(incident)))
    Paper.objects.all().delete()  # else the request would return the earlier paper
    agent.post(pack_url(incident))
    assert not Paper.objects.exists()


def test_a_pack_is_found_only_by_people_of_the_case(incident):
    declarant, other_declarant = open_by_link(incident), open_by_link(declare(collectivity=find_commune("Ajaccio")))
    declarant.post(pack_url(incident))
    make_papers()
    paper = Paper.objects.get()
    address = f"{pack_url(incident)}{paper.uid}/"
    for stranger in (Client(), other_declarant):
        for call in (stranger.get(pack_url(incident)), stranger.post(pack_url(incident)), stranger.get(address)):
            assert call.status_code == 404
    other_reference = other_declarant.get("/suivi/").context["cases"][0]
    assert other_declarant.get(f"/suivi/{other_reference}/dossier/{paper.uid}/").status_code == 404
    for person in (an_agent(), a_responder()):
        client = Client()
        client.force_login(person)
        assert read_content(client.get(address)).startswith(b"%PDF")


def test_a_pack_whose_key_is_missing_is_not_found(incident):
    client = open_by_link(incident)
    client.post(pack_url(incident))
    make_papers()
    CaseKey.objects.filter(incident=incident).delete()
    assert client.get(f"{pack_url(incident)}{Paper.objects.get().uid}/").status_code == 404


def test_the_page_costs_few_queries(incident, django_assert_max_num_queries):
    client = open_by_link(incident)
    DataLeak.objects.create(incident=incident, status="confirmed")
    for number in range(50):
        Paper.objects.create(kind="answer_pack", incident=incident, total=1, storage_name=str(number))
    client.get(pack_url(incident))
    with django_assert_max_num_queries(20):
        assert client.get(pack_url(incident)).status_code == 200
