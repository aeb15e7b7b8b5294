"""Helpers of the tests of observables: a case of another centre, an observable, an evidence file."""

from accounts.models import User
from incidents.enums import ObservableKind
from incidents.files import vault
from incidents.indicators.observables import find_indicators
from incidents.models import Evidence, Incident, Observable
from incidents.services.evidence.files import get_or_create_case_key
from tests.cast import a_responder, declare
from tests.incidents.transferring import get_other_centre

STORY = (
    "Un mail de escroc[at]evil.example mène à hxxps://banque[.]evil.example/payer. Appelez mairie@plouexemple.example."
)
URL, EMAIL = "https://banque.evil.example/payer", "escroc@evil.example"


def find_values(text: str) -> set[tuple[str, str]]:
    return {(str(kind.value), value) for kind, value in find_indicators(text)}


def declare_elsewhere() -> Incident:
    incident = declare(key="ailleurs")
    incident.csirt = get_other_centre()
    incident.save(update_fields=["csirt"])
    return incident


def an_observable(
    incident: Incident, value: str = "evil.example", kind: str = ObservableKind.DOMAIN, actor: User | None = None
) -> Observable:
    actor = actor or a_responder()
    return Observable.objects.create(incident=incident, kind=kind, value=value, origin="hand", actor=actor)


def a_text(incident: Incident, content: bytes, *, number: int = 1, media_type: str = "text/plain") -> Evidence:
    """Store an evidence file whose text can be read."""
    name = vault.make_object_name()
    vault.write_object(name, get_or_create_case_key(incident), content)
    fields = {"number": number, "size": len(content), "sha256": "0" * 64, "storage_name": name, "name": "journal.txt"}
    return Evidence.objects.create(incident=incident, actor_kind="declarant", media_type=media_type, **fields)
