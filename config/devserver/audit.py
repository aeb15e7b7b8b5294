"""What `make audit` says of the libraries of production: their known weaknesses, their licences, and their list.

The list of accepted licences is in pyproject.toml (`tool.tocsin`), with a reason for each. The bill of materials
(CycloneDX) is written to .local/sbom.json.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, NamedTuple

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements.txt"
BILL_OF_MATERIALS = ROOT / ".local" / "sbom.json"
PINNED = re.compile(r"^([a-z0-9][\w.-]*)==\S+(?: ; (.+?))? \\$", re.MULTILINE)
# The list does not answer, or something before it answers in its place: a proxy that refuses, a page of a hotspot.
NO_NETWORK = re.compile(r"^requests\.exceptions\.\w+: |Could not connect to", re.MULTILINE)
NOT_CHECKED = "Failles connues : non vérifiées, car la liste publique (pypi.org) ne répond pas d’ici."
NONE_KNOWN = "Failles connues : aucune."


class Judgement(NamedTuple):
    """A sentence for the reader, and the problems that make the audit fail."""

    sentence: str
    problems: list[str]


def main() -> None:
    """Print what was found, and exit with 1 if something is to be mended. An absent network is no such thing."""
    judgements = [judge_licences(), judge_weaknesses(run_pip_audit()), write_bill_of_materials()]
    problems = [problem for judgement in judgements for problem in judgement.problems]
    sys.stdout.write("".join(f"{line}\n" for line in [*(sentence for sentence, _problems in judgements), *problems]))
    sys.exit(1 if problems else 0)


def list_libraries(requirements: str) -> list[str]:
    """Return the names of the pinned libraries that this machine needs."""
    return [name for name, marker in PINNED.findall(requirements) if not marker or Marker(marker).evaluate()]


def judge_licences() -> Judgement:
    """Compare the licence of each library of production with those that pyproject.toml accepts."""
    accepted = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["tocsin"]
    names = list_libraries(REQUIREMENTS.read_text())
    problems = [problem for name in names if (problem := find_licence_problem(name, accepted))]
    return Judgement(f"Licences : {len(names)} bibliothèques de production lues.", problems)


def find_licence_problem(name: str, accepted: Mapping[str, Any]) -> str:
    """Return why the licence of a library is not accepted, or "". A library may have a reading of its own."""
    if name in accepted["libraries"]:
        return ""
    try:
        licences = list_licences(metadata(name))
    except PackageNotFoundError:
        return f"{name} : pas installée, sa licence n’a pu être lue."
    unknown = [licence for licence in licences if licence not in accepted["licences"]]
    if licences and not unknown:
        return ""
    return (
        f"{name} : licence à examiner ({', '.join(unknown) or 'aucune déclarée'}), puis à noter dans pyproject.toml."
    )


def list_licences(declared: PackageMetadata) -> list[str]:
    """Return the licences that a library declares: by its SPDX expression, or else by its classifiers, or else by the
    one line of its text.
    """
    if expression := declared.get("License-Expression"):
        return re.split(r" (?:AND|OR|WITH) ", expression.replace("(", "").replace(")", ""))
    classifiers = [line for line in declared.get_all("Classifier", []) if line.startswith("License :: ")]
    if classifiers:
        return [line.rpartition(" :: ")[2] for line in classifiers]
    text = declared.get("License") or ""
    return re.split(r" (?:AND|OR) ", text) if text and "\n" not in text else []


def run_pip_audit() -> subprocess.CompletedProcess[str]:
    """Ask the public list for the known weaknesses of the pinned libraries. Nothing is resolved or installed."""
    options = ["--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json"]
    command = [sys.executable, "-m", "pip_audit", f"--requirement={REQUIREMENTS}", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def judge_weaknesses(audit: subprocess.CompletedProcess[str]) -> Judgement:
    """Judge what pip-audit found. The network counts as absent if the list does not answer, and if it knows none of
    the libraries, as a mirror without this list does.
    """
    try:
        libraries = json.loads(audit.stdout)["dependencies"]
    except ValueError:
        if NO_NETWORK.search(audit.stderr):
            return Judgement(NOT_CHECKED, [])
        return Judgement("Failles connues : pip-audit a échoué.", [audit.stderr.strip() or "Aucune explication."])
    unknown = [library["name"] for library in libraries if "skip_reason" in library]
    if len(unknown) == len(libraries):
        return Judgement(NOT_CHECKED, [])
    problems = [describe_weakness(library, weakness) for library in libraries for weakness in library.get("vulns", [])]
    problems += [f"{name} : absente de la liste publique, ses failles sont inconnues." for name in unknown]
    return Judgement("Failles connues : voir ci-dessous." if problems else NONE_KNOWN, problems)


def describe_weakness(library: Mapping[str, Any], weakness: Mapping[str, Any]) -> str:
    """Return « django 5.2.1 : faille GHSA-…, corrigée dans 5.2.2 »."""
    fixes = ", ".join(weakness["fix_versions"])
    remedy = f"corrigée dans {fixes}" if fixes else "sans correction publiée"
    return f"{library['name']} {library['version']} : faille {weakness['id']}, {remedy}."


def write_bill_of_materials() -> Judgement:
    """Write the libraries of production with their digests, in the form of CycloneDX."""
    BILL_OF_MATERIALS.parent.mkdir(exist_ok=True)
    options = ["--output-reproducible", "--output-file", str(BILL_OF_MATERIALS)]
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(REQUIREMENTS), *options]
    written = subprocess.run(command, capture_output=True, text=True, check=False)
    name = BILL_OF_MATERIALS.relative_to(ROOT)
    if written.returncode:
        return Judgement(f"Nomenclature : {name} n’a pu être écrite.", [written.stderr.strip()])
    return Judgement(f"Nomenclature (CycloneDX) : {name}", [])


if __name__ == "__main__":
    main()
