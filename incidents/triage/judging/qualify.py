"""The qualification of a case on its page, and the form that changes it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.http import QueryDict

from incidents.catalogues.attack import (
    MATRIX_RELEASE,
    TECHNIQUES,
    list_technique_titles,
    search_techniques,
    suggest_techniques,
)
from incidents.catalogues.rsit import FIRST_CLASSIFICATION, TYPES_OF_CLASS, RsitClass, RsitType
from incidents.enums import (
    NOT_STATED,
    TYPE_TERMS,
    Answer,
    CaseFormCode,
    Cause,
    ClosingReason,
    LeakStatus,
    Nature,
    Pap,
    Tlp,
)
from incidents.models import DataLeak, Incident
from incidents.services.handling.amend import AS_DECLARED
from incidents.services.handling.qualify import Qualification, read_qualification, stamp_qualification
from incidents.services.history.declared import read_declared_data, read_declared_leak_status
from incidents.services.history.snapshots import find_leak_row
from incidents.sharing import PAP_MEANINGS, TLP_MEANINGS
from incidents.triage.case_form import CaseForm

NATURES = {
    Nature.UNQUALIFIED: "à qualifier : pas encore regardé",
    Nature.REPORT: "signalement : un comportement anormal ou inattendu, qui peut être malveillant",
    Nature.INCIDENT: "incident : une action malveillante avérée, avec un échange avec la victime",
}
# The class and the type of RSIT are one field of the form, so that the type always belongs to the class.
RSIT_FIELDS = ("rsit_class", "rsit_type")
MAX_MATCHES_SHOWN = 20


class QualifyForm(CaseForm):
    """The form that qualifies a case. It starts with the saved qualification.

    The service checks which codes may be combined.
    """

    code = CaseFormCode.QUALIFICATION
    matrix = MATRIX_RELEASE

    nature = forms.ChoiceField(label="Nature", choices=list(NATURES.items()), widget=forms.RadioSelect)
    type = forms.ChoiceField(label="Type", choices=list(TYPE_TERMS.items()))
    rsit = forms.ChoiceField(label="RSIT")
    techniques = forms.MultipleChoiceField(
        label="Techniques ATT&CK", required=False, widget=forms.CheckboxSelectMultiple
    )
    find = forms.CharField(
        label="Une autre technique, par son nom ou son numéro",
        required=False,
        widget=forms.TextInput(attrs={"maxlength": 80, "autocomplete": "off"}),
    )
    cause = forms.ChoiceField(label="Cause", required=False, choices=[("", "pas encore connue"), *Cause.choices])
    leak = forms.ChoiceField(label="Fuite de données", required=False)
    tlp = forms.ChoiceField(label="TLP", choices=Tlp.choices, widget=forms.RadioSelect)
    pap = forms.ChoiceField(label="PAP", choices=Pap.choices, widget=forms.RadioSelect)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, incident: Incident, leak: DataLeak | None, data: QueryDict | None = None) -> None:
        saved = read_qualification(incident, leak)
        super().__init__(data, initial=build_initial_values(saved))
        self.suggested = [technique.id for technique in suggest_techniques(incident.type, incident.rsit_type)]
        self.current = incident.techniques
        self.offer_techniques()
        self.set_choices("rsit", list_rsit_choices(saved))
        self.set_choices("leak", list_leak_choices(incident))
        self.set_choices("tlp", list_explained_choices(Tlp, TLP_MEANINGS))
        self.set_choices("pap", list_explained_choices(Pap, PAP_MEANINGS))

    def set_choices(self, name: str, choices: list[Any]) -> None:
        """Set the choices of the field `name`."""
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def restore(self, values: dict[str, list[str]]) -> None:
        """Fill this unbound form with values that were typed earlier, and offer the techniques that they need."""
        super().restore(values)
        self.offer_techniques()

    def offer_techniques(self) -> None:
        """Offer the techniques that are suggested, saved, ticked or found by the search.

        The whole matrix would be too long to choose from.
        """
        values = {name: self[name].value() for name in ("find", "techniques")} if self.is_bound else self.initial
        self.matches = search_techniques(values.get("find") or "")
        found_ids = [technique.id for technique in self.matches[:MAX_MATCHES_SHOWN]]
        ticked = [technique for technique in values.get("techniques") or [] if technique in TECHNIQUES]
        offered = list(dict.fromkeys([*self.suggested, *self.current, *ticked, *found_ids]))
        self.set_choices("techniques", list(zip(offered, list_technique_titles(offered), strict=True)))

    @property
    def suggested_boxes(self) -> list[Any]:
        """The checkboxes of the techniques that are suggested for the type of the case."""
        return [box for box in self["techniques"].subwidgets if box.data["value"] in self.suggested]

    @property
    def chosen_boxes(self) -> list[Any]:
        """The checkboxes of the techniques that are ticked or saved, without the suggested techniques."""
        return [box for box in self.other_boxes if box.data["selected"] or box.data["value"] in self.current]

    @property
    def found_boxes(self) -> list[Any]:
        """The checkboxes of the techniques that only the search found."""
        chosen = {box.data["value"] for box in self.chosen_boxes}
        return [box for box in self.other_boxes if box.data["value"] not in chosen]

    @property
    def other_boxes(self) -> list[Any]:
        """The checkboxes of the techniques that are not suggested."""
        return [box for box in self["techniques"].subwidgets if box.data["value"] not in self.suggested]

    @property
    def hidden_match_count(self) -> int:
        """The number of techniques that the search found and that the form does not show."""
        return max(0, len(self.matches) - MAX_MATCHES_SHOWN)

    def make_qualification(self) -> Qualification:
        """Return the qualification. The form must be valid."""
        cleaned = self.cleaned_data
        rsit_class, _slash, rsit_type = cleaned["rsit"].partition("/")
        codes = {name: cleaned[name] for name in ("nature", "type", "cause", "leak", "tlp", "pap")}
        techniques = tuple(cleaned["techniques"])
        return Qualification(rsit_class=rsit_class, rsit_type=rsit_type, techniques=techniques, **codes)

    def add_service_errors(self, error: ValidationError) -> None:
        """Add each error of the service to the field that it concerns. The RSIT class and type are one field."""
        for field, problems in error.message_dict.items():
            self.add_error("rsit" if field in RSIT_FIELDS else field, problems)


def list_explained_choices(labels: type[TextChoices], meanings: Mapping[str, Any]) -> list[Any]:
    """Return (code, text) choices. Each text is the label of the code, followed by its explanation."""
    return [(code, f"{labels(code).label}\N{NO-BREAK SPACE}: {words}") for code, words in meanings.items()]


def build_initial_values(saved: Qualification) -> dict[str, Any]:
    """Return the saved qualification as the initial values of the form."""
    values = {name: getattr(saved, name) for name in ("nature", "type", "cause", "leak", "tlp", "pap")}
    rsit = f"{saved.rsit_class}/{saved.rsit_type}"
    values["leak"] = saved.leak or AS_DECLARED
    return values | {
        "rsit": rsit,
        "techniques": list(saved.techniques),
        "find": "",
        "seen": stamp_qualification(saved),
    }


def list_rsit_choices(saved: Qualification) -> list[Any]:
    """Return the choices of RSIT in groups. The first group is the classification suggested for the type of the case.

    Each other group is an RSIT class with its types.
    """
    first_class, first_type = FIRST_CLASSIFICATION[saved.type]
    term = TYPE_TERMS[saved.type]
    suggested = (f"{first_class}/{first_type}", f"{first_class.label} / {first_type.label}")
    groups: list[Any] = [(f"Proposé, d’après « {term} »", [suggested])]
    for code, types in TYPES_OF_CLASS.items():
        inside = [(f"{code}/{rsit_type}", str(RsitType(rsit_type).label)) for rsit_type in types]
        if (saved.rsit_class, saved.rsit_type) == (code, ""):
            inside.insert(0, (f"{code}/", "sans préciser"))
        groups.append((str(RsitClass(code).label), inside))
    return groups


def list_leak_choices(incident: Incident) -> list[Any]:
    """Return the choices of the leak: « comme déclaré » first, then each status that the centre may conclude."""
    declared = read_declared_data(incident)
    status = read_declared_leak_status(declared)
    none = "aucune, données non concernées" if declared["concerned"] == Answer.NO else NOT_STATED
    return [(AS_DECLARED, f"comme déclaré : {LeakStatus(status).label if status else none}"), *LeakStatus.choices]


def make_qualify_form(incident: Incident) -> QualifyForm:
    """Return the form with the saved qualification."""
    return QualifyForm(incident, find_leak_row(incident))


def build_qualify_block(incident: Incident) -> dict[str, Any]:
    """Return what the page shows of the qualification. The form itself is added once it is opened."""
    return {
        "techniques": list_technique_titles(incident.techniques),
        "tlp_means": TLP_MEANINGS[incident.tlp],
        "pap_means": PAP_MEANINGS[incident.pap],
        "is_new": incident.nature == Nature.UNQUALIFIED,
        # The figures follow the closing reason, whatever the nature (stats/counting/facts.py).
        "is_overruled": incident.nature == Nature.INCIDENT
        and incident.closing_reason == ClosingReason.NOT_AN_INCIDENT,
    }
