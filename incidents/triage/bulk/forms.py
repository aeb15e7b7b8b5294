"""The forms that ask for what an act on several cases needs, such as an assignee or a reason."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.factors import list_people_with_labels
from accounts.models import User
from core.fields import FreeTextField
from core.french import choose_plural
from core.text import clean_line, clean_text
from incidents.catalogues.rsit import TYPES_OF_CLASS, RsitClass, RsitType
from incidents.enums import OPEN, TYPE_TERMS, BulkAct, Cause, ClosingReason, GroupKind, Nature, Tlp, TransferState
from incidents.models import Incident, Transfer
from incidents.services.bulk.jobs import CLOSING_REASONS, get_or_open_group
from incidents.services.groups.group import MAX_GROUPS_OFFERED, TITLE_LIMIT, list_open_groups
from incidents.services.handling.assign import NOBODY, list_centre_responders
from incidents.services.handling.close import REASON_LIMIT, SERVICE_LIMIT, SERVICE_QUESTION
from incidents.services.handling.unfinished import is_message_unanswered

AS_IT_IS = ("", "Laisser tel quel")
RSIT_CHOICES: list[Any] = [
    (RsitClass(code).label, [(f"{code}/{rsit_type}", RsitType(rsit_type).label) for rsit_type in types])
    for code, types in TYPES_OF_CLASS.items()
]


def make_optional_choice_field(label: Any, choices: Sequence[Any]) -> forms.ChoiceField:
    """Return an optional field. Its first choice, « Laisser tel quel », means no change."""
    return forms.ChoiceField(label=label, required=False, choices=[AS_IT_IS, *choices])


class BulkForm(forms.Form):
    """The form of an act on several cases. A subclass adds the fields that its act needs.

    The choices offered are those of the centre of the first case, because a job refuses cases of several centres.
    """

    def __init__(self, data: Any = None, *, cases: Sequence[Incident], actor: User) -> None:
        if cases[0].csirt is None:
            raise ValueError("a case without centre is nobody's to triage")
        self.csirt, self.cases, self.actor = cases[0].csirt, cases, actor
        super().__init__(data)
        self.adapt_fields()

    def adapt_fields(self) -> None:
        """Adapt the choices and labels of the fields to the centre and to the cases. Subclasses override it."""

    def make_job_choices(self) -> dict[str, Any]:
        """Return the codes and ids that the user chose, as the job stores them. The form must be valid.

        Subclasses may raise ValidationError.
        """
        return {}

    def read_text(self) -> str:
        """Return the free text of the form. The job stores it until all cases are done."""
        return ""

    def add_service_errors(self, error: ValidationError) -> None:
        """Add each error of the service to the field that it concerns.

        An error that concerns no field of the form is added to the whole form.
        """
        by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, problems in by_field.items():
            self.add_error(name if name in self.fields else None, problems)


class BulkAssignForm(BulkForm):
    """The form that assigns cases to a person of the centre, or to nobody."""

    assignee = forms.ChoiceField(
        label="Attribuer à", error_messages={"required": "Choisissez une personne de votre centre."}
    )

    def adapt_fields(self) -> None:
        """Offer the people of the centre, and « Personne »."""
        people = [
            (str(person.uid), name) for person, name in list_people_with_labels(list_centre_responders(self.csirt.pk))
        ]
        self.fields["assignee"].choices = [("", "—"), *people, (NOBODY, "Personne")]  # type: ignore[attr-defined]

    def make_job_choices(self) -> dict[str, Any]:
        """Return a dict with the uid of the assignee, or with None for nobody."""
        chosen = self.cleaned_data["assignee"]
        return {"assignee": None if chosen == NOBODY else chosen}


class BulkClassifyForm(BulkForm):
    """The form that classifies cases. An empty field changes nothing in the cases."""

    nature = make_optional_choice_field(
        "Nature", [choice for choice in Nature.choices if choice[0] != Nature.UNQUALIFIED]
    )
    type = make_optional_choice_field("Type", list(TYPE_TERMS.items()))
    rsit = make_optional_choice_field("RSIT", RSIT_CHOICES)
    cause = make_optional_choice_field("Cause", Cause.choices)
    tlp = make_optional_choice_field("TLP", Tlp.choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not any(cleaned.values()):
            raise ValidationError("Choisissez au moins une chose à changer.")
        return cleaned

    def make_job_choices(self) -> dict[str, Any]:
        """Return a dict from the name of a field to the chosen code. Empty fields are left out."""
        return {name: code for name, code in self.cleaned_data.items() if code}


class BulkCloseForm(BulkForm):
    """The form that closes several cases for the same reason."""

    reason = forms.ChoiceField(
        choices=[("", "—"), *((reason.value, reason.label) for reason in CLOSING_REASONS)],
    )

    handed_to = forms.CharField(
        label="À quel service, s’ils sont confiés à un autre (le déclarant le lira)",
        required=False,
        widget=forms.TextInput(attrs={"maxlength": SERVICE_LIMIT, "autocomplete": "off"}),
    )
    why = FreeTextField(widget=forms.Textarea(attrs={"rows": 2, "maxlength": REASON_LIMIT}))
    read_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)  # when the list of ticked cases was shown

    def clean_handed_to(self) -> str:
        service: str = self.cleaned_data["handed_to"]
        if self.cleaned_data.get("reason") == ClosingReason.HANDED_OVER and not service:
            raise ValidationError(SERVICE_QUESTION)
        return service

    def make_job_choices(self) -> dict[str, Any]:
        """Return a dict with the closing reason (`reason`), and the instant `read_at` in ISO 8601.

        The list of the ticked cases was shown to the user at this instant.
        """
        read_at = self.cleaned_data["read_at"]
        return {"reason": self.cleaned_data["reason"], "read_at": read_at and read_at.isoformat()}

    def read_text(self) -> str:
        """Return why the cases are closed.

        If another service takes the cases over, the first line is the name of that service.
        """
        why = clean_text(self.cleaned_data.get("why", ""), limit=REASON_LIMIT, field="why")
        if self.cleaned_data["reason"] != ClosingReason.HANDED_OVER:
            return why
        service = clean_line(self.cleaned_data["handed_to"], limit=SERVICE_LIMIT, field="handed_to")
        return "\n".join([service, why])

    def adapt_fields(self) -> None:
        """Put the labels in the singular or the plural. Remove the field `why` if there are no warnings."""
        number, reason = len(self.cases), self.fields["reason"]
        reason.label = choose_plural("Pourquoi est-il clos", "Pourquoi sont-ils clos", number)
        reason.error_messages["required"] = choose_plural(
            "Choisissez pourquoi le dossier est clos.", "Choisissez pourquoi les dossiers sont clos.", number
        )
        if number == 1:
            self.fields["handed_to"].label = "À quel service, s’il est confié à un autre (le déclarant le lira)"
        note = choose_plural("note interne du dossier", "note interne, dans chacun des %d dossiers", number)
        self.fields["why"].label = f"Pourquoi ({note % number if number > 1 else note})"
        if not self.warnings:
            del self.fields["why"]

    @cached_property
    def warnings(self) -> list[str]:
        """Return texts on what the centre has not done on the open cases, such as « 2 non vérifiés »."""
        still_open = [case for case in self.cases if case.status in OPEN]
        unread = sum(is_message_unanswered(case) for case in still_open)
        unanswered = sum(case.answered_at is None for case in still_open)
        unverified = sum(not case.is_verified for case in still_open)
        warnings = [
            (unverified, choose_plural("%d non vérifié", "%d non vérifiés", unverified)),
            (unanswered, "%d sans aucune réponse"),
            (unread, choose_plural("%d message sans réponse", "%d messages sans réponse", unread)),
        ]
        return [text % number for number, text in warnings if number]

    @cached_property
    def proposed_cases_text(self) -> str:
        """Return a text on how many of the open cases are proposed to another centre, or "". Runs one query."""
        still_open = [case.pk for case in self.cases if case.status in OPEN]
        number = Transfer.objects.filter(incident__in=still_open, state=TransferState.ASKED).count()
        text = choose_plural(
            "%d est proposé à un autre centre : clore retire la proposition",
            "%d sont proposés à un autre centre : clore retire ces propositions",
            number,
        )
        return text % number if number else ""

    @property
    def unqualified_cases_text(self) -> str:
        """Return a text on how many of the open cases are not qualified, or ""."""
        number = sum(case.status in OPEN and case.nature == Nature.UNQUALIFIED for case in self.cases)
        text = choose_plural("%d pas encore qualifié", "%d pas encore qualifiés", number)
        return text % number if number else ""

    @property
    def qualified_cases_text(self) -> str:
        """Return a text on how many of the open cases are qualified as incidents, or ""."""
        number = sum(case.status in OPEN and case.nature == Nature.INCIDENT for case in self.cases)
        text = choose_plural("%d qualifié « incident »", "%d qualifiés « incident »", number)
        return text % number if number else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.warnings and cleaned.get("reason") == ClosingReason.RESOLVED and not cleaned.get("why", "").strip():
            resolved = choose_plural("ce dossier est résolu", "ces dossiers sont résolus", len(self.cases))
            problem = f"{', '.join(self.warnings)}\N{NO-BREAK SPACE}: dites pourquoi {resolved}."
            raise ValidationError({"why": problem})
        return cleaned


class BulkGroupForm(BulkForm):
    """The form that adds the chosen cases to an open group, or to a new group."""

    group = forms.ChoiceField(label="Groupe ouvert", required=False)
    title = forms.CharField(label="Ou nouveau groupe", required=False, max_length=TITLE_LIMIT)
    kind = forms.ChoiceField(label="Cause commune", choices=GroupKind.choices, required=False)

    def adapt_fields(self) -> None:
        """Offer the open groups of the centre."""
        opened = list_open_groups(self.csirt.pk)[:MAX_GROUPS_OFFERED]
        groups = [(str(group.uid), group.title) for group in opened]
        self.fields["group"].choices = [("", "—"), *groups]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("group") and not cleaned.get("title"):
            raise ValidationError({"group": "Choisissez un groupe, ou donnez un titre au nouveau."})
        return cleaned

    def make_job_choices(self) -> dict[str, Any]:
        """Return a dict with the uid of the chosen group. If none is chosen, open the new group first.

        Raises ValidationError if the service refuses the new group.
        """
        cleaned = self.cleaned_data
        if cleaned["group"]:
            return {"group": cleaned["group"]}
        kind = GroupKind(cleaned["kind"] or GroupKind.OTHER)
        group = get_or_open_group(csirt=self.csirt, kind=kind, title=cleaned["title"], actor=self.actor)
        return {"group": str(group.uid)}


FORMS: dict[BulkAct, type[BulkForm]] = {
    BulkAct.TAKE: BulkForm,
    BulkAct.ASSIGN: BulkAssignForm,
    BulkAct.CLASSIFY: BulkClassifyForm,
    BulkAct.CLOSE: BulkCloseForm,
    BulkAct.GROUP: BulkGroupForm,
}
