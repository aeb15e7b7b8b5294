"""The forms of the screens after the choice of the body, and the declaration that is built from their answers.

Only a way to call back is required. Templates write the controls by hand under the names of these fields, because a
hundred widgets would cost more time than handling the post.
"""

from collections.abc import Container, Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from collectivities.models import Collectivity
from core.fields import CountField, DayField, HourField
from incidents.enums import (
    Answer,
    IncidentType,
    PublicService,
)
from incidents.facts.description import Section, map_facts
from incidents.facts.forms import (
    LEAK_CHOICES,
    add_fact_fields,
    add_field_errors,
    add_moment_errors,
    combine_moment,
    list_story_fields,
    make_fact_field,
    make_moment_fields,
    make_select_field,
)
from incidents.facts.shapes import (
    INSTANTS,
    STORY_WORDS,
    Declaration,
    Instant,
    Interruption,
    Leak,
    read_caller_input,
    read_instant,
    read_leak_input,
)

# The value of an empty field, where it is not an empty text.
EMPTY_VALUES: dict[type[forms.Field], Any] = {
    DayField: None,
    HourField: None,
    CountField: None,
    forms.MultipleChoiceField: [],
    forms.BooleanField: False,
}
DECLARATION_FACTS, SERVICE_FACTS, LEAK_FACTS = map(map_facts, (Declaration, Interruption, Leak))


@add_fact_fields(Section.STORY, Section.CALLER)
class DetailsForm(forms.Form):
    """The main form of the screens after the body. It contains all answers except those about each ticked service."""

    occurred_date, occurred_time, occurred_certainty = make_moment_fields(INSTANTS["occurred"].question)
    detected_date, detected_time, detected_certainty = make_moment_fields(INSTANTS["detected"].question)
    attack_known_date, attack_known_time, attack_known_certainty = make_moment_fields(
        INSTANTS["attack_known"].question
    )
    service_stopped = make_fact_field(DECLARATION_FACTS["service_stopped"])
    data_concerned = make_fact_field(DECLARATION_FACTS["data_concerned"])
    leak_status = make_fact_field(LEAK_FACTS["status"], LEAK_CHOICES)
    categories = make_fact_field(LEAK_FACTS["categories"])
    person_categories = make_fact_field(LEAK_FACTS["person_categories"])
    persons_band = make_select_field(LEAK_FACTS["persons_band"])
    breach_known_date, breach_known_time, breach_known_certainty = make_moment_fields(
        INSTANTS["breach_known"].question
    )
    story_lines = property(list_story_fields)

    def clean(self) -> dict[str, Any]:
        add_moment_errors(self, INSTANTS)
        return self.cleaned_data

    def build_instant(self, name: str, zone: ZoneInfo) -> Instant:
        has_hour = self.cleaned_data[f"{name}_time"] is not None
        return read_instant(
            combine_moment(self.cleaned_data, name, zone), self.cleaned_data[f"{name}_certainty"], has_hour=has_hour
        )


class ServiceForm(forms.Form):
    """The questions about one public service that was ticked. The prefix of the form is the code of this service."""

    extent = make_fact_field(SERVICE_FACTS["extent"])
    started_date = DayField(required=False, label=SERVICE_FACTS["started_at"].question)
    started_time = HourField(required=False, label="heure de l’arrêt")
    ended_date = DayField(required=False, label=SERVICE_FACTS["ended_at"].question)
    ended_time = HourField(required=False, label="heure de la reprise")
    people = make_fact_field(SERVICE_FACTS["people_affected"])
    workaround = make_fact_field(SERVICE_FACTS["workaround"])

    def __init__(self, data: QueryDict | None = None, *, service: PublicService, **kwargs: Any) -> None:
        super().__init__(data, prefix=service.value, **kwargs)
        self.service = service
        for field in self.fields.values():
            field.label = f"{service.label}, {field.label}"

    @property
    def error_prefix(self) -> str:
        """The prefix of this service's field names in the validation errors of `incidents.services`."""
        return f"interruption_{self.service.value}_"

    def clean(self) -> dict[str, Any]:
        add_moment_errors(self, ("started", "ended"))
        return self.cleaned_data

    def build_interruption(self, zone: ZoneInfo) -> Interruption:
        return Interruption(
            service=self.service,
            extent=self.cleaned_data["extent"],
            started_at=combine_moment(self.cleaned_data, "started", zone),
            ended_at=combine_moment(self.cleaned_data, "ended", zone),
            people_affected=self.cleaned_data["people"],
            workaround=self.cleaned_data["workaround"],
        )


class DeclarationForms:
    """The forms of the screens after the body: the main form, and one form for each public service that was ticked.

    `offered` lists the public services to choose from. A ticked service stays visible even if it is not offered to
    this kind of body.
    """

    def __init__(
        self, data: QueryDict | None = None, *, offered: Sequence[PublicService] = tuple(PublicService)
    ) -> None:
        self.data = data
        self.form = DetailsForm(data)
        ticked = data.getlist("service") if data is not None else []
        self.offered = [
            *offered,
            *(service for service in PublicService if service in ticked and service not in offered),
        ]
        self.rows = [ServiceForm(data, service=service) for service in self.offered if service in ticked]

    @property
    def all_forms(self) -> list[forms.Form]:
        return [self.form, *self.rows]

    @property
    def errors(self) -> bool:
        """True if a form has an error. The base template reads this name to announce an error in the title of the
        page.
        """
        return any(form.errors for form in self.all_forms)

    def is_valid(self) -> bool:
        return not self.errors

    def empty_invalid_values(self) -> None:
        """Replace invalid values by empty ones, so that `check_declaration` can check the other values in the same
        request.
        """
        for form in self.all_forms:
            for name in form.errors:
                if name in form.fields:
                    form.cleaned_data[name] = EMPTY_VALUES.get(type(form.fields[name]), "")

    def list_wrong_inputs(self) -> set[str]:
        """Return the names of the HTML inputs that have an error."""
        return {form.add_prefix(name) for form in self.all_forms for name in form.errors}

    def list_service_forms(self) -> Iterator[tuple[bool, ServiceForm]]:
        """Yield (is_ticked, form) for each offered public service. The form of a service that is not ticked is
        unbound.
        """
        rows = {row.service: row for row in self.rows}
        for service in self.offered:
            row = rows.get(service)
            yield row is not None, row or ServiceForm(service=service, initial=self.read_service_inputs(service))

    def read_service_inputs(self, service: PublicService) -> dict[str, str | None]:
        """Return what was typed about one public service, by field name."""
        if self.data is None:
            return {}
        return {name: self.data.get(f"{service.value}-{name}") for name in ServiceForm.base_fields}

    def build_declaration(
        self, collectivity: Collectivity, incident_type: IncidentType, zone: ZoneInfo
    ) -> Declaration:
        """Return the declaration that these valid forms describe. Moments are read in the time zone `zone`."""
        answers = self.form.cleaned_data
        instants: dict[str, Any] = {name: self.form.build_instant(name, zone) for name in INSTANTS}
        interruptions = tuple(row.build_interruption(zone) for row in self.rows)
        return Declaration(
            collectivity=collectivity,
            type=incident_type,
            caller=read_caller_input(answers),
            service_stopped=imply_answer(answers["service_stopped"], implied=bool(interruptions)),
            data_concerned=answers["data_concerned"],
            interruptions=interruptions,
            leak=read_leak_input(answers),
            mail_without_code=answers["mail_without_code"],
            **{name: answers[name] for name in STORY_WORDS},
            **instants,
        )

    def add_service_errors(self, error: ValidationError) -> None:
        """Add validation errors of the service layer (`incidents.services`) to the fields that they concern."""
        for field, messages in error.message_dict.items():
            row = next((row for row in self.rows if field.startswith(row.error_prefix)), None)
            if row:
                add_field_errors(messages, row, field.removeprefix(row.error_prefix))
            else:
                add_field_errors(messages, self.form, field)

    def drop_errors_except(self, names: Container[str]) -> None:
        """Remove the errors of all inputs that are not in `names`. Other screens show these errors."""
        for form in self.all_forms:
            for field in [name for name in form.errors if form.add_prefix(name) not in names]:
                del form.errors[field]


def imply_answer(answer: str, *, implied: bool) -> str:
    """Return « oui » if `implied` is true and `answer` is not « non ». Otherwise return `answer`."""
    return Answer.YES if implied and answer != Answer.NO else answer
