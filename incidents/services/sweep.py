"""Objects of the evidence store that no row points to: what a killed process left behind, what was erased.

An object is stored before its row is committed, so that one without a row may be on its way. It is first noted
(`StrayObject`) and removed once it has been without one for a day, as the database sees it: no clock of the store is
trusted, and whoever puts back an older copy of the database has a day to notice. The pieces of an erased case count
as pointed to by nobody: their key is gone, and nobody will ever read them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from random import shuffle
from uuid import UUID

import structlog
from django.db.models import Q
from django.db.models.functions import Left
from django.utils import timezone

from incidents import vault
from incidents.enums import PaperState
from incidents.models import Evidence, EvidenceUpload, Paper, StrayObject

logger = structlog.get_logger(__name__)

WITHOUT_ROW_FOR = timedelta(hours=24)
LONGEST_ROUND = timedelta(seconds=20)
MOST_AT_ONCE = 500  # removed in one folder and round: each is a request where the store is a bucket


@dataclass
class Swept:
    """What a round did. Not whole when the store answers too slowly or not at all: the next round goes on."""

    objects: int = 0
    strays: int = 0
    removed: int = 0
    is_whole: bool = False


def sweep_store() -> Swept:
    """Hold each folder of the store against the rows, one folder in memory at a time. Two at once do no harm.

    In no order, so that a store too large for one round is gone through in several.
    """
    swept, until = Swept(), timezone.now() + LONGEST_ROUND
    try:
        for folder in folders_to_sweep():
            if timezone.now() > until:
                break
            sweep_folder(folder, swept)
        else:
            swept.is_whole = True
    except vault.UNREACHABLE as error:
        logger.warning("evidence store not swept", error=type(error).__name__)
    logger.info("evidence store swept", **vars(swept))
    return swept


def folders_to_sweep() -> list[str]:
    """Those of the store, and those that were there when a stray was noted."""
    noted = StrayObject.objects.values_list(Left("name", 2), flat=True).distinct()
    folders = list({*vault.folders(), *noted})
    shuffle(folders)
    return folders


def sweep_folder(folder: str, swept: Swept) -> None:
    """The store is read before the rows: what is committed in between is found."""
    now = timezone.now()
    stored = vault.names_in(folder)
    pointed = set(pointed_to(folder))
    strays = {name for name in stored if stem(name) not in pointed}
    known = dict(StrayObject.objects.filter(name__startswith=f"{folder}/").values_list("name", "seen_at"))
    due = (name for name in strays if name in known and known[name] <= now - WITHOUT_ROW_FOR)
    removed = {name for name in islice(due, MOST_AT_ONCE) if vault.remove(name)}
    StrayObject.objects.filter(name__in=removed | (known.keys() - strays)).delete()
    new = [StrayObject(name=name, seen_at=now) for name in strays - known.keys()]
    StrayObject.objects.bulk_create(new, batch_size=1000, ignore_conflicts=True)
    swept.objects += len(stored)
    swept.strays += len(strays) - len(removed)
    swept.removed += len(removed)


def stem(name: str) -> str:
    """What the slices of one upload have in common; of a whole object, its name."""
    return name.partition(".")[0]


def pointed_to(folder: str) -> Iterator[str]:
    """The stems of this folder that a row names: papers not given up, and what the key of its case still opens."""
    inside, readable = Q(storage_name__startswith=f"{folder}/"), Q(incident__casekey__isnull=False)
    yield from Evidence.objects.filter(inside, readable, taken_back_at=None).values_list("storage_name", flat=True)
    yield from Paper.objects.filter(inside).exclude(state=PaperState.FAILED).values_list("storage_name", flat=True)
    first, last = (UUID(folder + digit * 30) for digit in "0f")
    uploads = EvidenceUpload.objects.filter(readable, evidence=None, uid__gte=first, uid__lte=last)
    yield from (stem(vault.slice_name(uid, 0)) for uid in uploads.values_list("uid", flat=True))
