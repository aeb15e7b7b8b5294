"""Acts on all the cases of a group or of a supplier, carried out case by case by `services/bulk/jobs.py`."""

import hashlib
from typing import NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.access import list_centre_ids, match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from core.french import quote_words
from core.locks import lock_key
from core.stale import Stale
from core.text import clean_text, fold_text
from incidents.catalogues.message_templates import PLACEHOLDERS, fill_placeholders
from incidents.enums import OPEN, BulkAct, GroupKind
from incidents.identifying_words import IdentifyingWords, index_text, match_identifying_words
from incidents.models import BulkJob, CaseGroup, Incident
from incidents.querysets import IncidentQuerySet
from incidents.services.bulk.jobs import MAX_CASES, BulkFormAlreadyUsed, digest_form, start_bulk_job
from incidents.services.correspondence.correspond import TEXT_LIMIT
from incidents.services.groups.group import build_group_title, derive_group_uid, get_group, open_group
from incidents.services.groups.letters import list_letter_jobs
from incidents.services.history.identifying_values import IDENTIFYING_COLUMNS, collect_identifying_values
from incidents.services.library.templates import (
    check_blanks_filled,
    check_placeholders,
    format_centre_phone,
    map_placeholder_values,
)

MAX_QUOTED_NAMES = 10


class GroupLetter(NamedTuple):
    """A message to a whole group, as a responder typed it.

    With `with_closed`, the declarants of closed cases get the message too. `common` holds the words that the author
    has confirmed as common words, after a DoubtfulNames error.
    """

    text: str
    key: str
    asks_answer: bool = False
    with_closed: bool = False
    common: str = ""


class DoubtfulNames(ValidationError):
    """Some words of the message may be part of a name. Its author must confirm that they are common words."""

    def __init__(self, words: list[str]) -> None:
        quoted = quote_words(words[:MAX_QUOTED_NAMES])
        super().__init__({"text": f"Ce message désigne peut-être quelqu’un du groupe aux autres : {quoted}."})
        self.words = join_words(words)


def clean_group_letter(letter: GroupLetter, group: CaseGroup, actor: User) -> GroupLetter:
    """Return the letter with its text cleaned. Its placeholders are filled in later, for each case.

    Raises ValidationError on `text`, DoubtfulNames if a word may be either a name or a common word.
    """
    text = clean_text(letter.text, limit=TEXT_LIMIT, field="text")
    if not text:
        raise ValidationError({"text": "Écrivez votre message avant de l’envoyer."})
    check_placeholders(
        text, PLACEHOLDERS if format_centre_phone(group.csirt_id) else PLACEHOLDERS.keys() - {"telephone"}
    )
    check_blanks_filled(text)
    pointers = find_identifying_words(text, group, actor)
    if pointers.certain:
        quoted = quote_words(pointers.certain[:MAX_QUOTED_NAMES])
        raise ValidationError({"text": f"Ce message désigne quelqu’un du groupe aux autres. Retirez : {quoted}."})
    if pointers.doubtful and letter.common != join_words(pointers.doubtful):
        raise DoubtfulNames(pointers.doubtful)
    return letter._replace(text=text)


def join_words(words: list[str]) -> str:
    """Return the words as one text, in the form in which the confirmation page posts them."""
    return ", ".join(" ".join(word.split()) for word in words)


def find_identifying_words(text: str, group: CaseGroup, actor: User) -> IdentifyingWords:
    """Return the words of the message that would identify somebody in the group to other declarants.

    They identify a body, a person or a case. The author's own name is allowed, for the signature. The result is empty
    if all cases are of one body.
    """
    cases = (
        list_recipient_cases(group, with_closed=True)
        .select_related("collectivity", "story")
        .only(*IDENTIFYING_COLUMNS)[:MAX_CASES]
    )
    named_cases = list(cases)
    if len({case.collectivity_id for case in named_cases}) < 2:
        return IdentifyingWords([], [])
    indexed_text, author_words = index_text(text), set(fold_text(actor.display_name).split())
    words_by_case = [match_identifying_words(indexed_text, collect_identifying_values(case)) for case in named_cases]
    certain, doubtful = (
        dict.fromkeys(word for case_words in words_by_case for word in case_words[index]) for index in (0, 1)
    )
    of_other_people = [
        [word for word in group_words if not author_words.issuperset(fold_text(word).split())]
        for group_words in (certain, doubtful)
    ]
    return IdentifyingWords(of_other_people[0], [word for word in of_other_people[1] if word not in certain])


def list_recipient_cases(group: CaseGroup, *, with_closed: bool) -> QuerySet[Incident]:
    """Return the cases whose declarants get the message: the cases of the group and their duplicates.

    A duplicate need not be in the group itself. Erased cases are left out. Closed cases are left out unless
    `with_closed`.
    """
    grouped = Incident.objects.filter(group=group, csirt=group.csirt_id).order_by().values("pk")
    duplicates = Incident.objects.filter(merged_into__group=group, csirt=group.csirt_id).order_by().values("pk")
    cases = Incident.objects.filter(pk__in=grouped.union(duplicates), erased_at=None).order_by("pk")
    return cases if with_closed else cases.filter(Q(status__in=OPEN) | Q(merged_into__status__in=OPEN))


def preview_first_letter(group: CaseGroup, letter: GroupLetter, actor: User) -> tuple[Incident, str] | None:
    """Return the first case that gets the message, and the text that its declarant would read.

    Returns None if no case gets the message.
    """
    cases = list_recipient_cases(group, with_closed=letter.with_closed).select_related("collectivity", "csirt")
    first = cases.first()
    if first is None:
        return None
    return first, fill_placeholders(
        letter.text, map_placeholder_values(first, actor, format_centre_phone(group.csirt_id))
    )


@transaction.atomic
def write_to_group(*, group: UUID, letter: GroupLetter, actor: User, seen: str) -> BulkJob:
    """Start the job that writes to each declarant of the group, each in the thread of their case.

    `seen` is what `make_preview_stamp` returned for the preview that the author read. The same form sent twice is one
    message. Raises Http404, Stale if the preview has changed, BulkFormAlreadyUsed if the form was used with another
    text or other cases, and ValidationError: on `text`, or without a field if no declarant would get the message.
    """
    case_group = get_group(actor, group)
    clean = clean_group_letter(letter, case_group, actor)
    lock_key(f"message {case_group.uid}")  # of two messages sent at once, the second waits here, then finds the first
    if seen != make_preview_stamp(clean, case_group, actor):
        raise Stale
    cases = list_recipient_cases(case_group, with_closed=clean.with_closed)
    references = list(cases.values_list("reference", flat=True)[:MAX_CASES])
    if not references:
        raise ValidationError("Aucun déclarant à qui écrire dans ce groupe.")
    choices = {"group": str(case_group.uid), "asks_answer": clean.asks_answer}
    return start_bulk_job(
        actor=actor,
        act=BulkAct.MESSAGE,
        references=references,
        choices=choices,
        text=clean.text,
        key=make_letter_form_key(case_group, clean),
    )


def make_letter_form_key(group: CaseGroup, letter: GroupLetter) -> str:
    """Return the key under which the job of this form is submitted. It is made of the group and the form's own key."""
    return f"{group.uid}\n{letter.key}"


def make_preview_stamp(letter: GroupLetter, group: CaseGroup, author: User) -> str:
    """Return a stamp of the preview of a message. The stamp changes if the message or its recipients change.

    It also changes if another message is sent to the group meanwhile, since the two messages may contradict each
    other.
    """
    cases = list_recipient_cases(group, with_closed=letter.with_closed).values_list("pk", flat=True)
    newest = find_newest_other_job(group, letter, author)
    content = letter.text, letter.asks_answer, letter.with_closed, list(cases[:MAX_CASES]), newest
    return hashlib.sha256(repr(content).encode()).hexdigest()


def find_newest_other_job(group: CaseGroup, letter: GroupLetter, actor: User) -> int | None:
    """Return the id of the newest job that wrote to the group, or None. Runs one query.

    The job of this form (`letter`) is left out.
    """
    own = digest_form(actor, make_letter_form_key(group, letter))
    return next((job.pk for job in list_letter_jobs(group) if not job.submission_key.startswith(own)), None)


def list_ungrouped_supplier_cases(group: CaseGroup) -> QuerySet[Incident]:
    """Return the open cases of the centre that are in no group and name a supplier of this group.

    The suppliers of the group are those that its newest 200 cases name.
    """
    newest = Incident.objects.filter(group=group).order_by("-received_at", "-id").values("pk")[:200]
    keys = Incident.objects.filter(pk__in=newest).exclude(supplier_key="").values("supplier_key")
    return Incident.objects.open().filter(csirt=group.csirt_id, supplier_key__in=keys, group=None)


def add_supplier_cases(*, group: UUID, actor: User, key: str, supplier_key: str = "") -> BulkJob:
    """Start the job that adds ungrouped cases to the group. These cases name one of the suppliers of the group.

    If `supplier_key` is given, only the cases of that supplier are added. Raises Http404, and
    ValidationError if there is no such case.
    """
    case_group = get_group(actor, group)
    cases = (
        list_ungrouped_cases_of_supplier(supplier_key).filter(csirt=case_group.csirt_id)
        if supplier_key
        else list_ungrouped_supplier_cases(case_group)
    )
    return add_cases_to_group(case_group, cases, actor=actor, key=key)


def list_ungrouped_cases_of_supplier(supplier_key: str) -> IncidentQuerySet:
    """Return the open cases of any centre that are in no group and name this supplier."""
    return Incident.objects.open().filter(supplier_key=supplier_key, group=None).exclude(supplier_key="")


def open_supplier_group(*, supplier_key: str, actor: User, key: str) -> tuple[CaseGroup, BulkJob | None]:
    """Open a group named after the supplier, and start the job that adds cases to it.

    The group is opened in the centre of the oldest open, ungrouped case that names the supplier. The job adds all such
    cases of this centre. The same form sent again returns the same group, and no job if no case is left to add. Raises
    Http404 if the actor's centres have no such case.
    """
    cases = list_ungrouped_cases_of_supplier(supplier_key).of_centres(actor, CentreAbility.WORK)
    opened = find_opened_group(actor, key)
    if opened is None:
        first = cases.select_related("csirt", "story").order_by("received_at", "pk").first()
        if first is None or first.csirt is None:
            raise Http404
        title = build_group_title(first.story.supplier or supplier_key)
        opened = open_group(csirt=first.csirt, kind=GroupKind.SUPPLIER, title=title, actor=actor, key=key)
    try:
        return opened, add_cases_to_group(opened, cases.filter(csirt=opened.csirt), actor=actor, key=key)
    except ValidationError:
        return opened, None


def find_opened_group(actor: User, key: str) -> CaseGroup | None:
    """Return the group that a form with this key has opened in one of the actor's centres, or None."""
    uids = [derive_group_uid(actor, csirt, key) for csirt in list_centre_ids(actor, CentreAbility.WORK)] if key else []
    own_groups = CaseGroup.objects.filter(match_centres(actor, CentreAbility.WORK)).select_related("csirt")
    return own_groups.filter(uid__in=uids).first()


def add_cases_to_group(group: CaseGroup, cases: QuerySet[Incident], *, actor: User, key: str) -> BulkJob:
    """Start the job that adds these cases to the group. Raises ValidationError if there are none.

    The second click of a double click returns the job that the first click started.
    """
    references = list(cases.order_by("pk").values_list("reference", flat=True)[:MAX_CASES])
    if not references:
        raise ValidationError("Tous ces dossiers sont déjà dans un groupe.")
    try:
        return start_bulk_job(
            actor=actor,
            act=BulkAct.GROUP,
            references=references,
            choices={"group": str(group.uid)},
            key=f"{group.uid}\n{key}",
        )
    except BulkFormAlreadyUsed as used:
        return used.job  # This is the second click of a double click: some of the cases are already in the group.
