"""The files of a release, as bytes that are the same whenever they are made: a Data Package, and its parts.

The package is that of https://datapackage.org/standard/data-package/ (version 2): CSV files with a Table Schema each,
the same as one JSON, the dictionary, the signed form (`stats/releases/seal.py`) with those of the quarters of its
year, and the program that checks the seal and runs the audit again (`stats/disclosure/audit.py`).
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from stats.disclosure import audit
from stats.disclosure.tables import CATEGORIES
from stats.open_data.definitions import Source
from stats.open_data.dictionary import (
    UNDER_DECLARED,
    Definition,
    list_categories,
    list_definitions,
    list_sources,
)
from stats.open_data.edition import EDITIONS_KEPT, Edition, Heading, Row
from stats.open_data.sheets import Column, Sheet, list_sheets
from stats.pages.labels import format_number
from stats.releases.seal import encode

LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "py": "text/x-python; charset=utf-8",
    "zip": "application/zip",
}


class File(NamedTuple):
    name: str
    title: str
    body: bytes

    @property
    def extension(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.extension]

    @property
    def size(self) -> str:
        return format_number(len(self.body))


@lru_cache(maxsize=EDITIONS_KEPT)
def make_files(edition: Edition) -> dict[str, File]:
    """Return the files by name, in the order in which a page lists them: the archive first."""
    parts = [*make_parts(edition)]
    package = File("datapackage.json", _("Description du jeu de données"), describe_package(edition, parts))
    read_me = File("LISEZMOI.md", _("Comment lire et vérifier ces fichiers"), write_read_me(edition))
    inside = [package, read_me, *parts]
    archive = File(edition.heading.archive, _("Tout, en une archive"), make_archive(inside))
    return {file.name: file for file in (archive, *inside)}


def make_parts(edition: Edition) -> Iterator[File]:
    for sheet in list_sheets(edition.tables):
        yield File(f"{sheet.name}.csv", sheet.title, write_csv(sheet, list_rows(sheet, edition)))
    yield File("release.json", _("Les mêmes nombres, en JSON"), write_json(describe_edition(edition)))
    yield File("dictionary.json", _("Le dictionnaire, en JSON"), write_json(describe_dictionary()))
    yield File("canonical.json", _("Les nombres, tels que signés"), encode(edition.printed))
    for printed in edition.earlier:
        title = _("Les nombres de la publication no %d, tels que signés") % printed["number"]
        yield File(f"canonical-{printed['number']}.json", title, encode(printed))
    yield File("verify.py", _("Le programme qui vérifie tout"), read_program())


def read_program() -> bytes:
    return Path(audit.__file__).read_bytes()


# What each file tells


def list_rows(sheet: Sheet, edition: Edition) -> list[Row]:
    if sheet.tables:
        return [row for row in edition.figures if row["table"] in sheet.tables]
    if sheet.name == "denominators":
        return edition.denominators
    if sheet.name == "tables":
        return [describe_definition(one) for one in list_definitions()]
    return [
        {"classification": classification, "category": code, "label": label}
        for classification in CATEGORIES
        for code, label in list_categories(classification)
    ]


def describe_definition(entry: Definition) -> Row:
    return {
        "table": entry.code,
        "label": entry.name,
        "counts": entry.table.counts,
        "unit": str(entry.unit.unit),
        "definition": entry.definition,
        "formula": entry.formula,
        "limits": entry.limits,
        "opening": entry.opening,
        "by": " ".join(entry.table.by) or None,
        "sources": " ".join(source.code for source in entry.sources) or None,
        "since": entry.since,
    }


def describe_dictionary() -> Row:
    return {
        "under_declaration": str(UNDER_DECLARED),
        "sources": [{"code": one.code, "name": str(one.name), "url": one.url} for one in list_sources()],
        "tables": [describe_definition(one) for one in list_definitions()],
        "categories": {
            classification: [{"category": code, "label": label} for code, label in list_categories(classification)]
            for classification in CATEGORIES
        },
    }


def describe_heading(heading: Heading) -> Row:
    release = heading.release
    return {
        "number": release.number,
        "period": str(release.period),
        "published_at": format_moment(release.published_at),
        "url": heading.url,
        "rounding_key": release.rounding_key,
        "digest": release.digest,
        "signature": release.signature,
        "verify_key": release.verify_key,
    }


def describe_edition(edition: Edition) -> Row:
    return describe_heading(edition.heading) | {
        "title": edition.title,
        "is_invented": edition.is_invented,
        "citation": edition.heading.citation,
        "licence": LICENCE,
        "under_declaration": str(UNDER_DECLARED),
        "closed_tables": describe_closed(edition),
        "figures": edition.printed_figures,
        "denominators": edition.denominators,
    }


def describe_closed(edition: Edition) -> list[Row]:
    return [{"table": one.code, "table_label": one.name, "why": one.why} for one in edition.closed]


def write_read_me(edition: Edition) -> bytes:
    paragraphs = [
        f"# {edition.title}",
        edition.heading.citation,
        str(UNDER_DECLARED),
        *explain_numbers(),
        _("Méthode : %s") % (settings.SITE_URL + reverse("stats_method")),
        _("Définitions : %s") % (settings.SITE_URL + reverse("stats_definitions")),
        *explain_checking(),
        *explain_sheets(list_sheets(edition.tables)),
    ]
    return "\n\n".join(paragraphs).encode() + b"\n"


def explain_numbers() -> list[str]:
    return [
        _("## Lire un nombre"),
        _(
            "Un nombre (`value`) est arrondi au hasard à un multiple de 5 : le vrai est entre `low` et `high`. Une "
            "case vide avec `below_threshold` veut dire « moins de 5 collectivités » : zéro ou peu, personne ne peut "
            "savoir. Une case vide avec `table_closed` ne paraît pas : trop peu de cas. Les fichiers JSON n’ont pas "
            "ces cases-là. Chaque total est arrondi à part : n’additionnez pas les cases pour l’obtenir."
        ),
    ]


def explain_checking() -> list[str]:
    return [
        _("## Vérifier"),
        _(
            "`verify.py` vérifie la signature, compare les CSV à ce qui est signé, puis refait la vérification du "
            "secret sur ces seuls nombres. Il lui faut Python 3.12 ou plus, et aucun réseau :"
        ),
        "```\npython -m pip install highspy PyNaCl\npython verify.py\n```",
    ]


def explain_sheets(sheets: Iterable[Sheet]) -> Iterator[str]:
    """Yield the list of the files of figures and their columns once, then the other files."""
    sheets = list(sheets)
    figures = [sheet for sheet in sheets if sheet.tables]
    yield _("## Les tableaux")
    yield "\n".join(f"- `{sheet.name}.csv` : {sheet.title}" for sheet in figures)
    yield explain_columns(column for sheet in figures for column in sheet.columns)
    for sheet in sheets:
        if not sheet.tables:
            yield f"## {sheet.name}.csv : {sheet.title}"
            yield sheet.description
            yield explain_columns(sheet.columns)


def explain_columns(columns: Iterable[Column]) -> str:
    lines = {column.name: f"- `{column.name}` ({column.title}) : {column.description}" for column in columns}
    return "\n".join(lines.values())


# The description of the whole


def describe_package(edition: Edition, files: Iterable[File]) -> bytes:
    heading = edition.heading
    sheets = {f"{sheet.name}.csv": sheet for sheet in list_sheets(edition.tables)}
    return write_json(
        {
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": "tocsin-incidents-collectivites",
            "id": heading.url,
            "title": edition.title,
            "description": str(UNDER_DECLARED),
            "homepage": settings.SITE_URL + reverse("statistics"),
            "version": str(heading.number),
            "created": format_moment(heading.release.published_at),
            "keywords": ["cybersécurité", "collectivités", "incidents", "CSIRT"],
            "licenses": [{"name": "etalab-2.0", "title": "Licence Ouverte / Open Licence 2.0", "path": LICENCE}],
            "sources": [describe_source(source) for source in list_sources()],
            "contributors": [{"title": "Tocsin", "path": settings.SITE_URL, "roles": ["publisher"]}],
            "period": str(heading.release.period),
            "citation": heading.citation,
            "is_invented": edition.is_invented,
            "seal": describe_seal(heading),
            "resources": [describe_resource(file, sheets.get(file.name)) for file in files],
        }
    )


def describe_source(source: Source) -> Row:
    return {"title": str(source.name), "path": source.url}


def describe_seal(heading: Heading) -> Row:
    return {
        "of": "canonical.json",
        "sha256": heading.release.digest,
        "algorithm": "Ed25519",
        "signature": heading.release.signature,
        "verify_key": heading.release.verify_key,
    }


def describe_resource(file: File, sheet: Sheet | None) -> Row:
    resource = {
        "name": file.name.rpartition(".")[0],
        "path": file.name,
        "title": file.title,
        "format": file.extension,
        "mediatype": file.media_type.partition(";")[0],
        "encoding": "utf-8",
        "bytes": len(file.body),
        "hash": f"sha256:{hashlib.sha256(file.body).hexdigest()}",
    }
    return resource | (describe_table(sheet) if sheet else {})


def describe_table(sheet: Sheet) -> Row:
    return {
        "type": "table",
        "description": sheet.description,
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": sheet.describe_schema(),
    }


# How it is written


def write_csv(sheet: Sheet, rows: Iterable[Row]) -> bytes:
    """Return RFC 4180, in UTF-8; no cell is a formula for a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    names = [column.name for column in sheet.columns]
    writer.writerow(names)
    writer.writerows([format_cell(row[name]) for name in names] for row in rows)
    return text.getvalue().encode()


def format_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_SIGNS) else value
    return value.isoformat() if isinstance(value, date) else str(value)


def write_json(content: Row) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, default=str).encode() + b"\n"


def format_moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def make_archive(files: Iterable[File]) -> bytes:
    """Return the same bytes each time: there is no clock and no owner in it."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, FIRST_DAY_OF_ZIP)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, file.body)
    return held.getvalue()
