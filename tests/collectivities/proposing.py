"""Bodies that are on no official list."""

from typing import Any

from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.services import create_proposed_body
from tests.factories.collectivities import make_fake_siren

SIREN = make_fake_siren(424_242)


def quimper() -> Collectivity:
    return Collectivity.objects.with_territory().get(insee_code="29232")


def a_syndicate(**fields: Any) -> Collectivity:
    defaults: dict[str, Any] = {"kind": Kind.SIVU, "name": "Syndicat d’Exemple des eaux", "siren": SIREN}
    defaults["seat"] = fields.pop("seat", None) or quimper()
    return create_proposed_body(**defaults | fields)
