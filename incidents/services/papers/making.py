"""Making of the PDF files of papers, which a task makes after somebody has requested them.

A row (`Paper`) says what to make and when it is tried next. A worker claims the row by pushing `due_at` forward and
choosing a name in the store, and pushes `due_at` again while it works. If the worker dies, another worker claims the
row within a minute. Only the last worker that claimed the row may record the result. A file that was stored under an
earlier name is removed.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import batched

import structlog
from django.db import transaction
from django.db.models import Case, Max, QuerySet, When
from django.utils import timezone

from collectivities.models import Departement
from core.locks import make_due_condition
from core.typeset import PAGES_AT_ONCE, PdfJoiner, typeset
from incidents.access import CaseVisitor, get_case
from incidents.enums import Ability, PaperKind, PaperState
from incidents.files import vault
from incidents.models import Incident, Paper
from incidents.services.evidence.files import find_case_key, get_or_create_case_key
from incidents.services.papers.answer_pack import build_answer_pack
from incidents.services.papers.cards import TEMPLATES, list_cards, list_communes

logger = structlog.get_logger(__name__)

# Longer than any step of making a paper, so that no worker claims a paper that another worker is still making.
LEASE = timedelta(minutes=1)
MAX_TRIES = 3
# The time after which a worker stops making papers, so that its other tasks can run.
PASS_TIME_LIMIT = timedelta(seconds=5)
type OtherWork = Callable[[], object]


class NothingToPrint(Exception):
    """The case was erased, so there is nothing to print."""


class ClaimLost(Exception):
    """Another worker has claimed this paper meanwhile, so this worker must stop making it."""


# Requesting a paper


@transaction.atomic
def request_answer_pack(*, visitor: CaseVisitor, reference: str) -> Paper:
    """Request the answer pack of the case in its current state.

    If the pack of this state was already requested, return that paper, and restart it if it is late. Raises Http404,
    PermissionDenied, and NothingToPrint.
    """
    incident = get_case(visitor, reference, to=Ability.VIEW, lock=True)
    if incident.erased_at:
        raise NothingToPrint
    last = incident.events.aggregate(at=Max("at"))["at"]
    packs = incident.papers.filter(kind=PaperKind.ANSWER_PACK, asked_at__gte=last)
    current = packs.exclude(state=PaperState.FAILED).order_by("-id").first()
    if current:
        return revive_paper(current) if current.is_late else current
    return Paper.objects.create(kind=PaperKind.ANSWER_PACK, incident=incident, total=1)


@transaction.atomic
def request_wall_cards(*, departement: Departement) -> Paper:
    """Request the wall cards of the communes of a département.

    All the requests of one day return the same paper, which is restarted if it is late. If it failed, a new paper is
    made.
    """
    Departement.objects.select_for_update(no_key=True).get(pk=departement.pk)
    newest = list_card_papers(departement).first()
    if newest and not needs_new_cards(newest):
        return newest
    if newest and newest.is_late:
        return revive_paper(newest)
    total = list_communes(departement).count()
    return Paper.objects.create(kind=PaperKind.WALL_CARDS, departement=departement, total=total)


def needs_new_cards(newest: Paper | None) -> bool:
    """Tell whether a request would make new cards.

    New cards are made if there are none, or if the newest cards failed, are late or are of an earlier day.
    """
    if newest is None or newest.state == PaperState.FAILED:
        return True
    if newest.state == PaperState.ASKED:
        return newest.is_late
    return timezone.localdate(newest.asked_at) < timezone.localdate()


def revive_paper(late: Paper) -> Paper:
    """Restart a late paper. It counts as requested now, and its tries count from zero. `due_at` does not change."""
    late.asked_at, late.tries = timezone.now(), 0
    late.save(update_fields=["asked_at", "tries"])
    return late


def list_card_papers(departement: Departement) -> QuerySet[Paper]:
    """Return the papers with the cards of a département, newest first.

    A requested paper does not replace the older ones: they are deleted when it has been made.
    """
    return Paper.objects.filter(kind=PaperKind.WALL_CARDS, departement=departement).order_by("-id")


# Making papers


def make_due_papers(*, kinds: Sequence[PaperKind] = tuple(PaperKind), do_other_work: OtherWork | None = None) -> int:
    """Make the papers that are due, until none is left or `PASS_TIME_LIMIT` has passed. Returns their number.

    While a long paper is being made, `do_other_work` is called each time `PASS_TIME_LIMIT` has passed.
    """
    papers, until = 0, timezone.now() + PASS_TIME_LIMIT
    while timezone.now() < until and (paper := claim_paper(timezone.now(), kinds)):
        papers += try_to_make_paper(paper, do_other_work)
    return papers


@transaction.atomic
def claim_paper(now: datetime, kinds: Sequence[PaperKind] = tuple(PaperKind)) -> Paper | None:
    """Claim one due paper and return it, or return None if no paper is due.

    The claim puts off the next try, counts this try, and gives the paper a new name in the store. Answer packs come
    before cards, however many cards were requested. If a worker died, the file that it may have stored is removed. A
    paper that failed too often is given up.
    """
    due = Paper.objects.filter(make_due_condition(now, longest=LEASE), state=PaperState.ASKED, kind__in=kinds)
    due.filter(tries__gte=MAX_TRIES).update(state=PaperState.FAILED)
    first = due.order_by(Case(When(kind=PaperKind.ANSWER_PACK, then=0), default=1), "due_at", "id")
    paper = first.select_for_update(skip_locked=True, of=("self",)).first()
    if paper is None:
        return None
    delete_paper_file(paper)
    paper.tries, paper.due_at, paper.done, paper.storage_name = (
        paper.tries + 1,
        now + LEASE,
        0,
        vault.make_object_name(),
    )
    paper.save(update_fields=["tries", "due_at", "done", "storage_name"])
    return paper


def try_to_make_paper(paper: Paper, do_other_work: OtherWork | None = None) -> bool:
    """Make one paper. Returns whether it was recorded as made.

    An error is logged, so that it does not stop the other papers. The paper is tried again later.
    """
    try:
        size = make_answer_pack(paper) if paper.kind == PaperKind.ANSWER_PACK else make_cards(paper, do_other_work)
    except Exception as error:  # noqa: BLE001  (see above)
        logger.error("a paper cannot be made", paper=str(paper.uid), error=type(error).__name__)  # noqa: TRY400  (a traceback may hold texts)
        vault.remove_object(paper.storage_name)
        return False
    return record_made_paper(paper, size)


def make_answer_pack(paper: Paper) -> int:
    """Make and store an answer pack and return its size in bytes. Raises NothingToPrint for an erased case."""
    incident = Incident.objects.with_displayed_rows().get(papers=paper)
    pdf = typeset(TEMPLATES / "pack.typ", build_answer_pack(incident, at=timezone.now()))
    vault.write_object(paper.storage_name, get_paper_key(incident), pdf)
    return len(pdf)


@transaction.atomic
def get_paper_key(incident: Incident) -> bytes:
    """Return the key that encrypts the papers of the case. Raises NothingToPrint if the case is erased."""
    if Incident.objects.select_for_update(no_key=True).get(pk=incident.pk).erased_at:
        raise NothingToPrint
    return get_or_create_case_key(incident)


def make_cards(paper: Paper, do_other_work: OtherWork | None = None) -> int:
    """Make and store the cards of a département and return their size in bytes. May raise ClaimLost.

    A few pages are made at a time, so that memory does not grow with the number of communes. Cards hold nothing secret
    and are not encrypted.
    """
    # a CHECK constraint requires a département for this kind of paper
    departement: Departement = paper.departement  # type: ignore[assignment]
    paused_at = timezone.now()
    with vault.get_store().open(paper.storage_name, "wb") as file:
        joiner = PdfJoiner(file)
        for cards in batched(list_cards(departement, on=timezone.localdate()), PAGES_AT_ONCE):
            joiner.add(typeset(TEMPLATES / "cards.typ", {"title": str(departement), "cards": cards}))
            if not filter_claimed(paper).update(done=joiner.pages, due_at=timezone.now() + LEASE):
                raise ClaimLost
            if do_other_work and timezone.now() > paused_at + PASS_TIME_LIMIT:
                make_due_papers(kinds=[PaperKind.ANSWER_PACK])
                do_other_work()
                paused_at = timezone.now()
        joiner.finish()
    return joiner.at


def filter_claimed(paper: Paper) -> QuerySet[Paper]:
    """Return the row of the paper as a queryset. It is empty if another worker has claimed the paper since."""
    return Paper.objects.filter(pk=paper.pk, state=PaperState.ASKED, storage_name=paper.storage_name)


@transaction.atomic
def record_made_paper(paper: Paper, size: int) -> bool:
    """Record the paper as made and return True.

    If another worker has claimed the paper or the case was erased, remove the file and return False.
    """
    if not filter_claimed(paper).update(state=PaperState.MADE, size=size, made_at=timezone.now(), done=paper.total):
        vault.remove_object(paper.storage_name)
        return False
    if paper.kind == PaperKind.WALL_CARDS:
        delete_selected_papers(
            Paper.objects.filter(kind=PaperKind.WALL_CARDS, departement=paper.departement_id, pk__lt=paper.pk)
        )
    return True


# Reading and deleting papers


def read_paper(paper: Paper) -> Iterator[bytes]:
    """Yield the bytes of a paper that was made. Raises NotReadable if they cannot be decrypted, or are gone."""
    if paper.kind == PaperKind.WALL_CARDS:
        return read_unencrypted_content(paper.storage_name)
    key = find_case_key(paper.incident_id)
    if key is None:
        raise vault.NotReadable
    return vault.read_object(paper.storage_name, key)


def read_unencrypted_content(name: str) -> Iterator[bytes]:
    """Yield the bytes of an object that is stored without encryption. Raises NotReadable."""
    try:
        with vault.get_store().open(name, "rb") as file:
            yield from file.chunks()
    except vault.STORE_ERRORS as error:
        raise vault.NotReadable from error


def delete_papers(incident_ids: Collection[int]) -> None:
    """Delete the papers of cases that are being erased. Call it inside the transaction that erases."""
    delete_selected_papers(Paper.objects.filter(incident__in=incident_ids))


def delete_selected_papers(papers: QuerySet[Paper]) -> None:
    """Delete these papers, with their files. Call it inside a transaction."""
    for paper in papers:
        delete_paper_file(paper)
        paper.delete()


def delete_paper_file(paper: Paper) -> None:
    """Remove the file of the paper from the store once the transaction has committed."""
    if paper.storage_name:
        transaction.on_commit(partial(vault.remove_object, paper.storage_name), robust=True)
