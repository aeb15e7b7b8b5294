"""The messages between the declarant and the CSIRT.

A message is never changed, and the declarant can read all the messages.
"""

import hashlib
from dataclasses import dataclass, replace
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts.models import User
from core.text import clean_line, clean_text
from incidents.access import CaseVisitor, check_ability, get_case, get_incident, speaks_for_body
from incidents.enums import Ability, ActorKind, EventKind, Status
from incidents.facts.description import LINE_LIMIT
from incidents.models import Incident, Message
from incidents.reference import hyphenate
from incidents.services.duplicates.merge import (
    lock_case_with_main,
    lock_cases,
    record_news_on_main,
    update_main_after_answer,
)
from incidents.services.handling.assign import format_person_tag
from incidents.services.handling.due import ANSWER_FIELDS, CSIRT, DECLARANT, NEWS_FIELDS, record_answer, record_news
from incidents.services.handling.unsent_text import list_colleagues_writing
from incidents.services.history.record import record_event

TEXT_LIMIT = 10_000
MAX_MESSAGES_SHOWN = 200
NO_MESSAGE = "aucun"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """The text of a message before it is sent, as its author typed it.

    `key` is the idempotency key of the form. The same text sent twice under one key is one message. With
    `asks_answer`, the centre waits for an answer. With `lifts_question`, the declarant no longer has to answer what
    the centre asked earlier.
    """

    text: str
    key: str
    author: str = ""
    asks_answer: bool = False
    lifts_question: bool = False


@dataclass(frozen=True, kw_only=True)
class SeenThread:
    """What the page of a responder showed of a thread while the responder was writing.

    `newest` is the uid of the newest message (`get_newest_message_uid`). `writers` holds the tag (`format_person_tag`)
    of each colleague who was writing at the same time.
    """

    newest: str
    writers: frozenset[str] = frozenset()


class ThreadChanged(Exception):
    """The page did not show the newest message, or did not show that a colleague is writing too. Nothing was sent.

    `newest` is the uid of the newest message now. `writers` are the colleagues who are writing now.
    """

    def __init__(self, newest: str, writers: list[User]) -> None:
        super().__init__(newest)
        self.newest = newest
        self.writers = writers


@transaction.atomic
def write_to_csirt(*, reference: str, visitor: CaseVisitor, letter: Letter) -> Message:
    """Save a message to the centre from the declarant or from another member of the body.

    Raises Http404, PermissionDenied, ValidationError on `text` or `author`.
    """
    lock_case_with_main(reference)
    incident = get_case(visitor, reference, to=Ability.MESSAGE, lock=True)
    if not speaks_for_body(visitor, incident):
        raise PermissionDenied
    message, is_new = save_message_from_body(incident, letter, visitor=visitor)
    if is_new:
        record_message(message, side=DECLARANT)
    return message


@transaction.atomic
def write_to_declarant(*, reference: str, actor: User, letter: Letter, seen: SeenThread | None = None) -> Message:
    """Save a message of a responder. With `asks_answer`, the case waits until the declarant adds something.

    Earlier questions of the centre stay open, unless the letter lifts them. `asks_answer` is ignored on a closed or
    merged case. `seen` is what the page of the thread showed, or None if the responder had no page. Raises
    ThreadChanged like `check_thread_unchanged`.
    """
    lock_case_with_main(reference)
    incident = get_incident(actor, reference, to=Ability.MESSAGE, lock=True)
    if incident.csirt is None or not actor.works_in_centre(incident.csirt_id):
        raise PermissionDenied
    author, asks = f"{actor.display_name}, {incident.csirt.name}", letter.asks_answer
    signed_letter = replace(letter, author=author[:LINE_LIMIT], asks_answer=asks and incident.status != Status.CLOSED)
    newest = get_newest_message_uid(incident)
    message, is_new = save_letter(incident, signed_letter, actor=actor, is_from_csirt=True)
    if is_new:
        check_thread_unchanged(incident, actor, newest, seen)
        asks, lifts = message.asks_answer, letter.lifts_question
        record_answer(incident, at=message.written_at, asks_answer=asks, lifts_question=lifts)
        incident.save(update_fields=ANSWER_FIELDS)
        record_message(message, side=CSIRT)
        update_main_after_answer(incident, at=message.written_at)
    return message


def get_newest_message_uid(incident: Incident) -> str:
    """Return the uid of the newest message of the thread, or `NO_MESSAGE`."""
    uid = incident.messages.order_by("-id").values_list("uid", flat=True).first()
    return str(uid) if uid else NO_MESSAGE


def check_thread_unchanged(incident: Incident, actor: User, newest: str, seen: SeenThread | None) -> None:
    """Raise ThreadChanged if the page did not show the newest message, or did not show all the writing colleagues.

    `newest` is the uid of the newest message now. `seen` is what the page showed, or None if there was no page. The
    caller has locked the case.
    """
    if seen is None:
        return
    writers = list_colleagues_writing(incident, actor)
    if newest != seen.newest or any(format_person_tag(writer) not in seen.writers for writer in writers):
        raise ThreadChanged(newest, writers)


@transaction.atomic
def write_to_case_and_duplicates(
    *, reference: str, actor: User, letter: Letter, seen: SeenThread | None = None
) -> int:
    """Send the same text to the declarants of the case and of its duplicates. Returns the number of declarants.

    In the text to a duplicate, the reference of the case is replaced by that of the duplicate. Erased duplicates are
    left out. Raises like `write_to_declarant`.
    """
    incident = check_ability(actor, reference, to=Ability.MESSAGE)
    locked_ids = lock_cases([incident.pk, *incident.doubles.values_list("pk", flat=True)])
    write_to_declarant(reference=reference, actor=actor, letter=letter, seen=seen)
    duplicates = incident.doubles.filter(pk__in=locked_ids, erased_at=None).order_by("pk")
    references = list(duplicates.values_list("reference", flat=True))
    for duplicate in references:
        duplicate_text = letter.text.replace(hyphenate(reference), hyphenate(duplicate))
        write_to_declarant(reference=duplicate, actor=actor, letter=replace(letter, text=duplicate_text))
    return 1 + len(references)


def save_message_from_body(incident: Incident, letter: Letter, *, visitor: CaseVisitor) -> tuple[Message, bool]:
    """Save a message from the declarant or another member of the body. Return the message and whether it is new.

    The caller has locked the case, and records the event if the message is new.
    """
    author = visitor.user.display_name if visitor.user else letter.author
    signed_letter = replace(letter, author=author, asks_answer=False)
    message, is_new = save_letter(incident, signed_letter, actor=visitor.user, is_from_csirt=False)
    if is_new:
        record_news(incident, at=message.written_at)
        incident.save(update_fields=NEWS_FIELDS)
        record_news_on_main(incident, at=message.written_at)
    return message, is_new


def save_letter(
    incident: Incident, letter: Letter, *, actor: User | None, is_from_csirt: bool
) -> tuple[Message, bool]:
    """Save the letter as a message, unless its form already saved it. Return the message and whether it is new."""
    clean = clean_letter(incident, letter)
    if earlier := find_saved_message(incident, clean):
        return earlier, False
    message = Message.objects.create(
        incident=incident,
        text=clean.text,
        author=clean.author,
        asks_answer=clean.asks_answer,
        is_from_csirt=is_from_csirt,
        actor=actor,
        actor_kind=ActorKind.USER if actor else ActorKind.DECLARANT,
        submission_key=derive_message_key(incident, clean),
    )
    return message, True


def find_saved_message(incident: Incident, letter: Letter) -> Message | None:
    """Return the message that the form of this letter already saved with the same text, or None.

    `letter` must come from `clean_letter`.
    """
    return Message.objects.filter(submission_key=derive_message_key(incident, letter)).first()


def was_letter_saved(incident: Incident, letter: Letter) -> bool:
    """Tell whether the form of this letter already saved it. Raises ValidationError for a text that cannot be sent."""
    return find_saved_message(incident, clean_letter(incident, letter)) is not None


def clean_letter(incident: Incident, letter: Letter) -> Letter:
    """Return the letter with its text and author cleaned.

    Raises ValidationError on `text` or `author`, or without a field if the case is erased.
    """
    if incident.erased_at:
        raise ValidationError("Les mots de ce dossier ont été effacés : on n’y écrit plus. Téléphonez.")
    text = clean_text(letter.text, limit=TEXT_LIMIT, field="text")
    if not text:
        raise ValidationError({"text": "Écrivez votre message avant de l’envoyer."})
    return replace(letter, text=text, author=clean_line(letter.author, limit=LINE_LIMIT, field="author"))


def derive_message_key(incident: Incident, letter: Letter) -> str:
    """Return the submission key of a message, derived from the case, the key of the form and the text.

    If the same form sends another text, this text is therefore a new message.
    """
    return hashlib.sha256(f"{incident.pk}\n{letter.key}\n{letter.text}".encode()).hexdigest()


def record_message(message: Message, *, side: str) -> None:
    """Record the event of a new message. `side` is the side that wrote it: DECLARANT or CSIRT."""
    record_event(
        message.incident,
        EventKind.MESSAGE,
        at=message.written_at,
        actor=message.actor,
        by=ActorKind(message.actor_kind),
        message=str(message.uid),
        side=side,
    )


def list_latest_messages(incident: Incident) -> list[Message]:
    """Return the latest `MAX_MESSAGES_SHOWN` messages, oldest first."""
    return list(incident.messages.order_by("-id")[:MAX_MESSAGES_SHOWN])[::-1]


@dataclass(frozen=True)
class ThreadPage:
    """A part of a thread, oldest message first.

    `has_earlier` and `has_later` tell whether more messages exist on each side.
    """

    messages: list[Message]
    has_earlier: bool
    has_later: bool


def load_thread_page(incident: Incident, *, before: str = "", after: str = "") -> ThreadPage:
    """Return the messages before the message with the uid `before`, or after the message with the uid `after`.

    Returns the latest messages if no message has this uid. Runs two queries.
    """
    uid = before or after
    beside = incident.messages.filter(uid=uid).values_list("pk", flat=True).first() if is_uid(uid) else None
    if beside and after and not before:
        later = list(incident.messages.filter(pk__gt=beside).order_by("id")[: MAX_MESSAGES_SHOWN + 1])
        return ThreadPage(later[:MAX_MESSAGES_SHOWN], has_earlier=True, has_later=len(later) > MAX_MESSAGES_SHOWN)
    rows = incident.messages.filter(pk__lt=beside) if beside else incident.messages.all()
    earlier = list(rows.order_by("-id")[: MAX_MESSAGES_SHOWN + 1])
    messages = earlier[:MAX_MESSAGES_SHOWN][::-1]
    return ThreadPage(messages, has_earlier=len(earlier) > MAX_MESSAGES_SHOWN, has_later=beside is not None)


def is_uid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
