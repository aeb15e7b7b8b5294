"""The form of a body that no official list contains. Templates write the controls by hand under the names of these
fields.
"""

from collections.abc import Mapping

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property

from collectivities.enums import UNLISTED, Kind
from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_collectivities
from collectivities.wording import normalise_text
from core.fields import FreeTextField
from incidents.services.declaring.bodies import NOT_SERVED_LABELS, BodyProposal, find_commune, select_exact_names

# Plain words for legal terms that a secretary may not know.
PLAIN_LABELS = {
    Kind.CLOSED_MIXED: "syndicat de communes et d’intercommunalités (syndicat mixte fermé)",
    Kind.OPEN_MIXED: "syndicat avec un département, une région ou d’autres (syndicat mixte ouvert)",
}
KINDS = [(kind.value, PLAIN_LABELS.get(kind, kind.label)) for kind in UNLISTED]
NOT_SERVED = [(form.value, label) for form, label in NOT_SERVED_LABELS.items()]
FIELD_BY_ERROR = {"has_no_siren": "no_siren", "seat": "town"}


class BodyForm(forms.Form):
    """The form of a body that no official list contains.

    `town` is the text by which the person searches for the commune of the seat. `town_asked` is the text for which the
    page last listed communes. `seat` is the commune that the person chose in this list.
    """

    kind = FreeTextField(label="Ce que c’est")
    legal_form = FreeTextField(label="Sa forme juridique")
    name = FreeTextField(label="Son nom")
    siren = FreeTextField(label="Son numéro SIREN")
    no_siren = forms.BooleanField(required=False, label="Je ne le connais pas")
    town = FreeTextField(label="Commune de son siège")
    town_asked = FreeTextField()
    seat = FreeTextField()

    @cached_property
    def towns(self) -> list[Collectivity]:
        """Return the communes that the text in `town` may mean. If the person has chosen a commune for this text,
        return this commune alone.
        """
        query = self.get_value("town").strip()
        if (
            query
            and query == self.get_value("town_asked").strip()
            and (chosen := find_commune(self.get_value("seat")))
        ):
            return [chosen]
        try:
            matches = find_collectivities(query) if query else []
        except SearchProblem:
            return []
        return select_exact_names([body for body in matches if body.kind == Kind.COMMUNE], query)

    @property
    def chosen_commune(self) -> Collectivity | None:
        """Return the commune of the seat, or None if no commune or several communes are possible."""
        return self.towns[0] if len(self.towns) == 1 else None

    def get_value(self, name: str) -> str:
        """Return the text that the form displays in a field, or ""."""
        return str(self[name].value() or "")

    def build_proposal(self) -> BodyProposal:
        """Return the typed values as the proposal that `propose_body` takes."""
        return BodyProposal(
            kind=self.get_value("kind"),
            legal_form=self.get_value("legal_form"),
            name=self.get_value("name"),
            siren=self.get_value("siren"),
            has_no_siren=bool(self["no_siren"].value()),
            seat=str(self.chosen_commune.uid) if self.chosen_commune else "",
        )

    def add_service_errors(self, error: ValidationError) -> None:
        """Add the errors that the service raised to the fields that they concern."""
        for name, messages in error.message_dict.items():
            field = FIELD_BY_ERROR.get(name, name)
            for message in self.describe_town_problem(messages) if field == "town" else messages:
                self.add_error(field if field in self.fields else None, message)

    def describe_town_problem(self, messages: list[str]) -> list[str]:
        """Return the message which says that several communes match the text in `town`, or that none does. If the
        field was left empty, return `messages` unchanged.
        """
        if self.towns and self.get_value("town").strip().isdecimal():
            return ["Plusieurs communes ont ce code postal. Choisissez laquelle."]
        if self.towns:
            verb = "portent" if len({normalise_text(town.name) for town in self.towns}) == 1 else "ressemblent à"
            return [f"Plusieurs communes {verb} ce nom. Choisissez laquelle."]
        if self.get_value("town").strip():
            other = "son nom" if self.get_value("town").strip().isdecimal() else "son code postal"
            return [f"Nous n’avons pas trouvé cette commune. Essayez {other}."]
        return messages


def list_hidden_inputs(data: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the fields of `data` as (name, value) pairs for hidden inputs. The next button of the page sends them
    again.
    """
    return [(name, str(value)) for name, value in data.items() if name in BodyForm.base_fields]
