"""The program `verify.py` of a published package, which follows the audit in one file.

It needs Python 3.12, `highspy` (the solver) and `PyNaCl` (the signature), and no network.

    python -m pip install highspy PyNaCl
    python verify.py            # in the folder of the unpacked archive
"""

import csv
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from stats.disclosure.audit import Printed, bound_value, find_failing_tables

# The CSV files that are no table with a classification.
FILES = {"totals", "denominators", "tables", "categories"}
NOT_PRINTED = ("", "", "", "true")


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
        else "Secret : aucun nombre n’en dit trop. Toutes les cases cachées peuvent valoir zéro, et chacune quatre."
    )
    lines = (
        f"Publication no {printed['number']}, {printed['period']}, parue le {printed['published_on']}.",
        f"Signature : intacte. Clé, à comparer à celle de la page : {seal['verify_key']}",
        "Tableaux CSV : les codes et les nombres signés, et eux seuls. Les libellés ne sont pas signés.",
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
    """Raise WrongCopyError if the CSV files hold other figures than those that are signed, or other files stand there.

    Names and labels are not signed: they may be put in other words.
    """
    signed = {key: row for release in releases for key, row in list_signed(release)}
    found = set()
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in {table["code"] for table in releases[-1]["tables"] if table["by"]} | FILES:
            raise WrongCopyError(f"{path.name} n’est pas un fichier de cette publication.")
        for row in read_rows(path):
            if "table_closed" in row:
                key = row["release"], row["table"], *(row[name] for name in ("region", "category") if name in row)
                told = tuple(row[name] for name in ("value", "low", "high", "table_closed"))
                if told != signed.get(key, NOT_PRINTED) or key in found:
                    raise WrongCopyError(f"{path.name} ne dit pas ce qui est signé : {', '.join(key)}.")
                found.add(key)
    if missing := dict(list_signed(releases[-1])).keys() - found:
        raise WrongCopyError(f"Des cases signées manquent dans les CSV : {', '.join(min(missing))}.")
    check_denominators(folder, releases[-1])


def check_denominators(folder: Path, printed: Printed) -> None:
    if printed["existing"]:
        bodies = [
            [int(row["year"]), row["stratum"], int(row["bodies"])] for row in read_rows(folder / "denominators.csv")
        ]
        if sorted(bodies) != printed["existing"]:
            raise WrongCopyError("denominators.csv ne dit pas ce qui est signé.")


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        names = list(rows.fieldnames or ())
        if len(names) != len(set(names)):
            raise WrongCopyError(f"{path.name} a deux colonnes de même nom.")
        return list(rows)


def list_signed(release: Printed) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield each printed cell as its row in a CSV file: its key; its value, bounds and flag."""
    for table in release["tables"]:
        for categories, value in table["cells"]:
            told = ("", "", "") if value is None else (str(value), *map(str, bound_value(value)))
            yield (str(release["number"]), table["code"], *categories), (*told, "false")


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent))
