"""The tables of an exact page that divide one measure into bands."""

from collections import Counter
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import DataCategory, IncidentType, LeakStatus, PersonsBand
from stats.categories import LABELS, Labels
from stats.enums import ALL_BANDS, NOT_SAID, DelayBand, HoursBand, Measure
from stats.exact.sums import ByBand

type Word = str | Promise


@dataclass(frozen=True)
class Breakdown:
    """One table by band. `sheet` is its name in a spreadsheet, `none` the text of the page if all bands are empty.

    `rest` is the category drawn in grey. `part` is the part of a band « class/type » or « persons/status » that holds
    the category. `is_sorted` puts the largest category first and leaves out empty ones.
    """

    measure: Measure
    labels: Labels
    sheet: Word
    title: Word
    heading: Word
    none: Word = ""
    rest: str = ""
    part: int = 0
    is_sorted: bool = False

    def count_categories(self, by_band: ByBand) -> Counter[str]:
        counts: Counter[str] = Counter()
        for (measure, band), value in by_band.items():
            if measure == self.measure:
                counts[band.split("/")[self.part]] += value
        if self.measure == Measure.LEAKS:  # unfounded leaks are counted apart
            counts[LeakStatus.UNFOUNDED] = by_band[Measure.UNFOUNDED, ALL_BANDS]
        return counts


CAUSES = {**LABELS["cause"], NOT_SAID: _("pas encore dite")}
NO_INTERRUPTION, NO_LEAK = _("Aucune interruption de service."), _("Aucune fuite de données.")
NO_CATEGORY = _("Aucune catégorie n’est dite.")


def make_delay(measure: Measure, sheet: Word) -> Breakdown:
    words = sheet, measure.label, _("Délai"), _("Aucun incident.")
    return Breakdown(measure, LABELS[measure], *words, rest=DelayBand.UNKNOWN)


BREAKDOWNS = {
    "types": Breakdown(
        *(Measure.INCIDENTS, LABELS["type"], _("Types"), _("Incidents par type"), _("Type")),
        rest=IncidentType.UNKNOWN,
        part=1,
        is_sorted=True,
    ),
    "statuses": Breakdown(
        *(Measure.LEAKS, LABELS["status"], _("États des fuites"), _("État des fuites"), _("État"), NO_LEAK),
        rest=LeakStatus.UNFOUNDED,
        part=1,
    ),
    "causes": Breakdown(
        *(Measure.CAUSES, CAUSES, _("Causes"), _("Incidents par cause"), _("Cause")),
        rest=NOT_SAID,
        is_sorted=True,
    ),
    "services": Breakdown(
        *(Measure.SERVICES, LABELS["service"], _("Services"), _("Interruptions par service public"), _("Service")),
        none=NO_INTERRUPTION,
        is_sorted=True,
    ),
    "durations": Breakdown(
        *(Measure.INTERRUPTIONS, LABELS["hours"], _("Durées"), _("Durée des interruptions"), _("Durée")),
        none=NO_INTERRUPTION,
        rest=HoursBand.UNKNOWN,
    ),
    "categories": Breakdown(
        *(Measure.CATEGORIES, LABELS["category"], _("Catégories"), _("Fuites par catégorie de données")),
        *(_("Catégorie"), NO_CATEGORY),
        rest=DataCategory.UNKNOWN,
        is_sorted=True,
    ),
    "persons": Breakdown(
        *(Measure.LEAKS, LABELS["persons"], _("Personnes"), _("Personnes par fuite"), _("Personnes"), NO_LEAK),
        rest=PersonsBand.UNKNOWN,
    ),
    "discovery": make_delay(Measure.DISCOVERY, _("Découverte")),
    "help": make_delay(Measure.HELP, _("Prise en charge")),
    "closing": make_delay(Measure.CLOSING, _("Clôture")),
}
# The measures of time, whose median and ninth decile the page shows.
TIMES = (Measure.INTERRUPTIONS, Measure.DISCOVERY, Measure.HELP, Measure.CLOSING)
