"""Every release as anybody downloads it, by the addresses that stay: the API, the JSON, the CSV, the archive."""

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

FILES = "/statistiques/publications/{}/"
API = "/api/v1/stats/releases/"


class Number(NamedTuple):
    """A published number. `region`: its code, "" for several together; `band`: likewise."""

    measure: str
    region: str
    first: date
    last: date
    band: str
    value: int

    @property
    def year(self) -> int:
        return self.first.year


@dataclass(frozen=True)
class Release:
    """`bodies`: (year, region code, stratum) → how many exist; `bands`: measure → its finest bands; label → code."""

    number: int
    until: date
    numbers: list[Number]
    bodies: dict[tuple[int, str, str], int]
    regions: dict[str, str]
    bands: dict[str, list[str]]
    labels: dict[tuple[str, str], str]


def read_all(client) -> list[Release]:
    """The first one first."""
    listed = get(client, API).json()["results"]
    return [read(client, one["number"]) for one in reversed(listed)]


def read(client, number: int) -> Release:
    """One release; it must say the same wherever it is read."""
    home = FILES.format(number)
    asked = get(client, f"{API}{number}/").json()
    as_json = get(client, f"{home}release.json").json()
    tables = {name: rows_of(get(client, f"{home}{name}.csv").content) for name in TABLES}
    archive = zipfile.ZipFile(io.BytesIO(get(client, f"{home}tocsin-publication-{number}.zip").content))
    assert all(rows_of(archive.read(f"{name}.csv")) == rows for name, rows in tables.items())
    numbers = agreed(numbers_of(one) for one in (tables["blocks"], asked["blocks"], as_json["blocks"]))
    assert numbers == sorted(signed(get(client, f"{home}canonical.json").content))
    wanted = [tables["denominators"], asked["denominators"], as_json["denominators"]]
    bands = [row for row in tables["bands"] if row["band"]]
    return Release(
        number=number,
        until=date.fromisoformat(asked["covers_until"]),
        numbers=numbers,
        bodies=agreed(bodies_of(one) for one in wanted),
        regions={row["region"]: row["region_name"] for row in tables["regions"]},
        bands={row["measure"]: finest_of(row["measure"], bands) for row in tables["measures"]},
        labels={(row["measure"], row["band_label"].casefold()): row["band"] for row in bands},
    )


TABLES = ("blocks", "denominators", "measures", "bands", "regions")


def get(client, path: str):
    response = client.get(path)
    assert response.status_code == 200, path
    return response


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def numbers_of(rows: Iterable[dict]) -> list[Number]:
    return sorted(
        Number(
            row["measure"],
            row["region"] or "",
            date.fromisoformat(row["starts_on"]),
            date.fromisoformat(row["ends_on"]),
            row["band"] or "",
            int(row["value"]),
        )
        for row in rows
    )


def signed(content: bytes) -> Iterator[Number]:
    for measure, region, first, last, band, value in json.loads(content)["blocks"]:
        yield Number(measure, region, date.fromisoformat(first), date.fromisoformat(last), band, value)


def bodies_of(rows: Iterable[dict]) -> dict[tuple[int, str, str], int]:
    return {(int(row["year"]), row["region"] or "", row["stratum"] or ""): int(row["bodies"]) for row in rows}


def agreed(versions):
    first, *others = versions
    assert all(other == first for other in others), "The files and the API do not say the same."
    return first


def finest_of(measure: str, bands: list[dict[str, str]]) -> list[str]:
    """Where a measure has no band, one without a name."""
    return [row["band"] for row in bands if row["measure"] == measure and row["is_finest"] == "true"] or [""]


def generations(releases: list[Release]) -> list[tuple[int, Number]]:
    """The numbers of the last release, each with that in which it came first. Those that look the same are."""
    known: dict[Number, list[int]] = {}
    for release in releases:
        there = Counter(release.numbers)
        known = {
            one: [*known.get(one, [])[:times], *[release.number] * (times - len(known.get(one, [])))]
            for one, times in there.items()
        }
    return [(first, one) for one, firsts in sorted(known.items()) for first in firsts]
