"""Answers of one section that cannot be true together, on the page that completes a case."""

import pytest
import time_machine
from django.test import Client

from incidents.models import AnswerSheet, Incident
from tests.cast import breizh_cyber, declare
from tests.incidents.completing_pages import NOW, open_by_link, post
from tests.reading import read_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened_case(client: Client) -> Incident:
    """Return a case that the client has opened by its link."""
    breizh_cyber()
    with time_machine.travel(NOW, tick=False):
        incident = declare()
    open_by_link(client, incident)
    return incident


CONTRADICTIONS = {
    "nobody and somebody": (
        "demarches",
        {"q-autres_prevenus": ["17cyber", "personne"]},
        "« Personne » contredit vos autres réponses",
    ),
    "no server and a server": (
        "machines",
        {"q-serveurs": ["fichiers", "aucun"]},
        "« Aucun » contredit vos autres réponses",
    ),
    "the day of no complaint": (
        "demarches",
        {"q-plainte_quand-date": "2026-12-01", "q-plainte": "non"},
        "Vous répondez « Non » à « Une plainte est-elle déposée ? ». Corrigez-le, ou effacez ceci.",
    ),
    "the last of no backups": (
        "sauvegardes",
        {"q-sauvegarde_derniere-date": "2026-11-20", "q-sauvegardes_ou": ["aucune"]},
        "Vous répondez « Nous n’en avons pas » à « Où sont vos sauvegardes ? »",
    ),
}


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(("section", "data", "complaint"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_answers_that_contradict_each_other_are_refused_and_shown_again(client, opened_case, section, data, complaint):
    refused = post(client, opened_case, section, data)
    assert refused.status_code == 422
    assert complaint in read_text(refused)
    assert f'href="#id_{next(iter(data))}' in refused.content.decode()
    assert not AnswerSheet.objects.filter(section=section).exists()


def test_a_date_is_accepted_if_the_question_before_it_is_not_answered(client, opened_case):
    """« Je ne sais pas » and no answer at all contradict nothing."""
    data = {"q-plainte": "nsp", "q-plainte_quand-date": "2026-12-01", "q-cnil_quand-date": "2026-11-20"}
    assert post(client, opened_case, "demarches", data).status_code == 302


@time_machine.travel(NOW, tick=False)
def test_a_section_is_complete_without_the_questions_that_its_answers_exclude(client, opened_case):
    """Without backups, nothing is left to say of them."""
    post(client, opened_case, "sauvegardes", {"q-sauvegardes_ou": ["aucune"]})
    line = read_text(client.get(f"/suivi/{opened_case.reference}/completer/")).partition("Les sauvegardes")[2]
    assert line.strip().startswith("Rempli 1 réponse sur 1")
