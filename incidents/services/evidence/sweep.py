"""Removal of objects in the evidence store that have no row, because a process was killed or a case was erased.

An object is stored before its row is committed, so an object without a row may still get a row. It is first noted
(`StrayObject`), and removed once it has been without a row for a day by the clock of this server. The clock of the
store is not trusted. Whoever restores an older database has a day to notice it before files are lost. The files of an
erased case count as objects without a row, because nobody can read them once their key is destroyed.
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

from incidents.enums import PaperState
from incidents.files import vault
from incidents.models import Evidence, EvidenceUpload, LegalHold, Paper, StrayObject

logger = structlog.get_logger(__name__)

WITHOUT_ROW_FOR = timedelta(hours=24)
PASS_TIME_LIMIT = timedelta(seconds=20)
# The most objects that one pass removes from one folder. If the store is a bucket, each removal is a request.
MAX_REMOVALS_AT_ONCE = 500


@dataclass
class SweepResult:
    """The result of one sweep of the evidence store.

    `objects` counts all objects, `strays` the remaining stray objects, and `removed` the removed objects. `is_whole`
    tells whether the sweep covered the whole store. It is False if the store was too slow or unreachable.
    """

    objects: int = 0
    strays: int = 0
    removed: int = 0
    is_whole: bool = False


def sweep_store() -> SweepResult:
    """Remove the objects of the store that have had no row for a day.

    Save a StrayObject for each newer object without a row, so that a later sweep removes it. Two sweeps may run at
    once. The folders are swept one at a time in random order, so several sweeps cover a store that is too large for
    one sweep.
    """
    swept, until = SweepResult(), timezone.now() + PASS_TIME_LIMIT
    try:
        for folder in list_folders_to_sweep():
            if timezone.now() > until:
                break
            sweep_folder(folder, swept)
        else:
            swept.is_whole = True
    except vault.STORE_ERRORS as error:
        logger.warning("evidence store not swept", error=type(error).__name__)
    logger.info("evidence store swept", **vars(swept))
    return swept


def list_folders_to_sweep() -> list[str]:
    """Return the folders of the store and of the recorded stray objects (`StrayObject`), in random order."""
    recorded = StrayObject.objects.values_list(Left("name", 2), flat=True).distinct()
    folders = list({*vault.list_folders(), *recorded})
    shuffle(folders)
    return folders


def sweep_folder(folder: str, swept: SweepResult) -> None:
    """Remove or record the objects of one folder that have no row. Add the numbers of objects to `swept`.

    The store is read before the rows. A row that is committed meanwhile is therefore found.
    """
    now = timezone.now()
    stored = vault.list_object_names(folder)
    expected = set(list_expected_stems(folder))
    strays = {name for name in stored if extract_stem(name) not in expected}
    first_seen = dict(StrayObject.objects.filter(name__startswith=f"{folder}/").values_list("name", "seen_at"))
    due = (name for name in strays if name in first_seen and first_seen[name] <= now - WITHOUT_ROW_FOR)
    removed = {name for name in islice(due, MAX_REMOVALS_AT_ONCE) if vault.remove_object(name)}
    StrayObject.objects.filter(name__in=removed | (first_seen.keys() - strays)).delete()
    new = [StrayObject(name=name, seen_at=now) for name in strays - first_seen.keys()]
    StrayObject.objects.bulk_create(new, batch_size=1000, ignore_conflicts=True)
    swept.objects += len(stored)
    swept.strays += len(strays) - len(removed)
    swept.removed += len(removed)


def extract_stem(name: str) -> str:
    """Return the part of an object's name before its first dot. The slices of one upload have the same stem."""
    return name.partition(".")[0]


def list_expected_stems(folder: str) -> Iterator[str]:
    """Yield the stems of the objects in this folder that belong to a row.

    The row is a paper that did not fail, or a file or unfinished upload of a case that still has its key. Files that
    were taken back are left out, unless a legal hold protects their case or the main case of which it is a duplicate,
    or ended lately.
    """
    inside, readable = Q(storage_name__startswith=f"{folder}/"), Q(incident__casekey__isnull=False)
    holds = LegalHold.objects.delaying_purge(timezone.now()).values("incident")
    is_held = Q(incident__in=holds) | Q(incident__merged_into__in=holds)
    files = Evidence.objects.filter(inside, readable).filter(Q(taken_back_at=None) | is_held)
    yield from files.values_list("storage_name", flat=True)
    yield from Paper.objects.filter(inside).exclude(state=PaperState.FAILED).values_list("storage_name", flat=True)
    first, last = (UUID(folder + digit * 30) for digit in "0f")
    uploads = EvidenceUpload.objects.filter(readable, evidence=None, uid__gte=first, uid__lte=last)
    yield from (extract_stem(vault.make_slice_name(uid, 0)) for uid in uploads.values_list("uid", flat=True))
