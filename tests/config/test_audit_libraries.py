"""`make audit` names known weaknesses and unknown licences of the libraries of production, and writes their list."""

import json
import os
import re
import subprocess
import sys
import tomllib
from email.message import Message
from importlib.metadata import metadata

import pytest

from config.devserver.audit import (
    BILL_OF_MATERIALS,
    NONE_KNOWN,
    NOT_CHECKED,
    REQUIREMENTS,
    find_licence_problem,
    judge_licences,
    judge_weaknesses,
    list_libraries,
    list_licences,
)
from tests.backend import ROOT

ACCEPTED = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["tocsin"]
WEAKNESS = {"id": "GHSA-0000", "fix_versions": ["5.2.2"], "aliases": [], "description": "…"}
SOUND, WEAK = {"name": "six", "version": "1.17.0", "vulns": []}, {"name": "django", "version": "5.2.1"}
UNKNOWN = {"name": "tocsin-lib", "skip_reason": "Dependency not found on PyPI"}
CUT = "Traceback (most recent call last):\nrequests.exceptions.ProxyError: HTTPSConnectionPool(host='pypi.org')"


def finish(*libraries, code=0, errors=""):
    """Return what pip-audit printed of these libraries, or nothing but its errors."""
    output = json.dumps({"dependencies": libraries, "fixes": []}) if libraries else ""
    return subprocess.CompletedProcess([], code, output, errors)


def test_each_library_of_production_has_an_accepted_licence():
    judgement = judge_licences()
    assert judgement.problems == []
    assert int(re.search(r"\d+", judgement.sentence)[0]) > 50


def test_a_licence_that_nobody_has_read_is_named():
    accepted = {**ACCEPTED, "licences": {name: why for name, why in ACCEPTED["licences"].items() if name[:3] != "MIT"}}
    problem = find_licence_problem("redis", accepted)
    assert problem == "redis : licence à examiner (MIT), puis à noter dans pyproject.toml."
    assert "aucune déclarée" in find_licence_problem("zxcvbn-rs-py", {**ACCEPTED, "libraries": {}})
    assert "pas installée" in find_licence_problem("no-such-library", ACCEPTED)


def test_each_accepted_licence_is_that_of_a_library():
    names = list_libraries(REQUIREMENTS.read_text())
    declared = {licence for name in names for licence in list_licences(metadata(name))}
    assert set(ACCEPTED["licences"]) <= declared
    assert set(ACCEPTED["libraries"]) <= set(names)
    assert all(ACCEPTED["licences"].values())


@pytest.mark.parametrize(
    ("headers", "licences"),
    [
        ([("License-Expression", "(MIT OR Apache-2.0) AND Zlib")], ["MIT", "Apache-2.0", "Zlib"]),
        ([("Classifier", "License :: OSI Approved :: BSD License"), ("License", "BSD")], ["BSD License"]),
        ([("Classifier", "Topic :: Security"), ("License", "MIT")], ["MIT"]),
        ([("License", "Copyright\nof somebody")], []),
        ([], []),
    ],
)
def test_the_licences_of_a_library_are_read_from_its_metadata(headers, licences):
    declared = Message()
    for name, value in headers:
        declared.add_header(name, value)
    assert list_licences(declared) == licences


def test_a_library_of_another_system_is_left_out():
    text = "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:00\nsix==1.17.0 \\\n    --hash=sha256:00\n"
    assert list_libraries(text) == ["six"]


def test_a_known_weakness_fails_the_audit():
    judgement = judge_weaknesses(finish(SOUND, {**WEAK, "vulns": [WEAKNESS]}, code=1))
    assert judgement.problems == ["django 5.2.1 : faille GHSA-0000, corrigée dans 5.2.2."]
    unmended = {**WEAK, "vulns": [{**WEAKNESS, "fix_versions": []}]}
    assert judge_weaknesses(finish(SOUND, unmended, code=1)).problems[0].endswith("sans correction publiée.")
    assert judge_weaknesses(finish(SOUND, {**WEAK, "vulns": []})) == (NONE_KNOWN, [])


def test_only_an_absent_network_lets_the_audit_pass_unchecked():
    for errors in (CUT, CUT.replace("ProxyError", "HTTPError: 403 Client Error")):
        assert judge_weaknesses(finish(code=1, errors=errors)) == (NOT_CHECKED, [])
    assert judge_weaknesses(finish(UNKNOWN)) == (NOT_CHECKED, []), "a mirror without the public list"
    assert judge_weaknesses(finish(SOUND, UNKNOWN)).problems == [
        "tocsin-lib : absente de la liste publique, ses failles sont inconnues."
    ]
    broken = judge_weaknesses(finish(code=1, errors="ValueError: HTTPSConnectionPool"))
    assert broken.problems == ["ValueError: HTTPSConnectionPool"]
    assert judge_weaknesses(finish(code=2)).problems


@pytest.mark.proof
def test_the_audit_passes_without_network_and_writes_the_bill_of_materials():
    BILL_OF_MATERIALS.unlink(missing_ok=True)
    environment = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:1"}
    command = [sys.executable, "-m", "config.devserver.audit"]
    audit = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (audit.returncode, audit.stderr) == (0, "")
    assert NOT_CHECKED in audit.stdout.splitlines()
    written = json.loads(BILL_OF_MATERIALS.read_text())
    assert written["bomFormat"] == "CycloneDX"
    components = {component["name"]: component for component in written["components"]}
    assert set(list_libraries(REQUIREMENTS.read_text())) <= set(components)
    assert components["django"]["externalReferences"][0]["hashes"]


def test_continuous_integration_audits_at_its_end():
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "make audit"
    assert re.search(
        r"^audit: ready .*\n\t\$\(PYTHON\) -m config\.devserver\.audit$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
