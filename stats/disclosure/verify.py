"""The program `verify.py` of a published package, which follows the audit in one file.

It needs Python 3.12, `highspy` (the solver) and `PyNaCl` (the signature), and no network.

    python -m pip install highspy PyNaCl
    python verify.py            # in the folder of the unpacked archive
"""

import csv
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from stats.disclosure.audit import Printed, bound_value, find_failing_tables

DICTIONARIES = {"tables", "categories"}

type Row = Mapping[str, str]
type Key = tuple[str, ...]


class WrongCopyError(Exception):
    """A file of the package is not what was published."""


def main(folder: Path) -> int:
    """Check the seal and the tables of an unpacked package, and run the audit again. Return 0 if all hold."""
    try:
        verdict, failing = verify(folder)
    except WrongCopyError as error:
        verdict, failing = f"REFUSÉ. {error} Téléchargez de nouveau l’archive, depuis la page de la publication.", True
    sys.stdout.write(f"{verdict}\n")
    return 1 if failing else 0


def verify(folder: Path) -> tuple[str, bool]:
    """Return what to tell the reader, and whether the audit fails. Raises WrongCopyError."""
    printed, seal = read_sealed(folder)
    earlier = [read_earlier(folder, number, digest) for number, digest in sorted(printed["earlier"].items())]
    check_tables(folder, [*earlier, printed])
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


def read_sealed(folder: Path) -> tuple[Printed, Mapping[str, str]]:
    """Return the printed form and its seal."""
    body = read_file(folder, "canonical.json")
    try:
        seal = json.loads(read_file(folder, "datapackage.json"))["seal"]
        is_digest_right = hashlib.sha256(body).hexdigest() == seal["sha256"]
        VerifyKey(bytes.fromhex(seal["verify_key"])).verify(body, bytes.fromhex(seal["signature"]))
    except (BadSignatureError, KeyError, TypeError, ValueError):
        raise WrongCopyError("La signature n’est pas celle de canonical.json : l’un des deux a changé.") from None
    if not is_digest_right:
        raise WrongCopyError("L’empreinte annoncée n’est pas celle de canonical.json.")
    return json.loads(body), seal


def read_earlier(folder: Path, number: str, digest: str) -> Printed:
    name = f"canonical-{number}.json"
    body = read_file(folder, name)
    if hashlib.sha256(body).hexdigest() != digest:
        raise WrongCopyError(f"{name} n’est pas la publication no {number}, dont celle-ci dépend.")
    printed: Printed = json.loads(body)
    return printed


def read_file(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError:
        raise WrongCopyError(f"Le fichier {name} manque.") from None


def check_tables(folder: Path, releases: Sequence[Printed]) -> None:
    """Raise WrongCopyError if the files of figures hold anything else than what was signed.

    They hold the last of `releases`, and the months that the quarters of its year printed. Names and labels are not
    signed: they may be put in other words.
    """
    last = releases[-1]
    signed = {make_key(row): row for release in releases for row in list_signed(release)}
    codes = {table["code"]: table["code"] if table["by"] else "totals" for table in last["tables"]}
    files = {"release.json": list(read_json_figures(folder))}
    for path in sorted(folder.glob("*.csv")):
        if path.stem in codes.values():
            of_this_file = {code for code, name in codes.items() if name == path.stem}
            files[path.name] = list(read_figures(path, of_this_file))
        elif path.stem not in DICTIONARIES and not (path.stem == "denominators" and last["existing"]):
            raise WrongCopyError(f"{path.name} n’est pas un fichier de cette publication.")
    for name, rows in files.items():
        check_rows(name, rows, signed, last)
    in_json = files.pop("release.json")
    check_number_of_rows("release.json", in_json, signed, last)
    check_number_of_rows("L’ensemble des CSV", [row for rows in files.values() for row in rows], signed, last)
    if last["existing"]:
        check_denominators(folder, last)


def check_rows(name: str, rows: Sequence[Row], signed: Mapping[Key, Row], last: Printed) -> None:
    """Raise WrongCopyError if a row is not the signed one, or of a cell that is not printed has a number."""
    for row in rows:
        not_printed = dict(row) | describe_release(last) | describe_value(None, is_printed=False)
        if row != signed.get(make_key(row), not_printed):
            raise WrongCopyError(f"{name} ne dit pas ce qui est signé : {', '.join(make_key(row))}.")


def check_number_of_rows(name: str, rows: Sequence[Row], signed: Mapping[Key, Row], last: Printed) -> None:
    """Raise WrongCopyError unless each printed cell has one row."""
    keys = Counter(make_key(row) for row in rows)
    wanted = {key for key in signed if key[0] == str(last["number"]) or key[1] == "incidents_by_month"}
    if missing := wanted - keys.keys():
        raise WrongCopyError(f"{name} ne dit pas tout ce qui est signé : {', '.join(min(missing))}.")
    if double := [key for key, number in keys.items() if number > 1]:
        raise WrongCopyError(f"{name} dit deux fois une case : {', '.join(min(double))}.")


def make_key(row: Row) -> Key:
    """Return the release, the table and the categories of a cell."""
    return tuple(row[name] for name in ("release", "table", "region", "category") if name in row)


def read_figures(path: Path, codes: set[str]) -> Iterator[Row]:
    """Yield the signed columns of a CSV file, which holds the tables of these codes."""
    for row in read_rows(path):
        if row.get("table") not in codes or None in row or None in row.values():
            raise WrongCopyError(f"{path.name} n’est pas le fichier de son tableau.")
        yield {name: value for name, value in row.items() if not name.endswith("_label")}


def read_json_figures(folder: Path) -> Iterator[Row]:
    """Yield the figures of the JSON file, which has the printed cells alone, as the CSV files write them."""
    try:
        figures = json.loads(read_file(folder, "release.json"))["figures"]
    except (KeyError, TypeError, ValueError):
        raise WrongCopyError("release.json ne se lit pas.") from None
    for figure in figures:
        cells = {name: write_cell(value) for name, value in figure.items() if not name.endswith("_label")}
        is_no_place = {name for name in ("region", "category") if figure.get(name) is None}
        yield {name: cell for name, cell in cells.items() if name not in is_no_place} | {"table_closed": "false"}


def write_cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def check_denominators(folder: Path, printed: Printed) -> None:
    read_file(folder, "denominators.csv")
    rows = read_rows(folder / "denominators.csv")
    bodies = sorted((row.get("year"), row.get("stratum"), row.get("bodies")) for row in rows)
    if bodies != sorted((str(year), stratum, str(number)) for year, stratum, number in printed["existing"]):
        raise WrongCopyError("denominators.csv ne dit pas ce qui est signé.")


def read_rows(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            names, content = list(rows.fieldnames or ()), list[Row](rows)
    except (csv.Error, UnicodeDecodeError):
        raise WrongCopyError(f"{path.name} ne se lit pas.") from None
    if len(names) != len(set(names)):
        raise WrongCopyError(f"{path.name} a deux colonnes de même nom.")
    return content


def list_signed(release: Printed) -> Iterator[Row]:
    """Yield each printed cell as its row in a CSV file, without labels."""
    for table in release["tables"]:
        columns = ["region" if name == "region" else "category" for name in table["by"]]
        for categories, value in table["cells"]:
            place = {"table": table["code"], "counts": table["counts"], **dict(zip(columns, categories, strict=True))}
            yield describe_release(release) | place | describe_value(value, is_printed=True)


def describe_release(release: Printed) -> dict[str, str]:
    return {"release": str(release["number"]), "period": release["period"]}


def describe_value(value: int | None, *, is_printed: bool) -> dict[str, str]:
    """Return the columns of a number, of a dash, or of a cell that is not printed."""
    numbers = ("", "", "") if value is None else (str(value), *map(str, bound_value(value)))
    flags = (value is not None, is_printed and value is None, not is_printed)
    names = ("value", "low", "high", "rounded", "below_threshold", "table_closed")
    return dict(zip(names, (*numbers, *map(write_cell, flags)), strict=True))


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent))
