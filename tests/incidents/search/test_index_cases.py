"""The words of a case are indexed once after each event that changes them, and follow its rows."""

import logging
from dataclasses import replace
from io import StringIO
from random import Random

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from csirts.models import Csirt
from incidents.access import CaseVisitor
from incidents.enums import Answer, DocumentKind, EventKind, IncidentType
from incidents.facts.shapes import Interruption
from incidents.models import Incident, Note, PendingEvent, SearchDocument
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.declarant.complete import answer_section
from incidents.services.declarant.correct import correct_services, correct_story
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.reopen import reopen_incident
from incidents.services.history.record import record_event
from incidents.services.search import index
from incidents.tasks import index_cases
from tests.cast import a_lead, a_responder, declare
from tests.incidents.completing import make_edit
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db


def count_pending():
    return PendingEvent.objects.filter(consumer="search").count()


def list_documents(incident):
    return {(document.kind, document.source) for document in SearchDocument.objects.filter(incident=incident)}


def has_word(incident, word, **more):
    with connection.cursor() as cursor:
        cursor.execute("SELECT plainto_tsquery('tocsin', %s)::text", [word])
        (query,) = cursor.fetchone()
    rows = SearchDocument.objects.filter(incident=incident, **more)
    return rows.extra(where=["vector @@ %s::tsquery"], params=[query]).exists()


def answer_questions(incident, section, **values):
    answer_section(edit=make_edit(incident, section), section=section, version="2026-11", values=values)


def test_the_text_of_a_declaration_is_indexed():
    incident = declare(description="Une tête de mort verte", supplier="Éditeur Exemple")
    assert count_pending() == 1

    index_cases()

    assert count_pending() == 0
    assert list_documents(incident) == {(DocumentKind.DECLARATION, "")}
    document = SearchDocument.objects.get()
    assert (document.csirt, document.at) == (incident.csirt, incident.received_at)
    for word in ("tete", "editeur", "rançongiciel", "Plouexemple"):
        assert has_word(incident, word), word


def test_contact_details_are_not_indexed():
    incident = declare(type=IncidentType.SUPPLIER)
    answer_questions(
        incident, "precisions", prestataire_contact="jeanne@exemple.example", prestataire_dit="Il cherche"
    )
    index_cases()

    for word in ("Dominique", "secrétaire", "02 99 00 00 00", "mairie@plouexemple.example", "jeanne@exemple.example"):
        assert not has_word(incident, word), word
    assert has_word(incident, "cherche")


def test_the_workaround_of_a_stopped_service_is_indexed():
    stopped = Interruption(service="civil", extent="stopped", workaround="Registre sur papier")
    incident = declare(service_stopped=Answer.YES, interruptions=(stopped,))
    index_cases()
    assert has_word(incident, "registre papier")


def test_earlier_answers_are_a_document_of_their_own():
    incident = declare()
    answer_questions(incident, "precisions", extension=".wapiti")
    index_cases()
    assert has_word(incident, "wapiti", kind=DocumentKind.ANSWERS, source="precisions")

    answer_questions(incident, "precisions", extension=".okapi")
    index_cases()

    assert has_word(incident, "okapi", source="precisions")
    assert not has_word(incident, "wapiti", source="precisions")
    assert has_word(incident, "wapiti", kind=DocumentKind.ANSWERS, source="precisions.avant")


def test_the_words_before_a_correction_stay_in_the_index_until_the_case_is_erased():
    stopped = Interruption(service="civil", extent="stopped", workaround="Registre sur papier")
    incident = declare(
        description="Tout finit en .lokk", supplier="Exemple", service_stopped=Answer.YES, interruptions=(stopped,)
    )
    correct_story(edit=make_edit(incident, "recit"), description="Tout est chiffré.")
    restored = replace(stopped, workaround="Rien")
    correct_services(edit=make_edit(incident, "services"), stopped=Answer.YES, interruptions=[restored])
    index_cases()

    for word in ("lokk", "registre papier"):
        assert has_word(incident, word, kind=DocumentKind.DECLARATION, source="avant"), word
        assert not has_word(incident, word, source=""), word
    assert not has_word(incident, "Exemple", source="avant"), "it was not corrected"
    correct_story(edit=make_edit(incident, "recit"), description="Tout finit en .lokk")
    index_cases()
    assert has_word(incident, "lokk", source="")
    assert not has_word(incident, "lokk", source="avant")

    erase_personal_data(reference=incident.reference, actor=a_lead())
    index_cases()
    call_command("index_cases", stdout=StringIO())
    assert not list_documents(incident)


def test_each_message_and_note_is_one_document():
    incident, responder = declare(), a_responder()
    for number in range(2):
        letter = Letter(text=f"Message {number}", key=f"k{number}")
        write_to_declarant(reference=incident.reference, actor=responder, letter=letter)
    note = Note.objects.create(incident=incident, text="Noté", author=responder, submission_key="n")
    record_event(incident, EventKind.NOTED, at=timezone.now(), actor=responder)
    index_cases()

    messages = {(DocumentKind.MESSAGE, str(uid)) for uid in incident.messages.values_list("uid", flat=True)}
    assert list_documents(incident) == {(DocumentKind.DECLARATION, ""), (DocumentKind.NOTE, str(note.uid)), *messages}


def test_an_erased_case_stays_out_of_the_index():
    incident = declare(description="Une tête de mort verte")
    index_cases()
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert not list_documents(incident)

    PendingEvent.objects.create(event=incident.events.get(kind=EventKind.DECLARED), consumer="search")
    index_cases()

    assert not list_documents(incident)


def test_a_document_created_during_erasure_is_removed():
    incident = declare(description="Une tête de mort verte")
    index_cases()
    erase_personal_data(reference=incident.reference, actor=a_lead())
    SearchDocument.objects.create(
        incident=incident, csirt=incident.csirt, kind=DocumentKind.NOTE, vector="'mort':1", at=incident.received_at
    )

    index_cases()

    assert not list_documents(incident)


def test_a_transfer_takes_the_documents_along():
    incident = declare()
    index_cases()
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs", level="territorial")
    Incident.objects.filter(pk=incident.pk).update(csirt=elsewhere)
    record_event(incident, EventKind.TRANSFERRED, at=timezone.now(), actor=a_responder())

    index_cases()

    assert set(SearchDocument.objects.values_list("csirt", flat=True)) == {elsewhere.pk}


def test_documents_and_pending_events_change_in_one_transaction(monkeypatch):
    declare()

    def fail(*args, **kwargs):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(index, "update_documents", fail)
        with pytest.raises(RuntimeError):
            index_cases()
    assert (count_pending(), SearchDocument.objects.count()) == (1, 0)

    index_cases()
    assert (count_pending(), SearchDocument.objects.count()) == (0, 1)


def test_every_batch_is_indexed(monkeypatch):
    monkeypatch.setattr(index, "BATCH", 2)
    for _ in range(5):
        declare()

    assert index.index_pending_events() == 5
    assert SearchDocument.objects.count() == 5


def test_the_command_rebuilds_every_document():
    incident = declare(description="Une tête de mort verte")
    letter = Letter(text="Bonjour", key="k")
    write_to_declarant(reference=incident.reference, actor=a_responder(), letter=letter)
    index_cases()
    before = list_documents(incident)
    SearchDocument.objects.all().delete()
    declare()
    SearchDocument.objects.create(
        incident=incident, csirt=None, kind=DocumentKind.NOTE, source="reste", vector="", at=incident.received_at
    )

    call_command("index_cases", batch=1, stdout=(output := StringIO()))

    assert list_documents(incident) == before
    assert SearchDocument.objects.count() == 3
    assert "2 paquets de 1 dossiers refaits" in output.getvalue()


def test_the_longest_texts_are_indexed():
    incident = declare(description="okapi " + " ".join(f"mot{number}" for number in range(400)))
    for number in range(3):
        Note.objects.create(
            incident=incident, text="x" * 9_000 + f" fin{number}", author=a_responder(), submission_key=f"n{number}"
        )
    record_event(incident, EventKind.NOTED, at=timezone.now(), actor=a_responder())

    index_cases()

    assert has_word(incident, "okapi")
    assert has_word(incident, "fin2")


def test_the_reasons_of_a_withdrawal_and_of_a_reopening_are_found():
    incident, responder = declare(), a_responder()
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    withdraw_incident(
        reference=incident.reference, visitor=visitor, letter=Letter(text="Une horloge déréglée", key="a")
    )
    reopen_incident(reference=incident.reference, actor=responder, motive="La sirène hurle encore")

    index_cases()

    assert has_word(incident, "horloge", kind=DocumentKind.MESSAGE)
    assert has_word(incident, "sirène", kind=DocumentKind.NOTE)


# A text that no vector of lexemes can hold must not stop the others


def make_hosts(letters):
    """Return 184 hosts of nine labels, which give eight domains each."""
    return " ".join(".".join("".join(letters.choices("abcdefgh", k=2)) for _ in range(9)) for _ in range(184))


def make_accented_pairs(letters):
    """Return words that are indexed whole and in parts, with their accents and without."""
    return " ".join("-".join("".join(letters.choices("àçéïôüñšžčřňťďľý", k=5)) for _ in range(33)) for _ in range(25))


@pytest.mark.parametrize("make_text", [make_hosts, make_accented_pairs])
def test_a_text_made_to_exceed_the_index_does_not_stop_the_others(make_text):
    hostile, letters = declare(), Random(15)
    for _ in range(45):
        text = make_text(letters)
        assert 4_700 < len(text) <= 5_000
        correct_story(edit=make_edit(hostile, "recit"), description=text)
    other = declare(description="Une tête de mort verte")

    index_cases()

    assert count_pending() == 0
    assert has_word(other, "tete de mort")
    assert list_documents(hostile) == {(DocumentKind.DECLARATION, ""), (DocumentKind.DECLARATION, "avant")}
    assert has_word(hostile, text.split()[0])
    call_command("index_cases", stdout=StringIO())
    assert has_word(other, "tete de mort")
    assert len(list_documents(hostile)) == 2


REFUSE_DOCUMENTS = """
    CREATE FUNCTION pg_temp.refuse() RETURNS trigger AS $$
        BEGIN RAISE 'refused: %%', NEW.vector USING ERRCODE = %(state)s; END
    $$ LANGUAGE plpgsql;
    CREATE TRIGGER refused BEFORE INSERT ON incidents_searchdocument
    FOR EACH ROW WHEN (NEW.incident_id = %(incident)s) EXECUTE FUNCTION pg_temp.refuse()
"""


def refuse_documents(incident, state):
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute(REFUSE_DOCUMENTS, {"incident": incident.pk, "state": state})


def test_a_case_that_cannot_be_indexed_fails_alone_and_is_logged_without_its_text(caplog):
    cases = [declare(description="Une tête de mort verte") for _ in range(5)]
    refuse_documents(cases[2], "54000")

    with caplog.at_level(logging.ERROR):
        index_cases()

    assert count_pending() == 0
    assert [bool(list_documents(case)) for case in cases] == [True, True, False, True, True]
    assert f"Case {cases[2].pk} is not indexed" in caplog.text
    assert "mort" not in caplog.text


def test_a_failure_that_no_text_caused_leaves_the_events_pending():
    incident = declare()
    refuse_documents(incident, "53100")  # disk full
    with pytest.raises(OperationalError):
        index_cases()
    assert count_pending() == 1
