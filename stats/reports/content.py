"""What a report says: four pages of words and numbers, from printed figures and nothing else. `stats/typst` draws.

Every sentence is that of the page of the same place and year. What is not printed of a région is taken from the page
of the nation in the same year, and labelled so.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.installation import is_demonstration
from stats.disclosure.tables import SHORT_LIST_OF
from stats.open_data.dictionary import UNDER_DECLARED, list_definitions
from stats.open_data.edition import Heading, read_edition
from stats.open_data.package import LICENCE
from stats.pages import method, story
from stats.pages.labels import bind, upper_first
from stats.pages.page import Page, read_page
from stats.pages.wording import format_day, format_heading
from stats.releases.rows import Release
from stats.reports import tables
from stats.reports.tables import Content

FOLDER = Path(__file__).parents[1] / "typst"

INVENTED = gettext_lazy("Démonstration : tous ces nombres sont inventés.")
CHAPTERS = (
    gettext_lazy("L’essentiel"),
    gettext_lazy("Quand, où et quoi"),
    gettext_lazy("Ce qui s’est arrêté, ce qui est sorti, pourquoi"),
    gettext_lazy("Qui déclare, et comment lire ces chiffres"),
)
# Of the dictionary, what a reader of four pages needs.
DEFINED = ("incidents", "reports", "interruptions", "leaks", "bodies_by_stratum")
# Of each page, the tables whose absence is explained.
OVER_TIME = ("incidents_by_month", "incidents_by_region", "incidents_by_type")
EFFECTS = (
    *("interruptions_by_family", "interruptions_by_hours"),
    *("leaks_by_category", "leaks_by_persons", "leaks_by_status"),
    *("incidents_by_cause", "incidents_by_discovery", "incidents_by_help", "incidents_by_closing"),
)
RATES = ("bodies_by_stratum",)


def describe_report(release: Release, region: str) -> Content:
    """Return all that the template needs. `release` is that of a year; `region` is a code, "" for the nation."""
    pages, heading = read_pages(release, region), Heading(release)
    own, time, effects = pages[0], describe_time(pages), describe_effects(pages)
    rates = find_nearest(pages, tables.describe_rates)
    return {
        "title": format_heading(own.region, own.year),
        "chapters": [str(chapter) for chapter in CHAPTERS],
        "release": bind(
            _("Publication no %(number)d du %(day)s")
            % {"number": heading.number, "day": format_day(heading.published_on)}
        ),
        "place": f"{tables.label_place(own)}, {own.year}",
        "closed_label": tables.label_place(pages[-1]) if own.region else "",
        "invented": str(INVENTED) if is_demonstration() else "",
        "address": heading.url.partition("://")[2],
        "essential": describe_essential(pages),
        "brief": [*list_titles(2, time), *list_titles(3, effects), *list_titles(4, {"rates": rates})],
        "time": time | {"closed": list_closed(heading, OVER_TIME)},
        "effects": effects | {"closed": list_closed(heading, EFFECTS)},
        "rates": rates,
        "reading": describe_reading(own, heading) | {"closed": list_closed(heading, RATES)},
    }


def read_pages(release: Release, region: str) -> list[Page]:
    """Return the page of the place; of a région, that of the nation too."""
    return [read_page(region=code, year=str(release.year)) for code in dict.fromkeys((region, ""))]


def find_nearest(pages: list[Page], describe: Callable[[Page], Content | None]) -> Content | None:
    """Return what the first page that has it says, with a label if that is not the place of the report."""
    for page in pages:
        if content := describe(page):
            return label_content(content, page, pages[0])
    return None


def label_content(content: Content, page: Page, own: Page) -> Content:
    return content | {"label": "" if page is own else tables.label_place(page)}


# Page 1


def describe_essential(pages: list[Page]) -> Content:
    own, nation = pages[0], pages[-1]
    counted = own if own.total().is_shown else nation
    beside = label_content({"story": story.write_story(nation)}, nation, own)
    return label_content({"keys": [asdict(key) for key in story.list_keys(counted)]}, counted, own) | {
        "story": story.write_story(own),
        "beside": None if own is nation else beside,
        "rounding": str(story.ROUNDING),
        "unknown": str(story.UNKNOWN_SHARE),
    }


def list_titles(number: int, parts: Content) -> Iterator[Content]:
    """Yield the title of each table with its page: what the report says, on one screen."""
    for part in parts.values():
        for one in part if isinstance(part, list) else [part]:
            if one:
                yield {"page": number, **{name: one[name] for name in ("caption", "label", "title")}}


# Pages 2 and 3


def describe_time(pages: list[Page]) -> Content:
    return {
        "trend": find_nearest(pages, tables.describe_trend),
        "quarters": find_nearest(pages, tables.describe_quarters),
        "map": find_nearest(pages, tables.describe_map),
        "types": find_nearest(pages, lambda page: tables.describe_sections(page).get("types")),
    }


def describe_effects(pages: list[Page]) -> Content:
    """Return each other table once, from the nearest page that has it."""
    found: dict[str, Content] = {}
    for page in reversed(pages):
        found |= {
            code: label_content(content, page, pages[0]) for code, content in tables.describe_sections(page).items()
        }
    found.pop("types", None)
    return {"sections": list(found.values()), "delays": find_nearest(pages, tables.describe_delays)}


def list_closed(heading: Heading, codes: Iterable[str]) -> list[Content]:
    """Return the tables of these that are closed for the whole nation, by what explains it."""
    closed = {table.code: table for table in read_edition(heading).closed}
    replaced = {short for long, short in SHORT_LIST_OF.items() if long not in closed}
    names: dict[str, list[str]] = defaultdict(list)
    for code in codes:
        if code in closed and code not in replaced:
            names[closed[code].why].append(closed[code].name)
    return [{"names": bind(f"{upper_first(' ; '.join(some))}."), "why": why} for why, some in names.items()]


# Page 4


def describe_reading(own: Page, heading: Heading) -> Content:
    entries = {entry.code: entry for entry in list_definitions()}
    return {
        "numbers": [bind(str(sentence)) for sentence in (story.ROUNDING, story.DASH)],
        "method": method.list_paragraphs(),
        "missing": story.explain_missing(own) if own.region else [],
        "definitions": [
            {"name": bind(upper_first(str(entries[code].unit.name))), "text": bind(str(entries[code].unit.definition))}
            for code in DEFINED
        ],
        "limit": bind(str(UNDER_DECLARED)),
        "late": story.write_late_line(own),
        "citation": bind(heading.citation),
        "licence": LICENCE,
        "url": heading.url,
        "screen": settings.SITE_URL + screen_address(own),
        "method_url": settings.SITE_URL + reverse("stats_method"),
        "definitions_url": settings.SITE_URL + reverse("stats_definitions"),
    }


def screen_address(page: Page) -> str:
    """Return the address of the same figures as a page."""
    query = {"region": page.region.code} if page.region else {}
    return reverse("statistics", query={**query, "annee": page.year})
