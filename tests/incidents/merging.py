"""Two declarations of one incident."""

from accounts.models import User
from incidents.facts.shapes import Caller
from incidents.models import Incident, Message
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.duplicates.merge import merge_incident
from tests.incidents.devices import get_visitor

MAYOR = Caller(name="Alix Maire", role="maire", phone="02 99 00 00 01", email="maire@plouexemple.example")


def merge(duplicate: Incident, main: Incident, actor: User) -> Incident:
    return merge_incident(reference=duplicate.reference, into=main.reference, actor=actor)


def write(incident: Incident, words: str = "La mairie est fermée.") -> Message:
    return write_to_csirt(
        reference=incident.reference, visitor=get_visitor(incident), letter=Letter(text=words, key="k")
    )
