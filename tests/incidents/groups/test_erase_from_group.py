"""What the sheet of a group repeats of a case goes when the case is erased."""

from itertools import chain

import pytest
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership, User
from csirts.models import Csirt
from incidents.access import CaseVisitor
from incidents.enums import ActorKind, NoteKind, Severity, Tlp
from incidents.facts.description import Section
from incidents.facts.shapes import CALLER_COLUMNS, Caller
from incidents.models import (
    Advice,
    AnswerSheet,
    CaseGroup,
    Closing,
    Rating,
    SeverityChoice,
    Story,
    Task,
    Transfer,
)
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.groups.erasure import ERASED_LINE, WRITTEN_COLUMNS
from incidents.services.groups.group import add_to_group, remove_from_group, save_group_sheet
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.notes import write_note
from tests.cast import a_lead, an_agent
from tests.incidents.grouping import a_group, declare_town, url
from tests.reading import read_text

pytestmark = pytest.mark.django_db

ADVICE = "Couper l’accès à distance du prestataire, puis changer les mots de passe."
DESCRIPTION = "Le matin du 12, la comptable a ouvert une facture et l’écran est devenu noir."
PERSON = Caller(name="Dominique Karadec", phone="02 99 00 00 07", email="accueil@karadec.example")
ERASED = {"description": DESCRIPTION, "supplier": "Jean Plombier", "caller": PERSON}


@pytest.fixture
def group(responder: User) -> CaseGroup:
    """Return a group of two cases, of which the second is the one that the tests erase."""
    group = a_group(responder, "Panne de juin")
    for incident in (declare_town(1, supplier="Exemple SAS"), declare_town(2, **ERASED)):
        add_to_group(reference=incident.reference, group=group.uid, actor=responder)
    return group


def write_sheet(group, responder, *lines):
    group.refresh_from_db()
    save_group_sheet(group=group.uid, sheet="\n".join(lines), seen=group.version, actor=responder)


def erase_and_get_sheet(group, incident):
    erase_personal_data(reference=incident.reference, actor=a_lead())
    group.refresh_from_db()
    return group.sheet


def get_case(group, number):
    return group.cases.get(collectivity__name=f"Saint-Exemple-{number}")


@pytest.mark.parametrize(
    "line",
    [
        "Dominique Karadec rappelle demain.",
        "M. Karadec ne veut plus de mails.",
        "Le numéro : +33 2 99 00 00 07",
        "02.99.00.00.07 répond le matin",
        "Écrire à Accueil@Karadec.example",
        "Chez eux, la comptable a ouvert une facture et l’écran est devenu noir.",
        "Prestataire : jean plombier",
    ],
)
def test_a_line_that_repeats_the_erased_case_goes(group, responder, line):
    write_sheet(group, responder, ADVICE, line, "Suite lundi.")
    assert erase_and_get_sheet(group, get_case(group, 2)) == "\n".join([ADVICE, ERASED_LINE, "Suite lundi."])


def test_a_line_that_names_the_reference_goes_however_it_is_written(group, responder):
    reference = get_case(group, 2).reference
    written = f"{reference[:4]}-{reference[4:]}".lower()
    write_sheet(group, responder, f"Vu en premier sur {reference}.", ADVICE, f"Comme {written}")
    assert erase_and_get_sheet(group, get_case(group, 2)) == f"{ERASED_LINE}\n{ADVICE}\n{ERASED_LINE}"


def test_a_line_that_repeats_a_later_message_or_a_note_goes(group, responder):
    incident = get_case(group, 2)
    visitor = CaseVisitor(access_uid=incident.accesses.get(revoked_at=None).uid)
    message, note = (
        "Notre ancienne directrice avait gardé ses accès chez elle.",
        "Le maire refuse de porter plainte pour.",
    )
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text=message, key="k"))
    write_note(reference=incident.reference, actor=responder, kind=NoteKind.NOTE, text=note, key="n")
    write_sheet(group, responder, message, note, ADVICE)
    assert erase_and_get_sheet(group, incident) == f"{ERASED_LINE}\n{ADVICE}"


def set_caller(incident, **values):
    Story.objects.filter(incident=incident).update(**{CALLER_COLUMNS[name]: value for name, value in values.items()})


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("KARADEC Dominique", "M. Karadec rappelle demain"),
        ("Dominique Karadec (accueil)", "M. KARADEC rappelle demain"),
        ("Dominique Karadec, DGS adjointe", "Mme Karadec rappelle demain"),
        ("Dominique Karadec/secrétariat", "Karadec rappelle demain"),
        ("Accueil, Mme Karadec", "Voir avec Mme Karadec demain"),
        ("Le Goff Anne", "Mme Le Goff rappelle"),
        ("Anne Le Goff, DGS adjointe", "Mme Le Goff rappelle"),
        ("Mme Le Hénaff", "Le Henaff rappelle"),
        ("Yann le Bris", "rappeler yann le bris"),
        ("Jean Petit", "rappeler jean petit"),
        ("Jean Petit", "M. Petit rappelle"),
        ("Luc Roy", "M. Roy rappelle"),
    ],
)
def test_a_name_goes_however_it_was_declared(group, responder, name, line):
    set_caller(get_case(group, 2), name=name)
    write_sheet(group, responder, line, ADVICE)
    assert erase_and_get_sheet(group, get_case(group, 2)) == f"{ERASED_LINE}\n{ADVICE}"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Dominique, accueil", "Couper la messagerie de l’accueil"),
        ("Dominique Karadec (accueil)", "Accueil : couper la messagerie"),
        ("service informatique", "Service informatique à prévenir dans chaque mairie"),
        ("service informatique", "Appeler le service informatique"),
        ("Madame le maire", "Prévenir madame le maire"),
        ("Madame le maire", "Maire à prévenir"),
        ("Dominique Karadec, DGS adjointe", "La DGS adjointe de chaque ville est prévenue"),
        ("Jean Petit", "C’est un petit prestataire"),
        ("Yann le Bris", "Le prestataire rappelle"),
    ],
)
def test_a_function_or_an_ordinary_word_is_no_name(group, responder, name, line):
    set_caller(get_case(group, 2), name=name)
    write_sheet(group, responder, line)
    assert erase_and_get_sheet(group, get_case(group, 2)) == line


@pytest.mark.parametrize(
    ("phone", "line"),
    [
        ("02 98 00 00 00 poste 12", "rappeler au 0298000000"),
        ("02 98 00 00 00 / 06 39 98 00 01", "rappeler au 0298 00 00 00"),
        ("02 98 00 00 00 / 06 39 98 00 01", "rappeler au +33 6 39 98 00 01"),
        ("02 98 00 00 00 06 39 98 00 01", "rappeler au 06.39.98.00.01"),
        ("02,98,00,00,00 (8h-12h)", "rappeler au 0298000000"),
        ("+32 2 555 12 12", "rappeler au 0032 2 555 12 12"),
        ("41 23 45", "rappeler au 0508 41 23 45"),
    ],
)
def test_each_number_of_the_field_goes(group, responder, phone, line):
    set_caller(get_case(group, 2), phone=phone)
    write_sheet(group, responder, line, ADVICE)
    assert erase_and_get_sheet(group, get_case(group, 2)) == f"{ERASED_LINE}\n{ADVICE}"


def test_another_number_stays(group, responder):
    set_caller(get_case(group, 2), phone="02 98 00 00 00 poste 12")
    write_sheet(group, responder, "rappeler au 02 98 00 00 12")
    assert erase_and_get_sheet(group, get_case(group, 2)) == "rappeler au 02 98 00 00 12"


SENTENCE = "La sauvegarde du vendredi était posée sur le même serveur."


def write_row(incident, actor, model, column):
    """Create a row of the case that has SENTENCE in this column."""
    elsewhere, _ = Csirt.objects.get_or_create(slug="ailleurs", defaults={"name": "Ailleurs", "level": "territorial"})
    fields = {
        Advice: {"partner": "cert-fr", "tlp": Tlp.AMBER, "sha256": "0" * 64, "submission_key": "a", "actor": actor},
        Closing: {"actor": actor},
        Rating: {"level": 3, "actor_kind": ActorKind.DECLARANT},
        SeverityChoice: {"severity": Severity.LOW, "actor": actor},
        Task: {"author": actor},
        Transfer: {"giver": incident.csirt, "taker": elsewhere, "agreed_tlp": Tlp.AMBER, "asked_by": actor},
    }
    model.objects.create(incident=incident, **fields[model] | {column: SENTENCE})


@pytest.mark.parametrize(
    ("model", "column"),
    [
        (Advice, "motive"),
        (Advice, "agreement"),
        (Closing, "handed_to"),
        (Closing, "summary"),
        (Closing, "lesson"),
        (Rating, "words"),
        (SeverityChoice, "motive"),
        (Task, "title"),
        (Task, "why"),
        (Transfer, "motive"),
        (Transfer, "agreement"),
        (Transfer, "answer"),
    ],
)
def test_what_the_centre_wrote_on_the_case_goes(group, responder, model, column):
    incident = get_case(group, 2)
    write_row(incident, responder, model, column)
    write_sheet(group, responder, f"Chez eux, {SENTENCE}", ADVICE)
    assert erase_and_get_sheet(group, incident) == f"{ERASED_LINE}\n{ADVICE}"


def test_every_text_that_is_looked_for_is_emptied_too(group, responder):
    """A text that the case keeps has no reason to go from the sheet."""
    incident = get_case(group, 2)
    for model, column in [(Advice, "motive"), (Closing, "lesson"), (Rating, "words"), (SeverityChoice, "motive")]:
        write_row(incident, responder, model, column)
    write_row(incident, responder, Transfer, "answer")
    erase_and_get_sheet(group, incident)
    for model, columns in WRITTEN_COLUMNS.items():
        rows = model.objects.filter(incident=incident).values_list(*columns)
        assert not any(chain.from_iterable(rows)), model


def test_the_step_of_a_guide_stays(group, responder):
    incident = get_case(group, 2)
    Task.objects.create(incident=incident, title=ADVICE, playbook=incident.type, step="cut", author=responder)
    write_sheet(group, responder, ADVICE)
    assert erase_and_get_sheet(group, incident) == ADVICE


def test_the_names_of_those_who_wrote_go_but_not_those_of_the_centre(group, responder):
    incident = get_case(group, 2)
    visitor = CaseVisitor(access_uid=incident.accesses.get(revoked_at=None).uid)
    letter = Letter(text="Tout est éteint.", key="k", author="Soizic Abgrall, comptable")
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=letter)
    write_to_declarant(reference=incident.reference, actor=responder, letter=Letter(text="Merci.", key="r"))
    AnswerSheet.objects.filter(incident=incident, section=Section.STORY).update(author="Gwenn Tanguy")
    amended = {"section": Section.MOMENTS, "author": f"{responder.display_name}, Breizh Cyber", "actor": responder}
    AnswerSheet.objects.create(incident=incident, version="1", actor_kind=ActorKind.USER, **amended)
    lines = [ADVICE, f"Suivi par {responder.display_name}."]
    write_sheet(group, responder, "Mme Abgrall a gardé la facture.", *lines, "Tanguy rappelle.")
    assert erase_and_get_sheet(group, incident).split("\n") == [ERASED_LINE, *lines, ERASED_LINE]


def test_the_name_of_an_agent_goes_even_if_a_role_in_a_centre_was_refused(group, responder):
    incident = get_case(group, 2)
    agent = an_agent(incident.collectivity)
    refused = {"awaits_confirmation": True, "ended_on": timezone.localdate()}
    Membership.objects.create(user=agent, role=Role.RESPONDER, csirt=incident.csirt, **refused)
    letter = Letter(text="Tout est éteint.", key="k")
    write_to_csirt(reference=incident.reference, visitor=CaseVisitor(user=agent), letter=letter)
    write_sheet(group, responder, f"{agent.display_name} a gardé la facture.", ADVICE)
    assert erase_and_get_sheet(group, incident).split("\n") == [ERASED_LINE, ADVICE]


def test_the_lines_about_the_other_cases_stay(group, responder):
    lines = [ADVICE, "Exemple SAS confirme la panne.", "La comptable de l’autre commune n’a rien ouvert."]
    write_sheet(group, responder, *lines)
    assert erase_and_get_sheet(group, get_case(group, 2)).split("\n") == lines


def test_the_sheet_goes_with_the_last_case(group, responder):
    write_sheet(group, responder, ADVICE)
    assert erase_and_get_sheet(group, get_case(group, 2)) == ADVICE
    assert erase_and_get_sheet(group, get_case(group, 1)) == ""


def test_the_sheet_of_a_group_that_the_case_has_left_follows_too(group, responder):
    incident = get_case(group, 2)
    write_sheet(group, responder, ADVICE, "Dominique Karadec rappelle demain.")
    remove_from_group(reference=incident.reference, actor=responder)
    assert erase_and_get_sheet(group, incident) == f"{ADVICE}\n{ERASED_LINE}"


def test_a_colleague_who_is_writing_the_sheet_is_told(client, group, responder):
    """Saving the former text would write the erased lines again."""
    write_sheet(group, responder, "Dominique Karadec rappelle demain.")
    seen = group.version + 1
    erase_and_get_sheet(group, get_case(group, 2))
    answer = client.post(url(group, "fiche"), {"sheet": "Dominique Karadec rappelle demain !", "seen": seen})
    assert answer.status_code == 409
    assert "Une ligne qui répète un dossier part quand ce dossier est effacé" in read_text(answer)
