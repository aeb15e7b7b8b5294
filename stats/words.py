"""How numbers, places and days are written in the sentences of the figures."""

import re
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collectivities.models import Region
from csirts.wording import at, of
from stats.chance import Rate
from stats.published.numbers import Cell, State
from stats.published.page import Page
from stats.published.spans import QUARTER, YEAR, Span
from stats.published.tables import QUARTERS

NO_BREAK, NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
UNKNOWN_SHARE = gettext_lazy("Personne ne sait combien d’incidents ne sont pas déclarés.")
VARIABILITY = gettext_lazy("variabilité naturelle")
WITHOUT_FIGURE = {
    State.WITHHELD: gettext_lazy("regroupé"),
    State.WAITING: gettext_lazy("à venir"),
    State.ABSENT: gettext_lazy("pas publié"),
    State.NOBODY: gettext_lazy("aucune collectivité"),
}


def figure(value: int) -> str:
    """12345 → « 12 345 », with the narrow space that does not break."""
    return f"{value:,}".replace(",", NARROW)


def cell_words(value: Cell | int | None) -> str:
    """The figure, or the word for what is not shown alone: never a dash, and a zero only where nothing is counted."""
    if isinstance(value, int):
        return figure(value)
    if value is None:
        value = Cell(None, State.WITHHELD)
    return str(WITHOUT_FIGURE[value.state]) if value.state in WITHOUT_FIGURE else figure(value.value or 0)


def is_figure(value: Cell | int | None) -> bool:
    return isinstance(value, int) or (value is not None and value.value is not None)


def step_words(step: tuple[int, int, int | None]) -> str:
    """Of (level, first, last), in a key. The first level says its end alone: no number under five is published."""
    level, first, last = step
    if last is None:
        return _("%(first)s et plus") % {"first": figure(first)}
    if first == last:
        return figure(first)
    if level == 1:
        return _("jusqu’à %(last)s") % {"last": figure(last)}
    return _("%(first)s à %(last)s") % {"first": figure(first), "last": figure(last)}


def over(span: Span) -> str:
    """Of what a merged number is the whole."""
    return {QUARTER: _("pour le trimestre"), YEAR: _("pour l’année")}.get(span.over, _("regroupés"))


def percent(share: float) -> str:
    """Two digits that count: « 0,57 % », « 5,4 % », « 12 % »."""
    value = share * 100
    digits = 0 if value >= 10 else 1 if value >= 1 else 2
    return f"{value:.{digits}f}{NO_BREAK}%".replace(".", ",")


def bound(words: str) -> str:
    """With the spaces that do not break where French wants them."""
    whole_numbers = re.sub(r"(?<=\d) (?=\d{3})", NARROW, words)
    return re.sub(r"« | (?=[:;?!»%])", lambda found: found[0].replace(" ", NO_BREAK), whole_numbers)


def where(region: Region | None) -> str:
    return at(region) if region else _("en France")


def when(page: Page) -> str:
    """« 2025 », « le 3e trimestre 2025 »"""
    if page.source.quarter:
        return _("le %(quarter)s %(year)s") % {
            "quarter": QUARTERS[page.source.quarter - 1][0],
            "year": page.source.year,
        }
    return str(page.source.year)


def within_when(page: Page) -> str:
    """« en 2025 », « au 3e trimestre 2025 »"""
    said = when(page)
    return _("au %(when)s") % {"when": said.removeprefix("le ")} if page.source.quarter else _("en %s") % said


def heading(page: Page) -> str:
    return _("Les incidents dans les collectivités %(of)s, %(when)s") % {
        "of": of_place(page.source.region),
        "when": when(page).removeprefix("le "),
    }


def of_place(region: Region | None) -> str:
    return of(region) if region else _("françaises")


def upper(label: str) -> str:
    return label[:1].upper() + label[1:]


def lower(label: str) -> str:
    """As within a sentence; « EHPAD » stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def day(one: date) -> str:
    return date_format(one, "j F Y").replace("1 ", "1er ", 1) if one.day == 1 else date_format(one, "j F Y")


def rate_words(rate: Rate) -> str:
    """« 210 sur 36 300 ; variabilité naturelle : de 0,51 % à 0,66 % »"""
    spread = _("%(variability)s : de %(low)s à %(high)s") % {
        "variability": VARIABILITY,
        "low": percent(rate.low),
        "high": percent(rate.high),
    }
    return bound(
        _("%(number)s sur %(bodies)s ; %(spread)s")
        % {"number": figure(rate.number), "bodies": figure(rate.bodies), "spread": spread}
    )


def interval_words(rate: Rate) -> str:
    """« de 0,51 % à 0,66 % »"""
    return _("de %(low)s à %(high)s") % {"low": percent(rate.low), "high": percent(rate.high)}


def rate_range(rate: Rate) -> str:
    """« de 0,51 % à 0,66 % ; 210 sur 36 300 »: in a column whose head says of what."""
    said = {"low": percent(rate.low), "high": percent(rate.high)}
    said |= {"number": figure(rate.number), "bodies": figure(rate.bodies)}
    return bound(_("de %(low)s à %(high)s ; %(number)s sur %(bodies)s") % said)
