"""The files of a release: a Data Package and its parts. Their bytes do not depend on when they are made.

The package follows https://datapackage.org/standard/data-package/ (version 2). It has CSV files with a Table Schema
for each, the same figures in one JSON file, and the dictionary. It also has the signed document
(`stats/releases/seal.py`) with those of the quarters of the year. The program `verify.py` checks the signature and
repeats the audit (`stats/disclosure/verify.py`).
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from core.text import neutralise_formula
from stats.disclosure import audit, figures, verify
from stats.disclosure.tables import CATEGORIES
from stats.open_data.csv_files import CsvFile, list_csv_files
from stats.open_data.definitions import (
    UNDER_DECLARED,
    Definition,
    list_categories,
    list_definitions,
    list_sources,
)
from stats.open_data.edition import MAX_CACHED_EDITIONS, Edition, Row
from stats.releases.seal import encode_document

LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "py": "text/x-python; charset=utf-8",
    "zip": "application/zip",
}


class ReleaseFile(NamedTuple):
    """One file of a release, with its French title and its content."""

    name: str
    title: str
    body: bytes

    @property
    def extension(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.extension]


@lru_cache(maxsize=MAX_CACHED_EDITIONS)
def make_release_files(edition: Edition) -> dict[str, ReleaseFile]:
    """Return a dict from the name of each file to the file, in the order of the page. The archive comes first."""
    csv_files = list_csv_files(edition.tables)
    parts = [
        *(
            ReleaseFile(f"{csv_file.name}.csv", csv_file.title, render_csv(csv_file, list_csv_rows(csv_file, edition)))
            for csv_file in csv_files
        ),
        ReleaseFile("release.json", "Les mêmes nombres, en JSON", render_json(describe_release_json(edition))),
        ReleaseFile("dictionary.json", "Le dictionnaire, en JSON", render_json(describe_dictionary())),
        ReleaseFile("canonical.json", "Les nombres, tels que signés", encode_document(edition.printed_document)),
    ]
    for printed in edition.earlier_documents:
        title = "Les nombres de la publication no {}, tels que signés".format(printed["number"])
        parts.append(ReleaseFile(f"canonical-{printed['number']}.json", title, encode_document(printed)))
    parts.append(ReleaseFile("verify.py", "Le programme qui vérifie tout", build_verification_program()))
    package = render_json(describe_package(edition, csv_files, parts))
    inside = [
        ReleaseFile("datapackage.json", "Description du jeu de données", package),
        ReleaseFile("LISEZMOI.md", "Comment lire et vérifier ces fichiers", render_read_me(edition, csv_files)),
        *parts,
    ]
    archive = ReleaseFile(f"tocsin-publication-{edition.number}.zip", "Tout, en une archive", make_archive(inside))
    return {file.name: file for file in (archive, *inside)}


def build_verification_program() -> bytes:
    """Return the source of the program that checks a package. It joins three modules, without the imports between
    them.
    """
    sources = [Path(str(module.__file__)).read_text() for module in (figures, audit, verify)]
    lines = "\n\n".join(sources).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("from stats.")).encode()


def render_read_me(edition: Edition, csv_files: list[CsvFile]) -> bytes:
    """Return the text that explains how to read and check the files."""
    columns = {column["name"]: column for csv_file in csv_files if csv_file.tables for column in csv_file.columns}
    context = {
        "edition": edition,
        "csv_files": csv_files,
        "columns": columns.values(),
        "site": settings.SITE_URL,
        "under_declared": UNDER_DECLARED,
    }
    return render_to_string("stats/read_me.txt", context).encode()


# The content of the files


def list_csv_rows(csv_file: CsvFile, edition: Edition) -> list[Row]:
    """Return the rows of one CSV file of the release."""
    if csv_file.tables:
        return [row for row in edition.figures if row["table"] in csv_file.tables]
    if csv_file.name == "denominators":
        return edition.denominators
    if csv_file.name == "tables":
        return [describe_definition(entry) for entry in list_definitions()]
    return [{"classification": code, **row} for code in CATEGORIES for row in describe_classification(code)]


def describe_definition(entry: Definition) -> Row:
    """Return the definition of one table as a row of the published dictionary."""
    return {
        "table": entry.code,
        "label": entry.name,
        "counts": entry.table.counts,
        "unit": entry.unit.unit,
        "definition": entry.definition,
        "formula": entry.formula,
        "limits": entry.limits,
        "opening": entry.opening,
        "by": " ".join(entry.table.by) or None,
        "sources": " ".join(source.code for source in entry.sources) or None,
        "since": entry.unit.since,
    }


def describe_classification(classification: str) -> list[Row]:
    """Return the code and the label of each category of a classification."""
    return [{"category": code, "label": label} for code, label in list_categories(classification)]


def describe_dictionary() -> Row:
    """Return the published dictionary: its sources, tables and categories."""
    return {
        "under_declaration": UNDER_DECLARED,
        "sources": [source._asdict() for source in list_sources()],
        "tables": [describe_definition(entry) for entry in list_definitions()],
        "categories": {classification: describe_classification(classification) for classification in CATEGORIES},
    }


def describe_release_heading(edition: Edition) -> Row:
    """Return the heading of a release: number, period, address, keys and signature."""
    release = edition.release
    return {
        "number": release.number,
        "period": str(release.period),
        "published_at": format_utc(release.published_at),
        "url": edition.url,
        "rounding_key": release.rounding_key,
        "digest": release.digest,
        "signature": release.signature,
        "verify_key": release.verify_key,
    }


def describe_release_json(edition: Edition) -> Row:
    """Return the content of `release.json`: the heading, the texts and the numbers of a release."""
    return describe_release_heading(edition) | {
        "title": edition.title,
        "is_invented": edition.is_invented,
        "citation": edition.citation,
        "licence": LICENCE,
        "under_declaration": UNDER_DECLARED,
        **describe_numbers(edition),
    }


def describe_numbers(edition: Edition) -> Row:
    """Return the printed figures of a release, its closed tables, and its denominators."""
    return {
        "closed_tables": [
            {"table": table.code, "table_label": table.name, "why": table.why} for table in edition.closed_tables
        ],
        "figures": edition.printed_figures,
        "denominators": edition.denominators,
    }


# The description of the package


def describe_package(edition: Edition, csv_files: list[CsvFile], files: list[ReleaseFile]) -> Row:
    """Return the content of `datapackage.json`, which describes the package and its files."""
    described = {f"{csv_file.name}.csv": describe_resource(csv_file) for csv_file in csv_files}
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "tocsin-incidents-collectivites",
        "id": edition.url,
        "title": edition.title,
        "description": UNDER_DECLARED,
        "homepage": settings.SITE_URL + reverse("statistics"),
        "version": str(edition.number),
        "created": format_utc(edition.release.published_at),
        "keywords": ["cybersécurité", "collectivités", "incidents", "CSIRT"],
        "licenses": [{"name": "etalab-2.0", "title": "Licence Ouverte / Open Licence 2.0", "path": LICENCE}],
        "sources": [{"title": source.name, "path": source.url} for source in list_sources()],
        "contributors": [{"title": "Tocsin", "path": settings.SITE_URL, "roles": ["publisher"]}],
        "period": str(edition.release.period),
        "citation": edition.citation,
        "is_invented": edition.is_invented,
        "seal": {
            "of": "canonical.json",
            "sha256": edition.release.digest,
            "algorithm": "Ed25519",
            "signature": edition.release.signature,
            "verify_key": edition.release.verify_key,
        },
        "resources": [describe_file(file) | described.get(file.name, {}) for file in files],
    }


def describe_file(file: ReleaseFile) -> Row:
    """Return the description of one file in `datapackage.json`."""
    return {
        "name": file.name.rpartition(".")[0],
        "path": file.name,
        "title": file.title,
        "format": file.extension,
        "mediatype": file.media_type.partition(";")[0],
        "encoding": "utf-8",
        "bytes": len(file.body),
        "hash": f"sha256:{hashlib.sha256(file.body).hexdigest()}",
    }


def describe_resource(csv_file: CsvFile) -> Row:
    """Return what `datapackage.json` adds for a CSV file: its dialect and its Table Schema."""
    return {
        "type": "table",
        "description": csv_file.description,
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": csv_file.describe_schema(),
    }


# The formats


def render_csv(csv_file: CsvFile, rows: Iterable[Row]) -> bytes:
    """Return the rows as CSV (RFC 4180, UTF-8).

    An apostrophe precedes each text that a spreadsheet would read as a formula.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = [column["name"] for column in csv_file.columns]
    writer.writerow(names)
    writer.writerows([format_csv_cell(row[name]) for name in names] for row in rows)
    return text.getvalue().encode()


def format_csv_cell(value: object) -> str:
    """Return a value as the CSV files write it. None is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return neutralise_formula(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def render_json(content: Row) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, default=str).encode() + b"\n"


def format_utc(at: datetime) -> str:
    """Return a moment as text in UTC: « 2026-01-31T12:00:00Z »."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def make_archive(files: Iterable[ReleaseFile]) -> bytes:
    """Return the ZIP archive of the files. It records neither times nor owners, so its bytes are always the same."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, FIRST_DAY_OF_ZIP)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, file.body)
    return buffer.getvalue()
