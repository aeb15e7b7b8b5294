"""The parts of a page that spread one measure over its bands, in their order, with their words: only those that speak.

Free of markup: the page draws bars and a table of each, the report may do otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stats.enums import DelayBand, Measure
from stats.published.lines import Spread
from stats.published.numbers import Cell
from stats.published.page import Page
from stats.titles import (
    only_in_table,
    remainder,
    title_of_delays,
    title_of_first,
    title_of_first_category,
    title_of_hours,
)


@dataclass(frozen=True)
class Naming:
    """What is said of one table whatever its numbers. `what`: its units, in the plural."""

    code: str
    subtitle: str
    caption: str
    heading: str
    what: str


@dataclass(frozen=True)
class Section:
    """`title`: what the numbers say, where they surely say something. `note`: what has no number of its own.

    `beyond`: what is not drawn, but in the table.
    """

    naming: Naming
    title: str
    spread: Spread
    note: str
    beyond: str = ""


def interruptions(page: Page) -> list[Section]:
    services = Naming(
        "services",
        _("Interruptions de service public, selon le service arrêté ou ralenti."),
        _("Interruptions par service"),
        _("Service"),
        _("interruptions"),
    )
    hours = Naming(
        "durees",
        _("Interruptions de service public, selon leur durée."),
        _("Interruptions selon leur durée"),
        _("Durée"),
        _("interruptions"),
    )
    return [
        *told(services, page.services, lambda spread: title_of_first(spread, _("Les services interrompus"))),
        *told(hours, page.hours, title_of_hours),
    ]


def leaks(page: Page) -> list[Section]:
    categories = Naming(
        "categories",
        _("Catégories de la CNIL. Une fuite compte dans chaque ligne qui la concerne."),
        _("Fuites par catégorie de données"),
        _("Catégorie"),
        _("mentions"),
    )
    persons = Naming(
        "personnes",
        _("Fuites de données, selon le nombre de personnes touchées."),
        _("Fuites selon le nombre de personnes"),
        _("Personnes"),
        _("fuites"),
    )
    status = Naming(
        "etats",
        _("Fuites de données, selon leur état. Une fuite jugée sans fondement n’est pas comptée."),
        _("Fuites selon leur état"),
        _("État"),
        _("fuites"),
    )
    return [
        *told(categories, page.categories, lambda spread: title_of_first_category(spread, _("Les données sorties"))),
        *told(persons, page.persons, lambda spread: title_of_first(spread, _("Combien de personnes par fuite"))),
        *told(status, page.status, lambda _spread: _("Ce que l’on sait de ces fuites")),
    ]


def causes(page: Page) -> list[Section]:
    naming = Naming(
        "causes",
        _("Incidents vérifiés, selon leur cause, quand elle est connue."),
        _("Incidents par cause"),
        _("Cause"),
        _("incidents"),
    )
    return told(naming, page.causes, lambda spread: title_of_first(spread, _("Comment c’est arrivé")))


def told(naming: Naming, spread: Spread | None, title: Callable[[Spread], str]) -> list[Section]:
    """None where most of the cases are not told apart."""
    if not spread or not spread.says_something:
        return []
    return [Section(naming, title(spread), spread, remainder(spread, naming.what), only_in_table(spread))]


@dataclass(frozen=True)
class Delays:
    """One table of three delays by band. `lines`: label, then one cell and its level (1 to 5, 0 for none) a delay."""

    title: str
    heads: list[str]
    lines: list[tuple[str, list[tuple[Cell, int]]]]
    rest: list[int]


HEADS = {
    Measure.DISCOVERY: gettext_lazy("de la découverte à la déclaration"),
    Measure.HELP: gettext_lazy("de la déclaration à la prise en charge"),
    Measure.CLOSING: gettext_lazy("de la déclaration à la clôture"),
}


def delays(page: Page) -> Delays | None:
    if not page.delays:
        return None
    columns = list(page.delays.values())
    lines = [
        (
            str(band.label),
            [
                (line.cell, level(line.value, spread.total))
                for spread in columns
                for line in spread.lines
                if line.code == band
            ],
        )
        for band in DelayBand
    ]
    return Delays(
        title=title_of_delays(page),
        heads=[str(HEADS[Measure(measure)]) for measure in page.delays],
        lines=lines,
        rest=[spread.total - spread.named for spread in columns],
    )


def level(value: int | None, total: int) -> int:
    """By fifths of all."""
    return min(5, 1 + 5 * value // total) if value and total else 0
