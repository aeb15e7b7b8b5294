"""The form of one section of questions, built from the data of the section. Each question accepts « Je ne sais
pas ».
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from core.fields import CountField, DayField, FreeTextField, HourField
from incidents.models import Incident
from incidents.questions.catalogue import (
    WITH_CHOICES,
    Question,
    QuestionKind,
    QuestionnaireVersion,
    QuestionSection,
    find_version,
)
from incidents.services.declarant.answers import find_oddness
from incidents.services.declarant.complete import SavedSheet, SectionEdit, answer_section

UNKNOWN = "nsp"
CHECKED_KINDS = (QuestionKind.IBAN, QuestionKind.URL, QuestionKind.MAIL)


class AmountField(forms.Field):
    """An amount in euros as people write it, such as « 12 340,50 € ». The cleaned value is in cents."""

    def to_python(self, value: Any) -> int | None:
        text = re.sub(r"[\s€]", "", str(value or "")).replace(",", ".")
        if not text:
            return None
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", text):
            raise ValidationError("Écrivez un montant en euros, sans lettre. Exemple : 12 340,50.")
        euros, _point, cents = text.partition(".")
        return int(euros) * 100 + int(cents.ljust(2, "0") or 0)


NUMBER_FIELDS: dict[QuestionKind, Callable[..., forms.Field]] = {
    QuestionKind.COUNT: CountField,
    QuestionKind.AMOUNT: AmountField,
}


def make_question_fields(question: Question) -> dict[str, forms.Field]:
    """Return the form fields of one question, by input name."""
    code, label = question.code, strip_question_mark(question.label)
    if question.kind in WITH_CHOICES:
        return {code: make_choice_answer_field(question)}
    fields: dict[str, forms.Field] = {f"{code}-{UNKNOWN}": forms.BooleanField(required=False)}
    if question.kind == QuestionKind.MOMENT:
        fields[f"{code}-date"] = DayField(required=False, label=label, needs_year=question.future)
        fields[f"{code}-time"] = HourField(required=False, label=label)
    else:
        number = NUMBER_FIELDS.get(question.kind)
        fields[code] = number(required=False, label=label) if number else FreeTextField(label=label)
    if question.kind in CHECKED_KINDS:
        fields[f"{code}-garder"] = forms.BooleanField(required=False)
    return fields


def strip_question_mark(label: str) -> str:
    """Return the label without its final question mark. In the list of errors, a colon follows the label, as in « Quel
    montant : … ».
    """
    return label.rstrip("?… \N{NO-BREAK SPACE}")


def make_choice_answer_field(question: Question) -> forms.Field:
    """Return the field of a question with choices. « Je ne sais pas » is added to the choices."""
    choices = [*question.choices, (UNKNOWN, "Je ne sais pas")]
    if question.kind == QuestionKind.CHOICE:
        return forms.ChoiceField(
            choices=choices, required=False, label=strip_question_mark(question.label), widget=forms.RadioSelect
        )
    ticks = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(
        choices=choices, required=False, label=strip_question_mark(question.label), widget=ticks
    )


def map_initial_answer(question: Question, value: Any) -> dict[str, Any]:
    """Return the values of the inputs for a stored answer, in the current time zone. None stands for « Je ne sais
    pas ».
    """
    code = question.code
    if value is None:
        if question.kind in WITH_CHOICES:
            return {code: [UNKNOWN] if question.kind == QuestionKind.SEVERAL else UNKNOWN}
        return {f"{code}-{UNKNOWN}": True}
    if question.kind == QuestionKind.MOMENT:
        at = timezone.localtime(datetime.fromisoformat(value))
        return {f"{code}-date": format_day_value(at), f"{code}-time": format_hour_value(at)}
    if question.kind in CHECKED_KINDS and find_oddness(question.kind, value):
        return {code: value, f"{code}-garder": True}  # the author chose to keep this unusual value before
    return {code: format_amount_value(value) if question.kind == QuestionKind.AMOUNT else value}


def format_day_value(at: datetime) -> str:
    """Return the value of an input of type `date`."""
    return at.date().isoformat()


def format_hour_value(at: datetime) -> str:
    """Return the value of an input of type `time`. Midnight gives "", because it stands for a day without an hour."""
    return "" if at.time() == time.min else f"{at:%H:%M}"


def format_amount_value(cents: int) -> str:
    """Return the value of the input for an amount in cents: 1234050 gives « 12340,50 »."""
    euros, rest = divmod(cents, 100)
    return f"{euros},{rest:02}" if rest else str(euros)


class QuestionControls(NamedTuple):
    """One question with its inputs, for the template. `keep` is the box « gardez-le tel quel » for an unusual
    value.
    """

    question: Question
    field: forms.BoundField
    hour: forms.BoundField | None
    unknown: forms.BoundField | None
    keep: forms.BoundField | None


class QuestionsForm(forms.Form):
    """The form of one section of questions. `values` are the stored answers by the code of their question."""

    def __init__(self, section: QuestionSection, data: QueryDict | None, values: dict[str, Any]) -> None:
        initial: dict[str, Any] = {}
        for question in section.questions:
            if question.code in values:
                initial |= map_initial_answer(question, values[question.code])
        super().__init__(data, prefix="q", initial=initial)
        for question in section.questions:
            self.fields |= make_question_fields(question)
        self.section = section

    def clean(self) -> dict[str, Any]:
        for question in self.section.questions:
            hour, day = self.cleaned_data.get(f"{question.code}-time"), f"{question.code}-date"
            if hour is not None and self.cleaned_data.get(day, hour) is None:
                self.add_error(day, "Donnez aussi le jour, ou effacez l’heure.")
        return self.cleaned_data

    def list_controls(self) -> Iterator[QuestionControls]:
        """Yield each question with its inputs."""
        for question in self.section.questions:
            code = question.code
            main = f"{code}-date" if question.kind == QuestionKind.MOMENT else code
            controls = (self.get_control(f"{code}-{name}") for name in ("time", UNKNOWN, "garder"))
            yield QuestionControls(question, self[main], *controls)

    def get_control(self, name: str) -> forms.BoundField | None:
        return self[name] if name in self.fields else None

    def map_answers(self) -> dict[str, Any]:
        """Return the answers by the code of their question. The value is None if the person ticked « Je ne sais pas »
        and gave no other answer. Questions without any answer are left out.
        """
        values = {question.code: self.read_value(question) for question in self.section.questions}
        answers = {code: value for code, value in values.items() if value not in (None, "", [])}
        unknown = [question for question in self.section.questions if self.is_unknown_ticked(question)]
        return {question.code: None for question in unknown} | answers

    def read_value(self, question: Question) -> Any:
        """Return the answer to a question. « Je ne sais pas » is ignored, and a moment is in UTC."""
        cleaned = self.cleaned_data
        if question.kind == QuestionKind.MOMENT:
            day, hour = cleaned[f"{question.code}-date"], cleaned[f"{question.code}-time"]
            zone = timezone.get_current_timezone()
            return day and datetime.combine(day, hour or time.min, tzinfo=zone).astimezone(UTC)
        value = cleaned[question.code]
        if question.kind in WITH_CHOICES:
            return (
                [code for code in value if code != UNKNOWN] if isinstance(value, list) else drop_unknown_choice(value)
            )
        return value

    def is_unknown_ticked(self, question: Question) -> bool:
        """Tell whether the person ticked « Je ne sais pas »."""
        ticked = self.cleaned_data.get(f"{question.code}-{UNKNOWN}")
        return bool(ticked) or (question.kind in WITH_CHOICES and UNKNOWN in self.cleaned_data[question.code])

    def list_kept_codes(self) -> list[str]:
        """Return the codes of the questions whose unusual value the author chose to keep."""
        return [
            question.code for question in self.section.questions if self.cleaned_data.get(f"{question.code}-garder")
        ]


def drop_unknown_choice(choice: str) -> str:
    """Return the chosen code, or "" for « Je ne sais pas »."""
    return "" if choice == UNKNOWN else choice


class QuestionsEditor:
    """The editor of one section of questions, in the version of the questionnaire that the page displays."""

    template = "follow_up/complete/questions.html"

    def __init__(
        self, version: QuestionnaireVersion, section: QuestionSection, data: QueryDict | None, values: dict[str, Any]
    ) -> None:
        self.version, self.section = version, section
        self.form = QuestionsForm(section, data, values)
        self.forms: list[forms.Form] = [self.form]

    def save(self, edit: SectionEdit) -> SavedSheet:
        return answer_section(
            edit=edit,
            section=self.section.code,
            version=self.version.code,
            values=self.form.map_answers(),
            keep=self.form.list_kept_codes(),
        )

    def add_service_errors(self, error: ValidationError) -> None:
        for code, messages in error.message_dict.items():
            name = f"{code}-date" if f"{code}-date" in self.form.fields else code
            for message in messages:
                self.form.add_error(name if name in self.form.fields else None, message)


def make_questions_editor(
    incident: Incident, code: str, data: QueryDict | None, values: dict[str, Any]
) -> QuestionsEditor | None:
    """Return the editor of the section with this code. Return None if the section has no question for this type of
    incident.
    """
    version = find_version(data.get("version", "") if data is not None else "")
    whole_section = version.find_section(code)
    section = whole_section.narrow_to_type(incident.type) if whole_section else None
    return QuestionsEditor(version, section, data, values) if section and section.questions else None
