"""The qualification of a case on its page, and the form that changes it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.http import QueryDict

from incidents.catalogues.attack import SHIPPED, TECHNIQUES, find_techniques, suggested_for, titles_of
from incidents.catalogues.rsit import FIRST_CLASSIFICATION, TYPES_OF_CLASS, RsitClass, RsitType
from incidents.enums import NOT_SAID, TYPE_TERMS, Answer, Cause, KeptForm, LeakStatus, Nature, Pap, Tlp
from incidents.models import DataLeak, Incident
from incidents.services.handling.amend import AS_DECLARED
from incidents.services.handling.qualify import Qualification, qualification_of, stamp
from incidents.services.history.declared import declared_data, declared_status
from incidents.services.history.snapshots import first_leak
from incidents.sharing import PAP_MEANS, TLP_MEANS
from incidents.triage.case_form import CaseForm

NATURES = {
    Nature.UNQUALIFIED: "à qualifier : pas encore regardé",
    Nature.REPORT: "signalement : un comportement anormal ou inattendu, qui peut être malveillant",
    Nature.INCIDENT: "incident : une action malveillante avérée, avec un échange avec la victime",
}
# RSIT's class and type are one choice here, so that the two always belong together.
RSIT_FIELDS = ("rsit_class", "rsit_type")
MOST_FOUND = 20


class QualifyForm(CaseForm):
    """The form of one case, filled in with its qualification or with `data`. The service checks which codes go
    together.
    """

    code = KeptForm.QUALIFICATION
    matrix = SHIPPED

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
        standing = qualification_of(incident, leak)
        super().__init__(data, initial=typed(standing))
        self.suggested = [one.id for one in suggested_for(incident.type, incident.rsit_type)]
        self.known = incident.techniques
        self.offer_techniques()
        self.set_choices("rsit", rsit_choices(standing))
        self.set_choices("leak", leak_choices(incident))
        self.set_choices(
            "tlp", [(code, f"{Tlp(code).label}\N{NO-BREAK SPACE}: {words}") for code, words in TLP_MEANS.items()]
        )
        self.set_choices(
            "pap", [(code, f"{Pap(code).label}\N{NO-BREAK SPACE}: {words}") for code, words in PAP_MEANS.items()]
        )

    def set_choices(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def restore(self, values: dict[str, list[str]]) -> None:
        super().restore(values)
        self.offer_techniques()

    def offer_techniques(self) -> None:
        """Offer the suggested techniques, those held or ticked, and those found: the whole matrix would hide them."""
        said = {name: self[name].value() for name in ("find", "techniques")} if self.is_bound else self.initial
        self.found = find_techniques(said.get("find") or "")
        shown = [one.id for one in self.found[:MOST_FOUND]]
        ticked = [one for one in said.get("techniques") or [] if one in TECHNIQUES]
        offered = list(dict.fromkeys([*self.suggested, *self.known, *ticked, *shown]))
        self.set_choices("techniques", list(zip(offered, titles_of(offered), strict=True)))

    @property
    def suggested_boxes(self) -> list[Any]:
        return [box for box in self["techniques"].subwidgets if box.data["value"] in self.suggested]

    @property
    def held_boxes(self) -> list[Any]:
        """Return the boxes that are ticked or were, and are not suggested."""
        return [box for box in self.other_boxes if box.data["selected"] or box.data["value"] in self.known]

    @property
    def found_boxes(self) -> list[Any]:
        held = {box.data["value"] for box in self.held_boxes}
        return [box for box in self.other_boxes if box.data["value"] not in held]

    @property
    def other_boxes(self) -> list[Any]:
        return [box for box in self["techniques"].subwidgets if box.data["value"] not in self.suggested]

    @property
    def more_found(self) -> int:
        return max(0, len(self.found) - MOST_FOUND)

    def qualification(self) -> Qualification:
        """Return the qualification. The form must be valid."""
        said = self.cleaned_data
        rsit_class, _slash, rsit_type = said["rsit"].partition("/")
        kept = {name: said[name] for name in ("nature", "type", "cause", "leak", "tlp", "pap")}
        techniques = tuple(said["techniques"])
        return Qualification(rsit_class=rsit_class, rsit_type=rsit_type, techniques=techniques, **kept)

    def refuse(self, error: ValidationError) -> None:
        for field, said in error.message_dict.items():
            self.add_error("rsit" if field in RSIT_FIELDS else field, said)


def meanings(labels: type[TextChoices], means: Mapping[str, Any]) -> list[Any]:
    """Return each label with a sentence that explains it."""
    return [(code, f"{labels(code).label}\N{NO-BREAK SPACE}: {words}") for code, words in means.items()]


def typed(standing: Qualification) -> dict[str, Any]:
    said = {name: getattr(standing, name) for name in ("nature", "type", "cause", "leak", "tlp", "pap")}
    rsit = f"{standing.rsit_class}/{standing.rsit_type}"
    said["leak"] = standing.leak or AS_DECLARED
    return said | {"rsit": rsit, "techniques": list(standing.techniques), "find": "", "seen": stamp(standing)}


def rsit_choices(standing: Qualification) -> list[Any]:
    """Return the choice that follows from the type, with the reason, then each class with its types."""
    first_class, first_type = FIRST_CLASSIFICATION[standing.type]
    term = TYPE_TERMS[standing.type]
    suggested = (f"{first_class}/{first_type}", f"{first_class.label} / {first_type.label}")
    groups: list[Any] = [(f"Proposé, d’après « {term} »", [suggested])]
    for code, types in TYPES_OF_CLASS.items():
        inside = [(f"{code}/{one}", str(RsitType(one).label)) for one in types]
        if (standing.rsit_class, standing.rsit_type) == (code, ""):
            inside.insert(0, (f"{code}/", "sans préciser"))
        groups.append((str(RsitClass(code).label), inside))
    return groups


def leak_choices(incident: Incident) -> list[Any]:
    """Return what the centre may judge, after the choice that leaves what was declared, or returns to it."""
    declared = declared_data(incident)
    status = declared_status(declared)
    none = "aucune, données non concernées" if declared["concerned"] == Answer.NO else NOT_SAID
    return [(AS_DECLARED, f"comme déclaré : {LeakStatus(status).label if status else none}"), *LeakStatus.choices]


def make_qualify_form(incident: Incident) -> QualifyForm:
    return QualifyForm(incident, first_leak(incident))


def qualify_block(incident: Incident) -> dict[str, Any]:
    return {
        "techniques": titles_of(incident.techniques),
        "tlp_means": TLP_MEANS[incident.tlp],
        "pap_means": PAP_MEANS[incident.pap],
        "is_new": incident.nature == Nature.UNQUALIFIED,
    }
