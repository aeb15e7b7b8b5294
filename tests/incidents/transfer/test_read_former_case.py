"""A centre that gave a case away reads what was there until then, and not a word that came after."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.access import CaseVisitor
from incidents.enums import ClosingReason, EventKind, Severity
from incidents.models import AnswerSheet, Closing, Evidence, Message, Note, Observable, Task
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.declarant.complete import SectionEdit, answer_section
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.severity import set_severity
from incidents.services.handling.verify import verify_incident
from incidents.services.history.record import record_event
from incidents.services.transfer.proposal import accept_transfer
from tests.cast import a_lead, a_responder, an_evidence_file
from tests.incidents.devices import QUEUE, sign_in_as
from tests.incidents.transferring import create_other_centre, get_other_centre, offer_url, propose_transfer
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
LATER = "MotDApres"


def get_visitor(incident):
    return CaseVisitor(access_uid=incident.accesses.get().uid)


def add_one_of_each(incident, actor, word):
    """Add one thing of each kind to the case, each with `word` in it. `word` is also the key of the note."""
    write_to_csirt(
        reference=incident.reference, visitor=get_visitor(incident), letter=Letter(text=f"{word} demande", key=word)
    )
    letter = Letter(text=f"{word} réponse", key=word)
    write_to_declarant(reference=incident.reference, actor=actor, letter=letter)
    Note.objects.create(incident=incident, text=f"{word} note", author=actor, submission_key=word)
    Task.objects.create(incident=incident, title=f"{word} tâche", author=actor)
    Observable.objects.create(incident=incident, kind="domain", value=f"{word.lower()}.example", actor=actor)
    Closing.objects.create(incident=incident, summary=f"{word} bilan", actor=actor)
    answer_again(incident, "precisions", **{"continue": "oui" if word == LATER else "non"})
    piece = an_evidence_file(incident) if not incident.evidence.exists() else add_second_piece(incident)
    Evidence.objects.filter(pk=piece.pk).update(name=f"{word}.jpg")
    set_severity(reference=incident.reference, severity=Severity.LOW, motive=f"{word} gravité", actor=actor)


def add_second_piece(incident):
    fields = {"number": 2, "size": 1, "sha256": "1" * 64, "storage_name": "deux", "actor_kind": "declarant"}
    return Evidence.objects.create(incident=incident, **fields)


def answer_again(incident, section, **values):
    newest = incident.sheets.filter(section=section).order_by("-id").first()
    edit = SectionEdit(
        visitor=get_visitor(incident), reference=incident.reference, seen=str(newest.uid) if newest else ""
    )
    answer_section(edit=edit, section=section, version="2026-11", values=values)


def transfer_case(incident, giver, taker):
    return accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)


def test_the_former_centre_reads_the_case_as_it_was_transferred(incident, giver, taker):
    acknowledge_incident(reference=incident.reference, actor=giver)
    add_one_of_each(incident, giver, "MotDAvant")
    transfer = transfer_case(incident, giver, taker)

    client = sign_in_as(giver)
    assert "Commune de Plouexemple" in read_markup(client.get(f"{QUEUE}transferts/"))
    page = read_markup(client.get(offer_url(transfer, "dossier")))

    for words in ("demande", "réponse", "note", "tâche", "bilan"):
        assert f"MotDAvant {words}" in page
    for words in ("motdavant[.]example", "MotDAvant.jpg", "Les fichiers de l’accueil", "02 99 00 00 00", "Transféré"):
        assert words in page
    assert "Confié à Loin Cyber" in page


def test_the_former_centre_finds_the_case_by_its_reference(incident, giver, taker):
    acknowledge_incident(reference=incident.reference, actor=giver)
    transfer = transfer_case(incident, giver, taker)
    results = read_markup(sign_in_as(giver).get(f"{QUEUE}recherche/", {"q": incident.reference}))
    assert "Votre centre a confié le dossier" in results
    assert f'href="{offer_url(transfer, "dossier")}"' in results
    assert "Rien ne répond" not in results
    stranger = sign_in_as(a_responder(get_other_centre()))
    assert "confié le dossier" not in read_markup(stranger.get(f"{QUEUE}recherche/", {"q": incident.reference}))


def test_the_former_centre_reads_nothing_written_after_the_transfer(incident, giver, taker, time_machine):
    time_machine.move_to(timezone.now(), tick=False)  # the pages say how long a case waits, in minutes
    acknowledge_incident(reference=incident.reference, actor=giver)
    add_one_of_each(incident, giver, "MotDAvant")
    transfer = transfer_case(incident, giver, taker)
    client = sign_in_as(giver)
    pages = [offer_url(transfer, "dossier"), f"{QUEUE}transferts/", QUEUE, f"{QUEUE}?etat=tous"]
    before = {page: get_page_text(client, page) for page in pages}

    add_one_of_each(incident, taker, LATER)
    Task.objects.filter(title="MotDAvant tâche").update(done_at=timezone.now(), done_by=taker, title=f"{LATER} titre")
    incident.story.description = f"{LATER} récit"
    incident.story.contact_phone = "06 39 98 00 12"
    incident.story.save()
    verify_incident(reference=incident.reference, actor=taker)
    close_incident(reference=incident.reference, reason=ClosingReason.HANDED_OVER, handed_to="la DSI", actor=taker)

    assert {page: get_page_text(client, page) for page in pages} == before
    assert LATER.lower() not in "".join(before.values()).lower()
    assert client.get(f"{QUEUE}recherche/", {"q": LATER}).context["count"] == 0


def get_page_text(client, page):
    """Return the text of the page without the CSRF tokens, which differ each time."""
    lines = client.get(page).content.decode().splitlines()
    return "\n".join(line for line in lines if "csrfmiddlewaretoken" not in line)


def test_no_other_page_of_the_case_opens_for_the_former_centre(incident, giver, taker):
    piece = an_evidence_file(incident)
    transfer = transfer_case(incident, giver, taker)
    client = sign_in_as(giver)

    for address in (
        case_url(incident),
        case_url(incident, "effacer", "demande"),
        case_url(incident, "transfert"),
        case_url(incident, "avis"),
        f"/triage/{incident.reference}/",
        f"/triage/{incident.reference}/pieces/{piece.uid}/",
        f"/suivi/{incident.reference}/",
        f"/suivi/{incident.reference}/pieces/",
        f"/suivi/{incident.reference}/pieces/bordereau/",
        f"/suivi/{incident.reference}/dossier/",
        offer_url(transfer),
    ):
        assert client.get(address).status_code == 404, address
    page = client.get(offer_url(transfer, "dossier")).content.decode()
    assert f"pieces/{piece.uid}" not in page
    assert page.count("<form") == page.count('id="logout-form"')


def test_only_the_former_centre_reads_the_transferred_case(incident, giver, taker):
    transfer = transfer_case(incident, giver, taker)

    assert sign_in_as(a_lead()).get(offer_url(transfer, "dossier")).status_code == 200
    for person in (taker, a_responder(create_other_centre("tiers", "Tiers"))):
        assert sign_in_as(person).get(offer_url(transfer, "dossier")).status_code == 404


@pytest.mark.parametrize("state", ["asked", "returned", "withdrawn"])
def test_a_transfer_that_was_not_accepted_opens_nothing(incident, giver, taker, state):
    transfer = propose_transfer(incident, giver)
    if state != "asked":
        type(transfer).objects.update(state=state, answered_at=timezone.now(), answered_by=taker)

    assert sign_in_as(giver).get(offer_url(transfer, "dossier")).status_code == 404
    assert sign_in_as(taker).get(offer_url(transfer, "dossier")).status_code == 404


def test_erasing_the_case_empties_the_page_of_the_former_centre(incident, giver, taker):
    acknowledge_incident(reference=incident.reference, actor=giver)
    add_one_of_each(incident, giver, "MotDAvant")
    transfer = transfer_case(incident, giver, taker)
    erase_personal_data(reference=incident.reference, actor=a_lead(taker.memberships[0].csirt))

    client = sign_in_as(giver)
    page = read_markup(client.get(offer_url(transfer, "dossier")))
    assert "Dossier effacé" in page
    for words in ("MotDAvant", "Plouexemple", "motdavant", "siège", "02 99"):
        assert words not in page
        assert words not in read_markup(client.get(f"{QUEUE}transferts/"))
    assert "Transféré" in page
    assert "Données personnelles effacées" not in page


def test_each_former_centre_reads_up_to_its_own_transfer(incident, giver, taker):
    first = transfer_case(incident, giver, taker)
    Message.objects.create(
        incident=incident, text="chez le deuxième", is_from_csirt=False, actor_kind="declarant", submission_key="2"
    )
    third = a_responder(create_other_centre("tiers", "Tiers"))
    second = propose_transfer(incident, taker, taker="tiers", seen=str(first.uid))
    accept_transfer(uid=second.uid, actor=third)

    assert "chez le deuxième" not in read_markup(sign_in_as(giver).get(offer_url(first, "dossier")))
    assert "chez le deuxième" in read_markup(sign_in_as(taker).get(offer_url(second, "dossier")))
    assert sign_in_as(giver).get(offer_url(second, "dossier")).status_code == 404


@pytest.mark.parametrize("number", [2, 50])
def test_a_former_case_costs_the_same_whatever_its_length(incident, giver, taker, number):
    for i in range(number):
        fields = {"incident": incident, "actor_kind": "declarant", "submission_key": f"m{i}"}
        Message.objects.create(text=f"mot {i}", is_from_csirt=False, **fields)
        Note.objects.create(incident=incident, text="note", author=a_responder(), submission_key=f"n{i}")
        Task.objects.create(incident=incident, title="tâche", author=giver)
    transfer = transfer_case(incident, giver, taker)
    client = sign_in_as(giver)
    client.get(offer_url(transfer, "dossier"))
    with CaptureQueriesContext(connection) as queries:
        page = client.get(offer_url(transfer, "dossier"))

    assert len(page.context["remains"].messages) == len(page.context["tasks"]) == number
    assert len(queries) <= 20, [query["sql"][:90] for query in queries]


def test_a_long_former_case_is_read_page_by_page_to_its_start(incident, giver, taker):
    fields = {"incident": incident, "actor_kind": "declarant", "is_from_csirt": False}
    numbers = [f"{i:03}" for i in range(450)]
    Message.objects.bulk_create(Message(text=f"mot {n}.", submission_key=f"m{n}", **fields) for n in numbers)
    Note.objects.bulk_create(
        Note(incident=incident, text=f"note {n}.", author=giver, submission_key=f"n{n}") for n in numbers
    )
    Task.objects.bulk_create(Task(incident=incident, title=f"tâche {n}.", author=giver) for n in numbers)
    AnswerSheet.objects.bulk_create(
        AnswerSheet(incident=incident, section="precisions", version="2026-11", values={}, actor_kind="declarant")
        for _ in numbers
    )
    for _ in numbers:
        record_event(incident, EventKind.LINK_ROTATED, at=timezone.now(), actor=giver)
    Observable.objects.bulk_create(
        Observable(incident=incident, kind="domain", value=f"i{i}.example", actor=giver) for i in range(500)
    )
    transfer, client = transfer_case(incident, giver, taker), sign_in_as(giver)
    address = offer_url(transfer, "dossier")
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address)

    assert len(queries) <= 20, [query["sql"][:90] for query in queries]
    assert len(page.context["observables"]) == 500
    words = read_markup(page)
    assert {f"mot {n}." in words for n in numbers[50:]} == {f"note {n}." in words for n in numbers[50:]} == {True}
    for number, where in ((50, "echanges"), (50, "notes"), (50, "reponses"), (50, "taches"), (53, "histoire")):
        assert f'Encore {number} avant : <a href="?{where}=400#{where}">' in words
        assert f'id="{where}"' in words
    assert "Revenir à la première page" not in words
    for where, word in (("echanges", "mot"), ("notes", "note"), ("taches", "tâche")):
        assert f"{word} 049." not in words
        earlier = read_markup(client.get(address, {where: "400"}))
        assert [n for n in numbers if f"{word} {n}." in earlier] == numbers[:50]
        assert f"?{where}=" not in earlier
        assert "Revenir à la première page" in earlier
    assert len(client.get(address, {"histoire": "400"}).context["events"]) == 53
    assert len(client.get(address, {"reponses": "400"}).context["answers"]) == 50
    for odd in ("450", "999999", "9" * 50, "-1", "٣", "\0"):
        assert "mot 449." in read_markup(client.get(address, {"echanges": odd})), odd


def test_the_transfer_is_the_last_event_of_a_former_case(incident, giver, taker):
    transfer = transfer_case(incident, giver, taker)
    assert transfer.last_event.kind == EventKind.TRANSFERRED
    assert transfer.standing["last"]["messages"] == 0
