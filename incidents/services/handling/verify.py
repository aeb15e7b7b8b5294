"""Verification of a case by a call back: the end of its task, a note of the call, and the number for the next call."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import EmergencyContact, User
from collectivities.telephones import get_local_number_length
from collectivities.zones import find_local_day, find_zone
from core.telephone import has_complete_number
from core.text import clean_line
from incidents.access import get_incident
from incidents.enums import OPEN, Ability, ActorKind, EventKind, NoteKind, NumberSource, Verification
from incidents.facts.description import Section
from incidents.identifying_words import NUMBER, PHONE_DIGITS
from incidents.models import AnswerSheet, Incident, IncidentEvent, OfficialNumber, Story
from incidents.services.duplicates.merge import lock_case_with_main, update_main_after_call
from incidents.services.handling.due import DUE_FIELDS, recompute_due
from incidents.services.handling.notes import save_note
from incidents.services.history.record import record_event

# The step of the playbooks that asks for a call back.
CALL_BACK_STEP = "rappeler"
NUMBER_LIMIT = 40
SHORTEST_NUMBER = 6
# Sources in which anybody may look the number up.
PUBLIC_SOURCES = (NumberSource.DIRECTORY, NumberSource.WEBSITE)
# Prefixes of a French number: « 0 », « +33 », « 0033 (0) ».
NUMBER_PREFIX = re.compile(r"(?:(?:00)?33)?0?")


@dataclass(frozen=True, kw_only=True)
class CallBack:
    """A call as the responder describes it. Its number and its source may be missing.

    `is_official` tells whether the number is the known number that the page proposed. `is_looked_up` tells whether the
    responder looked that number up again before the call.
    """

    source: NumberSource | None = None
    number: str = ""
    is_official: bool = False
    is_looked_up: bool = False


NO_CALL_DETAILS = CallBack()


@transaction.atomic
def verify_incident(*, reference: str, actor: User, call: CallBack = NO_CALL_DETAILS) -> Incident:
    """Record that the actor called the body back on a number that did not come from the form.

    The call-back task of the case is marked as done and the call is noted. If the case is already verified, a call
    with details is noted too. A repeated call with the same details is noted once. Raises Http404, PermissionDenied,
    and ValidationError for a number that cannot be called, or for an unconfirmed body, which no figure counts.
    """
    lock_case_with_main(reference)
    incident = get_incident(actor, reference, to=Ability.VERIFY, lock=True)
    now, was_verified = timezone.now(), incident.is_verified
    if was_verified and call == NO_CALL_DETAILS:
        return incident
    if not was_verified:
        if incident.collectivity.is_unconfirmed:
            raise ValidationError("Confirmez d’abord la collectivité : elle vient de la personne qui déclare.")
        incident.verification, incident.verified_at = Verification.CALL_BACK, now
    incident.is_to_call_back = False
    record_call_back(incident, actor=actor, call=call, at=now)
    recompute_due(incident, worked_at=now)
    incident.save(update_fields=["verification", "verified_at", "is_to_call_back", *DUE_FIELDS])
    update_main_after_call(incident)
    if not was_verified:
        data = {"method": Verification.CALL_BACK} | ({"source": call.source} if call.source else {})
        record_event(incident, EventKind.VERIFIED, at=now, actor=actor, by=ActorKind.USER, **data)
    return incident


def clean_call_number(incident: Incident, call: CallBack) -> str:
    """Return the cleaned number, or "". Raises ValidationError if the number cannot be called or proves nothing.

    A number that the body declared proves nothing, since a false declarant could verify themselves (error on
    `number`). An official number that was also declared must be looked up again (error on `source`). The number on the
    emergency card is accepted, because only people of the body write that card.
    """
    number = clean_phone_number(incident, call.number)
    is_trusted = call.is_official and (call.is_looked_up or call.source == NumberSource.CARD)
    if not number or is_trusted or not is_declared_number(incident, number):
        return number
    if call.is_official:
        raise ValidationError(
            {"source": "Le formulaire donne ce même numéro : cherchez-le vous-même, puis dites où vous l’avez trouvé."}
        )
    raise ValidationError(
        {
            "number": (
                "Ce numéro est dans une déclaration de cette collectivité : il ne vérifie rien. "
                "Appelez-en un autre. S’il est aussi dans un annuaire, laissez ce champ vide et dites où vous "
                "l’avez trouvé."
            )
        }
    )


def clean_phone_number(incident: Incident, text: str) -> str:
    """Return the cleaned number, or "". Raises ValidationError on `number` if it cannot be called."""
    number = clean_line(text, limit=NUMBER_LIMIT, field="number")
    if number and not has_complete_number(number, local_digits=get_local_number_length(incident.collectivity)):
        raise ValidationError({"number": f"« {number} » n’est pas un numéro entier : comptez ses chiffres."})
    return number


def is_declared_number(incident: Incident, number: str) -> bool:
    """Tell whether a declaration of the body gives this number, in any spelling. Runs two queries."""
    return any(contains_same_number(number, declared) for declared in list_declared_numbers(incident))


def list_declared_numbers(incident: Incident) -> Iterator[str]:
    """Yield the telephone numbers that were declared, now or earlier, for the case and its duplicates.

    Those of the open cases of the same body are included.
    """
    of_body = Q(incident__collectivity=incident.collectivity_id, incident__status__in=OPEN)
    cases = of_body | Q(incident=incident) | Q(incident__merged_into=incident)
    for phone, story in Story.objects.filter(cases).values_list("contact_phone", "description"):
        yield from (phone, *(phone for phone in NUMBER.findall(story) if len(extract_digits(phone)) >= PHONE_DIGITS))
    sheets = AnswerSheet.objects.filter(cases, section=Section.CALLER).values_list("values__phone", flat=True)
    yield from (phone or "" for phone in sheets)


def contains_same_number(text: str, other: str) -> bool:
    """Tell whether one of the two texts contains the telephone number of the other.

    The spelling and the country code do not matter.
    """
    first, second = extract_digits(text), extract_digits(other)
    return any(
        len(bare := strip_country_code(short)) >= SHORTEST_NUMBER and bare in long
        for short, long in ((first, second), (second, first))
    )


def is_same_number(text: str, other: str) -> bool:
    """Tell whether the two texts are the same telephone number, in any spelling, with or without country code."""
    return strip_country_code(extract_digits(text)) == strip_country_code(extract_digits(other))


def strip_country_code(digits: str) -> str:
    """Return the digits without the country code and the first zero."""
    return NUMBER_PREFIX.sub("", digits, count=1)


def extract_digits(phone: str) -> str:
    """Return the digits of a telephone number as it was typed, as ASCII digits."""
    return "".join(str(unicodedata.digit(character)) for character in phone if character.isdigit())


def find_call_back_event(incident: Incident) -> IncidentEvent | None:
    """Return the event of the call back that verified the case, with its actor. Runs one query at most.

    Returns None if no call verified the case.
    """
    if incident.verification != Verification.CALL_BACK:
        return None
    called = incident.events.filter(kind=EventKind.VERIFIED, data__method=Verification.CALL_BACK, actor__isnull=False)
    return called.select_related("actor").order_by("-id").first()


def record_call_back(incident: Incident, *, actor: User, call: CallBack, at: datetime) -> None:
    """Close the call-back task, write a note of the call and store a public number for the next call.

    The caller has locked the case, has set `verified_at`, and updates what is due next. Raises ValidationError on
    `number` and `source`.
    """
    number = clean_call_number(incident, call)
    close_call_back_task(incident, actor=actor, at=at)
    if not incident.erased_at:
        save_call_note(incident, actor=actor, words=describe_call(number, call.source), at=at)
    if number and call.source and (call.is_looked_up or not call.is_official):
        save_official_number(incident, actor=actor, number=number, source=call.source, at=at)


def save_official_number(
    incident: Incident, *, actor: User, number: str, source: NumberSource, at: datetime
) -> OfficialNumber | None:
    """Store the number as the official number of the body, and return its row.

    Returns None if the source is not public, or if the number is on the emergency card of the body.
    """
    if source not in PUBLIC_SOURCES or is_on_emergency_card(incident, number):
        return None
    found_on = find_local_day(at, find_zone(incident.collectivity))
    values = {"phone": number, "source": source, "found_on": found_on, "noted_by": actor}
    return OfficialNumber.objects.update_or_create(collectivity=incident.collectivity, defaults=values)[0]


def is_on_emergency_card(incident: Incident, number: str) -> bool:
    """Tell whether the number is on the body's emergency card.

    Such a number is not copied to `OfficialNumber`, because other centres may not read the emergency card.
    """
    written = EmergencyContact.objects.filter(collectivity=incident.collectivity_id).values_list("phone", flat=True)
    return any(contains_same_number(number, phone) for phone in written)


def close_call_back_task(incident: Incident, *, actor: User, at: datetime) -> None:
    """Mark the open call-back tasks of the case as done, and record an event for each."""
    for task in incident.tasks.filter(step=CALL_BACK_STEP, done_at=None):
        task.done_at, task.done_by, task.is_moot = at, actor, False
        task.save(update_fields=["done_at", "done_by", "is_moot"])
        record_event(incident, EventKind.TASK_DONE, at=at, actor=actor, task=str(task.uid), state="done")


def save_call_note(incident: Incident, *, actor: User, words: str, at: datetime) -> None:
    """Write the note of a call to the body. The same form sent again writes no second note.

    The call is not an answer to the declarant, because another person may have picked up.
    """
    key = f"verify {incident.verified_at} {actor.pk}"
    note, is_new = save_note(incident, actor=actor, kind=NoteKind.CALL_OUT, text=words, key=key)
    if not is_new:
        return
    data: dict[str, Any] = {"note": str(note.uid), "nature": str(note.kind), "spoke": False, "verified": True}
    record_event(incident, EventKind.NOTED, at=at, actor=actor, **data)


def describe_call(number: str, source: NumberSource | None) -> str:
    """Return the text of the note of a call back, in French.

    It gives the number and its source, if they are known.
    """
    details = ", ".join([part for part in (number, str(source.label) if source else "") if part])
    statement = "Vérification par rappel."
    return f"{statement} {f'Numéro : {details}.'}" if details else statement
