"""A case proposed to another centre: what its page, the queue and the forms say of it."""

from typing import Any

from django import forms

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import OPEN, TransferState
from incidents.models import Incident, Transfer
from incidents.services.transfer.proposal import MOTIVE_LIMIT, lacks_agreement, takers_for
from incidents.triage import wording
from incidents.triage.transfer.agreement import AgreementForm

SHOWN_ON_CASE = 5
MOST_COUNTED = 99


class AskForm(AgreementForm):
    """Whether the motive says enough is judged by the service, which names the field."""

    taker = forms.ChoiceField(label="Centre", required=False)
    motive = forms.CharField(
        label="Pourquoi",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MOTIVE_LIMIT, "aria-describedby": "motif-aide"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        alone = "%s (personne n’y a de compte ici)"
        takers = takers_for(incident).values_list("slug", "name", "has_people")
        named = [(slug, name if has_people else alone % name) for slug, name, has_people in takers]
        self.fields["taker"].choices = [("", "Choisissez un centre"), *named]  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        """Of a valid form: what the service takes."""
        said = {name: self.cleaned_data[name] for name in ("taker", "motive", "seen")}
        return said | {"agreement": self.agreement_said()}


class ReturnForm(forms.Form):
    answer = forms.CharField(
        label="Pourquoi vous ne le prenez pas",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MOTIVE_LIMIT}),
    )


def list_transfers(incident: Incident) -> list[Transfer]:
    """Return the latest, newest first, without the copy of the facts that the former centre reads.

    One query, another for the centres where there are any.
    """
    latest = list(incident.transfers.defer("standing").order_by("-id")[:SHOWN_ON_CASE])
    centres = Csirt.objects.in_bulk({key for one in latest for key in (one.giver_id, one.taker_id)})
    for one in latest:
        one.giver, one.taker = centres[one.giver_id], centres[one.taker_id]
    return latest


def may_have_left(latest: list[Transfer]) -> bool:
    """Tell whether the case may once have been in another centre; `latest` may hide an older transfer."""
    return len(latest) == SHOWN_ON_CASE or any(one.state == TransferState.ACCEPTED for one in latest)


def transfer_block(incident: Incident, latest: list[Transfer]) -> dict[str, Any]:
    """The latest transfers of a case, newest first, and the one that waits for an answer."""
    waiting = next((one for one in latest if one.state == TransferState.ASKED), None)
    past = [one for one in latest if one.state in (TransferState.ACCEPTED, TransferState.RETURNED)]
    return {"waiting": waiting, "past": past, "may_ask": waiting is None and incident.status in OPEN}


def count_offers(user: User) -> int:
    """Count the cases that my centres may accept, up to one more than MOST_COUNTED: the list holds the others."""
    mine = Transfer.objects.filter(taker__in=user.work_centre_ids, state=TransferState.ASKED)
    waiting = mine.filter(incident__status__in=OPEN, incident__erased_at=None)
    return len(waiting.order_by("asked_at").values_list("pk")[: MOST_COUNTED + 1])


def summary_of(incident: Incident) -> dict[str, Any]:
    """Codes, and the name of the body: no word that the declarant wrote, nobody's name or number."""
    return {
        "body": incident.collectivity.label,
        "population": incident.collectivity.population,
        "term": wording.term(incident),
        "severity": incident.get_severity_display(),
        "tlp": incident.get_tlp_display(),
        "received_at": incident.received_at,
        "services": wording.stopped(incident, list(incident.interruptions.order_by("id"))),
        "data": wording.of_data(incident, None),
        "is_verified": incident.is_verified,
    }


def title_of(transfer: Transfer) -> str:
    """Return what the list of proposals says of the case: nothing of it where its label keeps it in its centre."""
    if lacks_agreement(transfer):
        return "Un dossier que son TLP garde dans son centre"
    return f"{wording.capital_term(transfer.incident.type)}, {transfer.incident.collectivity}"


def why_not(transfer: Transfer) -> str:
    """Why a proposal cannot be accepted any more, in a sentence; empty while it can."""
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
