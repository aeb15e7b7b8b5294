"""The files to partners whose mail failed, which the page of the case shows at its top."""

from collections.abc import Iterable
from typing import NamedTuple

from incidents.catalogues.partners import format_partner
from incidents.enums import EventKind
from incidents.models import IncidentEvent
from incidents.panels import Remark, list_remarks


class FailedAdvice(NamedTuple):
    """The name of a partner to whom a file was not delivered, and the remark about its mail."""

    partner: str
    mail: Remark


def list_failed_advices(events: Iterable[IncidentEvent]) -> list[FailedAdvice]:
    """Return the partners whose latest file was not delivered, each with the remark about its failed mail.

    `events` are those of the case, newest first. Runs one query, or none if nothing was sent to a partner.
    """
    latest: dict[str, IncidentEvent] = {}
    for event in events:
        if event.kind == EventKind.ADVISED:
            latest.setdefault(event.data["partner"], event)
    mails = list_remarks([event.pk for event in latest.values()]) if latest else {}
    return [
        FailedAdvice(format_partner(code), mail)
        for code, event in latest.items()
        for mail in mails.get(event.pk, ())
        if mail.is_troubled
    ]
