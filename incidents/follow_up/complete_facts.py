"""The forms that correct a declaration: its story, instants, services, data, and the person to call back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from core.fields import CountField, DayField, FreeTextField, HourField
from incidents.catalogues.public_services import list_offered_services
from incidents.enums import (
    Answer,
    InterruptionExtent,
    LeakStatus,
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
    Declaration,
    Instant,
    Interruption,
    Leak,
    map_caller_columns,
    map_leak_inputs,
    read_caller_input,
    read_instant,
    read_leak_input,
    read_story_texts,
)
from incidents.follow_up.complete_questions import format_day_value, format_hour_value
from incidents.models import Incident
from incidents.moments import reduce_to_known_end
from incidents.questions.plain_labels import DATA_LABELS, PERSON_LABELS
from incidents.services.declarant.complete import SavedSheet, SectionEdit
from incidents.services.declarant.correct import (
    correct_caller,
    correct_data,
    correct_moments,
    correct_services,
    correct_story,
)
from incidents.services.history.declared import read_declared_data, read_declared_leak
from incidents.services.history.snapshots import list_interruptions, read_caller, read_instants
from incidents.sharing import is_mailbox_in_doubt

LEAK_CONCLUSIONS = [*LEAK_CHOICES, (LeakStatus.UNFOUNDED, "Vérifié : rien n’est sorti")]
MAILBOX_HELP = (
    "Une adresse qui marche encore. Le lien et le code de votre dossier peuvent y arriver. "
    "Si cette messagerie est touchée, donnez une autre adresse ou cochez la case en dessous."
)
MAILBOX_IN_DOUBT_HELP = (
    "Quelqu’un d’autre lit peut-être cette boîte : aucun mail n’y portera le lien ou le code de votre dossier."
)
DECLARATION_FACTS, LEAK_FACTS = map(map_facts, (Declaration, Leak))


class Editor(Protocol):
    """The editor of one section: its forms, its template, and the service that saves what was typed."""

    template: str

    @property
    def forms(self) -> list[forms.Form]: ...

    def save(self, edit: SectionEdit) -> SavedSheet: ...

    def add_service_errors(self, error: ValidationError) -> None:
        """Add validation errors of the service layer (`incidents.services`) to the fields that they concern."""


class FactsForm(forms.Form):
    """A form that can combine its inputs for a day and an hour into one moment."""

    def read_moment(self, name: str) -> datetime | None:
        """Return the moment in UTC. A day without an hour means its first minute in the current time zone."""
        return combine_moment(self.cleaned_data, name, timezone.get_current_timezone())


def map_initial_moment(name: str, at: date | datetime | None) -> dict[str, str]:
    """Return the initial values of the inputs for the day and the hour, in the current time zone."""
    if at is None:
        return {f"{name}_date": "", f"{name}_time": ""}
    if not isinstance(at, datetime):
        return {f"{name}_date": at.isoformat(), f"{name}_time": ""}
    local = timezone.localtime(at)
    return {f"{name}_date": format_day_value(local), f"{name}_time": format_hour_value(local)}


class SingleFormEditor[F: FactsForm]:
    """An editor with a single form."""

    form: F

    @property
    def forms(self) -> list[forms.Form]:
        return [self.form]

    def add_service_errors(self, error: ValidationError) -> None:
        for field, messages in error.message_dict.items():
            add_field_errors(messages, self.form, field)


@add_fact_fields(Section.STORY)
class StoryForm(FactsForm):
    """The form of the texts about the incident."""

    story_lines = property(list_story_fields)


class StoryEditor(SingleFormEditor[StoryForm]):
    template = "follow_up/complete/recit.html"

    def __init__(self, incident: Incident, data: QueryDict | None) -> None:
        texts = read_story_texts(incident.story)
        self.form = StoryForm(data, initial=texts)
        self.has_description = bool(texts["description"])

    def save(self, edit: SectionEdit) -> SavedSheet:
        return correct_story(edit=edit, **self.form.cleaned_data)


@add_fact_fields(Section.CALLER)
class CallerForm(FactsForm):
    """The form about the caller: the person whom the centre calls back."""

    field_order = ("contact_phone", "contact_email")


class CallerEditor(SingleFormEditor[CallerForm]):
    template = "follow_up/complete/rappel.html"

    def __init__(self, incident: Incident, data: QueryDict | None) -> None:
        initial: dict[str, Any] = map_caller_columns(read_caller(incident))
        self.form = CallerForm(data, initial=initial | {"mail_without_code": incident.mail_without_code})
        self.is_mailbox_in_doubt = is_mailbox_in_doubt(incident)
        self.email_help = MAILBOX_IN_DOUBT_HELP if self.is_mailbox_in_doubt else MAILBOX_HELP

    def save(self, edit: SectionEdit) -> SavedSheet:
        # The question is not asked if the type of incident implies that somebody else may read the mailbox.
        chosen = None if self.is_mailbox_in_doubt else self.form.cleaned_data["mail_without_code"]
        return correct_caller(edit=edit, caller=read_caller_input(self.form.cleaned_data), mail_without_code=chosen)


class MomentsForm(FactsForm):
    """The form of the instants of the incident, each with a day, an hour and a certainty."""

    def __init__(self, data: QueryDict | None, instants: Mapping[str, Instant]) -> None:
        initial: dict[str, Any] = {}
        for name, instant in instants.items():
            initial |= map_initial_moment(name, instant.at) | {f"{name}_certainty": instant.certainty}
        super().__init__(data, initial=initial)
        for name, fact in INSTANTS.items():
            fields = make_moment_fields(fact.question)
            self.fields |= zip((f"{name}_date", f"{name}_time", f"{name}_certainty"), fields, strict=True)

    def clean(self) -> dict[str, Any]:
        add_moment_errors(self, INSTANTS)
        return self.cleaned_data

    def build_instants(self) -> dict[str, Instant]:
        return {name: self.build_instant(name) for name in INSTANTS}

    def build_instant(self, name: str) -> Instant:
        has_hour = self.cleaned_data[f"{name}_time"] is not None
        return read_instant(self.read_moment(name), self.cleaned_data[f"{name}_certainty"], has_hour=has_hour)

    def list_moment_inputs(self) -> list[dict[str, Any]]:
        """Return, for each instant, its question (`legend`) and its three inputs."""
        parts = ("date", "time", "certainty")
        return [
            {part: self[f"{name}_{part}"] for part in parts}
            | {"legend": f"{INSTANTS[name].question}\N{NO-BREAK SPACE}?"}
            for name in INSTANTS
        ]


class MomentsEditor(SingleFormEditor[MomentsForm]):
    template = "follow_up/complete/moments.html"

    def __init__(self, incident: Incident, data: QueryDict | None) -> None:
        self.form = MomentsForm(data, read_instants(incident))

    def save(self, edit: SectionEdit) -> SavedSheet:
        return correct_moments(edit=edit, instants=self.form.build_instants())


class DataForm(FactsForm):
    """The form about the personal data that are affected."""

    data_concerned = make_fact_field(DECLARATION_FACTS["data_concerned"])
    leak_status = make_fact_field(LEAK_FACTS["status"], LEAK_CONCLUSIONS)
    categories = make_fact_field(LEAK_FACTS["categories"])
    person_categories = make_fact_field(LEAK_FACTS["person_categories"])
    persons_band = make_select_field(LEAK_FACTS["persons_band"])
    persons = make_fact_field(LEAK_FACTS["persons"])


class DataEditor(SingleFormEditor[DataForm]):
    template = "follow_up/complete/donnees.html"
    data_words, person_words = DATA_LABELS, PERSON_LABELS

    def __init__(self, incident: Incident, data: QueryDict | None) -> None:
        leak = read_declared_leak(read_declared_data(incident))
        self.form = DataForm(
            data, initial={"data_concerned": incident.data_concerned} | map_leak_inputs(leak or Leak())
        )

    def save(self, edit: SectionEdit) -> SavedSheet:
        answers = self.form.cleaned_data
        return correct_data(edit=edit, concerned=answers["data_concerned"], leak=read_leak_input(answers))


class InterruptionForm(FactsForm):
    """The form of one interruption, which was recorded before or is added on this page."""

    extent = forms.ChoiceField(choices=InterruptionExtent.choices, required=False, widget=forms.RadioSelect)
    started_date, started_time = DayField(required=False), HourField(required=False)
    ended_date, ended_time = DayField(required=False), HourField(required=False)
    people = CountField(required=False)
    workaround = FreeTextField()
    gone = forms.BooleanField(required=False)

    def __init__(
        self, service: str, data: QueryDict | None, *, prefix: str, interruption: Interruption | None = None
    ) -> None:
        super().__init__(data, prefix=prefix, initial=map_initial_interruption(interruption) if interruption else None)
        self.service = PublicService(service)
        self.known = interruption
        for field in self.fields.values():
            field.label = self.service.label

    def clean(self) -> dict[str, Any]:
        add_moment_errors(self, ("started", "ended"))
        return self.cleaned_data

    def build_interruption(self) -> Interruption:
        answers = self.cleaned_data
        return Interruption(
            service=self.service.value,
            extent=answers["extent"],
            started_at=self.read_moment("started"),
            ended_at=self.read_moment("ended"),
            people_affected=answers["people"],
            workaround=answers["workaround"],
        )


def map_initial_interruption(interruption: Interruption) -> dict[str, Any]:
    """Return the initial values of the form of a recorded interruption, in the current time zone."""
    return {
        "extent": interruption.extent,
        "people": interruption.people_affected,
        "workaround": interruption.workaround,
        **map_initial_moment("started", interruption.started_at),
        **map_initial_moment(
            "ended",
            reduce_to_known_end(interruption.started_at, interruption.ended_at, timezone.get_current_timezone_name()),
        ),
    }


class ServicesEditor:
    """The editor of the recorded interruptions, in their order. It also offers public services that can be added."""

    template = "follow_up/complete/services.html"
    answers = Answer.choices

    def __init__(self, incident: Incident, data: QueryDict | None) -> None:
        interruptions = list_interruptions(incident)
        self.noted = make_recorded_forms(interruptions) if data is None else make_posted_forms(data)
        ongoing = {interruption.service for interruption in interruptions if interruption.ended_at is None}
        self.ticked = data.getlist("service") if data is not None else []
        offered = [service for service in list_offered_services(incident.collectivity.kind) if service not in ongoing]
        added = [
            service for service in PublicService if service in self.ticked and service not in (*offered, *ongoing)
        ]
        self.offered = [
            InterruptionForm(service, data if service in self.ticked else None, prefix=service)
            for service in (*offered, *added)
        ]
        self.stopped = (data.get("stopped", "") if data is not None else "") or incident.service_stopped
        self.sent: list[InterruptionForm] = []

    @property
    def forms(self) -> list[forms.Form]:
        return [*self.noted, *self.added]

    @property
    def added(self) -> list[InterruptionForm]:
        """The forms of the public services that were ticked on this page."""
        return [form for form in self.offered if form.is_bound]

    def save(self, edit: SectionEdit) -> SavedSheet:
        self.sent = [form for form in self.noted if not form.cleaned_data["gone"]] + self.added
        stopped = self.stopped if self.stopped in Answer.values else ""
        if self.noted and not self.sent:  # every service that made the answer « oui » was removed
            stopped = ""
        interruptions = [form.build_interruption() for form in self.sent]
        return correct_services(edit=edit, stopped=stopped, interruptions=interruptions)

    def add_service_errors(self, error: ValidationError) -> None:
        for field, messages in error.message_dict.items():
            index, _separator, name = field.partition("_")
            add_field_errors(messages, self.sent[int(index)], name)


def make_recorded_forms(interruptions: Sequence[Interruption]) -> list[InterruptionForm]:
    return [
        InterruptionForm(interruption.service, None, prefix=f"r{index}", interruption=interruption)
        for index, interruption in enumerate(interruptions)
    ]


def make_posted_forms(data: QueryDict) -> list[InterruptionForm]:
    """Return the forms of the interruptions that the posted page displayed, in the order of the page.

    The database may hold other interruptions by now. Forms made from the database could give a posted value to another
    service.
    """
    services = [service for service in data.getlist("row") if service in PublicService.values]
    return [InterruptionForm(service, data, prefix=f"r{index}") for index, service in enumerate(services)]


EDITORS: dict[str, Callable[[Incident, QueryDict | None], Editor]] = {
    Section.STORY: StoryEditor,
    Section.MOMENTS: MomentsEditor,
    Section.SERVICES: ServicesEditor,
    Section.DATA: DataEditor,
    Section.CALLER: CallerEditor,
}
