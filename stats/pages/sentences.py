"""French sentences that say what the figures of a page mean, for the page and the report. They have no markup."""

from dataclasses import dataclass

from core.french import choose_plural
from csirts.wording import format_region_with_de, join_names
from incidents.enums import LeakStatus
from stats.categories import label_category
from stats.disclosure.figures import OPENS_FROM
from stats.disclosure.tables import TABLES
from stats.labels import bind_words, upper_first
from stats.pages.intervals import TotalChange, compare_totals
from stats.pages.page import FiguresPage, find_crossing_code
from stats.periods import SETTLED_AFTER
from stats.printed_wording import format_cell, format_due_day, format_narrow_cell, format_place
from stats.releases.reading import CellState, PrintedCell, are_totals_scarce

ROUNDING = (
    "Pour que personne ne reconnaisse une collectivité, les chiffres sont arrondis au hasard à un multiple de 5, à 4 "
    "près au plus : 160 veut dire de 156 à 164, et 5 de 5 à 9. Chaque total est arrondi à part : la somme des lignes "
    "peut différer."
)
DASH = (
    "« Moins de 5 collectivités » (–) : de zéro à quatre collectivités y ont un cas vérifié, ou une seule y a "
    "l’essentiel des cas. Le nombre n’est pas donné, pour ne désigner personne."
)
UNKNOWN_SHARE = "Personne ne sait combien d’incidents ne sont pas déclarés."
ONLY_FOR_NATION = (
    "Les signalements, les mois, les interruptions, les fuites, les délais et les taux se publient pour toute la "
    "France seulement."
)
NO_TREND = "Cela ne dit pas si les attaques ont changé, ou l’habitude de déclarer."
COUNTED_QUARTERS = (
    "Un trimestre de %d a paru",
    "Deux trimestres de %d ont paru",
    "Trois trimestres de %d ont paru",
    "Les quatre trimestres de %d ont paru",
)
# The French names of the tables that a reader may look for. A key is the code of a table of the nation, or of one that
# only a crossing with the régions has (`find_crossing_code`).
TABLE_NAMES = {
    "incidents_by_quarter": "les trimestres",
    "incidents_by_month": "les mois",
    "incidents_by_region": "les régions",
    "incidents_by_type": "les types d’incidents",
    "incidents_by_cause": "les causes",
    "interruptions_by_family": "les services interrompus",
    "interruptions_by_hours": "la durée des interruptions",
    "leaks_by_category": "les données en cause",
    "leaks_by_persons": "le nombre de personnes par fuite",
    "leaks_by_status": "l’état des fuites",
    "incidents_by_discovery": "le délai de déclaration",
    "incidents_by_help": "le délai de prise en charge",
    "incidents_by_closing": "le délai de clôture",
    "bodies_by_stratum": "le taux selon la nature et la population",
}


def list_summary_sentences(page: FiguresPage) -> list[str]:
    """Return one to five sentences about the total of the place and year."""
    if not page.is_year_published:
        sentences = list_year_in_progress_sentences(page)
    elif page.get_total().is_shown:
        sentences = [
            format_total_sentence(page),
            *list_effect_sentences(page),
            *list_service_start_sentences(page),
            *compare_years(page),
        ]
    else:
        sentences = [*explain_total_without_number(page), *list_service_start_sentences(page)]
    return [bind_words(sentence) for sentence in sentences]


def list_year_in_progress_sentences(page: FiguresPage) -> list[str]:
    """Return the sentences about a year that is not published as a whole yet."""
    if page.region is not None:
        return [
            f"Les chiffres {format_region_with_de(page.region)} paraissent avec l’année entière, "
            f"à partir du {format_due_day(page.year)}."
        ]
    return [
        *list_last_quarter_sentences(page, max(page.printed.quarters)),
        format_quarter_count(page),
        f"L’année entière paraît à partir du {format_due_day(page.year)}.",
    ]


def format_quarter_count(page: FiguresPage) -> str:
    """Return the sentence that says how many quarters are published: « Trois trimestres de 2026 ont paru. »

    If no total has a number, the sentence says why.
    """
    sentence = COUNTED_QUARTERS[len(page.printed.quarters) - 1] % page.year
    if page.has_quarter_totals():
        return f"{sentence}."
    if len(page.printed.quarters) == 1:
        return f"{sentence} ; aucun de ses totaux n’est assez grand pour être publié."
    return f"{sentence} ; aucun de leurs totaux n’est assez grand pour être publié."


def list_last_quarter_sentences(page: FiguresPage, quarter: int) -> list[str]:
    """Return the sentence with the total of the latest published quarter, or [] if the total has no number."""
    cell = page.printed.get_cell("incidents", quarter=quarter)
    if not cell.is_shown:
        return []
    return [
        "{number} incidents vérifiés en France au {quarter} {year}.".format(
            number=format_cell(cell), quarter=label_category("quarter", f"T{quarter}"), year=page.year
        )
    ]


def format_total_sentence(page: FiguresPage) -> str:
    """Return the sentence « 315 incidents vérifiés en France en 2025. » for the place and year."""
    return f"{format_cell(page.get_total())} incidents vérifiés {format_place(page.region)} en {page.year}."


def list_effect_sentences(page: FiguresPage) -> list[str]:
    """Return the sentence about the interruptions and leaks of the counted incidents.

    Return [] if neither the interruptions nor the leaks have a number.
    """
    effects = [
        words % format_cell(page.get_total(counts))
        for counts, words in (
            ("interruptions", "%s interruptions de service public (parfois plusieurs pour un incident)"),
            ("leaks", "%s fuites de données revendiquées, soupçonnées ou confirmées"),
        )
        if page.get_total(counts).is_shown
    ]
    return [f"Ils comptent {join_names(effects)}."] if effects else []


def list_service_start_sentences(page: FiguresPage) -> list[str]:
    """Return the sentence that says when the service began, if it began after the first quarter of the year.

    Otherwise return []. The figures of the year in which the service began do not cover twelve months.
    """
    first_quarter = min(page.printed.quarters, default=1)
    if first_quarter == 1:
        return []
    return [
        "Le service a commencé au {quarter} {year} : l’année n’est pas entière.".format(
            quarter=label_category("quarter", f"T{first_quarter}"), year=page.year
        )
    ]


def explain_total_without_number(page: FiguresPage) -> list[str]:
    """Return the sentences that say why the total of the place has no number."""
    words: dict[str, str] = {"place": format_place(page.region), "year": str(page.year)}
    if page.get_total().state is CellState.BELOW:
        return [
            f"{upper_first(words['place'])}, en {words['year']} : « moins de 5 collectivités » (–).",
            "Le nombre d’incidents n’est pas publié ; cela ne dit pas s’il y en a eu.",
            *explain_missing_centre(page),
        ]
    if page.region is not None:
        return ["Trop peu d’incidents en France en {year} pour un nombre {place}.".format(**words)]
    return ["Le nombre d’incidents {place} en {year} n’est pas publié.".format(**words)]


def explain_missing_centre(page: FiguresPage) -> list[str]:
    """Return the sentence that says that no centre covered the région in that year, or [] if a centre did.

    Without a centre, nobody verifies declarations.
    """
    if page.has_centre:
        return []
    return [
        f"En {page.year}, l’annuaire n’avait aucun centre de secours informatique {format_place(page.region)} : sans "
        "centre pour vérifier les déclarations, il y a peu d’incidents vérifiés."
    ]


def compare_years(page: FiguresPage) -> list[str]:
    """Return the sentences that compare the total with that of the year before, or [] if the years are not
    comparable.
    """
    if not page.is_comparable():
        return []
    now, before = page.get_total(), page.get_total(before=True)
    change = compare_totals(now, before)
    if change is None:
        return []
    was = f"Il y avait {format_cell(before)} incidents en {page.year - 1}"
    same, near = "%s : le même nombre, à l’arrondi près.", "%s : l’arrondi suffit à expliquer la différence."
    return {
        TotalChange.ROUNDING: [(same if now == before else near) % was],
        TotalChange.UNSURE: [f"{was} : la différence peut être due au hasard."],
        TotalChange.MORE: [f"{was} : plus d’incidents déclarés, au-delà de l’arrondi et du hasard.", NO_TREND],
        TotalChange.FEWER: [f"{was} : moins d’incidents déclarés, au-delà de l’arrondi et du hasard.", NO_TREND],
    }[change]


# Key figures


@dataclass(frozen=True)
class KeyFigure:
    """A key figure of the page. `text` is its number, or the words that replace the number if `is_figure` is false.

    `under` is the line below the figure. `sign` is the number, or a short sign such as « – ».
    """

    name: str
    under: str
    text: str
    is_figure: bool
    sign: str


def list_key_figures(page: FiguresPage) -> list[KeyFigure]:
    """Return the key figures of the year, or [] if the year is not published as a whole.

    They are the totals of the nation, or for a région its incidents beside those of France.
    """
    if not page.is_year_published:
        return []
    incidents = make_key_figure(
        "incidents vérifiés",
        "déclarés par une collectivité, confirmés par un centre de secours informatique",
        page.get_total(),
    )
    if page.region is not None:
        nation = page.printed.get_cell("incidents")
        return [incidents, make_key_figure("incidents vérifiés en France", "la même année", nation)]
    return [
        incidents,
        make_key_figure(
            "signalements vérifiés",
            "à part : comportements anormaux, sans dommage prouvé",
            page.get_total("reports"),
        ),
        make_key_figure(
            "interruptions de service",
            "arrêts ou ralentissements de services publics ; un incident peut en compter plusieurs",
            page.get_total("interruptions"),
        ),
        make_key_figure("fuites de données", format_leaks_note(page), page.get_total("leaks")),
    ]


def make_key_figure(name: str, under: str, cell: PrintedCell) -> KeyFigure:
    """Return the key figure of a printed cell."""
    return KeyFigure(name, bind_words(under), bind_words(format_cell(cell)), cell.is_shown, format_narrow_cell(cell))


def format_leaks_note(page: FiguresPage) -> str:
    """Return the line below the number of leaks: how many are confirmed, or what the number counts."""
    confirmed = page.printed.get_cell("leaks_by_status", LeakStatus.CONFIRMED)
    if confirmed.is_shown and page.get_total("leaks").is_shown:
        return f"dont {format_cell(confirmed)} confirmées"
    return "revendiquées, soupçonnées ou confirmées"


def format_late_line(page: FiguresPage) -> str:
    """Return the line about incidents of earlier years that this year counts, or "" if there is no such line.

    A région has no such line. Both this year and the year before must be published, and the table `late` must be
    printed.
    """
    cell = page.printed.get_cell("late")
    if (
        not (page.is_year_published and page.before.is_year_published)
        or page.region is not None
        or cell.state is CellState.CLOSED
    ):
        return ""
    words = "Comptés plus tard (incidents des années d’avant, absents des chiffres de leur année) : %s."
    return bind_words(words % format_cell(cell))


# Why some tables are missing


def explain_missing_tables(page: FiguresPage) -> list[str]:
    """Return the sentences about tables that a reader may look for but does not find.

    In a year in progress they say when the tables are published. In a published year they say why the tables have no
    figures.
    """
    sentences = explain_coming_tables(page) if not page.is_year_published else explain_closed_tables(page)
    return [bind_words(sentence) for sentence in sentences]


def explain_coming_tables(page: FiguresPage) -> list[str]:
    """Return the sentences that say when the tables of a year in progress are published."""
    words = {"day": format_due_day(page.year), "days": SETTLED_AFTER.days, "least": OPENS_FROM}
    if page.region is not None:
        return ["Une région n’a pas de chiffres par trimestre avant cela : ils seraient trop petits."]
    return [
        (
            "Un trimestre paraît {days} jours après sa fin, pour toute la France : incidents, signalements, "
            "interruptions et fuites, chacun si son total arrondi atteint {least} ; et ses mois, si les incidents "
            "l’atteignent."
        ).format(**words),
        f"Régions, types, causes, services et délais paraissent avec l’année entière, à partir du {words['day']}.",
    ]


def explain_closed_tables(page: FiguresPage) -> list[str]:
    """Return the sentences that say why some tables of a published year have no figures."""
    closed = [code for code in list_table_codes(page) if not is_printed(page, code)]
    scarce = [code for code in closed if is_table_scarce(page, code)]
    words = {"place": format_place(page.region), "year": page.year}
    sentences = []
    if scarce:
        few = choose_plural(
            "Trop peu de cas publiés %(place)s en %(year)s pour ce tableau : %(names)s.",
            "Trop peu de cas publiés %(place)s en %(year)s pour ces tableaux : %(names)s.",
            len(scarce),
        )
        sentences.append(few % {**words, "names": join_table_names(scarce)})
    if unsafe := [code for code in closed if code not in scarce]:
        refused = choose_plural(
            "La vérification a fermé ce tableau, qui en dirait trop à côté des autres : %s.",
            "La vérification a fermé ces tableaux, qui en diraient trop à côté des autres : %s.",
            len(unsafe),
        )
        sentences.append(refused % join_table_names(unsafe))
    return [*sentences, *([ONLY_FOR_NATION] if page.region is not None else explain_unpublished_quarters(page))]


def explain_unpublished_quarters(page: FiguresPage) -> list[str]:
    """Return the sentence that says why no published quarter of the nation has a number.

    Return [] if one has a number, or if no quarter is published.
    """
    if page.has_quarter_totals() or not page.printed.quarters:
        return []
    words = {"year": page.year, "least": OPENS_FROM}
    return [
        "Aucun trimestre de {year} n’a de nombre : un total de trimestre ne paraît qu’à partir de {least}.".format(
            **words
        )
    ]


def join_table_names(codes: list[str]) -> str:
    """Return the names of these tables as text."""
    return join_names([TABLE_NAMES[code] for code in codes])


def list_table_codes(page: FiguresPage) -> list[str]:
    """Return the codes of the tables that the place may have. A région has only the tables that have a crossing."""
    if page.region is None:
        return [code for code in TABLE_NAMES if code in TABLES]
    return [code for code in TABLE_NAMES if find_crossing_code(code)]


def is_printed(page: FiguresPage, code: str) -> bool:
    """Tell whether the page shows figures of this table."""
    if code == "incidents_by_month":
        return any(cell.is_shown for cell in page.list_months())
    return (
        page.find_services_breakdown() if code == "interruptions_by_family" else page.find_breakdown(code)
    ) is not None


def is_table_scarce(page: FiguresPage, code: str) -> bool:
    """Tell whether a closed table has totals that are too small to open it.

    If this is false, the audit closed the table or its total.
    """
    table = TABLES[(page.region and find_crossing_code(code)) or code]
    total = page.get_total() if page.region is not None else page.printed.get_cell(table.opened_by)
    if total.state is CellState.CLOSED:
        return False
    return are_totals_scarce(table, [total.value], page.printed.list_values(table.categories_opened_by))
