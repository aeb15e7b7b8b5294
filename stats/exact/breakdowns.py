"""The tables of an exact page that divide one measure into categories."""

from collections import Counter
from dataclasses import dataclass

from incidents.enums import DataCategory, IncidentType, LeakStatus, PersonsBand
from stats.categories import LABELS, Labels
from stats.enums import ALL_BANDS, CAUSE_NOT_STATED, DelayBand, HoursBand, Measure
from stats.exact.sums import ByBand


@dataclass(frozen=True)
class ExactBreakdown:
    """One table that divides a measure into categories. `sheet` names its worksheet. `empty_text` replaces a table of
    zeros.

    The bar of the category `other` is grey. In a band such as « class/type » or « persons/status », `part` is the
    index of the category. `is_sorted` sorts the categories by number and leaves out empty categories.
    """

    measure: Measure
    labels: Labels
    sheet: str
    title: str
    heading: str
    empty_text: str = ""
    other: str = ""
    part: int = 0
    is_sorted: bool = False

    def count_categories(self, by_band: ByBand) -> Counter[str]:
        """Return the number of units of each category, from the sums by (measure, band)."""
        counts: Counter[str] = Counter()
        for (measure, band), value in by_band.items():
            if measure == self.measure:
                counts[band.split("/")[self.part]] += value
        if self.measure == Measure.LEAKS:  # unfounded leaks are counted apart
            counts[LeakStatus.UNFOUNDED] = by_band[Measure.UNFOUNDED, ALL_BANDS]
        return counts


CAUSES = {**LABELS["cause"], CAUSE_NOT_STATED: "pas encore dite"}
NO_INTERRUPTION, NO_LEAK = "Aucune interruption de service.", "Aucune fuite de données."
NO_CATEGORY = "Aucune catégorie n’est dite."


def make_delay_breakdown(measure: Measure, sheet: str) -> ExactBreakdown:
    """Return the table of a measure that is a delay."""
    words = sheet, measure.label, "Délai", "Aucun incident."
    return ExactBreakdown(measure, LABELS[measure], *words, other=DelayBand.UNKNOWN)


BREAKDOWNS = {
    "types": ExactBreakdown(
        *(Measure.INCIDENTS, LABELS["type"], "Types", "Incidents par type", "Type"),
        other=IncidentType.UNKNOWN,
        part=1,
        is_sorted=True,
    ),
    "statuses": ExactBreakdown(
        *(Measure.LEAKS, LABELS["status"], "États des fuites", "État des fuites", "État", NO_LEAK),
        other=LeakStatus.UNFOUNDED,
        part=1,
    ),
    "causes": ExactBreakdown(
        *(Measure.CAUSES, CAUSES, "Causes", "Incidents par cause", "Cause"),
        other=CAUSE_NOT_STATED,
        is_sorted=True,
    ),
    "services": ExactBreakdown(
        *(Measure.SERVICES, LABELS["service"], "Services", "Interruptions par service public", "Service"),
        empty_text=NO_INTERRUPTION,
        is_sorted=True,
    ),
    "durations": ExactBreakdown(
        *(Measure.INTERRUPTIONS, LABELS["hours"], "Durées", "Durée des interruptions", "Durée"),
        empty_text=NO_INTERRUPTION,
        other=HoursBand.UNKNOWN,
    ),
    "categories": ExactBreakdown(
        *(Measure.CATEGORIES, LABELS["category"], "Catégories", "Fuites par catégorie de données"),
        *("Catégorie", NO_CATEGORY),
        other=DataCategory.UNKNOWN,
        is_sorted=True,
    ),
    "persons": ExactBreakdown(
        *(Measure.LEAKS, LABELS["persons"], "Personnes", "Personnes par fuite", "Personnes", NO_LEAK),
        other=PersonsBand.UNKNOWN,
    ),
    "discovery": make_delay_breakdown(Measure.DISCOVERY, "Découverte"),
    "help": make_delay_breakdown(Measure.HELP, "Prise en charge"),
    "closing": make_delay_breakdown(Measure.CLOSING, "Clôture"),
}
# The measures that are durations. The page shows their median and their ninth decile.
TIME_MEASURES = (Measure.INTERRUPTIONS, Measure.DISCOVERY, Measure.HELP, Measure.CLOSING)
