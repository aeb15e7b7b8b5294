"""Bodies that somebody added while declaring."""

from typing import Any

from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.services import create_proposed_body
from tests.cast import plouexemple
from tests.factories.collectivities import make_fake_siren

SIREN = make_fake_siren(717_171)


def a_ccas(**fields: Any) -> Collectivity:
    defaults: dict[str, Any] = {
        "kind": Kind.CCAS,
        "name": "CCAS de Plouexemple",
        "siren": SIREN,
        "seat": plouexemple(),
    }
    return create_proposed_body(**defaults | fields)
