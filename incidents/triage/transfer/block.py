"""The form that proposes a case to another centre, and what pages say about a case that is proposed."""

from typing import Any

from django import forms

from accounts.access import match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from csirts.models import Csirt
from incidents.enums import OPEN, TransferState
from incidents.models import Incident, Transfer
from incidents.services.transfer.proposal import REASON_LIMIT, lacks_agreement, list_takers
from incidents.triage import wording
from incidents.triage.transfer.agreement import AgreementForm

SHOWN_ON_CASE = 5
MAX_OFFERS_COUNTED = 99


class ProposalForm(AgreementForm):
    """The form that proposes a case to another centre. The service checks it, and reports errors by field."""

    taker = forms.ChoiceField(label="Centre", required=False)
    motive = forms.CharField(
        label="Pourquoi",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": REASON_LIMIT, "aria-describedby": "motif-aide"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        alone = "%s (personne n’y a de compte ici)"
        takers = list_takers(incident).values_list("slug", "name", "has_people")
        centres = [(slug, name if has_people else alone % name) for slug, name, has_people in takers]
        self.fields["taker"].choices = [("", "Choisissez un centre"), *centres]  # type: ignore[attr-defined]

    def make_arguments(self) -> dict[str, Any]:
        """Return the keyword arguments for the service `create_proposal`. The form must be valid."""
        values = {name: self.cleaned_data[name] for name in ("taker", "motive", "seen")}
        return values | {"agreement": self.make_agreement()}


class DeclineForm(forms.Form):
    """The form in which a centre says why it declines a proposed case."""

    answer = forms.CharField(
        label="Pourquoi vous ne le prenez pas",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": REASON_LIMIT}),
    )


def list_transfers(incident: Incident) -> list[Transfer]:
    """Return the latest transfers of a case, newest first. The copies for the former centres are not loaded.

    Runs one query, and another one for the centres if there is a transfer.
    """
    latest = list(incident.transfers.defer("standing").order_by("-id")[:SHOWN_ON_CASE])
    centres = Csirt.objects.in_bulk({key for transfer in latest for key in (transfer.giver_id, transfer.taker_id)})
    for transfer in latest:
        transfer.giver, transfer.taker = centres[transfer.giver_id], centres[transfer.taker_id]
    return latest


def may_have_left(latest: list[Transfer]) -> bool:
    """Tell whether the case may once have been in another centre, judging by its latest transfers.

    If the list is full (SHOWN_ON_CASE), the answer is yes, because an older transfer may be missing from it.
    """
    return len(latest) == SHOWN_ON_CASE or any(transfer.state == TransferState.ACCEPTED for transfer in latest)


def build_transfer_block(incident: Incident, latest: list[Transfer]) -> dict[str, Any]:
    """Return the transfers that the page of the case shows.

    `waiting` is the transfer that waits for an answer, or None. `past` are those that were accepted or declined,
    newest first. `may_ask` tells whether the case may be proposed.
    """
    waiting = next((transfer for transfer in latest if transfer.state == TransferState.ASKED), None)
    past = [transfer for transfer in latest if transfer.state in (TransferState.ACCEPTED, TransferState.RETURNED)]
    return {"waiting": waiting, "past": past, "may_ask": waiting is None and incident.status in OPEN}


def count_offers(user: User) -> int:
    """Return how many proposed cases the user's centres may accept. The count stops at MAX_OFFERS_COUNTED + 1."""
    all_offers = Transfer.objects.filter(state=TransferState.ASKED)
    offers = all_offers.filter(match_centres(user, CentreAbility.WORK, "taker"))
    waiting = offers.filter(incident__status__in=OPEN, incident__erased_at=None)
    return len(waiting.order_by("asked_at").values_list("pk")[: MAX_OFFERS_COUNTED + 1])


def summarise_case(incident: Incident) -> dict[str, Any]:
    """Return what a proposal shows of the case: its body and labels. Declared text and persons are left out."""
    return {
        "body": incident.collectivity.label,
        "population": incident.collectivity.population,
        "term": wording.get_type_term(incident),
        "severity": incident.get_severity_display(),
        "tlp": incident.get_tlp_display(),
        "received_at": incident.received_at,
        "services": wording.format_stopped_services(incident, list(incident.interruptions.order_by("id"))),
        "data": wording.format_data_status(incident, None),
        "is_verified": incident.is_verified,
    }


def format_offer_title(transfer: Transfer) -> str:
    """Return the title of a proposal in the list.

    The title says nothing about the case if its TLP keeps the case in its centre.
    """
    if lacks_agreement(transfer):
        return "Un dossier que son TLP garde dans son centre"
    return f"{wording.format_capital_term(transfer.incident.type)}, {transfer.incident.collectivity}"


def explain_offer_refusal(transfer: Transfer) -> str:
    """Return a sentence that says why a proposal cannot be accepted any more, or "" if it can."""
    incident = transfer.incident
    if incident.erased_at:
        return "Ses mots ont été effacés depuis."
    if incident.status not in OPEN:
        return "Il a été clos depuis."
    if incident.merged_into_id or incident.doubles.exists():
        return "Il a été fusionné avec un autre depuis."
    if lacks_agreement(transfer):
        return "Son TLP demande l’accord du déclarant, et personne ne l’a noté."
    return ""
