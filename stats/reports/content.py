"""What a report says: four pages of words and numbers, from published pages and nothing else. `stats/typst` draws.

Every sentence is that of the page for the same place and period. What may not be told of them is taken from the
nearest wider page, and said to be; what is told nowhere is said in words.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.installation import is_demonstration
from stats import method, sections, story, titles, words
from stats.dictionary import UNDER_DECLARED, dictionary
from stats.enums import Measure
from stats.explained import ENTRIES
from stats.exports import heading_of
from stats.package import LICENCE, Heading
from stats.published import Asked, Page
from stats.reports import tables
from stats.reports.chain import first_with, label_of, pages_for
from stats.sections import Section
from stats.words import bound, figure

FOLDER = Path(__file__).parents[1] / "typst"

type Said = dict[str, Any]

INVENTED = gettext_lazy("Démonstration : tous ces nombres sont inventés.")
# Of the dictionary, what a reader of four pages needs.
DEFINED = (Measure.INCIDENTS, Measure.REPORTS, Measure.INTERRUPTIONS, Measure.LEAKS, "rate_bodies")
CHAPTERS = (
    gettext_lazy("L’essentiel"),
    gettext_lazy("Quand, où et quoi"),
    gettext_lazy("Ce qui s’est arrêté, ce qui est sorti, pourquoi"),
    gettext_lazy("Qui déclare, et comment lire ces chiffres"),
)


def said_of(asked: Asked) -> Said:
    """`asked` names a release and a year. Raises UnknownSelectionError."""
    pages = pages_for(asked)
    own = pages[0]
    release = own.source.release
    heading = heading_of(release.number) if release else None
    if heading is None:
        raise AssertionError("a page that was read has a release")
    time, effects = in_time(pages), effects_of(pages)
    rates = rates_of(pages)
    return {
        "title": words.heading(own),
        "chapters": [str(one) for one in CHAPTERS],
        "release": release_said(heading),
        "place": f"{capfirst(words.where(own.source.region))}, {words.when(own).removeprefix('le ')}",
        "invented": str(INVENTED) if is_demonstration() else "",
        "address": heading.url.partition("://")[2],
        "essential": essential(pages),
        "brief": list(brief(time, effects, rates)),
        "time": time,
        "effects": effects,
        "rates": rates,
        "reading": reading(own, heading),
        "withheld": list(amounts(pages)),
    }


# Page 1


def essential(pages: list[Page]) -> Said:
    own = pages[0]
    nation = next((page for page in pages if is_nation_beside(page, own)), own)
    counted = own if own.tells else nation
    return {
        "story": story.story(own),
        "beside": None if own is nation else {"label": label_of(nation, own), "story": story.story(nation)},
        "keys_of": label_of(counted, own),
        "keys": [key_said(key) for key in story.keys(counted)] if counted.tells else [],
        "unknown": str(words.UNKNOWN_SHARE),
    }


def is_nation_beside(page: Page, own: Page) -> bool:
    """The whole country in the period of the report."""
    mine = own.source
    return page.source.region is None and (page.source.year, page.source.quarter) == (mine.year, mine.quarter)


def key_said(key: story.Key) -> Said:
    text = key.text or words.cell_words(key.value)
    is_figure = bool(key.text) or words.is_figure(key.value)
    return {"name": key.name, "under": key.under, "text": text, "is_figure": is_figure}


def release_said(heading: Heading) -> str:
    return bound(
        _("Publication no %(number)d du %(day)s, données jusqu’au %(until)s")
        % {
            "number": heading.number,
            "day": words.day(heading.published_on),
            "until": words.day(heading.covers_until),
        }
    )


def brief(*chapters: Said) -> Iterator[Said]:
    """The title of each table, with its page: what the report says, on one screen."""
    for number, chapter in enumerate(chapters, 2):
        for part in chapter.values():
            for one in part if isinstance(part, list) else [part]:
                if isinstance(one, dict) and one.get("title"):
                    yield {"page": number, "label": one["label"], "title": one["title"]}


# Page 2


def in_time(pages: list[Page]) -> Said:
    time = {
        "trend": nearest(pages, lambda page: tables.trend_said(page, page.trend) if page.trend else None),
        "map": nearest(pages, map_of),
        "types": nearest(pages, types_of),
    }
    return time | absent(OVER_TIME, time)


def absent(names: Said, told: Said) -> Said:
    """What the tables would tell that nobody tells, and why."""
    return {
        "absent": [
            {"name": str(name), "text": bound(" ".join(str(one) for one in says))}
            for code, (name, says) in names.items()
            if not told.get(code)
        ],
        "why": _("Pas même pour toute la France : les cas sont trop peu nombreux, ou l’année n’est pas finie."),
    }


def nearest(pages: list[Page], make: Callable[[Page], Said | None]) -> Said | None:
    """With where it is of, "" for the place and period of the report."""
    found = first_with(pages, make)
    if not found:
        return None
    page, said = found
    return {"label": label_of(page, pages[0])} | said


def map_of(page: Page) -> Said | None:
    return tables.map_said(page, page.by_region) if page.by_region and page.by_region.alone else None


def types_of(page: Page) -> Said | None:
    return tables.types_said(page.types) if page.types and page.types.says_something else None


# Page 3

# The tables in their order, by their code; what to say of one that is not there.
OVER_TIME = {
    "trend": (gettext_lazy("Les incidents par trimestre"), [ENTRIES[Measure.INCIDENTS].definition]),
    "map": (
        gettext_lazy("Les incidents par région"),
        [gettext_lazy("Un incident compte dans la région de la collectivité qui l’a déclaré.")],
    ),
    "types": (gettext_lazy("Les types d’incidents"), [ENTRIES[Measure.INCIDENTS].limits]),
}
EFFECTS = {
    "services": (gettext_lazy("Les services interrompus"), [ENTRIES[Measure.SERVICES].definition]),
    "durees": (gettext_lazy("La durée des interruptions"), [ENTRIES[Measure.INTERRUPTIONS].limits]),
    "categories": (gettext_lazy("Les données sorties"), [ENTRIES[Measure.CATEGORIES].definition]),
    "personnes": (gettext_lazy("Les personnes par fuite"), [ENTRIES[Measure.LEAKS].limits]),
    "etats": (gettext_lazy("L’état des fuites"), [ENTRIES[Measure.LEAKS].definition]),
    "causes": (gettext_lazy("Les causes"), [ENTRIES[Measure.CAUSES].definition]),
    "delais": (
        gettext_lazy("Les délais"),
        [ENTRIES[measure].definition for measure in (Measure.DISCOVERY, Measure.HELP, Measure.CLOSING)],
    ),
}
SPREADS: tuple[Callable[[Page], list[Section]], ...] = (sections.interruptions, sections.leaks, sections.causes)


def effects_of(pages: list[Page]) -> Said:
    """Each table once, of the nearest page that tells it."""
    found: dict[str, Said] = {}
    for page in pages:
        for section in (one for of_page in SPREADS for one in of_page(page)):
            if section.naming.code not in found:
                found[section.naming.code] = tables.section_said(section) | {"label": label_of(page, pages[0])}
    delays = nearest(pages, delays_of)
    return {
        "spreads": [found[code] | {"code": code} for code in EFFECTS if code in found],
        "delays": delays,
        **absent(EFFECTS, found | {"delais": delays}),
    }


def delays_of(page: Page) -> Said | None:
    delays = sections.delays(page)
    if delays is None:
        return None
    under = _(
        "Incidents vérifiés de %(year)s, selon le temps passé. Plus la case est foncée, plus la part est grande."
    )
    return tables.delays_said(delays) | {"under": under % {"year": page.source.year}}


# Page 4


def rates_of(pages: list[Page]) -> Said:
    return {
        "strata": nearest(pages, lambda page: tables.strata_said(page) if page.strata else None),
        "regions": nearest(pages, region_rates),
        "why": _("Aucun taux n’est montré : un taux se compte par année finie, là où il y a assez de déclarants."),
    }


def region_rates(page: Page) -> Said | None:
    return tables.region_rates_said(page, page.by_region) if page.by_region else None


def amounts(pages: list[Page]) -> Iterator[str]:
    """How much is regrouped in the tables of this report, where that is known."""
    own = pages[0]
    if own.trend and own.trend.now.loose:
        yield _("%(loose)s incidents non ventilés par période.") % {"loose": figure(own.trend.now.loose)}
    if own.by_region and (several := titles.beside_map(own.by_region)):
        yield several
    types = own.types if own.types and own.types.says_something else None
    if types and types.grouped.total:
        yield _("%(grouped)s incidents dont le type est regroupé.") % {"grouped": figure(types.grouped.total)}


def reading(own: Page, heading: Heading) -> Said:
    site = settings.SITE_URL
    defined = {entry.code: entry for entry in dictionary()}
    return {
        "not_shown": story.not_shown(own),
        "method": method.paragraphs(),
        "definitions": [
            {"name": capfirst(defined[code].name), "text": bound(str(defined[code].says.definition))}
            for code in DEFINED
        ],
        "limit": bound(str(UNDER_DECLARED)),
        "citation": bound(heading.citation),
        "licence": LICENCE,
        "url": heading.url,
        "screen": site + screen_of(own),
        "method_url": site + reverse("stats_method"),
        "definitions_url": site + reverse("stats_definitions"),
        "is_signed": bool(heading.signature),
    }


def screen_of(page: Page) -> str:
    """The same figures on a page, at an address that does not change."""
    source = page.source
    asked = {
        "region": source.region.code if source.region else "",
        "annee": source.year,
        "trimestre": source.quarter,
        "publication": source.release.number if source.release else "",
    }
    return reverse("statistics", query={name: value for name, value in asked.items() if value})
