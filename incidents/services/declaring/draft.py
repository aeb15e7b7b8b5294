"""Drafts of declarations. A draft is saved at each screen, opened again with a short code, and sent once.

Like the follow-up secret (`services/declarant/access.py`), the code is not stored, but a seed and a keyed hash
(`reference.py`). The code is shorter than the secret, because a draft lasts a month at most, nobody at a centre
reads it, and guesses are slowed down.
"""

import hashlib
import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from collectivities.models import Collectivity
from core.locks import lock_key
from core.stale import Stale
from core.text import are_same_answers
from incidents.enums import Screen
from incidents.facts.description import Section
from incidents.facts.shapes import Declaration, Submission
from incidents.models import Draft, DraftPage
from incidents.reference import CodeKind, StoredCode, hash_new_code, list_code_hashes, recover_code
from incidents.services.declaring.declare import DeclarationResult, declare_incident
from incidents.services.declaring.limits import count_draft, let_drafts_start

logger = structlog.get_logger(__name__)

CODE_LENGTH = 8
DRAFT_CODE = CodeKind("incidents.draft.code", "incidents.draft.hash", CODE_LENGTH)
# How long a draft lasts after its last save, so that a person has time to look for a number or for help.
DRAFT_LIFETIME = timedelta(days=30)
# How long a draft lasts if it holds only a type and a body, which are quickly chosen again.
EMPTY_DRAFT_LIFETIME = timedelta(days=2)
# The most empty drafts that are stored, more than people begin in two days. Beyond this number the oldest empty drafts
# are deleted, except those of the last hour (EMPTY_DRAFT_GRACE).
MAX_EMPTY_DRAFTS, MAX_DELETED_AT_ONCE = 5_000, 5_000
EMPTY_DRAFT_GRACE = timedelta(hours=1)
# Of the drafts with answers, those beyond settings.DRAFTS_TOTAL are deleted, except those that were saved within this
# time.
ANSWERED_DRAFT_GRACE = timedelta(hours=24)
# Beyond so many times settings.DRAFTS_TOTAL, no new draft is started.
MAX_TOTALS = 4
# The most characters of one typed value, and of all values of one screen. A description may have 5 000: a longer one
# is saved so that its author can shorten it, but a megabyte is not.
DRAFT_VALUE_LIMIT, DRAFT_SCREEN_LIMIT = 20_000, 30_000
# The most values of one input, which is a list of boxes to tick.
MAX_DRAFT_VALUES = 60
TEXTLESS_SCREENS = (Screen.WHAT, Screen.WHO)
PROLONGED_FIELDS = ("saved_at", "expires_at", "type", "collectivity", "is_empty")

type Values = dict[str, list[str]]


class EntryTooLarge(ValueError):
    """The values of a screen are longer than a draft accepts. Nothing was saved. `values` are what was typed."""

    def __init__(self, values: Values) -> None:
        super().__init__()
        self.values = values


@dataclass(frozen=True, kw_only=True)
class ScreenEntry:
    """The values that somebody typed on one screen of the declaration.

    `version` is the stamp of this screen on the page of this person (`stamp_screen`). `pen` identifies one opening of
    the screen, and `stroke` is the number of the save in this opening. `seen` is the stamp of the other screens
    (`stamp_answers`), which the last screen sums up. A field that the page does not send is empty.
    """

    screen: Screen
    values: Values
    author: str = ""
    version: str = ""
    pen: str = ""
    stroke: int = 0
    seen: str = ""
    # These two fields are set by the first two screens.
    type: str = ""
    collectivity: Collectivity | None = field(default=None)

    def __post_init__(self) -> None:
        """Raise EntryTooLarge if the values are longer than a draft accepts."""
        lengths = [len(value) for values in self.values.values() for value in values]
        most = max((len(values) for values in self.values.values()), default=0)
        if most > MAX_DRAFT_VALUES or max(lengths, default=0) > DRAFT_VALUE_LIMIT or sum(lengths) > DRAFT_SCREEN_LIMIT:
            raise EntryTooLarge(self.values)


# The screen on which each section is asked. The screen of the caller also holds the description and the instants.
SCREEN_OF_SECTION = {
    Section.SERVICES: Screen.SERVICES,
    Section.DATA: Screen.DATA,
    Section.CALLER: Screen.CALLER,
    Section.STORY: Screen.CALLER,
    Section.MOMENTS: Screen.CALLER,
}


class DraftAlreadySent(Exception):
    """The draft has already become a case. Nothing was changed."""


class AnswersChanged(Exception):
    """Another screen has changed since the last screen summed up the answers. Nothing was sent or saved."""


def derive_draft_code(draft: Draft) -> str:
    """Return the code that opens this draft on another device, without separators, or "" if its key was removed."""
    return recover_code(DRAFT_CODE, StoredCode(draft.nonce, draft.code_hash, draft.encrypted_code))


def stamp_screen(page: DraftPage | None) -> str:
    """Return a version stamp of a stored screen, which changes each time the screen is saved."""
    return page.saved_at.isoformat() if page else ""


def stamp_answers(draft: Draft, pages: Mapping[str, DraftPage], *, excluding: Screen) -> str:
    """Return a stamp of the answers on all screens except `excluding`.

    The stamp changes if any of these answers changes. A screen without answers does not change the stamp.
    """
    answers = {name: page.values for name, page in sorted(pages.items()) if page.values and name != excluding}
    content = json.dumps([draft.type, draft.collectivity_id, answers], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def is_draft_open(uid: UUID) -> bool:
    """Tell whether the pages of this draft, or of the case that it became, can still be opened."""
    return Draft.objects.filter(uid=uid, expires_at__gt=timezone.now()).exists()


def find_draft(code: str) -> Draft | None:
    """Return the draft with this code, or None if the code is wrong or the draft has expired. Writes nothing.

    A draft that was sent is returned too. The code may be typed with or without separators, in capitals or not.
    """
    hashes = list_code_hashes(DRAFT_CODE, code)
    return Draft.objects.filter(code_hash__in=hashes, expires_at__gt=timezone.now()).first()


@transaction.atomic
def start_draft(*, entry: ScreenEntry, source: str) -> Draft:
    """Create a draft, save its first screen, and count the draft for its sender. `source` is a digest of the sender's
    IP address.
    """
    draft = build_draft()
    count_draft(source, draft.created_at)
    prolong_draft(draft, entry)
    draft.save(force_insert=True)
    save_entry(draft, entry)
    return draft


def build_draft(**identifiers: UUID) -> Draft:
    """Return a new unsaved draft. `identifiers` may hold its public identifier, `uid`."""
    seed = secrets.token_hex(32)
    code_hash = hash_new_code(DRAFT_CODE, seed)
    return Draft(nonce=seed, code_hash=code_hash, created_at=timezone.now(), is_empty=True, **identifiers)


@transaction.atomic
def save_draft_screen(*, uid: UUID, entry: ScreenEntry) -> DraftPage:
    """Save a screen and return the stored screen.

    If the screen was opened twice, and the second page saves the values that are already stored, neither the screen
    nor the name of its author changes. Raises Draft.DoesNotExist, DraftAlreadySent, or Stale with the stored screen.
    """
    draft = lock_draft(uid)
    prolong_draft(draft, entry)
    draft.save(update_fields=PROLONGED_FIELDS)
    return save_entry_unless_stale(draft.pages.filter(screen=entry.screen).first(), draft, entry)


def lock_draft(uid: UUID) -> Draft:
    """Return the draft, locked until the transaction ends. May raise Draft.DoesNotExist or DraftAlreadySent."""
    draft = Draft.objects.select_for_update(no_key=True).get(uid=uid)
    if draft.incident:  # Read after the lock, since a join would miss a case made meanwhile.
        raise DraftAlreadySent
    return draft


def save_entry_unless_stale(before: DraftPage | None, draft: Draft, entry: ScreenEntry) -> DraftPage:
    """Save the screen and return the stored screen. `before` is the screen that was stored until now, or None.

    A save with the same `entry.pen` as before comes from the same page, and is never in conflict. Such a save is
    ignored if it arrives after a later one (`entry.stroke`). With another pen, equal values are not saved again, and
    values that differ only in spelling (`are_same_answers`) leave the stored ones. Raises Stale if the save would
    overwrite values that the page did not show.
    """
    if before and entry.pen and before.pen == entry.pen:
        return before if entry.stroke < before.stroke else save_entry(draft, entry)
    if before and before.values == entry.values:
        return before
    if before and stamp_screen(before) != entry.version:
        if are_same_answers(before.values, entry.values):
            return before
        raise Stale(before)
    return save_entry(draft, entry)


def save_entry(draft: Draft, entry: ScreenEntry) -> DraftPage:
    """Save the screen in place of any stored screen, and return the stored screen."""
    page = DraftPage(draft=draft, screen=entry.screen, values=entry.values, author=entry.author)
    page.pen, page.stroke, page.saved_at = entry.pen, entry.stroke, draft.saved_at
    DraftPage.objects.bulk_create(
        [page],
        update_conflicts=True,
        unique_fields=["draft", "screen"],
        update_fields=["values", "author", "saved_at", "pen", "stroke"],
    )
    return page


def prolong_draft(draft: Draft, entry: ScreenEntry) -> None:
    """Set when the draft was saved, whether it is empty and when it expires. Set its type and body too, if the screen
    gives them. Does not save.
    """
    draft.saved_at = timezone.now()
    draft.is_empty = draft.is_empty and entry.screen in TEXTLESS_SCREENS
    draft.expires_at = draft.saved_at + (EMPTY_DRAFT_LIFETIME if draft.is_empty else DRAFT_LIFETIME)
    draft.type = entry.type or draft.type
    if entry.collectivity:
        draft.collectivity = entry.collectivity


@transaction.atomic
def send_draft(
    *, uid: UUID, entry: ScreenEntry, declaration: Declaration, origin: str, actor: User | None, source: str
) -> DeclarationResult:
    """Save the last screen and declare the draft. A draft is declared only once.

    `source` is a digest of the sender's IP address. Raises Draft.DoesNotExist, DraftAlreadySent, Stale,
    AnswersChanged, and ValidationError by field. If it raises, nothing is saved.
    """
    draft = lock_draft(uid)
    pages = {page.screen: page for page in draft.pages.all()}
    check_answers_seen(draft, pages, entry)
    prolong_draft(draft, entry)
    pages[entry.screen] = save_entry_unless_stale(pages.get(entry.screen), draft, entry)
    submission = build_submission(draft, pages.values(), author=entry.author, origin=origin, source=source)
    return declare_draft(draft, declaration, submission, actor=actor)


def check_answers_seen(draft: Draft, pages: Mapping[str, DraftPage], entry: ScreenEntry) -> None:
    """Raise AnswersChanged if another screen has changed since this screen showed the summary (`seen`)."""
    if entry.seen and entry.seen != stamp_answers(draft, pages, excluding=entry.screen):
        raise AnswersChanged


@transaction.atomic
def send_express_declaration(
    *,
    uid: UUID,
    entries: Sequence[ScreenEntry],
    declaration: Declaration,
    origin: str,
    actor: User | None,
    source: str,
) -> DeclarationResult:
    """Save the screens of an express declaration and declare them. The declarant asks for a call.

    These screens are all on one page. They are saved in the draft `uid`, or in a new draft with this uid. Raises
    DraftAlreadySent if the draft is already a case, ValidationError by field. If it raises, nothing is saved.
    """
    lock_key(derive_draft_lock(uid))
    draft = Draft.objects.select_for_update(no_key=True).filter(uid=uid).first() or build_draft(uid=uid)
    if draft.incident:
        raise DraftAlreadySent
    for entry in entries:
        prolong_draft(draft, entry)
    draft.save()
    pages = {page.screen: page for page in draft.pages.all()} | {
        entry.screen: save_entry(draft, entry) for entry in entries
    }
    submission = build_submission(draft, pages.values(), author=entries[-1].author, origin=origin, source=source)
    return declare_draft(draft, declaration, replace(submission, asks_call_back=True), actor=actor)


def derive_draft_lock(uid: UUID) -> str:
    """Return the key by which a draft is locked. It is also the submission key of the case."""
    return f"draft:{uid}"


def build_submission(draft: Draft, pages: Iterable[DraftPage], *, author: str, origin: str, source: str) -> Submission:
    """Return the submission of a draft. The caller has locked the draft."""
    return Submission(
        key=derive_draft_lock(draft.uid),
        is_key_locked=True,
        origin=origin,
        author=author,
        source=source,
        authors=map_section_authors(pages),
    )


def declare_draft(
    draft: Draft, declaration: Declaration, submission: Submission, *, actor: User | None
) -> DeclarationResult:
    """Declare a draft as a case, and save in the draft which case it became."""
    declared = declare_incident(declaration=declaration, submission=submission, actor=actor)
    draft.incident = declared.incident
    draft.save(update_fields=[*PROLONGED_FIELDS, "incident"])
    return declared


def map_section_authors(pages: Iterable[DraftPage]) -> dict[str, str]:
    """Return a dict from the name of a section to its author, or {} if no screen has an author."""
    by_screen = {page.screen: page.author for page in pages}
    if not any(by_screen.values()):
        return {}
    return {section: by_screen[screen] for section, screen in SCREEN_OF_SECTION.items() if screen in by_screen}


def list_expired_drafts(now: datetime) -> QuerySet[Draft]:
    """Return the expired drafts: those that were not sent, and those that were sent and still have screens."""
    return Draft.objects.filter(expires_at__lte=now)


def delete_drafts(ids: Collection[int]) -> None:
    """Delete these drafts. Of a draft that was sent, delete the screens only, because its case points to it."""
    DraftPage.objects.filter(draft__in=ids).delete()
    Draft.objects.filter(pk__in=ids, incident=None).delete()


def end_drafts(ids: Collection[int]) -> None:
    """Delete these expired drafts. One that was sent expires no more, so that an index finds those that do."""
    delete_drafts(ids)
    Draft.objects.filter(pk__in=ids).update(expires_at=None)


@transaction.atomic
def delete_surplus_drafts() -> int:
    """Delete empty drafts if there are more than MAX_EMPTY_DRAFTS, and drafts with answers if there are more than
    settings.DRAFTS_TOTAL. Return the number of deleted drafts.

    Only drafts beyond these numbers are deleted, which are the oldest. Empty drafts younger than EMPTY_DRAFT_GRACE
    stay, and so do those with answers that were saved within ANSWERED_DRAFT_GRACE. A script may create any number of
    drafts. A person whose draft was deleted starts another draft at the next save.
    """
    drafts, now = Draft.objects.filter(incident=None), timezone.now()
    empty, answered = drafts.filter(is_empty=True), drafts.filter(is_empty=False)
    return delete_oldest_drafts(
        empty, "created_at", keep=MAX_EMPTY_DRAFTS, until=now - EMPTY_DRAFT_GRACE
    ) + delete_oldest_drafts(answered, "saved_at", keep=settings.DRAFTS_TOTAL, until=now - ANSWERED_DRAFT_GRACE)


def stop_drafts_if_full() -> None:
    """Let no new draft start if more than MAX_TOTALS × settings.DRAFTS_TOTAL drafts with answers remain after the
    surplus was deleted. They were all saved within ANSWERED_DRAFT_GRACE, in which nothing else bounds the database.

    Drafts that exist are saved and sent as before, and the express screen declares without a draft.
    """
    most = MAX_TOTALS * settings.DRAFTS_TOTAL
    answered = Draft.objects.filter(incident=None, is_empty=False).order_by("-saved_at")
    is_full = answered.values("saved_at")[most : most + 1].exists()
    if is_full:
        logger.error("too many drafts: none is started", most=most)
    let_drafts_start(may_start=not is_full)


def delete_oldest_drafts(drafts: QuerySet[Draft], moment: str, *, keep: int, until: datetime) -> int:
    """Delete the oldest of these drafts if there are more than `keep`: at most MAX_DELETED_AT_ONCE, and none that is
    younger than `until`. `moment` is the field with the age. Return the number of deleted drafts.
    """
    newest_first = drafts.order_by(f"-{moment}")
    first_beyond = newest_first.values_list(moment, flat=True)[keep : keep + 1].first()
    if first_beyond is None:
        return 0
    old = drafts.filter(**{f"{moment}__lte": min(first_beyond, until)}).order_by(moment)
    # The rows are locked before they are deleted. A draft that somebody is writing to is locked already, so it is
    # skipped. A draft that somebody has written to since is younger or no longer empty, so the filter no longer
    # matches it.
    ids = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:MAX_DELETED_AT_ONCE])
    delete_drafts(ids)
    return len(ids)
