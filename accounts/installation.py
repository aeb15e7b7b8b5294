"""Tells whether this database is a demonstration, and what the foot of each page says of its accessibility. Every
page, every mail and every start of production asks.
"""

import time
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import Exists, Subquery
from django.db.models.functions import Coalesce

from accounts.enums import Accessibility
from accounts.models import Installation, SiteNotice
from csirts.models import get_version_manager

CACHE_SECONDS = 60


class InstallationFacts(NamedTuple):
    """What every page says of the installation."""

    is_demonstration: bool
    accessibility: Accessibility


# Database name → (facts, when they were read on the monotonic clock). They are read again after CACHE_SECONDS.
_facts: dict[str, tuple[InstallationFacts, float]] = {}


def get_facts() -> InstallationFacts:
    """Return the facts of this installation, at most CACHE_SECONDS old."""
    name = str(connection.settings_dict["NAME"])
    cached = _facts.get(name)
    if cached and time.monotonic() - cached[1] < CACHE_SECONDS:
        return cached[0]
    marked = Installation.objects.filter(is_demonstration=True)
    rows = SiteNotice.objects.values_list(Exists(marked), "accessibility_state")
    is_marked, state = rows.first() or (is_marked_as_demonstration(), Accessibility.NONE)
    facts = InstallationFacts(is_marked, Accessibility(state))
    _facts[name] = (facts, time.monotonic())
    return facts


def load_notice() -> SiteNotice:
    """Return what the legal pages say of this installation, which is empty until the administrator fills it in."""
    return SiteNotice.objects.first() or SiteNotice()


def find_accessibility_change(notice: SiteNotice) -> datetime | None:
    """Return when what this notice says of accessibility was last changed, or None if no version says it. Runs one
    query.
    """
    versions = get_version_manager(SiteNotice)
    other_versions = versions.exclude(**notice.get_accessibility()).order_by("-pgh_id")
    last_other = Coalesce(Subquery(other_versions.values("pgh_id")[:1]), 0)
    same_versions = versions.filter(pgh_id__gt=last_other).order_by("pgh_id")
    changed_at: datetime | None = same_versions.values_list("pgh_created_at", flat=True).first()
    return changed_at


def is_demonstration() -> bool:
    """Tell whether this database is a demonstration, which holds invented cases. The answer is CACHE_SECONDS old at
    most.
    """
    return get_facts().is_demonstration


def is_marked_as_demonstration() -> bool:
    """Tell whether this database is a demonstration, without the cache of `is_demonstration`. Call it where an old
    answer would do harm, such as before sending a mail.
    """
    return Installation.objects.filter(is_demonstration=True).exists()


def mark_as_demonstration() -> None:
    """Mark this database as a demonstration, for ever."""
    Installation.objects.update_or_create(id=1, defaults={"is_demonstration": True})
    clear_installation_cache()


def clear_installation_cache() -> None:
    """Empty the cache of `get_facts`. A process that changes a fact needs it, and so do the tests, which change
    databases in one process.
    """
    _facts.clear()


def refuse_demonstration() -> None:
    """Raise ImproperlyConfigured if the database is a demonstration, because its accounts have published passwords.
    Production calls it when it starts.
    """
    if is_marked_as_demonstration():
        raise ImproperlyConfigured("DATABASE_URL points to a demonstration database; production needs its own.")
