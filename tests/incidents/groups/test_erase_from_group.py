"""What the sheet of a group repeats of a case goes when the case is erased."""

import pytest

from accounts.models import User
from incidents.access import CaseVisitor
from incidents.enums import NoteKind
from incidents.facts.shapes import Caller
from incidents.models import CaseGroup
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.groups.erasure import ERASED_LINE
from incidents.services.groups.group import add_to_group, remove_from_group, save_group_sheet
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.notes import write_note
from tests.cast import a_lead
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
