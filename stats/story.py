"""What the figures of a page say, in sentences of plain French without any markup: for the page and for the report.

Each sentence is computed, and said only where it is true whatever the numbers without detail hold. Nothing is said of
what is grouped, but that it is.
"""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from csirts.wording import listed
from incidents.enums import LeakStatus
from stats.chance import Change, Direction
from stats.enums import HoursBand, Measure
from stats.periods import SETTLED_AFTER, last_day_of_quarter, quarters_of
from stats.published.lines import Spread
from stats.published.numbers import ANY_PERSONS, Cell, State, cell
from stats.published.page import Comparison, Page
from stats.published.places import no_rate_of
from stats.published.tables import QUARTERS
from stats.words import bound, day, figure, percent, rate_words, when, where

MANY_TIMES = 3.0  # beyond, a highest limit says nothing to anybody


def story(page: Page) -> list[str]:
    """One sentence or two, and a third one about chance where there is something to compare with."""
    if page.totals.incidents is None:
        return [bound(sentence) for sentence in nothing_alone(page)]
    said = [counted(page)]
    if page.comparison:
        said.append(compared(page.comparison))
    return [bound(sentence) for sentence in said]


def nothing_alone(page: Page) -> list[str]:
    said = {"where": where(page.source.region), "when": when(page)}
    state = page.source.cell(Measure.INCIDENTS).state
    if state is State.ZERO:
        return [_("Aucun nombre publié ne compte d’incident %(where)s pour %(when)s.") % said]
    if state is State.ABSENT:
        return [
            _("Le nombre d’incidents %(where)s n’est pas publié pour %(when)s.") % said,
            _("Cela ne veut pas dire qu’il n’y en a pas eu."),
        ]
    is_late = not page.source.is_over and not page.source.quarter
    soon = _(" pour l’instant") if is_late else ""
    return [
        _("Aucun nombre d’incidents ne peut être montré à part %(where)s pour %(when)s%(soon)s.")
        % {**said, "soon": soon},
        _(
            "S’il y a eu des cas, ils désigneraient presque quelqu’un, ou une autre région : ils sont comptés avec "
            "d’autres."
        ),
    ]


def counted(page: Page) -> str:
    totals = page.totals
    assert totals.incidents is not None  # noqa: S101 (story() looked)
    said = _("%(incidents)s incidents vérifiés sont publiés %(where)s pour %(when)s") % {
        "incidents": figure(totals.incidents),
        "where": where(page.source.region),
        "when": when(page),
    }
    if not page.source.is_over and not page.source.quarter:
        said += f", {so_far(page)}"
    parts = [
        f"{figure(value)} {words}"
        for measure, value, words in (
            (Measure.INTERRUPTIONS, totals.interruptions, _("interruptions de service public")),
            (Measure.LEAKS, totals.leaks, _("fuites de données")),
        )
        if value is not None and is_whole(page, measure)
    ]
    return f"{said} : {listed(parts)}." if parts else f"{said}."


def is_whole(page: Page, measure: str) -> bool:
    """Whether the figure may be set beside the incidents: nothing of it waits for the end of the year."""
    return page.source.is_over and not page.beside[measure]


def so_far(page: Page) -> str:
    return _("année en cours, jusqu’au %(day)s") % {"day": day(page.source.until)}


def compared(comparison: Comparison) -> str:
    """The test is that of `stats/chance.py`, at 95 %."""
    change, before = comparison.change, before_words(comparison)
    if change.direction is Direction.UNSURE:
        return unsure(comparison) % {"number": figure(change.before), "before": before}
    kind = _("hausse") if change.direction is Direction.UP else _("baisse")
    small = _(", sur de petits nombres") if change.is_small else ""
    return _(
        "C’était %(number)s %(before)s : une %(kind)s des déclarations, %(between)s%(small)s. "
        "Cela ne dit pas si les attaques ont changé, ou l’habitude de déclarer."
    ) % {"number": figure(change.before), "before": before, "kind": kind, "between": between(change), "small": small}


def unsure(comparison: Comparison) -> str:
    """Where chance alone may have made the difference, or there is none."""
    change = comparison.change
    if change.is_small:
        return _("C’était %(number)s %(before)s : de si petits nombres ne disent pas de tendance.")
    if change.now == change.before:
        return _("C’était déjà %(number)s %(before)s.")
    if comparison.late:
        return _("C’était %(number)s %(before)s : la différence peut être due à ce retard, ou au hasard.")
    return _("C’était %(number)s %(before)s : la différence peut être due au hasard.")


def before_words(comparison: Comparison) -> str:
    if comparison.late:
        said = before_words(replace(comparison, late=0))
        return _("%(before)s, dont %(late)s comptés plus tard") % {"before": said, "late": figure(comparison.late)}
    if not comparison.quarters:
        return _("en %(year)s") % {"year": comparison.year}
    if len(comparison.quarters) == 1:
        return _("au %(quarter)s %(year)s") % {
            "quarter": QUARTERS[comparison.quarters[0] - 1][0],
            "year": comparison.year,
        }
    return _("aux mêmes trimestres de %(year)s") % {"year": comparison.year}


def between(change: Change) -> str:
    """« entre 13 % et 69 % de plus »"""
    if change.direction is Direction.UP:
        if change.highest > MANY_TIMES:
            return _("au moins %(lowest)s de plus") % {"lowest": percent(change.lowest - 1)}
        return _("entre %(lowest)s et %(highest)s de plus") % {
            "lowest": percent(change.lowest - 1),
            "highest": percent(change.highest - 1),
        }
    return _("entre %(highest)s et %(lowest)s de moins") % {
        "highest": percent(1 - change.highest),
        "lowest": percent(1 - change.lowest),
    }


# Key figures


@dataclass(frozen=True)
class Key:
    """`value` None: not shown alone. `text` where the figure is no count."""

    name: str
    under: str
    value: Cell | int | None = None
    text: str = ""


def keys(page: Page) -> list[Key]:
    totals = page.totals
    found = [
        Key(
            _("incidents vérifiés"),
            bound(under_incidents(page)),
            or_waiting(page, Measure.INCIDENTS, totals.incidents),
        ),
        Key(
            _("interruptions de service"),
            bound(under_interruptions(page)),
            or_waiting(page, Measure.INTERRUPTIONS, totals.interruptions),
        ),
        Key(_("fuites de données"), bound(under_leaks(page)), or_waiting(page, Measure.LEAKS, totals.leaks)),
    ]
    return [*found, key_of_rate(page)]


def or_waiting(page: Page, measure: str, value: int | None) -> Cell | int | None:
    """« regroupé » says that a wider number counts it: there may be none yet, none at all, or no such table."""
    if value is not None:
        return value
    one = page.source.cell(measure)
    return None if one.is_withheld else one


def key_of_rate(page: Page) -> Key:
    """« taux de collectivités ayant déclaré », never « touchées »: nobody knows that."""
    name = _("taux de collectivités ayant déclaré")
    rates = page.rates
    if not rates or not rates.declared:
        under = bound(_("se compte par année finie : pas encore, ou pas montré seul"))
        return Key(name, under, no_rate_of(page.source, page.source.key))
    under = rate_words(rates.declared)
    if rates.hit:
        under += bound(
            _(". Avec une interruption ou une fuite : %(share)s (de %(low)s à %(high)s)")
            % {"share": percent(rates.hit.share), "low": percent(rates.hit.low), "high": percent(rates.hit.high)}
        )
    if rates.may_be_more:
        under += bound(_(". D’autres collectivités, comptées plus tard avec plusieurs régions, peuvent être d’ici"))
    return Key(
        _("%(name)s en %(year)s") % {"name": name, "year": rates.year}, under, text=percent(rates.declared.share)
    )


def under_incidents(page: Page) -> str:
    reports = page.totals.reports
    if reports is None:
        return _("déclarés par une collectivité, confirmés par un centre de secours informatique")
    said = _("et, à part, %(reports)s signalements vérifiés, sans acte malveillant prouvé") % {
        "reports": figure(reports)
    }
    if not page.source.is_over:
        return _("%(said)s ; d’autres peuvent attendre la fin de l’année") % {"said": said}
    if more := page.beside[Measure.REPORTS]:
        return _("%(said)s ; %(more)s de plus dans l’année, non ventilés par trimestre") % {
            "said": said,
            "more": figure(more),
        }
    return said


def under_interruptions(page: Page) -> str:
    if page.totals.interruptions is None or not is_whole(page, Measure.INTERRUPTIONS):
        return partly(page, Measure.INTERRUPTIONS, _("un service public arrêté ou ralenti"))
    hours = page.hours
    return long_ones(hours) if hours and hours.says_something else _("un service public arrêté ou ralenti")


def partly(page: Page, measure: str, words: str) -> str:
    """A figure that is not all: what waits, or is counted for the whole year only."""
    has_some = vars(page.totals)[measure] is not None
    if not page.source.is_over:
        said = (
            _("publiées jusqu’ici, le reste attend la fin de l’année")
            if has_some
            else _("attendent la fin de l’année")
        )
        return f"{words} ; {said}"
    more = page.beside[measure]
    if page.source.cell(measure).state is State.ZERO:
        return _("%(words)s ; aucun nombre publié n’en compte") % {"words": words}
    if not more:
        return words
    said = _("%(more)s de plus dans l’année") if has_some else _("%(more)s dans l’année")
    return _("%(words)s ; %(more)s, non ventilées par trimestre") % {
        "words": words,
        "more": said % {"more": figure(more)},
    }


def long_ones(hours: Spread) -> str:
    """The longest bands, where they are told; « au moins » while some are not, or last nobody knows how long."""
    over_a_day = (HoursBand.UNDER_3_DAYS, HoursBand.UNDER_7_DAYS, HoursBand.OVER_7_DAYS)
    number = sum(line.value or 0 for line in hours.lines if line.code in over_a_day)
    if not number:
        return _("un service public arrêté ou ralenti")
    unknown = sum(line.value or 0 for line in hours.lines if line.code == HoursBand.UNKNOWN)
    sure = all(line.value is not None for line in hours.lines) and not hours.rest and not unknown
    return _("dont %(at_least)s%(number)s de plus d’un jour") % {
        "at_least": "" if sure else _("au moins "),
        "number": figure(number),
    }


def under_leaks(page: Page) -> str:
    words = _("revendiquées, soupçonnées ou confirmées")
    if page.totals.leaks is None or not is_whole(page, Measure.LEAKS):
        return partly(page, Measure.LEAKS, words)
    return (confirmed(page.status) if page.status else "") or words


def confirmed(status: Spread) -> str:
    """« dont au moins 12 confirmées ; état non ventilé pour 9 »; "" where no number says it."""
    number = next((line.value for line in status.lines if line.code == f"{ANY_PERSONS}/{LeakStatus.CONFIRMED}"), None)
    if number is None or (status.rest and not number):
        return ""
    if not status.rest:
        return _("dont %(number)s confirmées") % {"number": figure(number)}
    return _("dont au moins %(number)s confirmées ; état non ventilé pour %(rest)s") % {
        "number": figure(number),
        "rest": figure(status.rest),
    }


# Why there is no more


def not_shown(page: Page) -> list[str]:
    """What a reader may look for and does not find, and when it will come."""
    if page.totals.incidents is None:
        return [
            _("Avec plus de déclarations %(where)s, des nombres apparaîtront ici d’eux-mêmes.")
            % {"where": where(page.source.region)}
        ]
    missing = [words for is_there, words in sections(page) if not is_there]
    said = []
    if missing:
        said.append(
            _(
                "Seuls ou à côté des autres nombres, ceux-ci pourraient désigner quelqu’un %(where)s pour %(when)s : "
                "%(listed)s. Où il y a plus de déclarations, il s’en montre davantage."
            )
            % {"listed": listed(missing), "where": where(page.source.region), "when": when(page)}
        )
    if not page.source.is_over and not page.source.quarter:
        on = day(last_day_of_quarter(quarters_of(page.source.year)[3]) + SETTLED_AFTER)
        said.append(
            _("Ce qui se compte par année (taux, services, causes, délais) ne paraît pas avant le %(on)s.")
            % {"on": on}
        )
    if page.source.quarter:
        said.append(
            _("Le taux, les services, les causes et les délais se comptent par année : voir %(year)s.")
            % {"year": page.source.year}
        )
    return [bound(sentence) for sentence in said]


def is_there(page: Page, *tables: str) -> bool:
    """Whether a number of the first of these tables that is published counts it: of nothing, there is no more."""
    numbers = next((found for measure in tables if (found := page.source.of(measure))), [])
    return cell(numbers, page.source.place).state in (State.SHOWN, State.WITHHELD)


def sections(page: Page) -> list[tuple[bool, str]]:
    of_year = page.source.is_over and not page.source.quarter
    interrupted = is_there(page, Measure.INTERRUPTIONS, Measure.SERVICES)
    leaked = is_there(page, Measure.LEAKS, Measure.CATEGORIES)
    spreads = [
        (page.hours, _("la durée des interruptions"), interrupted),
        (page.services, _("les services interrompus"), interrupted and of_year),
        (page.persons, _("le nombre de personnes par fuite"), leaked),
        (page.categories, _("les données sorties"), leaked and of_year),
        (page.causes, _("les causes"), of_year),
    ]
    found = [(bool(page.trend) or bool(page.source.quarter), _("les mois ou les trimestres"))]
    found.append((bool(page.types and page.types.says_something), _("les types d’incidents")))
    found += [(bool(spread and spread.says_something), words) for spread, words, is_due in spreads if is_due]
    if of_year:
        found.append((bool(page.delays), _("les délais")))
    return found
