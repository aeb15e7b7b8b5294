"""Words typed in a form that the case no longer has, because a colleague was first, are shown again."""

import pkgutil
from importlib import import_module

import pytest
from django.forms import CharField, Form, Textarea, TextInput
from django.utils import timezone

from core.fields import DayField, HourField
from incidents import triage
from incidents.enums import CaseFormCode, ClosingReason
from incidents.models import Closing
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.reopen import reopen_incident
from incidents.services.handling.unsent_text import load_unsent_texts
from incidents.services.handling.verify import verify_incident
from incidents.triage.work.typed_fields import is_free_text_field
from tests.cast import a_lead
from tests.hostile import MARKUP
from tests.incidents.desk import reload
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
TYPED = "Le prestataire rappelle demain à neuf heures."
FORMS = {
    "message": {"text": TYPED, "key": "k"},
    "note": {"kind": "note", "text": TYPED, "key": "k"},
    "gravite": {"severity": "2", "motive": TYPED},
    "taches": {"title": TYPED},
    "cloture": {
        "reason": "handed_over",
        "handed_to": "la DSI",
        "summary": TYPED,
        "lesson": "Couper les accès du prestataire.",
    },
    "transfert": {"taker": "", "motive": TYPED},
    "rouvrir": {"motive": TYPED},
}


def close(case, colleague):
    close_incident(reference=case.reference, reason=ClosingReason.HANDED_OVER, handed_to="la DSI", actor=colleague)


def assert_words_shown_again(answer, why):
    assert answer.status_code == 422
    page = read_markup(answer)
    assert "Rien n’a été enregistré" in page
    assert why in page
    assert TYPED in page
    return page


def test_a_report_on_a_case_closed_meanwhile_is_shown_again(client, case, colleague):
    close(case, colleague)
    page = assert_words_shown_again(client.post(case_url(case, "cloture"), FORMS["cloture"]), "Ce dossier a été clos")
    assert "Couper les accès du prestataire." in page
    assert case_url(case) in page
    assert not Closing.objects.filter(summary=TYPED).exists()


@pytest.mark.parametrize("part", ["taches", "transfert"])
def test_a_text_for_a_closed_case_is_shown_again(client, case, colleague, part):
    close(case, colleague)
    before = case.events.count()
    assert_words_shown_again(client.post(case_url(case, part), FORMS[part]), "clos")
    assert case.events.count() == before


def test_a_reason_for_a_case_already_reopened_is_shown_again(client, case, colleague):
    close(case, colleague)
    reopen_incident(reference=case.reference, actor=colleague, motive="Tout recommence.")
    assert_words_shown_again(client.post(case_url(case, "rouvrir"), FORMS["rouvrir"]), "s’occupe de ce dossier")
    assert reload(case).assignee == colleague


@pytest.mark.parametrize(
    ("part", "fields"),
    [("transfert", {"taker": "", "agreement": TYPED}), ("verifier", {"number": TYPED, "source": "website"})],
)
def test_a_number_or_an_agreement_that_is_refused_is_shown_again(client, case, colleague, part, fields):
    verify_incident(reference=case.reference, actor=colleague)
    close(case, colleague)
    answer = client.post(case_url(case, part), fields)
    assert answer.status_code == 422
    assert f'<p class="story">{TYPED}</p>' in read_markup(answer)


def test_what_was_chosen_stays_saved_after_a_refusal_without_typed_text(client, case, responder, colleague):
    close(case, colleague)
    page = {"stylo": "a", "trait": "1", "ouverte": timezone.now().isoformat()}
    answer = client.post(case_url(case, "transfert"), page | {"taker": "", "agreed": "on"})
    assert answer.status_code == 302
    assert load_unsent_texts(case, responder)[CaseFormCode.TRANSFER]["agreed"] == ["on"]


def test_each_text_field_of_the_triage_is_known_as_typed():
    for module in pkgutil.walk_packages(triage.__path__, f"{triage.__name__}."):
        import_module(module.name)
    typed_fields = [
        (form, name)
        for form in list_triage_forms(Form)
        for name, field in form.base_fields.items()
        if isinstance(field, CharField | DayField | HourField) and isinstance(field.widget, TextInput | Textarea)
    ]
    assert [pair for pair in typed_fields if not is_free_text_field(pair[1])] == []
    assert len(typed_fields) > 40


def list_triage_forms(form):
    forms = [form] if form.__module__.startswith(triage.__name__) else []
    return forms + [each for child in form.__subclasses__() for each in list_triage_forms(child)]


@pytest.mark.parametrize("part", ["message", "note", "gravite", "taches"])
def test_a_text_for_an_erased_case_is_shown_again(client, case, part):
    erase_personal_data(reference=case.reference, actor=a_lead())
    before = case.events.count()
    assert_words_shown_again(client.post(case_url(case, part), FORMS[part]), "Les mots de ce dossier ont été effacés")
    assert case.events.count() == before


def test_hostile_text_is_escaped_in_a_refused_form(client, case, colleague):
    close(case, colleague)
    page = client.post(case_url(case, "cloture"), FORMS["cloture"] | {"summary": MARKUP[0]}).content.decode()
    assert MARKUP[0] not in page


def test_a_refusal_without_typed_text_is_shown_above_the_case(client, case, colleague):
    close(case, colleague)
    answer = client.post(case_url(case, "cloture"), {"reason": "handed_over"}, follow=True)
    assert answer.redirect_chain == [(case_url(case), 302)]
    assert "Ce dossier a été clos" in read_markup(answer)
