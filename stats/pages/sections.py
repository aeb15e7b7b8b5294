"""The breakdowns of a page in their order, with their texts and without markup."""

from dataclasses import dataclass
from functools import cached_property

from stats.categories import UNKNOWN_CATEGORIES
from stats.disclosure.tables import CATEGORIES
from stats.labels import bind_words, lower_first, upper_first
from stats.pages.charts import compute_bar_lengths
from stats.pages.page import DELAYS, Breakdown, CategoryLine, FiguresPage
from stats.pages.titles import format_delay_title, format_delays_title, format_hours_title, format_largest_title
from stats.printed_wording import format_cell
from stats.releases.reading import CellState, PrintedCell

MAX_BARS = 10
# Classifications whose categories have an order.
ORDERED = ("hours", "persons", "status", "discovery", "help", "closing")


@dataclass(frozen=True)
class SectionBar:
    """One bar of a section. `share` is its length in percent of the longest bar, as text.

    `is_other` is true for a category of unknown values.
    """

    label: str
    value: int
    share: str
    is_other: bool


@dataclass(frozen=True)
class FiguresSection:
    """One breakdown of the page, with its texts. `title` says what the figures prove.

    `note` names the categories without a number. `total` is the printed total, or the text that replaces it.
    """

    code: str
    title: str
    subtitle: str
    caption: str
    heading: str
    breakdown: Breakdown
    note: str
    total: str

    @cached_property
    def bars(self) -> list[SectionBar]:
        """The bars of the section. Unknown categories come last.

        The other bars follow the order of their categories. If the categories have no order, the longest bar comes
        first.
        """
        lines = list_drawn_lines(self.breakdown)
        shares = compute_bar_lengths([line.cell.value for line in lines])
        return [
            SectionBar(line.label, line.cell.value or 0, share, line.code in UNKNOWN_CATEGORIES)
            for line, share in zip(lines, shares, strict=True)
        ]

    @property
    def undrawn_count(self) -> int:
        """The number of categories that have a number but no bar. Only the table of the section shows them."""
        return len(self.breakdown.numbered_lines) - len(self.bars)


def list_drawn_lines(breakdown: Breakdown) -> list[CategoryLine]:
    """Return the categories that have a bar, unknown categories last.

    If there are too many, the largest have bars, but in an ordered classification the first have bars.
    """
    known = [line for line in breakdown.numbered_lines if line.code not in UNKNOWN_CATEGORIES]
    unknown = [line for line in breakdown.numbered_lines if line.code in UNKNOWN_CATEGORIES]
    if breakdown.classification in ORDERED:
        return known[:MAX_BARS] + unknown
    known.sort(key=rank_by_value)
    largest = sorted([*unknown, *known], key=rank_by_value)[: MAX_BARS + len(unknown)]
    return [line for line in [*known, *unknown] if line in largest]


def rank_by_value(line: CategoryLine) -> int:
    """Return a sort key that puts the line with the largest number first."""
    return -(line.cell.value or 0)


@dataclass(frozen=True)
class SectionTexts:
    """The texts of a section of the figures page, which shows one table.

    `plain_title` is the title of the section if no title can say what the figures prove.
    """

    code: str
    table: str
    plain_title: str
    subtitle: str
    caption: str
    heading: str


SECTION_TEXTS = (
    SectionTexts(
        "types",
        "incidents_by_type",
        "Les types d’incidents",
        "Incidents vérifiés, selon le type déclaré, ou corrigé par le centre.",
        "Incidents par type",
        "Type",
    ),
    SectionTexts(
        "causes",
        "incidents_by_cause",
        "Comment c’est arrivé",
        "Incidents vérifiés, selon leur cause d’après le centre.",
        "Incidents par cause",
        "Cause",
    ),
    SectionTexts(
        "services",
        "interruptions_by_service",
        "Les services interrompus",
        "Interruptions, selon le service public arrêté ou ralenti.",
        "Interruptions par service",
        "Service",
    ),
    SectionTexts(
        "durees",
        "interruptions_by_hours",
        "La durée des interruptions",
        "Interruptions de service public, selon leur durée.",
        "Interruptions selon leur durée",
        "Durée",
    ),
    SectionTexts(
        "categories",
        "leaks_by_category",
        "Les données en cause",
        "Catégories de la CNIL. Une fuite compte dans chaque ligne qui la concerne.",
        "Fuites par catégorie de données",
        "Catégorie",
    ),
    SectionTexts(
        "personnes",
        "leaks_by_persons",
        "Combien de personnes par fuite",
        "Fuites de données, selon le nombre de personnes que la collectivité estime.",
        "Fuites selon le nombre de personnes",
        "Personnes",
    ),
    SectionTexts(
        "etats",
        "leaks_by_status",
        "Ce que l’on sait de ces fuites",
        "Fuites de données, selon leur état. Une fuite jugée sans fondement est comptée à part.",
        "Fuites selon leur état",
        "État",
    ),
)


DELAY_SECTION_TEXTS = tuple(
    SectionTexts(code, f"incidents_by_{code}", plain, subtitle, caption, "Temps")
    for code, plain, subtitle, caption in (
        (
            "discovery",
            "Le délai de déclaration",
            "Incidents vérifiés, selon le temps de la découverte à la déclaration.",
            "Incidents selon le délai de déclaration",
        ),
        (
            "help",
            "Le délai de prise en charge",
            "Incidents vérifiés, selon le temps de la déclaration à la première prise en charge.",
            "Incidents selon le délai de prise en charge",
        ),
        (
            "closing",
            "Le délai de clôture",
            "Incidents vérifiés, selon le temps de la déclaration à la clôture.",
            "Incidents selon le délai de clôture",
        ),
    )
)


def make_sections(page: FiguresPage) -> list[FiguresSection]:
    """Return the sections of the tables of `SECTION_TEXTS` that are open."""
    sections = []
    for texts in SECTION_TEXTS:
        breakdown = page.find_services_breakdown() if texts.code == "services" else page.find_breakdown(texts.table)
        if breakdown:
            sections.append(make_section(page, texts, breakdown))
    return sections


def make_delay_sections(page: FiguresPage) -> list[FiguresSection]:
    """Return a section for each open table of `DELAY_SECTION_TEXTS`. Only the nation has such tables."""
    breakdowns = [(texts, page.find_breakdown(texts.table)) for texts in DELAY_SECTION_TEXTS]
    return [make_section(page, texts, breakdown) for texts, breakdown in breakdowns if breakdown]


def make_section(page: FiguresPage, texts: SectionTexts, breakdown: Breakdown) -> FiguresSection:
    """Return the section of one breakdown."""
    note = format_missing_note(breakdown)
    if texts.code == "etats":
        note += " Jugées sans fondement : {}.".format(format_cell(page.printed.get_cell("unfounded")))
    return FiguresSection(
        code=texts.code,
        title=make_section_title(texts, breakdown),
        subtitle=bind_words(texts.subtitle),
        caption=texts.caption,
        heading=texts.heading,
        breakdown=breakdown,
        note=bind_words(note.strip()),
        total=format_cell(breakdown.total),
    )


def make_section_title(texts: SectionTexts, breakdown: Breakdown) -> str:
    """Return a title that says what the figures prove, or the plain title."""
    plain = texts.plain_title
    if texts.code == "durees":
        return format_hours_title(breakdown, plain)
    if texts.code in DELAYS:
        return format_delay_title(texts.code, breakdown, plain)
    return plain if texts.code == "etats" else format_largest_title(breakdown, plain)


def format_missing_note(breakdown: Breakdown) -> str:
    """Return the note that names the categories without a number, or "" if each category has one."""
    below = f"Moins de 5 collectivités : {join_labels(breakdown.dashed_lines)}." if breakdown.dashed_lines else ""
    rare = f"Trop rares en France pour un nombre par région : {join_labels(breakdown.unpublished_lines)}."
    return " ".join(filter(None, [below, rare if breakdown.unpublished_lines else ""]))


def join_labels(lines: list[CategoryLine]) -> str:
    """Return the labels of these categories as text, separated by semicolons."""
    return " ; ".join(lower_first(line.label) for line in lines)


# Delays

DELAY_HEADINGS = {
    "discovery": "de la découverte à la déclaration",
    "help": "de la déclaration à la prise en charge",
    "closing": "de la déclaration à la clôture",
}


@dataclass(frozen=True)
class DelaysTable:
    """A table with one column for each delay and one row for each band.

    Each of `lines` is (label of the band, cells). Each cell is (printed cell, level of colour from 0 to 5).
    """

    title: str
    subtitle: str
    heads: list[str]
    lines: list[tuple[str, list[tuple[PrintedCell, int]]]]


def make_delays_table(page: FiguresPage) -> DelaysTable | None:
    """Return one table of the delays whose tables are open, or None. Only the nation has such tables."""
    breakdowns = {code: page.find_breakdown(f"incidents_by_{code}") for code in DELAYS}
    columns = {code: breakdown for code, breakdown in breakdowns.items() if breakdown}
    if not columns:
        return None
    subtitle = "Incidents vérifiés de %s, selon le temps passé. Plus la case est foncée, plus la part est grande."
    return DelaysTable(
        title=bind_words(format_delays_title(columns.get("help"))),
        subtitle=bind_words(subtitle % page.year),
        heads=[DELAY_HEADINGS[code] for code in columns],
        lines=[make_band_row(list(columns.values()), number) for number in range(len(CATEGORIES["help"]))],
    )


def make_band_row(columns: list[Breakdown], number: int) -> tuple[str, list[tuple[PrintedCell, int]]]:
    """Return the label of the band `number`, and the (cell, level) of this band for each delay in `columns`."""
    label = upper_first(columns[-1].lines[number].label)  # the label of a delay that may still run, if there is one
    return label, [
        (column.lines[number].cell, find_share_level(column.lines[number].cell, column.total)) for column in columns
    ]


def find_share_level(cell: PrintedCell, total: PrintedCell) -> int:
    """Return the level of colour for the share of `cell` in `total`. It is 1 for less than a fifth, and 5 at most.

    Return 0 if the cell or the total has no number.
    """
    if cell.state is not CellState.SHOWN or not total.value:
        return 0
    return min(5, 1 + 5 * (cell.value or 0) // total.value)
