"""Papers that a task makes: asked for once, made at least once, found again until the case is erased.

A row says what is to be made and by when it is tried again. A worker claims it by pushing that instant forward, so
that one which dies is followed by another; what is recorded first counts, and what a second one stored goes.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import batched

import structlog
from django.db import transaction
from django.db.models import Max, QuerySet
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

# Longer than the longest task may last: nobody begins again what is still being made.
LEASE = timedelta(minutes=6)
MOST_TRIES = 3
LONGEST_ROUND = timedelta(minutes=2)


class Erased(Exception):
    """The words of the case are gone: there is nothing to print."""


# Asking


@transaction.atomic
def ask_answer_pack(*, guest: Guest, reference: str) -> Paper:
    """One paper for one state of the case: asking again gives the same. Raises Http404, Erased."""
    incident = get_case(guest, reference, to=Ability.VIEW, lock=True)
    if incident.erased_at:
        raise Erased
    last = incident.events.aggregate(at=Max("at"))["at"]
    packs = incident.papers.filter(kind=PaperKind.ANSWER_PACK, asked_at__gte=last)
    current = packs.exclude(state=PaperState.FAILED).order_by("-id").first()
    return current or Paper.objects.create(kind=PaperKind.ANSWER_PACK, incident=incident, total=1)


@transaction.atomic
def ask_wall_cards(*, departement: Departement) -> Paper:
    """One paper a département and a day, whoever asks and how often."""
    Departement.objects.select_for_update(no_key=True).get(pk=departement.pk)
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    current = newest_cards(departement)
    if current and (current.asked_at >= today or current.state == PaperState.ASKED):
        return current
    total = communes_of(departement).count()
    return Paper.objects.create(kind=PaperKind.WALL_CARDS, departement=departement, total=total)


def newest_cards(departement: Departement) -> Paper | None:
    return Paper.objects.filter(kind=PaperKind.WALL_CARDS, departement=departement).order_by("-id").first()


# Making


def make_due() -> int:
    """Make what is due, until nothing is left or two minutes have passed. Gives the number of papers made."""
    made, until = 0, timezone.now() + LONGEST_ROUND
    while timezone.now() < until and (paper := claim(timezone.now())):
        made += attempt(paper)
    return made


@transaction.atomic
def claim(now: datetime) -> Paper | None:
    """Take one due row from the other workers; it is put off and counted before it is tried."""
    asked = Paper.objects.filter(state=PaperState.ASKED, due_at__lte=now)
    asked.filter(tries__gte=MOST_TRIES).update(state=PaperState.FAILED)
    paper = asked.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "id").first()
    if paper is None:
        return None
    paper.tries, paper.due_at, paper.done = paper.tries + 1, now + LEASE, 0
    paper.save(update_fields=["tries", "due_at", "done"])
    return paper


def attempt(paper: Paper) -> bool:
    """Whatever is wrong with one paper must not hold up the others: it is tried again, then said impossible."""
    name = vault.new_name()
    try:
        size = make_pack(paper, name) if paper.kind == PaperKind.ANSWER_PACK else make_cards(paper, name)
    except Exception as error:  # noqa: BLE001  (see above)
        logger.error("a paper cannot be made", paper=str(paper.uid), error=type(error).__name__)  # noqa: TRY400  (a trace may hold what people wrote)
        vault.remove(name)
        return False
    return record(paper, name, size)


def make_pack(paper: Paper, name: str) -> int:
    """Raises Erased when the case was erased meanwhile."""
    incident = Incident.objects.with_words().get(papers=paper)
    pdf = typeset("pack", dossier_of(incident, at=timezone.now()))
    vault.write(name, key_of(incident), pdf)
    return len(pdf)


@transaction.atomic
def key_of(incident: Incident) -> bytes:
    """That of the files of the case, made if it has none yet."""
    if Incident.objects.select_for_update(no_key=True).get(pk=incident.pk).erased_at:
        raise Erased
    row, _made = CaseKey.objects.get_or_create(incident=incident, defaults={"wrapped": vault.wrap(vault.new_key())})
    return vault.unwrap(bytes(row.wrapped))


def make_cards(paper: Paper, name: str) -> int:
    """A few pages at a time, joined as they come: what it takes in memory does not grow with the département.

    Nothing of it is secret, so it is stored in clear.
    """
    departement: Departement = paper.departement  # type: ignore[assignment]  # the database holds it to its kind
    with vault.store().open(name, "wb") as file:
        joiner = Joiner(file)
        for cards in batched(cards_of(departement, on=timezone.localdate()), PAGES_AT_ONCE):
            joiner.add(typeset("cards", {"title": str(departement), "cards": cards}, joinable=True))
            Paper.objects.filter(pk=paper.pk).update(done=joiner.pages)
        joiner.finish()
    return joiner.at


@transaction.atomic
def record(paper: Paper, name: str, size: int) -> bool:
    """What another worker has recorded already stays as it is, and so does what was erased: ours goes."""
    mine = Paper.objects.filter(pk=paper.pk, state=PaperState.ASKED)
    made = {"state": PaperState.MADE, "storage_name": name, "size": size, "made_at": timezone.now()}
    if not mine.update(**made, done=paper.total):
        vault.remove(name)
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
        if paper.storage_name:
            transaction.on_commit(partial(vault.remove, paper.storage_name), robust=True)
        paper.delete()
