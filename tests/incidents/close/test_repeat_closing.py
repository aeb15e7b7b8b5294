"""A closing report that is sent again: the same one changes nothing, another one is refused and loses no word."""

import pytest

from incidents.enums import ClosingReason, EventKind
from incidents.models import Closing, Incident, Task
from incidents.services.handling.close import ClosingReport, close_incident, close_with_report
from incidents.workflow import InvalidTransition
from tests.cast import a_lead
from tests.incidents.closing import REPORT, make_full_report
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db


def test_a_double_click_is_one_closing(client, closing_responder, unfinished_case):
    fields = make_full_report(unfinished_case)
    for _ in range(2):
        assert client.post(case_url(unfinished_case, "cloture"), fields).status_code == 302
    assert Closing.objects.count() == 1
    assert unfinished_case.events.filter(kind=EventKind.CLOSED).count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"cause": "phishing"},
        {"is_shared": "on"},
        {"why": "Autre chose."},
        {"leak": "confirmed"},
        {"ended_civil_time": "9:40"},
        {"summary": "Autre bilan."},
    ],
)
def test_a_changed_report_sent_after_the_first_is_refused(client, closing_responder, unfinished_case, change):
    client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case))
    before = (
        list(Closing.objects.values()),
        Incident.objects.values().get(),
        unfinished_case.interruptions.values().get(),
    )

    page = client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case) | change, follow=True)

    assert "Ce dossier a été clos à 9 h 51 : résolu." in read_markup(page)
    after = (
        list(Closing.objects.values()),
        Incident.objects.values().get(),
        unfinished_case.interruptions.values().get(),
    )
    assert after == before


def test_a_report_with_another_task_ticked_is_refused(closing_responder, unfinished_case):
    task = str(Task.objects.get().uid)
    for moot in (frozenset({task}), frozenset({task})):
        ending = ClosingReport(reason="not_an_incident", moot=moot)
        close_with_report(reference=unfinished_case.reference, actor=closing_responder, ending=ending)
    with pytest.raises(InvalidTransition):
        close_with_report(
            reference=unfinished_case.reference,
            actor=closing_responder,
            ending=ClosingReport(reason="not_an_incident"),
        )
    assert Closing.objects.count() == 1


def test_a_report_sent_after_another_closing_is_refused_and_its_text_is_kept(
    client, closing_responder, unfinished_case
):
    close_incident(reference=unfinished_case.reference, reason=ClosingReason.DUPLICATE, actor=a_lead())
    page = client.post(case_url(unfinished_case, "cloture"), make_full_report(unfinished_case), follow=True)
    assert "Ce dossier a été clos à 9 h 51 : déjà déclaré." in read_markup(page)
    assert Closing.objects.count() == 1
    assert REPORT["summary"] in read_markup(client.get(case_url(unfinished_case, "cloture"))), "to be copied"
