"""Calling a body back: the task is ticked, the call noted, and the number kept for the next time."""

import pytest
from django.core.exceptions import ValidationError

from accounts.enums import Helper
from accounts.models import EmergencyContact
from incidents.enums import EventKind, NoteKind, NumberSource
from incidents.models import Note, OfficialNumber
from incidents.services.erase import erase_personal_data
from incidents.services.notes import write_note
from incidents.services.tasks import apply_playbook
from incidents.services.triage import verify_incident
from incidents.services.verify import CallBack
from tests.cast import CALLER, a_lead, an_agent, declare, plouexemple
from tests.incidents.desk import again, taken_by, text_of, url

pytestmark = pytest.mark.django_db
FOUND = {"verifier-numero": "02 98 11 22 33", "verifier-source": "directory"}


@pytest.fixture
def case(responder):
    case = taken_by(responder, declare())
    apply_playbook(reference=case.reference, actor=responder)
    return case


def bar_of(client, case):
    return text_of(client.get(url(case))).partition('class="casebar__acts"')[2].partition("Répondre")[0]


def test_it_works(client, case, responder):
    answer = client.post(url(case, "verifier"), FOUND, follow=True)
    assert "Votre rappel est noté." in text_of(answer)
    task = case.tasks.get(step="rappeler")
    assert (task.done_by, task.is_moot, case.tasks.exclude(done_at=None).count()) == (responder, False, 1)
    note = Note.objects.get()
    assert (note.kind, note.author) == (NoteKind.CALL_OUT, responder)
    assert "Numéro : 02 98 11 22 33, annuaire officiel." in note.text.replace("\N{NO-BREAK SPACE}", " ")
    noted, done = case.events.get(kind=EventKind.NOTED), case.events.get(kind=EventKind.TASK_DONE)
    assert (noted.data["spoke"], done.data["task"]) == (False, str(task.uid))
    assert "sans réponse" not in text_of(client.get(url(case))).partition('id="histoire"')[2]


def test_whoever_waits_for_an_answer_still_does(client, case):
    """Who answered at the town hall need not be the declarant."""
    before = again(case).answer_by
    assert before
    client.post(url(case, "verifier"), FOUND)
    assert again(case).answer_by == before
    assert not again(case).answered_at


def test_twice_is_once(client, case):
    for _time in range(2):
        client.post(url(case, "verifier"), FOUND)
    assert Note.objects.count() == case.events.filter(kind=EventKind.VERIFIED).count() == 1


def test_a_call_that_is_noted_is_not_noted_again(case, responder):
    write_note(reference=case.reference, actor=responder, kind=NoteKind.CALL_OUT, text="Tout est dit.", key="1")
    verify_incident(reference=case.reference, actor=responder, call=CallBack(is_noted=True))
    assert Note.objects.get().text == "Tout est dit."
    assert case.tasks.get(step="rappeler").done_at


def test_an_erased_case_gets_no_words(case, responder):
    erase_personal_data(reference=case.reference, actor=a_lead())
    verify_incident(reference=case.reference, actor=responder)
    assert again(case).is_verified
    assert not Note.objects.exists()


def test_a_number_that_is_too_short_is_refused(client, case, responder):
    page = client.post(url(case, "verifier"), {"verifier-numero": "02 98", "verifier-source": "website"}, follow=True)
    assert "« 02 98 » n’est pas un numéro entier" in text_of(page)
    assert not again(case).is_verified
    with pytest.raises(ValidationError):
        verify_incident(reference=case.reference, actor=responder, call=CallBack(number="12"))
    assert not Note.objects.exists()


def test_the_number_stands_on_the_next_case_until_it_is_verified(client, case, responder):
    client.post(url(case, "verifier"), FOUND)
    other = declare()
    bar = bar_of(client, other)
    assert 'href="tel:0298112233"' in bar
    assert "annuaire officiel, relevé le" in bar
    assert CALLER.phone not in bar
    assert 'value="02 98 11 22 33"' in text_of(client.get(url(other)))
    assert "02 98 11 22 33" in text_of(client.get(url(other, "appel")))
    assert "02 98 11 22 33" in text_of(client.get(f"/triage/{other.reference}/"))
    verify_incident(reference=other.reference, actor=responder)
    assert CALLER.phone in bar_of(client, other)


@pytest.mark.parametrize("source", ["", "known", "card"])
def test_only_a_public_number_is_kept(client, case, source):
    client.post(url(case, "verifier"), FOUND | {"verifier-source": source})
    assert not OfficialNumber.objects.exists()


def test_the_emergency_card_comes_first(client, case):
    agent = an_agent()
    said = {"name": "Maxime Imaginaire", "phone": "06 39 98 00 24", "updated_by": agent}
    EmergencyContact.objects.create(collectivity=plouexemple(), kind=Helper.ELECTED, **said)
    found = {"phone": "02 98 11 22 33", "source": NumberSource.WEBSITE, "found_on": "2026-11-03", "noted_by": agent}
    OfficialNumber.objects.create(collectivity=plouexemple(), **found)
    assert "06 39 98 00 24 <small>Maxime Imaginaire, fiche d’urgence," in bar_of(client, case)
    EmergencyContact.objects.all().delete()
    assert "02 98 11 22 33 <small>site de la mairie, relevé le 3 novembre 2026</small>" in bar_of(client, case)


def test_without_any_the_number_of_the_form_says_that_it_is_one(client, case):
    assert "numéro du formulaire" in bar_of(client, case)


def test_taking_offers_the_guide(client, responder):
    case = declare()
    page = text_of(client.post(url(case, "prendre"), follow=True))
    assert (
        "Ajouter les étapes du guide « rançongiciel »"
        in page.partition('id="maintenant"')[2].partition("</section>")[0]
    )
    assert "Ajouter les étapes du guide" in text_of(client.get(f"/triage/{case.reference}/"))
    client.post(url(case, "guide"))
    assert "Ajouter les étapes du guide" not in text_of(client.get(f"/triage/{case.reference}/"))
