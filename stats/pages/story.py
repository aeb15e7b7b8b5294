"""What the figures of a page say, in French sentences without any markup: for the page and for the report."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from csirts.wording import listed, of
from incidents.enums import LeakStatus
from stats.categories import label_category
from stats.counting.periods import SETTLED_AFTER
from stats.disclosure.tables import TABLES
from stats.pages.intervals import Change, compare
from stats.pages.labels import bind
from stats.pages.page import Page, crossing_of
from stats.pages.wording import format_cell, format_due_day, format_place
from stats.releases.reading import Cell, State

ROUNDING = gettext_lazy(
    "Pour que personne ne reconnaisse une collectivité, les chiffres sont arrondis au hasard à un multiple de 5, à 4 "
    "près au plus : 160 veut dire de 156 à 164, et 5 de 5 à 9. Chaque total est arrondi à part : la somme des lignes "
    "peut différer."
)
DASH = gettext_lazy(
    "« Moins de 5 collectivités » (–) : de zéro à quatre collectivités ont déclaré, ou une seule a déclaré presque "
    "tous les cas. Leur nombre n’est pas donné, pour ne désigner personne."
)
UNKNOWN_SHARE = gettext_lazy("Personne ne sait combien d’incidents ne sont pas déclarés.")
NO_TREND = gettext_lazy("Cela ne dit pas si les attaques ont changé, ou l’habitude de déclarer.")
# What a reader may look for, by the table of the nation.
TABLE_NAMES = {
    "incidents_by_quarter": gettext_lazy("les trimestres"),
    "incidents_by_month": gettext_lazy("les mois"),
    "incidents_by_region": gettext_lazy("les régions"),
    "incidents_by_type": gettext_lazy("les types d’incidents"),
    "incidents_by_cause": gettext_lazy("les causes"),
    "interruptions_by_family": gettext_lazy("les services interrompus"),
    "interruptions_by_hours": gettext_lazy("la durée des interruptions"),
    "leaks_by_category": gettext_lazy("les données en cause"),
    "leaks_by_persons": gettext_lazy("le nombre de personnes par fuite"),
    "leaks_by_status": gettext_lazy("l’état des fuites"),
    "incidents_by_discovery": gettext_lazy("le délai de déclaration"),
    "incidents_by_help": gettext_lazy("le délai de prise en charge"),
    "incidents_by_closing": gettext_lazy("le délai de clôture"),
    "bodies_by_stratum": gettext_lazy("le taux selon la nature et la population"),
}


def write_story(page: Page) -> list[str]:
    """Return one to three sentences on the total of the place and year."""
    if not page.is_over:
        sentences = write_year_in_progress(page)
    elif page.total().is_shown:
        sentences = [write_total(page), *write_first_quarter(page), *compare_years(page)]
    else:
        sentences = [*write_total_without_number(page), *write_first_quarter(page)]
    return [bind(str(sentence)) for sentence in sentences]


def write_year_in_progress(page: Page) -> list[str]:
    if page.region is not None:
        return [
            _("Les chiffres %(of)s paraissent avec l’année entière, à partir du %(day)s.")
            % {"of": of(page.region), "day": format_due_day(page.year)}
        ]
    return [
        *write_last_quarter(page, max(page.printed.quarters)),
        _("Année en cours de parution : %(quarters)s. L’année entière paraît à partir du %(day)s.")
        % {"quarters": format_quarters(page), "day": format_due_day(page.year)},
    ]


def format_quarters(page: Page) -> str:
    """Return « T1 à T3 parus », « T1 et T2 parus » or « T2 paru »."""
    first, last = min(page.printed.quarters), max(page.printed.quarters)
    if first == last:
        return _("T%d paru") % last
    if last == first + 1:
        return _("T%(first)d et T%(last)d parus") % {"first": first, "last": last}
    return _("T%(first)d à T%(last)d parus") % {"first": first, "last": last}


def write_last_quarter(page: Page, quarter: int) -> list[str]:
    """Return the total of the last quarter that is published, if it has a number."""
    cell = page.printed.cell("incidents", quarter=quarter)
    if not cell.is_shown:
        return []
    return [
        _("%(number)s incidents vérifiés en France au %(quarter)s %(year)s.")
        % {"number": format_cell(cell), "quarter": label_category("quarter", f"T{quarter}"), "year": page.year}
    ]


def write_total(page: Page) -> str:
    """Return « 315 incidents vérifiés en France en 2025, avec 140 interruptions… et 90 fuites de données… »."""
    counted = _("%(number)s incidents vérifiés %(place)s en %(year)s") % {
        "number": format_cell(page.total()),
        "place": format_place(page.region),
        "year": page.year,
    }
    effects = [
        f"{format_cell(page.total(counts))} {words}"
        for counts, words in (
            ("interruptions", _("interruptions de service public")),
            ("leaks", _("fuites de données revendiquées, soupçonnées ou confirmées")),
        )
        if page.total(counts).is_shown
    ]
    return f"{counted}, {_('avec')} {listed(effects)}." if effects else f"{counted}."


def write_first_quarter(page: Page) -> list[str]:
    """Return when the service began, if that was during the year: its number is not that of twelve months."""
    first = min(page.printed.quarters, default=1)
    if first == 1:
        return []
    return [
        _("Le service a commencé au %(quarter)s %(year)s : l’année n’est pas entière.")
        % {"quarter": label_category("quarter", f"T{first}"), "year": page.year}
    ]


def write_total_without_number(page: Page) -> list[str]:
    words = {"place": format_place(page.region), "year": page.year}
    if page.total().state is State.BELOW:
        return [
            _("Moins de 5 collectivités %(place)s en %(year)s : le nombre d’incidents n’est pas publié.") % words,
            _("Cela ne dit pas s’il y en a eu."),
        ]
    if page.region is not None:
        return [_("Trop peu d’incidents en France en %(year)s pour un nombre %(place)s.") % words]
    return [_("Le nombre d’incidents %(place)s en %(year)s n’est pas publié.") % words]


def compare_years(page: Page) -> list[str]:
    """Return how the total differs from that of the year before; nothing of a first year."""
    if not page.is_comparable():
        return []
    before = page.total(before=True)
    change = compare(page.total(), before)
    if change is None:
        return []
    was = _("Il y avait %(number)s incidents en %(year)s") % {"number": format_cell(before), "year": page.year - 1}
    return {
        Change.STABLE: [_("%s : nombre stable, à l’arrondi près.") % was],
        Change.UNSURE: [_("%s : la différence peut être due au hasard.") % was],
        Change.MORE: [_("%s : plus d’incidents déclarés, au-delà de l’arrondi et du hasard.") % was, str(NO_TREND)],
        Change.FEWER: [_("%s : moins d’incidents déclarés, au-delà de l’arrondi et du hasard.") % was, str(NO_TREND)],
    }[change]


# Key figures


@dataclass(frozen=True)
class Key:
    """A key figure. `is_figure`: whether `text` is a number, or the words for what has none."""

    name: str
    under: str
    text: str
    is_figure: bool


def list_keys(page: Page) -> list[Key]:
    """Return the totals of the year; none until it is published."""
    if not page.is_over:
        return []
    incidents = make_key(
        _("incidents vérifiés"),
        _("déclarés par une collectivité, confirmés par un centre de secours informatique"),
        page.total(),
    )
    if page.region is not None:
        nation = page.printed.cell("incidents")
        return [incidents, make_key(_("incidents vérifiés en France"), _("la même année"), nation)]
    return [
        incidents,
        make_key(_("signalements vérifiés"), _("à part, sans acte malveillant prouvé"), page.total("reports")),
        make_key(_("interruptions de service"), _("un service public arrêté ou ralenti"), page.total("interruptions")),
        make_key(_("fuites de données"), write_under_leaks(page), page.total("leaks")),
    ]


def make_key(name: str, under: str, cell: Cell) -> Key:
    return Key(name, bind(under), bind(format_cell(cell)), cell.is_shown)


def write_under_leaks(page: Page) -> str:
    confirmed = page.printed.cell("leaks_by_status", LeakStatus.CONFIRMED)
    if confirmed.is_shown and page.total("leaks").is_shown:
        return _("dont %s confirmées") % format_cell(confirmed)
    return _("revendiquées, soupçonnées ou confirmées")


def write_late_line(page: Page) -> str:
    """Return the line on late declarations of earlier years; empty of a région or of a year that is not published."""
    cell = page.printed.cell("late")
    if not page.is_over or page.region is not None or cell.state is State.CLOSED:
        return ""
    return bind(
        _("Déclarés plus tard : %s (incidents des années d’avant, absents de leurs chiffres).") % format_cell(cell)
    )


# Why there is no more


def explain_missing(page: Page) -> list[str]:
    """Return sentences on the tables that a reader may look for and does not find, and when they come."""
    sentences = explain_waiting(page) if not page.is_over else explain_closed(page)
    return [bind(sentence) for sentence in sentences]


def explain_waiting(page: Page) -> list[str]:
    words = {"day": format_due_day(page.year), "days": SETTLED_AFTER.days}
    if page.region is not None:
        return [_("Une région n’a pas de chiffres par trimestre avant cela : ils seraient trop petits.")]
    return [
        _(
            "Un trimestre paraît %(days)s jours après sa fin, pour toute la France : ses incidents, ses signalements "
            "et, s’ils sont assez nombreux, le reste."
        )
        % words,
        _("Régions, types, causes, services et délais paraissent avec l’année entière, à partir du %(day)s.") % words,
    ]


def explain_closed(page: Page) -> list[str]:
    closed = [code for code in list_table_codes(page) if not is_printed(page, code)]
    scarce = [code for code in closed if is_scarce(page, code)]
    words = {"place": format_place(page.region), "year": page.year}
    sentences = []
    if scarce:
        sentences.append(
            _("Trop peu de cas %(place)s en %(year)s pour ces tableaux : %(names)s.")
            % {**words, "names": list_names(scarce)}
        )
    if unsafe := [code for code in closed if code not in scarce]:
        sentences.append(
            _("La vérification a fermé ces tableaux, qui en diraient trop à côté des autres : %s.")
            % list_names(unsafe)
        )
    if page.region is not None:
        sentences.append(
            _("Les interruptions, les fuites, les délais et les taux se publient pour toute la France seulement.")
        )
    return sentences


def list_names(codes: list[str]) -> str:
    return listed([str(TABLE_NAMES[code]) for code in codes])


def list_table_codes(page: Page) -> list[str]:
    """Return the tables of the fixed list that spread a total of the place; of a région, its crossings."""
    if page.region is None:
        return [code for code in TABLE_NAMES if code in TABLES]
    return [code for code in TABLE_NAMES if crossing_of(code)]


def is_printed(page: Page, code: str) -> bool:
    if code == "incidents_by_month":
        return any(cell.is_shown for cell in page.months())
    return (page.services() if code == "interruptions_by_family" else page.breakdown(code)) is not None


def is_scarce(page: Page, code: str) -> bool:
    """Tell whether the totals that open the table are too small: else the audit has closed it."""
    table = TABLES[(page.region and crossing_of(code)) or code]
    total = page.total() if page.region is not None else page.printed.cell(table.opened_by)
    return not is_at_least(total, table.opens_from)


def is_at_least(cell: Cell, number: int) -> bool:
    return cell.value is not None and cell.value >= number
