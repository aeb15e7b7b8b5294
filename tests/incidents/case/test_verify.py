"""A call back to a body verifies the case, ticks the task, is noted, and saves the number for the next case."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from accounts.enums import EmergencyContactKind
from accounts.models import EmergencyContact, User
from incidents.access import CaseVisitor, get_incident
from incidents.enums import Ability, ClosingReason, EventKind, NoteKind, NumberSource, Verification
from incidents.models import Incident, Note, OfficialNumber, UnsentText
from incidents.services.declarant.complete import SectionEdit, find_newest_sheet
from incidents.services.declarant.correct import correct_caller
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.tasks import apply_playbook
from incidents.services.handling.verify import CallBack, verify_incident
from tests.cast import CALLER, a_lead, an_agent, declare, plouexemple
from tests.incidents.desk import acknowledge_as, reload
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
CALLED_NUMBER = {"verifier-number": "02 98 11 22 33", "verifier-source": "directory"}


@pytest.fixture
def case_with_playbook(responder: User) -> Incident:
    case = acknowledge_as(responder, declare())
    apply_playbook(reference=case.reference, actor=responder)
    return case


def get_case_bar(client, case):
    return read_markup(client.get(case_url(case))).partition('class="casebar__acts"')[2].partition("Répondre")[0]


def read_number_and_source(page):
    tree = LexborHTMLParser(page.content.decode())
    source = tree.css_first("[name=verifier-source] option[selected]")
    return tree.css_first("[name=verifier-number]").attributes.get("value") or "", source.attributes["value"]


def find_official_tick(client, case):
    return LexborHTMLParser(client.get(case_url(case)).content.decode()).css_first("[name=verifier-official]")


def test_a_call_back_ticks_the_task_and_is_noted(client, case_with_playbook, responder):
    answer = client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER, follow=True)
    assert "Votre rappel est noté." in read_markup(answer)
    task = case_with_playbook.tasks.get(step="rappeler")
    assert (task.done_by, task.is_moot, case_with_playbook.tasks.exclude(done_at=None).count()) == (
        responder,
        False,
        1,
    )
    note = Note.objects.get()
    assert (note.kind, note.author) == (NoteKind.CALL_OUT, responder)
    assert note.text == "Vérification par rappel. Numéro\N{NO-BREAK SPACE}: 02 98 11 22 33, annuaire officiel."
    noted, done = (
        case_with_playbook.events.get(kind=EventKind.NOTED),
        case_with_playbook.events.get(kind=EventKind.TASK_DONE),
    )
    assert (noted.data["spoke"], done.data["task"]) == (False, str(task.uid))
    assert "sans réponse" not in read_markup(client.get(case_url(case_with_playbook))).partition('id="histoire"')[2]


def test_a_call_back_is_no_answer_to_the_declarant(client, case_with_playbook):
    """The person who answered at the town hall need not be the declarant."""
    before = reload(case_with_playbook).answer_by
    assert before
    client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER)
    assert reload(case_with_playbook).answer_by == before
    assert not reload(case_with_playbook).answered_at


def test_verifying_twice_records_one_note_and_one_event(client, case_with_playbook):
    for _time in range(2):
        client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER)
    assert Note.objects.count() == case_with_playbook.events.filter(kind=EventKind.VERIFIED).count() == 1


def test_the_call_of_a_second_person_is_noted_and_the_first_is_named(client, case_with_playbook, colleague):
    verify_incident(reference=case_with_playbook.reference, actor=colleague, call=CallBack(source=NumberSource.KNOWN))

    for _time in range(2):
        page = read_markup(client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER, follow=True))

    assert f"{colleague} avait déjà vérifié cette déclaration. Votre rappel est noté aussi." in page
    assert case_with_playbook.events.filter(kind=EventKind.VERIFIED).count() == 1
    assert [note.author == colleague for note in case_with_playbook.notes.order_by("id")] == [True, False]
    assert "02 98 11 22 33" in case_with_playbook.notes.order_by("id")[1].text


def test_a_call_on_a_verified_case_does_what_it_was_due_for(client, case_with_playbook):
    """A member of the body verified the case, so that its call-back task is still open."""
    soon = timezone.now() + timedelta(minutes=5)
    case_with_playbook.tasks.filter(step="rappeler").update(due_at=soon)
    verified = {"verification": Verification.MEMBER, "verified_at": timezone.now(), "is_to_call_back": True}
    Incident.objects.filter(pk=case_with_playbook.pk).update(**verified, due_at=soon)
    client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER)
    called = reload(case_with_playbook)
    assert (called.verification, called.is_to_call_back) == (Verification.MEMBER, False)
    assert called.due_at > soon


@pytest.mark.parametrize("number", ["02 98", "02 98 11 22 33"])
def test_a_second_call_that_cannot_be_noted_is_shown_again(client, case_with_playbook, colleague, number):
    verify_incident(reference=case_with_playbook.reference, actor=colleague, call=CallBack(source=NumberSource.KNOWN))
    if number != "02 98":
        erase_personal_data(reference=case_with_playbook.reference, actor=a_lead())

    page = client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER | {"verifier-number": number})

    assert page.status_code == 422
    assert f'<p class="story">{number}</p>' in read_markup(page)
    assert not Note.objects.filter(text__contains=number).exists()


def test_verifying_an_erased_case_does_not_claim_a_note(client, case_with_playbook):
    erase_personal_data(reference=case_with_playbook.reference, actor=a_lead())
    page = read_markup(client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER, follow=True))
    assert "Déclaration vérifiée" in page
    assert "est noté" not in page


def test_an_agent_of_the_body_may_see_the_case_but_not_verify_it(case_with_playbook):
    agent = an_agent()
    assert get_incident(agent, case_with_playbook.reference, to=Ability.VIEW) == case_with_playbook

    with pytest.raises(PermissionDenied):
        verify_incident(reference=case_with_playbook.reference, actor=agent, call=CallBack(source=NumberSource.KNOWN))

    assert not reload(case_with_playbook).is_verified
    assert not Note.objects.exists()


def test_verifying_an_erased_case_writes_no_note(case_with_playbook, responder):
    erase_personal_data(reference=case_with_playbook.reference, actor=a_lead())
    verify_incident(reference=case_with_playbook.reference, actor=responder)
    assert reload(case_with_playbook).is_verified
    assert not Note.objects.exists()


def test_a_number_with_too_few_or_too_many_digits_is_refused(client, case_with_playbook, responder):
    page = client.post(
        case_url(case_with_playbook, "verifier"), {"verifier-number": "02 98", "verifier-source": "website"}
    )
    assert page.status_code == 422
    assert "« 02 98 » n’est pas un numéro entier" in read_markup(page)
    assert not reload(case_with_playbook).is_verified
    for response in (page, client.get(case_url(case_with_playbook))):
        assert read_number_and_source(response) == ("02 98", "website")
    for number in ("12", "02 98 00 00 00 12"):
        with pytest.raises(ValidationError):
            verify_incident(reference=case_with_playbook.reference, actor=responder, call=CallBack(number=number))
    assert not Note.objects.exists()


def test_the_official_number_is_shown_on_the_next_case_until_it_is_verified(client, case_with_playbook, responder):
    client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER)
    other = declare()
    bar = get_case_bar(client, other)
    assert 'href="tel:0298112233"' in bar
    assert "annuaire officiel, relevé le" in bar
    assert "officiel, pour vérifier" in bar
    assert bar.index("02 98 11 22 33") < bar.index(CALLER.phone) < bar.index("numéro du formulaire")
    assert find_official_tick(client, other).attributes["value"] == "02 98 11 22 33"
    assert "02 98 11 22 33" in read_markup(client.get(case_url(other, "appel")))
    telephone = read_markup(client.get(f"/triage/{other.reference}/"))
    official, own = (telephone.index(f">{phone}</span>") for phone in ("02 98 11 22 33", CALLER.phone))
    assert official < telephone.index("Numéro officiel") < own < telephone.index("À rappeler")
    verify_incident(reference=other.reference, actor=responder)
    assert CALLER.phone in get_case_bar(client, other)


def test_a_second_number_of_the_caller_is_shown_beside_the_official_number(client, case_with_playbook):
    client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER)
    two_numbers = declare(caller=replace(CALLER, phone="02 98 11 22 33 ou 06 39 98 00 41"))
    assert "06 39 98 00 41" in get_case_bar(client, two_numbers)
    assert "06 39 98 00 41" in read_markup(client.get(f"/triage/{two_numbers.reference}/"))
    same_number = declare(caller=replace(CALLER, phone="+33 2 98 11 22 33"))
    assert "numéro du formulaire" not in get_case_bar(client, same_number)


@pytest.mark.parametrize("source", ["", "known", "card"])
def test_only_a_number_from_a_public_source_is_saved(client, case_with_playbook, source):
    client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER | {"verifier-source": source})
    assert not OfficialNumber.objects.exists()


def test_the_emergency_contact_comes_before_the_official_number(client, case_with_playbook):
    agent = an_agent()
    contact = {"name": "Maxime Imaginaire", "phone": "06 39 98 00 24", "updated_by": agent}
    EmergencyContact.objects.create(collectivity=plouexemple(), kind=EmergencyContactKind.ELECTED, **contact)
    number = {"phone": "02 98 11 22 33", "source": NumberSource.WEBSITE, "found_on": "2026-11-03", "noted_by": agent}
    OfficialNumber.objects.create(collectivity=plouexemple(), **number)
    label = '<small>officiel, pour vérifier<span class="visually-hidden"> : '
    assert f"06 39 98 00 24 {label}Maxime Imaginaire, fiche d’urgence," in get_case_bar(client, case_with_playbook)
    EmergencyContact.objects.all().delete()
    official = f"02 98 11 22 33 {label}site de la mairie, relevé le 3 novembre 2026 par {agent}</span></small>"
    assert official in get_case_bar(client, case_with_playbook)


def test_a_number_of_both_the_caller_and_the_emergency_contact_is_shown_once(client, case_with_playbook):
    contact = {"name": CALLER.name, "phone": "+33 2 99 00 00 00", "updated_by": an_agent()}
    EmergencyContact.objects.create(collectivity=plouexemple(), kind=EmergencyContactKind.ELECTED, **contact)
    assert get_case_bar(client, case_with_playbook).count('class="casebar__call"') == 1


def test_without_an_official_number_the_number_of_the_form_is_labelled(client, case_with_playbook):
    assert "numéro du formulaire" in get_case_bar(client, case_with_playbook)


def test_taking_a_case_offers_the_playbook(client, responder):
    case = declare()
    page = read_markup(client.post(case_url(case, "prendre"), follow=True))
    assert (
        "Ajouter les étapes du guide « rançongiciel »"
        in page.partition('id="maintenant"')[2].partition("</section>")[0]
    )
    assert "Ajouter les étapes du guide" in read_markup(client.get(f"/triage/{case.reference}/"))
    client.post(case_url(case, "guide"))
    assert "Ajouter les étapes du guide" not in read_markup(client.get(f"/triage/{case.reference}/"))


@pytest.mark.parametrize(
    "number", [CALLER.phone, "+33 2 99 00 00 00", "0033 (0)2.99.00.00.00", "0299000000 poste 12", "٠٢ ٩٩ ٠٠ ٠٠ ٠٠"]
)
def test_the_number_of_the_declaration_verifies_nothing(client, case_with_playbook, number):
    page = client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER | {"verifier-number": number})
    assert page.status_code == 422
    assert "Ce numéro est dans une déclaration de cette collectivité" in read_markup(page)
    assert not reload(case_with_playbook).is_verified
    assert not OfficialNumber.objects.exists()
    assert not Note.objects.exists()


def test_a_number_of_another_open_declaration_of_the_body_verifies_nothing(client, case_with_playbook, responder):
    declare(caller=replace(CALLER, phone="06 39 98 00 41 ou 06 39 98 00 42"))
    declare(description="Rappelez le maire au 06.39.98.00.43, vite.")
    duplicate = declare(caller=replace(CALLER, phone="06 39 98 00 44"))
    declare(collectivity=plouexemple(insee_code="29998"), caller=replace(CALLER, phone="06 39 98 00 45"))
    verify_incident(reference=duplicate.reference, actor=responder, call=CallBack(source=NumberSource.KNOWN))
    close_incident(
        reference=duplicate.reference, actor=responder, reason=ClosingReason.HANDED_OVER, handed_to="la DSI"
    )
    statuses = {}
    for last in range(41, 46):
        verified = client.post(
            case_url(case_with_playbook, "verifier"), CALLED_NUMBER | {"verifier-number": f"06 39 98 00 {last}"}
        )
        statuses[last] = verified.status_code
    assert statuses == {41: 422, 42: 422, 43: 422, 44: 302, 45: 302}


def test_the_earlier_number_of_a_corrected_declaration_verifies_nothing(client, case_with_playbook):
    visitor, first = (
        CaseVisitor(access_uid=case_with_playbook.accesses.get().uid),
        find_newest_sheet(case_with_playbook, "rappel"),
    )
    edit = SectionEdit(visitor=visitor, reference=case_with_playbook.reference, seen=str(first.uid) if first else "")
    correct_caller(edit=edit, caller=replace(CALLER, phone="06 39 98 00 41"))
    for number in (CALLER.phone, "06 39 98 00 41"):
        assert (
            client.post(
                case_url(case_with_playbook, "verifier"), CALLED_NUMBER | {"verifier-number": number}
            ).status_code
            == 422
        )


def test_the_official_number_is_noted_only_if_it_is_ticked(client, case_with_playbook, responder):
    client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER)
    OfficialNumber.objects.update(found_on=date(2026, 11, 3))
    unticked, ticked = declare(), declare()
    assert "checked" not in find_official_tick(client, unticked).attributes
    client.post(case_url(unticked, "verifier"), {"verifier-number": "", "verifier-source": "known"})
    assert (
        Note.objects.get(incident=unticked).text
        == "Vérification par rappel. Numéro\N{NO-BREAK SPACE}: déjà connu du centre."
    )
    client.post(case_url(ticked, "verifier"), {"verifier-official": "02 98 11 22 33"})
    note = Note.objects.get(incident=ticked)
    assert note.text == "Vérification par rappel. Numéro\N{NO-BREAK SPACE}: 02 98 11 22 33, annuaire officiel."
    assert OfficialNumber.objects.get().found_on == date(2026, 11, 3)


def test_a_tick_is_refused_if_the_number_changed_or_another_one_is_typed(client, case_with_playbook):
    number = {
        "phone": "02 98 11 22 33",
        "source": "website",
        "found_on": "2026-11-03",
        "noted_by": case_with_playbook.assignee,
    }
    OfficialNumber.objects.create(collectivity=plouexemple(), **number)
    changed = client.post(case_url(case_with_playbook, "verifier"), {"verifier-official": "02 98 11 22 44"})
    assert "Ce numéro officiel a changé" in read_markup(changed)
    tick_and_number = client.post(
        case_url(case_with_playbook, "verifier"), CALLED_NUMBER | {"verifier-official": "02 98 11 22 33"}
    )
    assert "pas les deux" in read_markup(tick_and_number)
    assert "checked" in find_official_tick(client, case_with_playbook).attributes
    assert (changed.status_code, tick_and_number.status_code, reload(case_with_playbook).is_verified) == (
        422,
        422,
        False,
    )


def test_the_source_of_the_number_is_required(client, case_with_playbook):
    page = client.post(case_url(case_with_playbook, "verifier"))
    assert page.status_code == 422
    assert "Dites au moins où vous avez trouvé le numéro appelé." in read_markup(page)
    assert not reload(case_with_playbook).is_verified
    client.post(case_url(case_with_playbook, "verifier"), {"verifier-source": "directory"})
    assert reload(case_with_playbook).is_verified
    assert Note.objects.get().text == "Vérification par rappel. Numéro\N{NO-BREAK SPACE}: annuaire officiel."
    assert not OfficialNumber.objects.exists()


def test_a_number_of_the_emergency_card_is_shown_to_no_other_centre(client, case_with_playbook):
    EmergencyContact.objects.create(
        collectivity=plouexemple(),
        kind=EmergencyContactKind.SUPPLIER,
        phone="+33 2 98 11 22 33",
        updated_by=an_agent(),
    )
    client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER)
    assert reload(case_with_playbook).is_verified
    assert not OfficialNumber.objects.exists()


def test_the_day_of_the_number_is_that_of_the_time_zone_of_the_body(client, case_with_playbook, time_machine):
    time_machine.move_to(datetime(2026, 12, 1, 23, 30, tzinfo=UTC), tick=False)
    client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER)
    assert OfficialNumber.objects.get().found_on == date(2026, 12, 2)


def test_what_is_typed_is_kept_until_it_is_submitted(client, case_with_playbook):
    client.post(case_url(case_with_playbook, "guide"), CALLED_NUMBER)
    assert read_number_and_source(client.get(case_url(case_with_playbook))) == ("02 98 11 22 33", "directory")
    client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER)
    assert not UnsentText.objects.exclude(values={}).exists()


def test_a_playbook_applied_after_the_call_back_has_its_call_done(client, responder):
    case = acknowledge_as(responder, declare())
    verify_incident(reference=case.reference, actor=responder)
    lead = a_lead()
    apply_playbook(reference=case.reference, actor=lead)
    task = case.tasks.get(step="rappeler")
    assert (task.done_by, task.done_at, task.is_moot) == (responder, reload(case).verified_at, False)
    assert case.tasks.filter(done_at=None).exclude(author=lead).count() == 0
    assert case.tasks.exclude(done_at=None).count() == 1


def test_a_playbook_for_a_case_declared_by_a_member_needs_no_call(responder):
    case = acknowledge_as(responder, declare(actor=an_agent()))
    assert case.verification == "member"
    apply_playbook(reference=case.reference, actor=responder)
    task = case.tasks.get(step="rappeler")
    assert (task.done_by, task.is_moot) == (responder, True)


def test_the_page_says_that_a_call_back_is_no_answer(client, case_with_playbook):
    client.post(case_url(case_with_playbook, "verifier"), CALLED_NUMBER)
    page = read_markup(client.get(case_url(case_with_playbook)))
    assert "Première réponse</dt><dd>pas encore" in page
    assert "un rappel de vérification ne compte pas" in page
