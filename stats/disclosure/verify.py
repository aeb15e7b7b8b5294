"""The program `verify.py` of a published package, joined with the modules of the figures and of the audit.

It needs Python 3.12, `highspy` (the solver) and `PyNaCl` (the signature), and no network.

    python -m pip install highspy PyNaCl
    python verify.py            # in the folder of the unpacked archive
"""

import csv
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from stats.disclosure.audit import find_failing_tables
from stats.disclosure.figures import Printed, bound_value

# A cell as the files write it, and the key that identifies it.
type Figure = dict[str, Any]
type Key = tuple[str, ...]

# The files of every package, whatever was printed.
PACKAGE_FILES = {
    *("LISEZMOI.md", "canonical.json", "categories.csv", "datapackage.json", "dictionary.json", "release.json"),
    *("tables.csv", "verify.py"),
}
# The columns of the CSV files of figures, before and after those of the categories.
LEADING_COLUMNS = ("release", "period", "table", "table_label", "counts")
VALUE_COLUMNS = ("value", "low", "high", "rounded", "below_threshold", "table_closed")
JSON_KEYS = {
    *("number", "period", "published_at", "url", "rounding_key", "digest", "signature", "verify_key", "title"),
    *("is_invented", "citation", "licence", "under_declaration", "closed_tables", "figures", "denominators"),
}
CLOSED_TABLE_KEYS = {"table", "table_label", "why"}
NO_CATEGORIES: Figure = {"region": None, "category": None}
FIGURE_KEYS = {*LEADING_COLUMNS, *VALUE_COLUMNS, *NO_CATEGORIES, *(f"{place}_label" for place in NO_CATEGORIES)}
# The code of a category. A code is too short to contain a sentence.
CATEGORY_CODE = re.compile(r"[\w/+-]{0,40}")


class WrongCopy(Exception):
    """A file of the package differs from what was published."""


def main(folder: Path) -> int:
    """Check an unpacked package and print the verdict. Return 0 if the package is intact and the audit passes,
    otherwise 1.
    """
    try:
        verdict, failing = verify_package(folder)
    except (WrongCopy, AttributeError, KeyError, TypeError, ValueError) as error:
        why = error if isinstance(error, WrongCopy) else "Un fichier n’a pas sa forme."
        verdict, failing = f"REFUSÉ. {why} Téléchargez de nouveau l’archive, depuis la page de la publication.", True
    sys.stdout.write(f"{verdict}\n")
    return 1 if failing else 0


def verify_package(folder: Path) -> tuple[str, bool]:
    """Check the seal and the tables of a package, and repeat the audit.

    Return the French verdict, and True if the audit fails. Raises WrongCopy if a file was changed.
    """
    printed, seal = read_signed_document(folder)
    earlier = [read_earlier_document(folder, number, digest) for number, digest in sorted(printed["earlier"].items())]
    check_files(folder, printed)
    check_tables(folder, [*earlier, printed], seal)
    failing = sorted(find_failing_tables(printed, earlier))
    secret = (
        f"Secret : CES TABLEAUX EN DISENT TROP : {', '.join(failing)}."
        if failing
        else "Secret : aucun nombre n’en dit trop. Tous les tirets peuvent valoir zéro, et chacun quatre."
    )
    lines = (
        f"Publication no {printed['number']}, {printed['period']}, parue le {printed['published_on']}.",
        f"Signature : intacte. Clé, à comparer à celle de la page : {seal['verify_key']}",
        "Tableaux CSV et JSON : les nombres signés, et eux seuls. Libellés et dictionnaires ne sont pas signés.",
        secret,
        "REFUSÉ." if failing else "CONFORME.",
    )
    return "\n".join(lines), bool(failing)


def read_signed_document(folder: Path) -> tuple[Printed, Mapping[str, str]]:
    """Return the printed document and its seal. Raises WrongCopy if the document does not match the signature or the
    digest.
    """
    body = read_file(folder, "canonical.json")
    try:
        seal = json.loads(read_file(folder, "datapackage.json"))["seal"]
        is_digest_right = hashlib.sha256(body).hexdigest() == seal["sha256"]
        VerifyKey(bytes.fromhex(seal["verify_key"])).verify(body, bytes.fromhex(seal["signature"]))
    except (BadSignatureError, KeyError, TypeError, ValueError):
        raise WrongCopy("La signature n’est pas celle de canonical.json : l’un des deux a changé.") from None
    if not is_digest_right:
        raise WrongCopy("L’empreinte annoncée n’est pas celle de canonical.json.")
    return json.loads(body), seal


def read_earlier_document(folder: Path, number: str, digest: str) -> Printed:
    """Return the printed document of an earlier release. Raises WrongCopy if its SHA-256 is not `digest`."""
    name = f"canonical-{number}.json"
    body = read_file(folder, name)
    if hashlib.sha256(body).hexdigest() != digest:
        raise WrongCopy(f"{name} n’est pas la publication no {number}, dont celle-ci dépend.")
    printed: Printed = json.loads(body)
    return printed


def read_file(folder: Path, name: str) -> bytes:
    """Return the content of a file. Raises WrongCopy if it is missing."""
    try:
        return (folder / name).read_bytes()
    except OSError:
        raise WrongCopy(f"Le fichier {name} manque.") from None


def check_files(folder: Path, last: Printed) -> None:
    """Raise WrongCopy if the folder has a file that does not belong to the package. Folders and ZIP archives are
    ignored.
    """
    names = {*PACKAGE_FILES, *map_figure_files(last), *(f"canonical-{number}.json" for number in last["earlier"])}
    names |= {"denominators.csv"} if last["existing"] else set()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name not in names and path.suffix != ".zip":
            raise WrongCopy(f"{path.name} n’est pas un fichier de cette publication.")


def map_figure_files(last: Printed) -> dict[str, list[Printed]]:
    """Return a dict from the name of each CSV file of figures to the tables that it contains."""
    files: dict[str, list[Printed]] = {}
    for table in last["tables"]:
        files.setdefault(f"{table['code'] if table['by'] else 'totals'}.csv", []).append(table)
    return files


def check_tables(folder: Path, releases: Sequence[Printed], seal: Mapping[str, str]) -> None:
    """Raise WrongCopy if the files of figures differ from the signed documents.

    The files contain the figures of the last of `releases`, and the months that the quarterly releases of its year
    printed. Names and labels are not signed, because their wording may change.
    """
    last = releases[-1]
    signed = {make_key(figure): figure for release in releases for figure in list_signed_figures(release)}
    signed_keys = {key for key in signed if key[0] == str(last["number"]) or key[1] == "incidents_by_month"}
    keys: list[Key] = []
    for name, tables in map_figure_files(last).items():
        keys += list_checked_csv_keys(folder / name, tables, signed, last)
    check_keys("L’ensemble des CSV", keys, signed_keys)
    check_keys("release.json", list_checked_json_keys(folder, last, seal, signed), signed_keys)
    if last["existing"]:
        check_denominators(folder, last)


def list_checked_csv_keys(
    path: Path, tables: Sequence[Printed], signed: Mapping[Key, Figure], last: Printed
) -> Iterator[Key]:
    """Yield the key of each row of one CSV file. Raises WrongCopy for a row that differs from the signed figures.

    The row of a cell that was not printed must have its codes and no number.
    """
    counts = {table["code"]: table["counts"] for table in tables}
    places = list_category_columns(tables[0])
    columns = [*LEADING_COLUMNS, *(column for place in places for column in (place, f"{place}_label")), *VALUE_COLUMNS]
    for row in read_rows(path, columns):
        figure = {name: value for name, value in row.items() if not name.endswith("_label")}
        key = make_key(figure)
        empty = {"table": figure["table"], "counts": counts.get(figure["table"])} | {
            place: figure[place] for place in places if CATEGORY_CODE.fullmatch(figure[place])
        }
        not_printed = describe_release(last) | empty | describe_value(None, is_printed=False)
        if figure["table"] not in counts:
            raise WrongCopy(f"{path.name} n’est pas le fichier de son tableau.")
        if figure != {name: format_cell(value) for name, value in signed.get(key, not_printed).items()}:
            raise WrongCopy(f"{path.name} ne dit pas ce qui est signé : {', '.join(key)}.")
        yield key


def list_checked_json_keys(
    folder: Path, last: Printed, seal: Mapping[str, str], signed: Mapping[Key, Figure]
) -> Iterator[Key]:
    """Yield the key of each figure of the JSON file, which has printed cells only.

    Raises WrongCopy if the file differs from the signed figures.
    """
    content = read_json(folder, "release.json")
    heading = {name: last[name] for name in ("number", "period", "rounding_key")}
    heading |= {"digest": seal["sha256"], "signature": seal["signature"], "verify_key": seal["verify_key"]}
    printed = {figure["table"] for figure in content["figures"]}
    closed = {"closed_tables": sorted(table["code"] for table in last["tables"] if table["code"] not in printed)}
    claims = {name: content[name] for name in heading} | {
        "closed_tables": sorted(table["table"] for table in content["closed_tables"]),
        "denominators": [drop_labels(row) for row in content["denominators"]],
    }
    existing = [dict(zip(("year", "stratum", "bodies"), row, strict=True)) for row in last["existing"]]
    is_shaped = content.keys() == JSON_KEYS and all(
        table.keys() == CLOSED_TABLE_KEYS for table in content["closed_tables"]
    )
    if not is_shaped or not is_same_json(claims, heading | closed | {"denominators": existing}):
        raise WrongCopy("release.json ne dit pas ce qui est signé.")
    for figure in content["figures"]:
        figure["table_closed"] = False
        key = make_key({name: value for name, value in figure.items() if value is not None})
        if figure.keys() != FIGURE_KEYS or not is_same_json(drop_labels(figure), NO_CATEGORIES | signed.get(key, {})):
            raise WrongCopy(f"release.json ne dit pas ce qui est signé : {', '.join(key)}.")
        yield key


def check_keys(name: str, keys: Iterable[Key], signed_keys: set[Key]) -> None:
    """Raise WrongCopy if a signed key is missing in `keys`, or if a key is there twice.

    `name` is the name of the file in the error.
    """
    counts = Counter(keys)
    if missing := signed_keys - counts.keys():
        raise WrongCopy(f"{name} ne dit pas tout ce qui est signé : {', '.join(min(missing))}.")
    if double := [key for key, number in counts.items() if number > 1]:
        raise WrongCopy(f"{name} dit deux fois une case : {', '.join(min(double))}.")


def check_denominators(folder: Path, last: Printed) -> None:
    """Raise WrongCopy if the numbers of existing bodies differ from the signed numbers."""
    rows = read_rows(folder / "denominators.csv", ["year", "stratum", "stratum_label", "bodies"])
    bodies = [[row["year"], row["stratum"], row["bodies"]] for row in rows]
    if bodies != [list(map(format_cell, row)) for row in last["existing"]]:
        raise WrongCopy("denominators.csv ne dit pas ce qui est signé.")


def make_key(figure: Figure) -> Key:
    """Return the key that identifies a cell: its release, table and categories."""
    return tuple(str(figure[name]) for name in ("release", "table", "region", "category") if name in figure)


def drop_labels(figure: Figure) -> Figure:
    """Return a cell without its labels, which are not signed."""
    return {name: value for name, value in figure.items() if not name.endswith("_label")}


def is_same_json(value: object, expected: object) -> bool:
    """Tell whether two values have the same JSON text. The texts of 1, 1.0, true and « 1 » differ."""
    return json.dumps(value, sort_keys=True) == json.dumps(expected, sort_keys=True)


def format_cell(value: object) -> str:
    """Return a value as the CSV files write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def read_rows(path: Path, columns: list[str]) -> list[Mapping[str, str]]:
    """Return the rows of a CSV file. Raises WrongCopy if it cannot be read or has other columns."""
    read_file(path.parent, path.name)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            names, content = list(rows.fieldnames or ()), list[Mapping[str, str]](rows)
    except (csv.Error, UnicodeDecodeError):
        raise WrongCopy(f"{path.name} ne se lit pas.") from None
    if names != columns or any(None in row or None in row.values() for row in content):
        raise WrongCopy(f"{path.name} n’a pas ses colonnes.")
    return content


def read_json(folder: Path, name: str) -> Any:
    """Return the content of a JSON file. Raises WrongCopy if it is not JSON, or if an object has the same name
    twice.
    """
    try:
        return json.loads(read_file(folder, name), object_pairs_hook=parse_object)
    except ValueError:
        raise WrongCopy(f"{name} ne se lit pas.") from None


def parse_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object as a dict. Raises ValueError if it has the same name twice."""
    pairs_by_name = dict(pairs)
    if len(pairs_by_name) < len(pairs):
        raise ValueError("the same name twice")
    return pairs_by_name


def list_category_columns(table: Printed) -> list[str]:
    """Return the columns of the categories of a table: « region », « category », or both."""
    return ["region" if name == "region" else "category" for name in table["by"]]


def list_signed_figures(release: Printed) -> Iterator[Figure]:
    """Yield each printed cell of a release as the files write it, without labels."""
    for table in release["tables"]:
        for categories, value in table["cells"]:
            place = dict(zip(list_category_columns(table), categories, strict=True))
            of_table = {"table": table["code"], "counts": table["counts"]}
            yield describe_release(release) | of_table | place | describe_value(value, is_printed=True)


def describe_release(release: Printed) -> Figure:
    """Return the columns that identify a release."""
    return {"release": release["number"], "period": release["period"]}


def describe_value(value: int | None, *, is_printed: bool) -> Figure:
    """Return the columns `VALUE_COLUMNS` of a cell. A `value` of None is a dash, or a closed table if not
    `is_printed`.
    """
    numbers = (None, None, None) if value is None else (value, *bound_value(value))
    return dict(
        zip(VALUE_COLUMNS, (*numbers, value is not None, is_printed and value is None, not is_printed), strict=True)
    )


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent))
