"""What the pages say, held against the files: a figure of a table is the sum of the published numbers in its scope.

Where all figures are, a page tells nothing that the numbers do not.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from incidents.enums import TYPE_TERMS
from tests.stats.attacker.served import Number, Release
from tests.stats.pages import Merged, number, rows_of

MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre"),
    *("novembre", "décembre"),
)
ALIASES = {"je ne sais pas": "nombre de personnes pas connu", "je ne sais pas encore": "catégories pas connues"}
BANDS = {
    "Interruptions par service": "services",
    "Interruptions selon leur durée": "interruptions",
    "Fuites par catégorie de données": "categories",
    "Fuites selon le nombre de personnes": "leaks",
    "Fuites selon leur état": "leaks",
    "Incidents par cause": "causes",
}
COUNTED_AS = {"services": ("interruptions",), "causes": ("incidents", "quarters")}
DELAYS = ("discovery", "help", "closing")
ALONG = {
    "signalements vérifiés": "reports",
    "interruptions de service": "interruptions",
    "fuites de données": "leaks",
    "incidents vérifiés": "incidents",
}
REST, ALL = "non ventilé", ("ensemble", "total")


class Figure(NamedTuple):
    """What stands in one cell; `said` None where nothing is said; `right`: what may stand there."""

    where: tuple[str, ...]
    said: object
    right: set[int | None]


def plain(text: str) -> str:
    """Spaces of all widths alike, in small letters."""
    text = re.sub(r"(?<=\d)[\u202f\u00a0 ](?=\d{3})", " ", text)
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split()).casefold()


class Pages:
    """Of one release and year: the page of a region, or of the nation ("")."""

    def __init__(self, client, release: Release, year: int, region: str, quarter: int = 0) -> None:
        self.release, self.year, self.region = release, year, region
        months = range(3 * quarter - 2, 3 * quarter + 1) if quarter else range(1, 13)
        self.months = [months[0], months[-1]]
        asked = {"annee": year, "publication": release.number, "region": region, "trimestre": quarter or ""}
        self.tables = rows_of(client, **{name: value for name, value in asked.items() if value})

    def wrong(self) -> list[Figure]:
        return [figure for figure in self.figures() if figure.said not in figure.right]

    def figures(self) -> Iterator[Figure]:
        for caption, rows in self.tables.items():
            if caption in BANDS:
                yield from self.bands(caption, BANDS[caption], rows)
            else:
                yield from self.readers()[caption](caption, rows)

    def readers(self) -> dict[str, Callable]:
        by_type = dict.fromkeys(("Incidents par type et par mois", "Incidents par type et par trimestre"), self.types)
        return by_type | {
            "Par mois": self.along,
            "Par trimestre": self.along,
            "Le reste par trimestre": self.others_along,
            "Par région": self.by_region,
            "Délais par tranche": self.delays,
            "Taux par nature et population": self.strata,
        }

    # What the files say

    def numbers(self, *measures: str, region: str | None = None, year: int = 0) -> list[Number]:
        region = self.region if region is None else region
        there = [one for one in self.release.numbers if one.measure in measures and one.year == (year or self.year)]
        return [one for one in there if region in ("", one.region)]

    def inside(self, numbers: list[Number], months=None, bands=None) -> int | None:
        """The sum of those within; None where there is none."""
        first, last = (months or self.months)[0], (months or self.months)[-1]
        found = [
            one.value
            for one in numbers
            if first <= one.first.month and one.last.month <= last and (bands is None or bands(one.band))
        ]
        return sum(found) if found else None

    def wider(self, numbers: list[Number], months: list[int], bands=None) -> set[int | None]:
        """One merged number: all those of one scope that holds these months and more."""
        scopes = {(one.first.month, one.last.month) for one in numbers}
        return {
            self.inside([one for one in numbers if (one.first.month, one.last.month) == scope], scope, bands)
            for scope in scopes
            if scope[0] <= min(months) and max(months) <= scope[1]
        }

    def named(self, measure: str, label: str) -> Callable[[str], bool]:
        """Whether a band lies in the one of that name, or in all those whose last part has it."""
        label = ALIASES.get(label, label)
        codes = {
            code
            for (of, said), code in self.release.labels.items()
            if of == measure and (plain(said) == label or plain(said).endswith(f" / {label}"))
        }
        assert codes, (measure, label)
        return lambda band: any(band == code or band.startswith(f"{code}/") for code in codes)

    # Table by table

    def figure(self, caption: str, row: str, column: str, cell, right: set[int | None]) -> Figure:
        return Figure((str(self.year), self.region, caption, row, column), number(cell), or_nothing(right))

    def by_region(self, caption, rows) -> Iterator[Figure]:
        head, *lines = rows
        codes = {plain(name.replace("'", "’")): code for code, name in self.release.regions.items()}
        for label, *cells in lines:
            row = plain(label.text)
            for column, cell in zip(head[1:], cells, strict=True):
                measure = ALONG.get(plain(column.text))
                if not measure:
                    yield from self.rate(caption, row, cell, codes.get(row))
                    continue
                every = self.numbers(measure, region="")
                if row == "régions regroupées":
                    every = [one for one in every if not one.region]
                elif row not in ALL:
                    every = [one for one in every if one.region == codes[row]]
                yield self.figure(caption, row, measure, cell, {self.inside(every)})

    def rate(self, caption, row, cell, code) -> Iterator[Figure]:
        """« 1,2 % de 0,72 % à 1,9 % ; 15 sur 1 267 »; 0 only where no number of several regions may hold a body."""
        if found := re.search(r"([\d ]+) sur ([\d ]+)$", plain(cell.text)):
            bodies, existing = (int(part.replace(" ", "")) for part in found.groups())
            several = [one for one in self.numbers("bodies", region="") if not one.region]
            own = self.inside(self.numbers("bodies", region=code))
            yield Figure((caption, row), bodies, {0 if own is None and not several else own})
            yield Figure((caption, row), existing, {self.release.bodies[self.year, code, ""]})

    def along(self, caption, rows) -> Iterator[Figure]:
        head, *lines = rows
        for column, year in enumerate([one.text for one in head[1:]], 1):
            tables = [self.numbers("incidents", year=int(year))]
            tables += [] if self.region else [self.numbers("quarters", year=int(year))]
            merged = months_of_merged(lines, column)
            for line in lines:
                row, cell = plain(line[0].text), line[column]
                if row == REST:
                    continue
                months = [1, 12] if row in ALL else months_of(row)  # of a quarter too, the page shows its year
                right = {self.inside(one, months) for one in tables}
                if isinstance(number(cell), Merged):
                    right = set().union(*(self.wider(one, merged[cell.key]) for one in tables))
                    yield self.figure(caption, row, year, cell, right)._replace(said=number(cell).value)
                else:
                    yield self.figure(caption, row, year, cell, right)

    def others_along(self, caption, rows) -> Iterator[Figure]:
        head, *lines = rows
        for column, measure in enumerate([ALONG[plain(one.text)] for one in head[1:]], 1):
            every = self.numbers(measure)
            quarters = [self.inside(every, months) or 0 for months in map(months_of, "1234")]
            for line in lines:
                row = plain(line[0].text)
                if row == REST:
                    right = {(self.inside(every) or 0) - sum(quarters)}
                else:
                    right = {self.inside(every, None if row in ALL else months_of(row))}
                yield self.figure(caption, row, measure, line[column], right)

    def bands(self, caption, measure, rows) -> Iterator[Figure]:
        every = self.numbers(measure)
        right = {self.inside(every), *(self.inside(self.numbers(one)) for one in COUNTED_AS.get(measure, ()))}
        named = 0
        for label, cell in rows[1:]:
            row = plain(label.text)
            if row in ALL:
                yield self.figure(caption, row, "", cell, right)
            elif row == REST:
                yield self.figure(caption, row, "", cell, {(self.inside(every) or 0) - named})
            else:
                yield self.figure(caption, row, "", cell, {self.inside(every, bands=self.named(measure, row))})
                named += number(cell) or 0

    def delays(self, caption, rows) -> Iterator[Figure]:
        columns = [measure for measure in DELAYS if self.numbers(measure)]
        for label, *cells in rows[1:]:
            row = plain(label.text)
            for measure, cell in zip(columns, cells, strict=False):
                if row != REST and len(cells) == len(columns):
                    right = {self.inside(self.numbers(measure), bands=self.named(measure, row))}
                    yield self.figure(caption, row, measure, cell, right)

    def types(self, caption, rows) -> Iterator[Figure]:
        """By period, and the totals of the rows, which stand last."""
        head, *lines = rows
        every = self.numbers("incidents")
        periods = [(column, one) for column, text in enumerate(head) if (one := months_of_head(text.text))]
        for line in lines:
            row = plain(line[0].text)
            bands = self.type_named(row)
            yield self.figure(caption, row, "total", line[-1], {self.inside(every, bands=bands)})
            merged: dict[int, list[int]] = defaultdict(list)
            for column, months in periods:
                merged[line[column].key] += months
            for column, months in periods:
                cell = line[column]
                if isinstance(number(cell), Merged):
                    right = self.wider(every, merged[cell.key], bands)
                    yield self.figure(caption, row, str(months), cell, right)._replace(said=number(cell).value)
                else:
                    yield self.figure(caption, row, str(months), cell, {self.inside(every, months, bands)})

    def type_named(self, row: str) -> Callable[[str], bool] | None:
        """A row of one type, of what is left of a class, of what is left of all; None for all."""
        if row in ALL:
            return None
        if row == "types regroupés":
            return "".__eq__
        if row.endswith(", types regroupés"):
            return self.release.labels["incidents", row.removesuffix(", types regroupés")].__eq__
        kind = next(kind for kind, term in TYPE_TERMS.items() if plain(str(term)).lower() == row.lower())
        return lambda band: band.endswith(f"/{kind}")

    def strata(self, caption, rows) -> Iterator[Figure]:
        for label, declared, *_rates in rows[1:]:
            row = plain(label.text)
            right = {self.inside(self.numbers("strata"), bands=self.named("strata", row))}
            yield self.figure(caption, row, "strata", declared, right)


def or_nothing(right: set[int | None]) -> set[int | None]:
    """Nothing is written as 0, or as a word."""
    return right | ({0} if None in right else set())


def months_of(label: str) -> list[int]:
    if label in MONTHS:
        return [MONTHS.index(label) + 1]
    last = 3 * int(label[0])
    return [last - 2, last - 1, last]


def months_of_head(text: str) -> list[int]:
    """« janv. » or « T1 »; nothing for the heads of other columns."""
    if re.fullmatch("T[1-4]", text):
        return months_of(text[1])
    short = text.rstrip(".")
    return [n for n, name in enumerate(MONTHS, 1) if len(short) > 2 and name.startswith(short)]


def months_of_merged(lines, column: int) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for line in lines:
        if isinstance(number(line[column]), Merged):
            found.setdefault(line[column].key, []).extend(months_of(plain(line[0].text)))
    return found
