"""Calling a body back: the task is ticked, the call noted, and the number kept for the next time."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError
from selectolax.lexbor import LexborHTMLParser

from accounts.enums import Helper
from accounts.models import EmergencyContact
from incidents.access import Guest
from incidents.enums import ClosingReason, EventKind, NoteKind, NumberSource
from incidents.models import KeptWords, Note, OfficialNumber
from incidents.services.declarant.complete import Writing, find_newest_sheet
from incidents.services.declarant.correct import correct_caller
from incidents.services.handling.notes import write_note
from incidents.services.handling.tasks import apply_playbook
from incidents.services.handling.triage import close_incident, verify_incident
from incidents.services.handling.verify import CallBack
from incidents.services.history.erase import erase_personal_data
from tests.cast import CALLER, a_lead, an_agent, declare, plouexemple
from tests.incidents.desk import again, taken_by, url
from tests.reading import text_of

pytestmark = pytest.mark.django_db
FOUND = {"verifier-number": "02 98 11 22 33", "verifier-source": "directory"}


@pytest.fixture
def case(responder):
    case = taken_by(responder, declare())
    apply_playbook(reference=case.reference, actor=responder)
    return case


def bar_of(client, case):
    return text_of(client.get(url(case))).partition('class="casebar__acts"')[2].partition("Répondre")[0]


def typed_in(page):
    tree = LexborHTMLParser(page.content.decode())
    source = tree.css_first("[name=verifier-source] option[selected]")
    return tree.css_first("[name=verifier-number]").attributes.get("value") or "", source.attributes["value"]


def tick_of(client, case):
    return LexborHTMLParser(client.get(url(case)).content.decode()).css_first("[name=verifier-official]")


def test_it_works(client, case, responder):
    answer = client.post(url(case, "verifier"), FOUND, follow=True)
    assert "Votre rappel est noté." in text_of(answer)
    task = case.tasks.get(step="rappeler")
    assert (task.done_by, task.is_moot, case.tasks.exclude(done_at=None).count()) == (responder, False, 1)
    note = Note.objects.get()
    assert (note.kind, note.author) == (NoteKind.CALL_OUT, responder)
    assert note.text == "Vérification par rappel. Numéro : 02 98 11 22 33, annuaire officiel."
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
    page = client.post(url(case, "verifier"), {"verifier-number": "02 98", "verifier-source": "website"})
    assert page.status_code == 422
    assert "« 02 98 » n’est pas un numéro entier" in text_of(page)
    assert not again(case).is_verified
    for shown in (page, client.get(url(case))):
        assert typed_in(shown) == ("02 98", "website")
    with pytest.raises(ValidationError):
        verify_incident(reference=case.reference, actor=responder, call=CallBack(number="12"))
    assert not Note.objects.exists()


def test_the_number_stands_on_the_next_case_until_it_is_verified(client, case, responder):
    client.post(url(case, "verifier"), FOUND)
    other = declare()
    bar = bar_of(client, other)
    assert 'href="tel:0298112233"' in bar
    assert "annuaire officiel, relevé le" in bar
    assert "officiel, pour vérifier" in bar
    assert bar.index("02 98 11 22 33") < bar.index(CALLER.phone) < bar.index("à rappeler, numéro du formulaire")
    assert tick_of(client, other).attributes["value"] == "02 98 11 22 33"
    assert "02 98 11 22 33" in text_of(client.get(url(other, "appel")))
    telephone = text_of(client.get(f"/triage/{other.reference}/"))
    official, own = (telephone.index(f">{phone}</span>") for phone in ("02 98 11 22 33", CALLER.phone))
    assert official < telephone.index("Numéro officiel") < own < telephone.index("À rappeler")
    verify_incident(reference=other.reference, actor=responder)
    assert CALLER.phone in bar_of(client, other)


def test_a_second_number_of_the_caller_is_shown_beside_the_official_number(client, case):
    client.post(url(case, "verifier"), FOUND)
    both = declare(caller=replace(CALLER, phone="02 98 11 22 33 ou 06 39 98 00 41"))
    assert "06 39 98 00 41" in bar_of(client, both)
    assert "06 39 98 00 41" in text_of(client.get(f"/triage/{both.reference}/"))
    same = declare(caller=replace(CALLER, phone="+33 2 98 11 22 33"))
    assert "numéro du formulaire" not in bar_of(client, same)


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
    assert "06 39 98 00 24 <small>officiel, pour vérifier : Maxime Imaginaire, fiche d’urgence," in bar_of(
        client, case
    )
    EmergencyContact.objects.all().delete()
    assert (
        "02 98 11 22 33 <small>officiel, pour vérifier : site de la mairie, relevé le 3 novembre 2026</small>"
        in bar_of(client, case)
    )


def test_a_number_that_is_both_is_shown_once(client, case):
    said = {"name": CALLER.name, "phone": "+33 2 99 00 00 00", "updated_by": an_agent()}
    EmergencyContact.objects.create(collectivity=plouexemple(), kind=Helper.ELECTED, **said)
    assert bar_of(client, case).count('class="casebar__call"') == 1


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


@pytest.mark.parametrize(
    "typed", [CALLER.phone, "+33 2 99 00 00 00", "0033 (0)2.99.00.00.00", "0299000000 poste 12", "٠٢ ٩٩ ٠٠ ٠٠ ٠٠"]
)
def test_the_number_of_the_declaration_verifies_nothing(client, case, typed):
    page = client.post(url(case, "verifier"), FOUND | {"verifier-number": typed})
    assert page.status_code == 422
    assert "Ce numéro est dans une déclaration de cette collectivité" in text_of(page)
    assert not again(case).is_verified
    assert not OfficialNumber.objects.exists()
    assert not Note.objects.exists()


def test_nor_does_one_that_another_declaration_of_the_body_gives(client, case, responder):
    declare(caller=replace(CALLER, phone="06 39 98 00 41 ou 06 39 98 00 42"))
    declare(description="Rappelez le maire au 06.39.98.00.43, vite.")
    double = declare(caller=replace(CALLER, phone="06 39 98 00 44"))
    declare(collectivity=plouexemple(insee_code="29998"), caller=replace(CALLER, phone="06 39 98 00 45"))
    verify_incident(reference=double.reference, actor=responder, call=CallBack(source=NumberSource.KNOWN))
    close_incident(reference=double.reference, actor=responder, reason=ClosingReason.HANDED_OVER)
    statuses = {}
    for last in range(41, 46):
        verified = client.post(url(case, "verifier"), FOUND | {"verifier-number": f"06 39 98 00 {last}"})
        statuses[last] = verified.status_code
    assert statuses == {41: 422, 42: 422, 43: 422, 44: 302, 45: 302}


def test_nor_does_one_that_was_corrected_since(client, case):
    guest, first = Guest(access_uid=case.accesses.get().uid), find_newest_sheet(case, "rappel")
    writing = Writing(guest=guest, reference=case.reference, seen=str(first.uid) if first else "")
    correct_caller(writing=writing, caller=replace(CALLER, phone="06 39 98 00 41"))
    for typed in (CALLER.phone, "06 39 98 00 41"):
        assert client.post(url(case, "verifier"), FOUND | {"verifier-number": typed}).status_code == 422


def test_the_official_number_is_noted_only_where_it_is_ticked(client, case, responder):
    client.post(url(case, "verifier"), FOUND)
    OfficialNumber.objects.update(found_on=date(2026, 11, 3))
    said, ticked = declare(), declare()
    assert "checked" not in tick_of(client, said).attributes
    client.post(url(said, "verifier"), {"verifier-number": "", "verifier-source": "known"})
    assert Note.objects.get(incident=said).text == "Vérification par rappel. Numéro : déjà connu du centre."
    client.post(url(ticked, "verifier"), {"verifier-official": "02 98 11 22 33"})
    note = Note.objects.get(incident=ticked)
    assert note.text == "Vérification par rappel. Numéro : 02 98 11 22 33, annuaire officiel."
    assert OfficialNumber.objects.get().found_on == date(2026, 11, 3)


def test_a_tick_on_a_number_that_changed_and_one_beside_another_number_are_refused(client, case):
    found = {"phone": "02 98 11 22 33", "source": "website", "found_on": "2026-11-03", "noted_by": case.assignee}
    OfficialNumber.objects.create(collectivity=plouexemple(), **found)
    changed = client.post(url(case, "verifier"), {"verifier-official": "02 98 11 22 44"})
    assert "Ce numéro officiel a changé" in text_of(changed)
    both = client.post(url(case, "verifier"), FOUND | {"verifier-official": "02 98 11 22 33"})
    assert "pas les deux" in text_of(both)
    assert "checked" in tick_of(client, case).attributes
    assert (changed.status_code, both.status_code, again(case).is_verified) == (422, 422, False)


def test_at_least_the_source_is_said(client, case):
    page = client.post(url(case, "verifier"))
    assert page.status_code == 422
    assert "Dites au moins où vous avez trouvé le numéro appelé." in text_of(page)
    assert not again(case).is_verified
    client.post(url(case, "verifier"), {"verifier-source": "directory"})
    assert again(case).is_verified
    assert Note.objects.get().text == "Vérification par rappel. Numéro : annuaire officiel."
    assert not OfficialNumber.objects.exists()


def test_a_number_of_the_emergency_card_is_shown_to_no_other_centre(client, case):
    EmergencyContact.objects.create(
        collectivity=plouexemple(), kind=Helper.SUPPLIER, phone="+33 2 98 11 22 33", updated_by=an_agent()
    )
    client.post(url(case, "verifier"), FOUND)
    assert again(case).is_verified
    assert not OfficialNumber.objects.exists()


def test_the_number_is_found_on_the_day_of_the_body(client, case, time_machine):
    time_machine.move_to(datetime(2026, 12, 1, 23, 30, tzinfo=UTC), tick=False)
    client.post(url(case, "verifier"), FOUND)
    assert OfficialNumber.objects.get().found_on == date(2026, 12, 2)


def test_what_is_typed_stays_until_it_is_sent(client, case):
    client.post(url(case, "guide"), FOUND)
    assert typed_in(client.get(url(case))) == ("02 98 11 22 33", "directory")
    client.post(url(case, "verifier"), FOUND)
    assert not KeptWords.objects.exclude(values={}).exists()


def test_a_guide_that_comes_after_asks_for_no_call(client, responder):
    case = taken_by(responder, declare())
    verify_incident(reference=case.reference, actor=responder)
    lead = a_lead()
    apply_playbook(reference=case.reference, actor=lead)
    task = case.tasks.get(step="rappeler")
    assert (task.done_by, task.done_at, task.is_moot) == (responder, again(case).verified_at, False)
    assert case.tasks.filter(done_at=None).exclude(author=lead).count() == 0
    assert case.tasks.exclude(done_at=None).count() == 1


def test_nor_for_a_member_of_the_body(responder):
    case = taken_by(responder, declare(actor=an_agent()))
    assert case.verification == "member"
    apply_playbook(reference=case.reference, actor=responder)
    task = case.tasks.get(step="rappeler")
    assert (task.done_by, task.is_moot) == (responder, True)


def test_the_page_says_what_answers_the_declarant(client, case):
    client.post(url(case, "verifier"), FOUND)
    page = text_of(client.get(url(case)))
    assert "Première réponse</dt><dd>pas encore" in page
    assert "un rappel de vérification ne compte pas" in page
