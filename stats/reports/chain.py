"""Where a report takes a table from, when its own place and period are told too little: the nearest wider page."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from django.utils.translation import gettext as _

from stats.published import Asked, Page, UnknownSelectionError, read_page
from stats.words import when, where


def pages_for(asked: Asked) -> list[Page]:
    """The page that is asked for, then wider ones of the same release. Raises UnknownSelectionError."""
    own = read_page(asked)
    pages = [own]
    for other in wider(asked, own):
        with suppress(UnknownSelectionError):
            pages.append(read_page(other))
    return pages


def wider(asked: Asked, own: Page) -> Iterator[Asked]:
    """The year of a quarter; the nation; while the year goes on, the nation's last year, which has yearly tables."""
    year = replace(asked, quarter="")
    if asked.quarter:
        yield year
    if asked.region:
        yield replace(asked, region="")
    if asked.region and asked.quarter:
        yield replace(year, region="")
    if not own.source.is_over and own.source.year - 1 in own.source.years:
        yield replace(year, region="", year=str(own.source.year - 1))


def first_with[T](pages: list[Page], found: Callable[[Page], T | None]) -> tuple[Page, T] | None:
    """The nearest page that has it."""
    return next(((page, one) for page in pages if (one := found(page)) is not None), None)


def label_of(page: Page, own: Page) -> str:
    """« En France, 2025 » above what is not of the place and period of the report; else ""."""
    if page is own:
        return ""
    place = where(page.source.region)
    return _("%(place)s, %(when)s") % {"place": place[:1].upper() + place[1:], "when": when(page)}
