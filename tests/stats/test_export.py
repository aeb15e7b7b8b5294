"""Each release is a package of open data that anybody can check, and that costs nothing to ask for twice."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile

import frictionless
import pytest
import time_machine
from selectolax.lexbor import LexborHTMLParser

from accounts.installation import mark_as_demonstration
from stats.caching import form
from stats.enums import Measure
from stats.exports import blocks_of, read_edition
from stats.models import Release
from stats.package import FORMULA_SIGNS, cell
from stats.seal import canonical
from stats.services import publish_release
from tests.stats.cases import bodies, on, one_each, store
from tests.stats.releases import first_release, second_release

HOME = "/statistiques/publications/1/"
FILES = [
    *("tocsin-publication-1.zip", "datapackage.json", "LISEZMOI.md"),
    *("blocks.csv", "denominators.csv", "measures.csv", "bands.csv", "regions.csv"),
    *("release.json", "dictionary.json", "canonical.json"),
]


@pytest.fixture
def release(db):
    read_edition.cache_clear()
    return first_release()


def rows_of(client, name="blocks.csv", home=HOME):
    return list(csv.DictReader(io.StringIO(client.get(home + name).content.decode(), newline="")))


@pytest.fixture
def unpacked(client, release, tmp_path):
    archive = client.get(HOME + "tocsin-publication-1.zip")
    zipfile.ZipFile(io.BytesIO(archive.content)).extractall(tmp_path)
    return tmp_path


def test_it_works(client, release):
    rows = rows_of(client)
    assert sum(int(row["value"]) for row in rows if row["measure"] == "incidents") == 30
    assert len(rows) == 10
    assert {
        "measure": "incidents",
        "measure_label": "incidents vérifiés",
        "region": "94",
        "region_name": "Corse",
        "starts_on": "2025-01-01",
        "ends_on": "2025-12-31",
        "band": "",
        "band_label": "ensemble",
        "regions_together": "false",
        "bands_together": "true",
        "whole_year": "true",
        "value": "6",
    } in rows
    together = [row for row in rows if row["measure"] == "incidents" and row["regions_together"] == "true"]
    assert [(row["region"], row["region_name"], row["value"]) for row in together] == [("", "", "6")]


def test_what_is_published_by_the_audit_is_a_valid_package(client, db, tmp_path):
    """The same, from cases to files."""
    store(one_each(bodies("53", 12), on(2025, 2, 1), hours=(2,), leaks=(("confirmed", "6-50"),)))
    store(one_each(bodies("94", 2), on(2025, 2, 1)))
    release = publish_release(now=on(2026, 1, 30))
    archive = client.get(f"/statistiques/publications/{release.number}/tocsin-publication-1.zip")
    zipfile.ZipFile(io.BytesIO(archive.content)).extractall(tmp_path)
    report = frictionless.Package(str(tmp_path / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "type", "message"])
    assert len(rows_of(client)) == release.blocks.count()
    assert hashlib.sha256((tmp_path / "canonical.json").read_bytes()).hexdigest() == release.digest


def test_the_package_is_valid(unpacked):
    """By the library of those who wrote the standard: types, constraints, keys between files, sizes and digests."""
    report = frictionless.Package(str(unpacked / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "type", "message"])
    assert [task.name for task in report.tasks][:5] == ["blocks", "denominators", "measures", "bands", "regions"]
    assert report.tasks[0].stats["rows"] > 5


@pytest.mark.parametrize(
    ("name", "was", "becomes"),
    [
        ("blocks.csv", "incidents,incidents vérifiés,94", "incidents,incidents vérifiés,99"),
        ("blocks.csv", "incidents,incidents vérifiés,94", "unknown,incidents vérifiés,94"),
        ("blocks.csv", "2025-12-31", "hier"),
        ("measures.csv", "incidents,", "reports,"),
    ],
)
def test_a_package_that_was_touched_is_not(unpacked, name, was, becomes):
    path = unpacked / name
    text = path.read_text()
    assert was in text
    path.write_text(text.replace(was, becomes, 1))
    assert not frictionless.Package(str(unpacked / "datapackage.json")).validate().valid


def test_what_the_package_says_of_itself(client, release):
    said = client.get(HOME + "datapackage.json").json()
    assert (said["version"], said["licenses"][0]["name"]) == ("1", "etalab-2.0")
    assert said["created"] == "2026-01-30T11:00:00Z"
    assert said["id"].endswith(HOME)
    assert said["seal"] == {
        "of": "canonical.json",
        "sha256": release.digest,
        "algorithm": "Ed25519",
        "signature": release.signature,
        "verify_key": release.verify_key,
    }
    assert {resource["path"] for resource in said["resources"]} == set(FILES) - {
        *("tocsin-publication-1.zip", "datapackage.json", "LISEZMOI.md")
    }


def test_the_signed_form_is_that_of_the_seal(client, release):
    body = client.get(HOME + "canonical.json").content
    assert body == canonical(release, release.blocks.all(), release.denominators.all())
    assert hashlib.sha256(body).hexdigest() == release.digest


def test_the_commands_of_the_method_check_a_release(client, unpacked):
    """Those of the page, run as they stand there: they accept what was published, and nothing else."""
    page = LexborHTMLParser(client.get("/statistiques/methode/").content.decode())
    code = page.css_first("pre[aria-label='Vérifier avec Python']").text()
    run = {"args": [sys.executable, "-c", code], "cwd": unpacked, "capture_output": True, "text": True}
    accepted = subprocess.run(**run, check=True)
    assert accepted.stdout.startswith("Conforme. Clé : ")
    blocks = unpacked / "blocks.csv"
    blocks.write_bytes(blocks.read_bytes().replace(b",true,6\r\n", b",true,7\r\n"))
    assert "AssertionError" in subprocess.run(**run, check=False).stderr
    signed = unpacked / "canonical.json"
    signed.write_bytes(signed.read_bytes().replace(b",6]", b",7]"))
    assert "AssertionError" in subprocess.run(**run, check=False).stderr


def test_the_commands_of_openssl_check_a_release(client, unpacked):
    page = LexborHTMLParser(client.get("/statistiques/methode/").content.decode())
    code = page.css_first("pre[aria-label='Vérifier avec OpenSSL']").text()
    seal = json.loads((unpacked / "datapackage.json").read_text())["seal"]
    env = {"CLE": seal["verify_key"], "SIGNATURE": seal["signature"], "PATH": "/usr/bin:/bin"}
    run = {"args": ["sh", "-c", code], "cwd": unpacked, "env": env, "capture_output": True, "text": True}
    said = subprocess.run(**run, check=False).stdout
    assert f"{seal['sha256']}  canonical.json" in said
    assert "Signature Verified Successfully" in said
    (unpacked / "canonical.json").write_text("{}")
    assert "Signature Verified Successfully" not in subprocess.run(**run, check=False).stdout


def test_the_same_numbers_as_json(client, release):
    said = client.get(HOME + "release.json").json()
    flat = [
        {
            name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in row.items()
        }
        for row in said["blocks"]
    ]
    assert flat == rows_of(client)
    assert said["blocks"][0]["region"] is None or isinstance(said["blocks"][0]["region"], str)
    assert all(isinstance(row["value"], int) for row in said["blocks"])
    assert [str(row["bodies"]) for row in said["denominators"]] == [
        row["bodies"] for row in rows_of(client, "denominators.csv")
    ]
    words = client.get(HOME + "dictionary.json").json()
    assert [measure["measure"] for measure in words["measures"]] == [
        row["measure"] for row in rows_of(client, "measures.csv")
    ]
    assert "Personne ne sait" in words["under_declaration"]


def test_the_archive_holds_every_file_and_is_always_the_same(client, release):
    archive = client.get(HOME + FILES[0]).content
    inside = zipfile.ZipFile(io.BytesIO(archive))
    assert inside.testzip() is None
    assert inside.namelist() == FILES[1:]
    for name in FILES[1:]:
        assert inside.read(name) == client.get(HOME + name).content, name
    read_edition.cache_clear()
    with time_machine.travel("2030-05-05"):
        assert client.get(HOME + FILES[0]).content == archive


def test_csv_as_everybody_reads_it(client, release):
    body = client.get(HOME + "measures.csv").content
    assert body.startswith(b"measure,measure_label,")
    assert body.count(b"\r\n") == body.count(b"\n")
    for name in (name for name in FILES if name.endswith(".csv")):
        cells = [value for row in rows_of(client, name) for value in row.values()]
        assert cells
        assert not [value for value in cells if value.startswith(FORMULA_SIGNS)], name


@pytest.mark.parametrize("said", ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(said):
    assert cell(said) == f"'{said}"


def test_a_demonstration_says_in_its_files_that_all_is_invented(client, release):
    mark_as_demonstration()
    assert client.get(HOME + "datapackage.json").json()["title"].startswith("Démonstration, nombres inventés")
    assert "Démonstration, nombres inventés" in client.get(HOME + "LISEZMOI.md").content.decode()


def test_a_file_is_kept_for_ever(client, release, django_assert_num_queries):
    for name in FILES:
        response = client.get(HOME + name)
        assert response.status_code == 200
        assert response["Cache-Control"] == "public, max-age=31536000, immutable"
        assert not response.cookies
        with django_assert_num_queries(0):
            again = client.get(HOME + name, headers={"If-None-Match": response["ETag"]})
            weak = client.get(HOME + name, headers={"If-None-Match": f'"x", W/{response["ETag"]}'})
        assert [again.status_code, weak.status_code, again.content] == [304, 304, b""]
        assert again["ETag"] == response["ETag"]
        assert client.get(HOME + name, headers={"If-None-Match": '"x"'}).status_code == 200


def test_words_that_are_mended_change_the_mark(client, release, monkeypatch):
    before = client.get(HOME + "measures.csv")["ETag"]
    monkeypatch.setattr(Measure.REPORTS, "_label_", "autrement")
    form.cache_clear()
    after = client.get(HOME + "measures.csv", headers={"If-None-Match": before})
    monkeypatch.undo()
    form.cache_clear()
    assert after.status_code == 200
    assert client.get(HOME + "measures.csv")["ETag"] == before != after["ETag"]


def test_ten_thousand_requests_cost_little(client, release, django_assert_num_queries):
    """The first builds everything; then one query a body, and none for whoever comes back with its mark."""
    client.get(HOME)  # whether this is a demonstration is read once a minute
    read_edition.cache_clear()
    with django_assert_num_queries(4):
        client.get(HOME + "blocks.csv")
    for name in FILES:
        with django_assert_num_queries(1):
            client.get(HOME + name)


def test_a_mark_serves_for_one_file_of_one_release(client, release):
    marks = {client.get(HOME + name)["ETag"] for name in FILES}
    assert len(marks) == len(FILES)
    second_release()
    other = client.get("/statistiques/publications/2/blocks.csv")
    assert other["ETag"] not in marks


@pytest.mark.parametrize("path", ["2/blocks.csv", "1/nothing.csv", "1/../blocks.csv", "99999999999999999999/", "0/"])
def test_what_is_not_there_is_not_found(client, release, path):
    response = client.get("/statistiques/publications/" + path)
    assert response.status_code == 404
    assert "immutable" not in response.get("Cache-Control", "")


def test_late_cases_have_a_line_of_their_own(client, release):
    second_release()
    read_edition.cache_clear()
    february = [
        row["value"]
        for row in rows_of(client, home="/statistiques/publications/2/")
        if (row["measure"], row["region"], row["starts_on"], row["ends_on"])
        == ("incidents", "53", "2025-02-01", "2025-02-28")
    ]
    assert sorted(february) == ["12", "5"]


def test_blocks_that_stay_have_one_key_in_both(release):
    second = second_release()
    before, after = blocks_of(second.number)
    assert set(before) == set(release.blocks.values_list("pk", flat=True))
    assert set(after) == set(second.blocks.values_list("pk", flat=True))
    assert before.keys() & after.keys()
    assert Release.objects.count() == 2
