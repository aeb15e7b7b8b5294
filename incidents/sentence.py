"""Sentences about a case that a mayor can read aloud. They say which services are stopped, which centre knows about
it, and what comes next.

The module is pure: it takes known facts and returns short sentences. It never receives the reference, the person to
call back or the description.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.text import capfirst

from collectivities.wording import prepend_article
from csirts.wording import format_centre
from incidents.enums import Answer, ClosingReason, InterruptionExtent, Status

STOPPED_OR_SLOWED = "Services arrêtés ou ralentis : %s."
# A sentence says no more than the declaration, so that a service that may only be slow is not announced as stopped.
SENTENCE_BY_EXTENT: dict[str, str] = {
    InterruptionExtent.STOPPED: "Services arrêtés : %s.",
    InterruptionExtent.DEGRADED: "Services ralentis : %s.",
    InterruptionExtent.UNKNOWN: STOPPED_OR_SLOWED,
    "": STOPPED_OR_SLOWED,
}
SENTENCE_BY_CLOSING_REASON: dict[str, str] = {
    ClosingReason.RESOLVED: "Il est résolu.",
    ClosingReason.NOT_AN_INCIDENT: "Pour le centre, ce n’est pas un incident.",
    ClosingReason.HANDED_OVER: "Le centre l’a confié à un autre service.",
    ClosingReason.DUPLICATE: "Il était déjà déclaré : un autre dossier le suit.",
    ClosingReason.WITHDRAWN: "La déclaration a été retirée.",
}


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """The state of one public service during the incident."""

    label: str
    extent: str
    has_resumed: bool


@dataclass(frozen=True, kw_only=True)
class SentenceFacts:
    """The known facts of the case. `body` is the name of the body with its nature (« commune de Plouexemple »).
    `centre` is empty if the case has no centre. `new_centre` is then the centre that now covers the territory and has
    not received the case yet.
    """

    body: str
    centre: str
    new_centre: str = ""
    status: str
    service_stopped: str
    closing_reason: str = ""
    services: tuple[ServiceState, ...] = ()
    is_read: bool = False
    has_channel: bool = False
    waits_for_body: bool = False
    is_verified: bool = False


def list_sentences(facts: SentenceFacts) -> list[str]:
    """Return the sentences in the order in which they are read. Each sentence is short enough for one breath. The page
    adds the moments after the first sentence.
    """
    body = prepend_article(facts.body)
    if facts.status == Status.CLOSED:
        opening = f"Un incident informatique a été déclaré pour {body}."
        return [opening, *list_outcome_sentences(facts), "Le dossier est clos."]
    opening = f"Un incident informatique touche {body}."
    return [
        opening,
        *list_verification_sentences(facts),
        *list_service_sentences(facts),
        *list_centre_sentences(facts),
        *list_awaited_sentences(facts),
    ]


def list_outcome_sentences(facts: SentenceFacts) -> Iterator[str]:
    """Yield the sentence on how a closed case ended. The services are left out, because nobody updates their state any
    more.
    """
    if facts.closing_reason in SENTENCE_BY_CLOSING_REASON:
        yield SENTENCE_BY_CLOSING_REASON[facts.closing_reason]


def list_verification_sentences(facts: SentenceFacts) -> Iterator[str]:
    """Yield a warning if nobody has verified the declaration. Anybody may declare in a body's name and share the
    sentences.
    """
    if not facts.is_verified:
        yield "Cette déclaration n’est pas encore vérifiée."


def list_service_sentences(facts: SentenceFacts) -> Iterator[str]:
    """Yield the sentences about the services that are stopped or have resumed. If the declaration names no service,
    yield what the declarant answered about services.
    """
    still = [service for service in facts.services if not service.has_resumed]
    for sentence in dict.fromkeys(SENTENCE_BY_EXTENT.values()):
        if touched := join_services(service for service in still if SENTENCE_BY_EXTENT[service.extent] is sentence):
            yield sentence % touched
    resumed = [service for service in facts.services if service.has_resumed]
    if back := join_services(resumed):
        yield ("Service rétabli : %s." if len(resumed) == 1 else "Services rétablis : %s.") % back
    if not facts.services:
        answers: dict[str, str] = {
            Answer.YES: "Des services sont arrêtés ou ralentis.",
            Answer.NO: "Aucun service n’est arrêté ni ralenti.",
        }
        yield answers.get(facts.service_stopped, "On ne sait pas encore quels services sont touchés.")


def list_centre_sentences(facts: SentenceFacts) -> Iterator[str]:
    """Yield the sentence about what the centre does with the case."""
    centre = capfirst(format_centre(facts.centre or facts.new_centre))
    if facts.new_centre and not facts.centre:
        yield f"{centre}, le centre de secours informatique, reçoit la déclaration dans quelques minutes."
    elif not facts.centre:
        yield "Aucun centre ne couvre ce territoire."
    elif facts.status == Status.ACKNOWLEDGED:
        yield f"{centre}, le centre de secours informatique, s’en occupe."
    elif facts.is_read:
        yield f"{centre}, le centre de secours informatique, a lu la déclaration."
    elif facts.has_channel:
        yield f"{centre}, le centre de secours informatique, est prévenu."
    else:
        yield f"{centre}, le centre de secours informatique, a la déclaration dans sa liste."


def list_awaited_sentences(facts: SentenceFacts) -> Iterator[str]:
    """Yield the sentence about what comes next, if the centre or the body has something to do."""
    if facts.waits_for_body and facts.centre:
        yield "Le centre attend une réponse de la collectivité."
    elif facts.status == Status.ACKNOWLEDGED and any(not service.has_resumed for service in facts.services):
        yield "On attend le retour de ces services."
    elif facts.status == Status.ACKNOWLEDGED:
        yield "On attend le résultat de ses vérifications."
    elif facts.centre:
        yield "On attend que le centre prenne le dossier en charge."


def join_services(services: Iterable[ServiceState]) -> str:
    """Return the labels of the services as one list: « état civil, paie et EHPAD »."""
    *first, last = [lower_label(service.label) for service in services] or [""]
    return f"{', '.join(first)} et {last}" if first else last


def lower_label(label: str) -> str:
    """Return the label in the form that it has inside a sentence. Its first capital becomes a small letter, except in
    an acronym.
    """
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
