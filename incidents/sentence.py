"""What a mayor can read aloud about a case: what is stopped, who was told, what is awaited.

Pure: it takes what is known and gives short sentences. It never sees the reference, a contact or the story told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from incidents.enums import Answer, ClosingReason, InterruptionExtent, Status

FEMININE = ("commune", "communauté", "métropole", "région", "régie", "caisse")


@dataclass(frozen=True, kw_only=True)
class Service:
    label: str
    extent: str
    has_resumed: bool


@dataclass(frozen=True, kw_only=True)
class Known:
    """`body` as it is said (« commune de Plouexemple »), `centre` empty where none is known."""

    body: str
    centre: str
    status: str
    service_stopped: str
    closing_reason: str = ""
    services: tuple[Service, ...] = ()
    is_read: bool = False
    has_channel: bool = False
    waits_for_body: bool = False
    is_verified: bool = False


def sentences_of(known: Known) -> list[str]:
    """In the order in which they are read; each is one breath. The page says the moments, after the first one."""
    opening = _("Un incident informatique touche %(body)s.") % {"body": with_article(known.body)}
    if known.closing_reason == ClosingReason.WITHDRAWN:
        return [opening, _("La déclaration a été retirée.")]
    return [opening, *doubt(known), *stopped(known), *told(known), *awaited(known)]


def doubt(known: Known) -> Iterator[str]:
    """Anybody may declare in a body's name: what nobody has checked is said as such, above all when it is shared."""
    if not known.is_verified:
        yield _("Cette déclaration n’est pas encore vérifiée.")


def with_article(body: str) -> str:
    return _("la %s") % body if body.startswith(FEMININE) else body


def stopped(known: Known) -> Iterator[str]:
    still = [service for service in known.services if not service.has_resumed]
    slow = [service for service in still if service.extent == InterruptionExtent.DEGRADED]
    if halted := names(service for service in still if service not in slow):
        yield _("Services arrêtés : %s.") % halted
    if slow:
        yield _("Services ralentis : %s.") % names(slow)
    if back := names(service for service in known.services if service.has_resumed):
        yield _("De nouveau ouverts : %s.") % back
    if not known.services:
        yield {
            Answer.YES: _("Des services sont arrêtés."),
            Answer.NO: _("Aucun service n’est arrêté."),
        }.get(Answer(known.service_stopped), _("On ne sait pas encore quels services sont touchés."))


def told(known: Known) -> Iterator[str]:
    said = {"centre": known.centre}
    if not known.centre:
        yield _("Aucun centre régional connu ne répond sur ce territoire.")
    elif known.status == Status.ACKNOWLEDGED:
        yield _("%(centre)s, le centre de secours informatique, s’en occupe.") % said
    elif known.is_read:
        yield _("%(centre)s, le centre de secours informatique, a lu la déclaration.") % said
    elif known.has_channel:
        yield _("%(centre)s, le centre de secours informatique, est prévenu.") % said
    else:
        yield _("%(centre)s, le centre de secours informatique, a la déclaration dans sa liste.") % said


def awaited(known: Known) -> Iterator[str]:
    if known.status == Status.CLOSED:
        yield _("Le dossier est clos.")
    elif known.waits_for_body:
        yield _("Le centre attend une réponse de la collectivité.")
    elif known.status == Status.ACKNOWLEDGED and any(not service.has_resumed for service in known.services):
        yield _("On attend le retour de ces services.")
    elif known.status == Status.ACKNOWLEDGED:
        yield _("On attend le résultat de ses vérifications.")
    elif known.centre:
        yield _("On attend que le centre prenne le dossier en charge.")


def names(services: Iterable[Service]) -> str:
    """« état civil, paie et EHPAD »."""
    *first, last = [lowered(service.label) for service in services] or [""]
    return _("%(first)s et %(last)s") % {"first": ", ".join(first), "last": last} if first else last


def lowered(label: str) -> str:
    """A name begins small inside a sentence, and an acronym stays one."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
