"""The French texts of judgements in the history: how a case was qualified, verified, closed, reopened or rated."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Choices

from core.french import choose_plural
from incidents.catalogues.rsit import RsitClass, RsitType
from incidents.enums import (
    TYPE_TERMS,
    Cause,
    ClosingReason,
    EventKind,
    LeakStatus,
    Nature,
    NumberSource,
    Outcome,
    Pap,
    Satisfaction,
    Severity,
    Tlp,
)

# The French name of each field that a qualification may change, and the enumeration that has the labels of its codes.
FIELD_LABELS: dict[str, tuple[Any, type[Choices]]] = {
    "nature": ("nature", Nature),
    "rsit_class": ("classe RSIT", RsitClass),
    "rsit_type": ("type RSIT", RsitType),
    "cause": ("cause", Cause),
    "leak": ("fuite", LeakStatus),
    "tlp": ("", Tlp),
    "pap": ("", Pap),
    "severity": ("gravité", Severity),
}

FIELD_ORDER = ("nature", "type", *(name for name in FIELD_LABELS if name != "nature"), "techniques")


def format_qualification(data: Mapping[str, Any]) -> str:
    """Return a text such as « nature à qualifier → incident ; TLP:AMBER → TLP:RED ».

    The order of the fields is fixed, because jsonb does not keep the order of its keys.
    """
    codes = data.get("changed", {})
    return "\N{NO-BREAK SPACE}; ".join(format_change(name, *codes[name]) for name in FIELD_ORDER if name in codes)


def format_change(name: str, was: Any, now: Any) -> str:
    """Return a text such as « gravité faible → modérée » for the change of one field."""
    if name == "techniques":
        return choose_plural("%d technique ATT&CK", "%d techniques ATT&CK", len(now)) % len(now)
    if name == "type":
        return f"type {TYPE_TERMS.get(was, was)} → {TYPE_TERMS.get(now, now)}"
    field, words = FIELD_LABELS[name]
    return f"{field} {format_choice(words, was)} → {format_choice(words, now)}".strip()


def format_choice(words: type[Choices], code: Any) -> str:
    """Return the label of the code, or « rien ». `words` is the enumeration of the codes."""
    return str(words(code).label) if code in words.values else "rien"


def format_closing(data: Mapping[str, Any]) -> str:
    """Return the reason of the closing. If there is a report, its outcome and cause follow.

    If tasks were abandoned, the text also says how many.
    """
    parts = [format_choice(ClosingReason, data.get("reason")), *(format_ending(data) if data.get("outcome") else ())]
    if left := data.get("left"):
        parts.append(choose_plural("%d tâche abandonnée", "%d tâches abandonnées", left) % left)
    return ", ".join(parts)


def format_ending(data: Mapping[str, Any]) -> list[str]:
    """Return the texts of the outcome and of the cause, which come from the report.

    A third text is added if nobody will ever know whether data leaked.
    """
    parts = [format_choice(Outcome, data["outcome"]), f"cause : {format_choice(Cause, data.get('cause'))}"]
    return [*parts, "on ne saura pas si des données sont sorties"] if data.get("leak_never_known") else parts


def format_reopening(data: Mapping[str, Any]) -> str:
    """Return the reason for which the case was closed before it was reopened."""
    return f"il était clos : {format_choice(ClosingReason, data.get('reason'))}"


def format_number_source(data: Mapping[str, Any]) -> str:
    """Return where the called number was found, or ""."""
    source = data.get("source", "")
    return f"numéro trouvé : {format_choice(NumberSource, source)}" if source else ""


def format_rating(data: Mapping[str, Any]) -> str:
    """Return the label of the rating that the declarant gave."""
    return format_choice(Satisfaction, data.get("level"))


JUDGEMENTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    EventKind.QUALIFIED: format_qualification,
    EventKind.CLOSED: format_closing,
    EventKind.REOPENED: format_reopening,
    EventKind.VERIFIED: format_number_source,
    EventKind.RATED: format_rating,
}
