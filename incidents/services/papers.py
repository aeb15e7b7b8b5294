"""Papers that a task makes: asked for once, made at least once, found again until the case is erased.

A row says what is to be made and by when it is tried again. A worker claims it by pushing that instant forward and by
naming what it will store; it pushes again as it goes, so that one which dies is followed by another within a minute.
Whoever claims last alone may record: what was stored under an earlier name goes.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import batched

import structlog
from django.db import transaction
from django.db.models import Case, Max, QuerySet, When
from django.utils import timezone

from collectivities.models import Departement
from incidents import vault
from incidents.access import Guest, get_case
from incidents.enums import Ability, PaperKind, PaperState
from incidents.models import CaseKey, Incident, Paper
from incidents.services.cards import cards_of, communes_of
from incidents.services.dossier import dossier_of
from incidents.typeset import PAGES_AT_ONCE, Joiner, typeset

logger = structlog.get_logger(__name__)

# Longer than any step of the work: nobody begins again what is still being made.
LEASE = timedelta(minutes=1)
MOST_TRIES = 3
# After which other work has its turn.
LONGEST_ROUND = timedelta(seconds=5)
type Meanwhile = Callable[[], object]


class Erased(Exception):
    """The words of the case are gone: there is nothing to print."""


class Overtaken(Exception):
    """Another worker took this one for dead and makes the paper."""


# Asking


@transaction.atomic
def ask_answer_pack(*, guest: Guest, reference: str) -> Paper:
    """One paper for one state of the case: asking again gives the same, or revives it. Raises Http404, Erased."""
    incident = get_case(guest, reference, to=Ability.VIEW, lock=True)
    if incident.erased_at:
        raise Erased
    last = incident.events.aggregate(at=Max("at"))["at"]
    packs = incident.papers.filter(kind=PaperKind.ANSWER_PACK, asked_at__gte=last)
    current = packs.exclude(state=PaperState.FAILED).order_by("-id").first()
    if current:
        return revived(current) if current.is_late else current
    return Paper.objects.create(kind=PaperKind.ANSWER_PACK, incident=incident, total=1)


@transaction.atomic
def ask_wall_cards(*, departement: Departement) -> Paper:
    """One paper a département and a day, whoever asks and how often; another at once if that one failed."""
    Departement.objects.select_for_update(no_key=True).get(pk=departement.pk)
    newest = cards_for(departement).first()
    if newest and not may_be_asked(newest):
        return newest
    if newest and newest.is_late:
        return revived(newest)
    total = communes_of(departement).count()
    return Paper.objects.create(kind=PaperKind.WALL_CARDS, departement=departement, total=total)


def may_be_asked(newest: Paper | None) -> bool:
    """Whether asking for cards would change anything: there are none, they failed, wait too long, or are of old."""
    if newest is None or newest.state == PaperState.FAILED:
        return True
    if newest.state == PaperState.ASKED:
        return newest.is_late
    return timezone.localdate(newest.asked_at) < timezone.localdate()


def revived(late: Paper) -> Paper:
    """It counts as asked now, with all its tries, and keeps its place in the queue."""
    late.asked_at, late.tries = timezone.now(), 0
    late.save(update_fields=["asked_at", "tries"])
    return late


def cards_for(departement: Departement) -> QuerySet[Paper]:
    """The newest first: the one being made may have an older one beside it, to be read meanwhile."""
    return Paper.objects.filter(kind=PaperKind.WALL_CARDS, departement=departement).order_by("-id")


# Making


def make_due(*, kinds: Sequence[PaperKind] = tuple(PaperKind), meanwhile: Meanwhile | None = None) -> int:
    """Make what is due, until nothing is left or the round is over. Gives the number of papers made.

    `meanwhile` is called each time that a long paper has taken a round.
    """
    made, until = 0, timezone.now() + LONGEST_ROUND
    while timezone.now() < until and (paper := claim(timezone.now(), kinds)):
        made += attempt(paper, meanwhile)
    return made


@transaction.atomic
def claim(now: datetime, kinds: Sequence[PaperKind] = tuple(PaperKind)) -> Paper | None:
    """Take one due row from the other workers; it is put off and counted before it is tried.

    The pack of a case comes before the cards of a département, however many strangers asked for these. What a dead
    worker may have stored goes, so that nothing stays in the store without a row.
    """
    asked = Paper.objects.filter(state=PaperState.ASKED, due_at__lte=now, kind__in=kinds)
    asked.filter(tries__gte=MOST_TRIES).update(state=PaperState.FAILED)
    first = asked.order_by(Case(When(kind=PaperKind.ANSWER_PACK, then=0), default=1), "due_at", "id")
    paper = first.select_for_update(skip_locked=True, of=("self",)).first()
    if paper is None:
        return None
    forget_content(paper)
    paper.tries, paper.due_at, paper.done, paper.storage_name = paper.tries + 1, now + LEASE, 0, vault.new_name()
    paper.save(update_fields=["tries", "due_at", "done", "storage_name"])
    return paper


def attempt(paper: Paper, meanwhile: Meanwhile | None = None) -> bool:
    """Whatever is wrong with one paper must not hold up the others: it is tried again, then said impossible."""
    try:
        size = make_pack(paper) if paper.kind == PaperKind.ANSWER_PACK else make_cards(paper, meanwhile)
    except Exception as error:  # noqa: BLE001  (see above)
        logger.error("a paper cannot be made", paper=str(paper.uid), error=type(error).__name__)  # noqa: TRY400  (a trace may hold what people wrote)
        vault.remove(paper.storage_name)
        return False
    return record(paper, size)


def make_pack(paper: Paper) -> int:
    """Raises Erased when the case was erased meanwhile."""
    incident = Incident.objects.with_words().get(papers=paper)
    pdf = typeset("pack", dossier_of(incident, at=timezone.now()))
    vault.write(paper.storage_name, key_of(incident), pdf)
    return len(pdf)


@transaction.atomic
def key_of(incident: Incident) -> bytes:
    """That of the files of the case, made if it has none yet."""
    if Incident.objects.select_for_update(no_key=True).get(pk=incident.pk).erased_at:
        raise Erased
    row, _made = CaseKey.objects.get_or_create(incident=incident, defaults={"wrapped": vault.wrap(vault.new_key())})
    return vault.unwrap(bytes(row.wrapped))


def make_cards(paper: Paper, meanwhile: Meanwhile | None = None) -> int:
    """A few pages at a time, joined as they come: what it takes in memory does not grow with the département.

    Nothing of it is secret, so it is stored in clear. Raises Overtaken.
    """
    departement: Departement = paper.departement  # type: ignore[assignment]  # the database holds it to its kind
    paused_at = timezone.now()
    with vault.store().open(paper.storage_name, "wb") as file:
        joiner = Joiner(file)
        for cards in batched(cards_of(departement, on=timezone.localdate()), PAGES_AT_ONCE):
            joiner.add(typeset("cards", {"title": str(departement), "cards": cards}))
            if not held(paper).update(done=joiner.pages, due_at=timezone.now() + LEASE):
                raise Overtaken
            if meanwhile and timezone.now() > paused_at + LONGEST_ROUND:
                make_due(kinds=[PaperKind.ANSWER_PACK])
                meanwhile()
                paused_at = timezone.now()
        joiner.finish()
    return joiner.at


def held(paper: Paper) -> QuerySet[Paper]:
    """The row, as long as the worker that claimed it under that name is the last."""
    return Paper.objects.filter(pk=paper.pk, state=PaperState.ASKED, storage_name=paper.storage_name)


@transaction.atomic
def record(paper: Paper, size: int) -> bool:
    """What another worker has taken over stays as it is, and so does what was erased: ours goes."""
    if not held(paper).update(state=PaperState.MADE, size=size, made_at=timezone.now(), done=paper.total):
        vault.remove(paper.storage_name)
        return False
    if paper.kind == PaperKind.WALL_CARDS:
        forget(Paper.objects.filter(kind=PaperKind.WALL_CARDS, departement=paper.departement_id, pk__lt=paper.pk))
    return True


# Reading and forgetting


def content_of(paper: Paper) -> Iterator[bytes]:
    """The bytes of a paper that was made. Raises NotReadable."""
    if paper.kind == PaperKind.WALL_CARDS:
        return clear_content(paper.storage_name)
    row = CaseKey.objects.filter(incident=paper.incident_id).first()
    if row is None:
        raise vault.NotReadable
    return vault.read(paper.storage_name, vault.unwrap(bytes(row.wrapped)))


def clear_content(name: str) -> Iterator[bytes]:
    try:
        with vault.store().open(name, "rb") as file:
            yield from file.chunks()
    except OSError as error:
        raise vault.NotReadable from error


def forget_papers(incident: Incident) -> None:
    """Those of a case that is erased. Call it inside the transaction that erases."""
    forget(Paper.objects.filter(incident=incident))


def forget(papers: QuerySet[Paper]) -> None:
    for paper in papers:
        forget_content(paper)
        paper.delete()


def forget_content(paper: Paper) -> None:
    if paper.storage_name:
        transaction.on_commit(partial(vault.remove, paper.storage_name), robust=True)
