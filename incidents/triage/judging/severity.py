"""The severity of a case with its reasons, and the form with which a responder sets another severity."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from django import forms
from django.utils import timezone

from collectivities.zones import find_local_day, find_zone
from incidents.enums import CaseFormCode, Severity
from incidents.models import DataLeak, Incident, ServiceInterruption, SeverityChoice
from incidents.services.handling.severity import REASON_LIMIT, assess_case
from incidents.services.history.snapshots import read_interruption, read_leak_row
from incidents.severity import LEAST_POINTS, Situation, assess_situation
from incidents.triage.case.answers import SectionBlock
from incidents.triage.case_form import CaseForm


def parse_severity(value: str) -> Severity:
    """Return the severity whose number is written in `value`."""
    return Severity(int(value))


def format_point_ranges() -> str:
    """Return the text « 0–1 point : faible, 2–3 : modérée, … 6 et plus : critique »."""
    levels = list(LEAST_POINTS.items())
    ranges = [
        f"{least}–{above - 1}{' point' if least == 0 else ''} : {severity.label}"
        for (severity, least), (_next, above) in pairwise(levels)
    ]
    worst, least = levels[-1]
    return ", ".join([*ranges, f"{least} et plus : {worst.label}"])


class SeverityForm(CaseForm):
    """The form that sets the severity. The service checks the reason, and reports errors by field."""

    code = CaseFormCode.SEVERITY

    severity = forms.TypedChoiceField(
        label="Gravité", choices=Severity.choices, coerce=parse_severity, help_text=format_point_ranges()
    )
    motive = forms.CharField(
        label="Pourquoi", required=False, widget=forms.TextInput(attrs={"maxlength": REASON_LIMIT})
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)


def make_severity_form(incident: Incident) -> SeverityForm:
    """Return the form. The selected severity is the one computed from the present facts."""
    assessment = assess_case(incident, timezone.now())
    return SeverityForm(initial={"severity": assessment.severity, "seen": incident.severity})


def find_severity_choice(incident: Incident) -> SeverityChoice | None:
    """Return the newest severity that a responder chose, or None if the severity has changed since. Runs one query."""
    newest = incident.severity_choices.select_related("actor").order_by("-id").first()
    return newest if newest and newest.severity == incident.severity else None


def build_severity_block(
    incident: Incident,
    now: datetime,
    *,
    interruptions: Iterable[ServiceInterruption],
    leaks: Sequence[DataLeak],
    answers: Iterable[SectionBlock],
) -> dict[str, Any]:
    """Return the severity computed from the given rows, and whether it differs from the stored severity.

    Runs one query if it differs, and none otherwise.
    """
    situation = Situation(
        type=incident.type,
        interruptions=[read_interruption(row) for row in interruptions],
        leak=read_leak_row(leaks[0]) if leaks else None,
        answers=read_newest_answers(answers),
        on=find_local_day(now, find_zone(incident.collectivity)),
    )
    assessment = assess_situation(situation)
    is_as_computed = assessment.severity == incident.severity
    return {
        "assessment": assessment,
        "is_as_computed": is_as_computed,
        # Happens mostly as days pass, since a change of the facts raises the stored severity at once.
        "is_behind": assessment.severity > incident.severity,
        "is_raised_by_day": assessment.severity_without_day <= incident.severity < assessment.severity,
        "choice": None if is_as_computed else find_severity_choice(incident),
    }


def read_newest_answers(blocks: Iterable[SectionBlock]) -> dict[str, Any]:
    """Return a dict from the code of a question to its newest answer."""
    newest = (block.newest.answer.sheet.values for block in blocks if not block.is_facts_section)
    return {code: answer for values in newest for code, answer in values.items()}
