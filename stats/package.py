"""The files of a release, as bytes that are the same whenever they are made: a Data Package, and its parts.

The package is that of https://datapackage.org/standard/data-package/ (version 2): CSV files with a Table Schema each,
the same as one JSON, the dictionary, and the canonical form whose signature anybody can check (`stats/seal.py`).
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from stats.dictionary import UNDER_DECLARED, Definition, dictionary, sources
from stats.schemas import Sheet, sheets
from stats.seal import in_bytes

type Row = dict[str, Any]

LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "zip": "application/zip",
}


class Heading(NamedTuple):
    """What a release says of itself; the last three in hexadecimal, empty for what was never signed."""

    pk: int
    number: int
    published_at: datetime
    covers_until: date
    digest: str
    signature: str
    verify_key: str

    @property
    def path(self) -> str:
        return reverse("stats_release", args=[self.number])

    @property
    def url(self) -> str:
        return settings.SITE_URL + self.path

    @property
    def archive(self) -> str:
        return f"tocsin-publication-{self.number}.zip"

    @property
    def published_on(self) -> date:
        """The day in Paris, which may be the one after that of universal time."""
        return localtime(self.published_at).date()

    @property
    def citation(self) -> str:
        """One line, as a bibliography wants it."""
        return _(
            "Tocsin, Incidents déclarés par les collectivités, publication no %(number)d du %(day)s, données jusqu’au "
            "%(until)s. %(url)s Licence Ouverte 2.0. SHA-256 %(digest)s."
        ) % {
            "number": self.number,
            "day": date_format(self.published_on, "j F Y"),
            "until": date_format(self.covers_until, "j F Y"),
            "url": self.url,
            "digest": self.digest,
        }


class Change(NamedTuple):
    """Of one measure, against the release before: how many numbers stayed as they were, came, and went."""

    measure: str
    label: str
    stayed: int
    came: int
    went: int


class File(NamedTuple):
    name: str
    title: str
    body: bytes

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.name.rpartition(".")[2]]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, eq=False)
class Edition:
    """One release as rows; `None` in a row stands for several together. `is_invented`: of a demonstration."""

    heading: Heading
    is_invented: bool
    numbers: list[Row]
    denominators: list[Row]
    regions: list[Row]
    changes: tuple[Change, ...]

    @property
    def title(self) -> str:
        title = _("Incidents déclarés par les collectivités, publication no %d") % self.heading.number
        return _("Démonstration, nombres inventés : %s") % title if self.is_invented else title

    @cached_property
    def files(self) -> dict[str, File]:
        """By name, in the order in which a page lists them: the archive first."""
        made = {file.name: file for file in parts_of(self)}
        package = File("datapackage.json", _("Description du jeu de données"), descriptor(self, made))
        read_me = File("LISEZMOI.md", _("Comment lire ces fichiers"), read_me_of(self))
        inside = {package.name: package, read_me.name: read_me, **made}
        archive = File(self.heading.archive, _("Tout, en une archive"), zipped(inside.values()))
        return {archive.name: archive, **inside}


def parts_of(edition: Edition) -> list[File]:
    entries = dictionary()
    rows = {
        "blocks": edition.numbers,
        "denominators": edition.denominators,
        "measures": [measure_row(entry) for entry in entries],
        "bands": [band_row for entry in entries for band_row in band_rows(entry)],
        "regions": edition.regions,
    }
    return [
        *(File(f"{sheet.name}.csv", sheet.title, as_csv(sheet, rows[sheet.name])) for sheet in sheets()),
        File("release.json", _("Les mêmes nombres, en JSON"), as_json(said_of(edition))),
        File("dictionary.json", _("Le dictionnaire, en JSON"), as_json(dictionary_said(entries))),
        File("canonical.json", _("Forme signée"), canonical_of(edition)),
    ]


# What each file says


def measure_row(entry: Definition) -> Row:
    said = entry.says
    return {
        "measure": entry.code,
        "measure_label": entry.name,
        "definition": str(said.definition),
        "formula": str(said.formula),
        "unit": str(said.unit),
        "denominator": str(said.denominator) or None,
        "finest": entry.finest or None,
        "merged_into": entry.merged_into or None,
        "limits": str(said.limits),
        "sources": " ".join(source.code for source in said.sources) or None,
        "since": said.since,
        "is_published": entry.is_published,
        "is_rate": entry.is_rate,
    }


def band_rows(entry: Definition) -> list[Row]:
    return [
        {
            "measure": entry.code,
            "measure_label": entry.name,
            "band": band.code or None,
            "band_label": band.label,
            "parent": band.parent or None,
            "is_finest": band.is_finest,
        }
        for band in entry.bands
    ]


def dictionary_said(entries: Iterable[Definition]) -> Row:
    return {
        "under_declaration": str(UNDER_DECLARED),
        "sources": [{"code": one.code, "name": str(one.name), "url": one.url} for one in sources()],
        "measures": [measure_row(entry) | {"bands": [bare(row) for row in band_rows(entry)]} for entry in entries],
    }


def bare(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("measure")}


def heading_said(heading: Heading) -> Row:
    return {
        "number": heading.number,
        "published_at": moment(heading.published_at),
        "covers_until": heading.covers_until,
        "url": heading.url,
        "digest": heading.digest,
        "signature": heading.signature,
        "verify_key": heading.verify_key,
    }


def said_of(edition: Edition) -> Row:
    return heading_said(edition.heading) | {
        "title": edition.title,
        "is_invented": edition.is_invented,
        "citation": edition.heading.citation,
        "licence": LICENCE,
        "under_declaration": str(UNDER_DECLARED),
        "changes": [change._asdict() for change in edition.changes],
        "blocks": edition.numbers,
        "denominators": edition.denominators,
    }


def canonical_of(edition: Edition) -> bytes:
    """What was signed: `stats.seal.canonical`, byte for byte."""
    return in_bytes(
        edition.heading.number,
        edition.heading.covers_until,
        (
            (
                *(row["measure"], row["region"] or "", row["starts_on"].isoformat(), row["ends_on"].isoformat()),
                *(row["band"] or "", row["value"]),
            )
            for row in edition.numbers
        ),
        ((row["year"], row["region"] or "", row["stratum"] or "", row["bodies"]) for row in edition.denominators),
    )


def read_me_of(edition: Edition) -> bytes:
    heading = edition.heading
    lines = [
        f"# {edition.title}",
        heading.citation,
        str(UNDER_DECLARED),
        _("Méthode : %(url)s") % {"url": settings.SITE_URL + reverse("stats_method")},
        _("Définitions : %(url)s") % {"url": settings.SITE_URL + reverse("stats_definitions")},
        *(paragraph for sheet in sheets() for paragraph in sheet_said(sheet)),
    ]
    return "\n\n".join(lines).encode() + b"\n"


def sheet_said(sheet: Sheet) -> list[str]:
    columns = [f"- `{column.name}` ({column.title}) : {column.description}" for column in sheet.columns]
    return [f"## {sheet.name}.csv : {sheet.title}", sheet.description, "\n".join(columns)]


# The description of the whole


def descriptor(edition: Edition, files: dict[str, File]) -> bytes:
    heading = edition.heading
    return as_json(
        {
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": "tocsin-incidents-collectivites",
            "id": heading.url,
            "title": edition.title,
            "description": str(UNDER_DECLARED),
            "homepage": settings.SITE_URL + reverse("statistics"),
            "version": str(heading.number),
            "created": moment(heading.published_at),
            "keywords": ["cybersécurité", "collectivités", "incidents", "CSIRT"],
            "licenses": [{"name": "etalab-2.0", "title": "Licence Ouverte / Open Licence 2.0", "path": LICENCE}],
            "sources": [{"title": str(source.name), "path": source.url} for source in sources()],
            "contributors": [{"title": "Tocsin", "path": settings.SITE_URL, "roles": ["publisher"]}],
            "covers_until": heading.covers_until,
            "citation": heading.citation,
            "is_invented": edition.is_invented,
            "seal": seal_of(heading),
            "resources": [
                *(sheet_resource(sheet, files[f"{sheet.name}.csv"]) for sheet in sheets()),
                *(resource(file) for file in files.values() if file.name.endswith(".json")),
            ],
        }
    )


def seal_of(heading: Heading) -> Row:
    return {
        "of": "canonical.json",
        "sha256": heading.digest,
        "algorithm": "Ed25519",
        "signature": heading.signature,
        "verify_key": heading.verify_key,
    }


def resource(file: File) -> Row:
    stem, _dot, extension = file.name.rpartition(".")
    return {
        "name": stem,
        "path": file.name,
        "title": file.title,
        "format": extension,
        "mediatype": file.media_type.partition(";")[0],
        "encoding": "utf-8",
        "bytes": len(file.body),
        "hash": f"sha256:{file.sha256}",
    }


def sheet_resource(sheet: Sheet, file: File) -> Row:
    return resource(file) | {
        "type": "table",
        "description": sheet.description,
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": sheet.schema(),
    }


# How it is written


def as_csv(sheet: Sheet, rows: Iterable[Row]) -> bytes:
    """RFC 4180, in UTF-8; no cell is a formula for a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    names = [column.name for column in sheet.columns]
    writer.writerow(names)
    writer.writerows([cell(row[name]) for name in names] for row in rows)
    return text.getvalue().encode()


def cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_SIGNS) else value
    return value.isoformat() if isinstance(value, date) else str(value)


def as_json(said: Row) -> bytes:
    return json.dumps(said, ensure_ascii=False, indent=1, default=str).encode() + b"\n"


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def zipped(files: Iterable[File]) -> bytes:
    """The same bytes each time: no clock and no owner in it."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, FIRST_DAY_OF_ZIP)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, file.body)
    return held.getvalue()
