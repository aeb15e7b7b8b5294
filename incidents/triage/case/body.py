"""The unconfirmed body of a case, which a responder can confirm, correct or merge into a known body."""

from dataclasses import dataclass

from django import forms

from accounts.models import User
from collectivities.duplicates import LikelyDuplicate, find_likely_duplicates
from collectivities.enums import UNLISTED
from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_collectivities
from core.fields import FreeTextField
from incidents.access import list_abilities
from incidents.enums import Ability, CaseFormCode, UnconfirmingReason
from incidents.models import Incident
from incidents.services.declaring.bodies import BodyCorrection, stamp_body
from incidents.triage.case_form import CaseForm

MAX_MATCHES = 10


class BodyCorrectionForm(CaseForm):
    """The form that corrects an unconfirmed body. The service checks the values, and reports errors by field."""

    code = CaseFormCode.CORRECTION

    name = FreeTextField(label="Son nom")
    kind = forms.ChoiceField(
        label="Ce que c’est", choices=[(kind.value, kind.label) for kind in UNLISTED], required=False
    )
    seat = FreeTextField(label="Commune du siège")
    seen = FreeTextField(widget=forms.HiddenInput)

    def make_correction(self) -> BodyCorrection:
        """Return the values as they were typed. The service checks them."""
        return BodyCorrection(**{name: str(self[name].value() or "") for name in self.fields})


def make_correction_form(body: Collectivity) -> BodyCorrectionForm:
    """Return the form with the current values of the body.

    The seat is an INSEE code, because several communes may share a name.
    """
    seat = body.seat.insee_code if body.seat else ""
    values = {"name": body.name, "kind": body.kind, "seat": seat}
    return BodyCorrectionForm(initial=values | {"seen": stamp_body(body)})


@dataclass(frozen=True)
class UnconfirmedBodyBlock:
    """The block of the page about the unconfirmed body of a case. `duplicates` are its likely duplicates.

    `matches` are the results of the search for `query`. `problem` says why the search failed, or is "".
    """

    body: Collectivity
    duplicates: list[LikelyDuplicate]
    form: BodyCorrectionForm
    query: str = ""
    matches: tuple[Collectivity, ...] = ()
    problem: str = ""


def find_unconfirmed_body_block(incident: Incident, user: User, query: str) -> UnconfirmedBodyBlock | None:
    """Return the block of the unconfirmed body. Runs four queries.

    Return None if the body is confirmed, or if the user may not confirm it.
    """
    body = incident.collectivity
    if not body.is_unconfirmed or Ability.CONFIRM_BODY not in list_abilities(user, incident):
        return None
    problem, matches = "", list[Collectivity]()
    try:
        matches = find_collectivities(query, limit=MAX_MATCHES, unconfirmed=True) if query.strip() else []
    except SearchProblem as error:
        problem = str(error)
    body.seat = Collectivity.objects.with_territory().filter(hosted=body).first()
    duplicates = [] if query.strip() else find_likely_duplicates(body)
    other_matches = tuple(match for match in matches if match.pk != body.pk)
    return UnconfirmedBodyBlock(body, duplicates, make_correction_form(body), query.strip(), other_matches, problem)


def list_withdrawal_reasons(incident: Incident, user: User) -> list[tuple[str, str]]:
    """Return the (code, label) reasons for which the user may withdraw the confirmation of the body.

    The list is empty if the user may not withdraw it.
    """
    body = incident.collectivity
    if body.confirmed_at is None or body.is_listed or Ability.CONFIRM_BODY not in list_abilities(user, incident):
        return []
    return [(reason.value, str(reason.label)) for reason in UnconfirmingReason]
