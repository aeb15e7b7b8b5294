"""Each release is a package of open data that anybody can check, and that costs nothing to ask for twice."""

import csv
import io
import zipfile

import frictionless
import pytest
import time_machine

from accounts.installation import mark_as_demonstration
from core.text import FORMULA_CHARACTERS
from incidents.enums import Cause
from stats.categories import LABELS
from stats.disclosure.tables import CATEGORIES, TABLES, TABLES_OF_A_YEAR
from stats.enums import HoursBand
from stats.models import Figure, Release
from stats.open_data.caching import hash_published_texts
from stats.open_data.edition import load_edition, read_edition
from stats.open_data.package import format_csv_cell, make_release_files
from stats.releases import seal
from stats.services import publish_due_periods
from tests.stats.cases import bodies, one_each, paris_time, store
from tests.stats.packages import ARCHIVE, HOME, RELEASES, unpack, verify

FIGURES = ["totals.csv", *(f"{table.code}.csv" for table in TABLES_OF_A_YEAR if table.by)]
FILES = [
    *(ARCHIVE, "datapackage.json", "LISEZMOI.md", *FIGURES, "denominators.csv", "tables.csv", "categories.csv"),
    *("release.json", "dictionary.json", "canonical.json", *(f"canonical-{number}.json" for number in (1, 2, 3, 4))),
    "verify.py",
]


def read_rows(client, name, home=HOME):
    return list(csv.DictReader(io.StringIO(client.get(home + name).content.decode(), newline="")))


def test_a_line_has_a_rounded_number_with_its_bounds_or_a_dash(client, release):
    shared = {
        "release": "5",
        "period": "2025",
        "table": "incidents_by_region",
        "table_label": "incidents vérifiés, par région",
        "counts": "incidents",
    }
    rows = read_rows(client, "incidents_by_region.csv")
    assert [row["region"] for row in rows] == list(CATEGORIES["region"])
    by_region = {row["region_label"]: row for row in rows}
    assert by_region["Corse"] == shared | {
        "region": "94",
        "region_label": "Corse",
        "value": "20",
        "low": "16",
        "high": "24",
        "rounded": "true",
        "below_threshold": "false",
        "table_closed": "false",
    }
    assert by_region["autres territoires d’outre-mer, ou territoire pas connu"] == shared | {
        "region": "",
        "region_label": "autres territoires d’outre-mer, ou territoire pas connu",
        "value": "",
        "low": "",
        "high": "",
        "rounded": "false",
        "below_threshold": "true",
        "table_closed": "false",
    }


def test_totals_have_their_bounds(client, release):
    rows = read_rows(client, "totals.csv")
    assert [(row["table"], row["value"], row["low"], row["high"]) for row in rows] == [
        ("incidents", "135", "131", "139"),
        ("reports", "", "", ""),
        ("interruptions", "40", "36", "44"),
        ("leaks", "40", "36", "44"),
        ("unfounded", "", "", ""),
        ("late", "5", "5", "9"),  # a number has five bodies at least
    ]


def test_a_month_is_listed_with_the_release_that_printed_it(client, release):
    rows = read_rows(client, "incidents_by_month.csv")
    assert [(row["release"], row["period"]) for row in rows] == [("1", "2025-T1")] * 3 + [("5", "2025")] * 9
    assert [row["value"] for row in rows[:6]] == ["20", "", "25", "30", "", ""]


def test_a_closed_table_keeps_its_lines(client, release):
    services = read_rows(client, "interruptions_by_service.csv")
    assert [row["category"] for row in services] == list(CATEGORIES["service"])
    assert {(row["value"], row["table_closed"], row["below_threshold"]) for row in services} == {("", "true", "false")}
    crossed = read_rows(client, "incidents_by_region_and_type.csv")
    assert len(crossed) == len(CATEGORIES["region"]) * len(CATEGORIES["type"])
    assert [(row["region"], row["category"], row["value"]) for row in crossed if row["table_closed"] == "false"] == [
        ("53", "rancon", "115")
    ]


def test_a_release_of_a_quarter_has_fewer_files(client, release):
    names = [*make_release_files(read_edition(Release.objects.get(number=1)))]
    assert names == [
        *("tocsin-publication-1.zip", "datapackage.json", "LISEZMOI.md", "totals.csv", "incidents_by_month.csv"),
        *("tables.csv", "categories.csv", "release.json", "dictionary.json", "canonical.json", "verify.py"),
    ]
    months = read_rows(client, "incidents_by_month.csv", f"{RELEASES}1/")
    assert [(row["category"], row["value"]) for row in months] == [("01", "20"), ("02", ""), ("03", "25")]


def test_what_is_published_is_a_valid_package_without_an_exact_number(client, db, tmp_path):
    """From cases to files: no body, no count of bodies, and only multiples of five."""
    store(one_each(bodies("53", 47), paris_time(2025, 2, 1), hours=(2,), leaks=(("confirmed", "6-50"),)))
    store(one_each(bodies("94", 3), paris_time(2025, 2, 1), cause=Cause.values[0]))
    number = publish_due_periods(now=paris_time(2026, 4, 1))[-1].number
    unpack(client, f"{RELEASES}{number}/tocsin-publication-{number}.zip", tmp_path)
    report = frictionless.Package(str(tmp_path / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "type", "message"])
    rows = [row for name in FIGURES for row in read_rows(client, name, f"{RELEASES}{number}/")]
    values = [int(row["value"]) for row in rows if row["value"]]
    assert values
    assert {value % 5 for value in values} == {0}
    assert all(row["value"] == "" for row in rows if row.get("region") == "94")
    done = verify(tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_package_is_valid(unpacked):
    """By the library of those who wrote the standard: types, codes, keys between files, sizes and digests."""
    report = frictionless.Package(str(unpacked / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "type", "message"])
    assert [f"{task.name}.csv" for task in report.tasks][: len(FIGURES)] == FIGURES
    assert report.tasks[0].stats["rows"] == 6


@pytest.mark.parametrize(
    ("name", "was", "becomes"),
    [
        ("incidents_by_region.csv", ",94,Corse", ",99,Corse"),
        ("incidents_by_region.csv", "5,2025,incidents_by_region", "5,2025,incidents_by_place"),
        ("totals.csv", ",135,131,139", ",135,beaucoup,139"),
        ("tables.csv", "incidents,", "reports,"),
    ],
)
def test_a_package_that_was_changed_is_not_valid(unpacked, name, was, becomes):
    path = unpacked / name
    text = path.read_text()
    assert was in text
    path.write_text(text.replace(was, becomes, 1))
    assert not frictionless.Package(str(unpacked / "datapackage.json")).validate().valid


def test_the_package_describes_itself(client, release):
    package = client.get(HOME + "datapackage.json").json()
    assert (package["version"], package["period"], package["licenses"][0]["name"]) == ("5", "2025", "etalab-2.0")
    assert package["created"] == "2026-04-01T10:00:00Z"
    assert package["id"].endswith(HOME)
    assert package["seal"] == {
        "of": "canonical.json",
        "sha256": release.digest,
        "algorithm": "Ed25519",
        "signature": release.signature,
        "verify_key": release.verify_key,
    }
    paths = {resource["path"] for resource in package["resources"]}
    assert paths == set(FILES) - {ARCHIVE, "datapackage.json", "LISEZMOI.md"}


def test_the_canonical_files_are_the_texts_that_the_seal_signs(client, release):
    assert client.get(HOME + "canonical.json").content == seal.encode_document(seal.load_printed(release))
    first = Release.objects.get(number=1)
    assert client.get(HOME + "canonical-1.json").content == seal.encode_document(seal.load_printed(first))


# The program of the package


def test_the_json_file_has_the_same_numbers(client, release):
    document = client.get(HOME + "release.json").json()
    number = Figure.objects.filter(release=release).count() + 3  # and the months of the winter
    assert len(document["figures"]) == number
    name = "incidents_by_type"
    flat = [
        (row["category"], str(row["value"] or ""), str(row["low"] or ""))
        for row in document["figures"]
        if row["table"] == name
    ]
    assert flat == [(row["category"], row["value"], row["low"]) for row in read_rows(client, f"{name}.csv")]
    assert [table["table"] for table in document["closed_tables"]] == ["interruptions_by_service"]
    assert [str(row["bodies"]) for row in document["denominators"]] == [
        row["bodies"] for row in read_rows(client, "denominators.csv")
    ]
    words = client.get(HOME + "dictionary.json").json()
    assert [row["table"] for row in words["tables"]] == list(TABLES)
    assert "Personne ne sait" in words["under_declaration"]


def test_the_archive_holds_every_file_and_is_always_the_same(client, release):
    archive = client.get(HOME + ARCHIVE).content
    inside = zipfile.ZipFile(io.BytesIO(archive))
    assert inside.testzip() is None
    assert inside.namelist() == FILES[1:]
    for name in FILES[1:]:
        assert inside.read(name) == client.get(HOME + name).content, name
    load_edition.cache_clear()
    with time_machine.travel("2030-05-05"):
        assert client.get(HOME + ARCHIVE).content == archive


def test_csv_files_have_no_formula_and_the_usual_line_ends(client, release):
    for name in (name for name in FILES if name.endswith(".csv")):
        body = client.get(HOME + name).content
        assert body.count(b"\r\n") == body.count(b"\n") > 1, name
        cells = [value for row in read_rows(client, name) for value in row.values()]
        assert not [value for value in cells if value.startswith(FORMULA_CHARACTERS)], name


@pytest.mark.parametrize("text", ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    assert format_csv_cell(text) == f"'{text}"


def test_a_demonstration_tells_in_its_files_that_all_is_invented(client, release):
    mark_as_demonstration()
    assert client.get(HOME + "datapackage.json").json()["title"].startswith("Démonstration, nombres inventés")
    assert "Démonstration, nombres inventés" in client.get(HOME + "LISEZMOI.md").content.decode()


def test_a_file_is_kept_for_ever(client, release, django_assert_num_queries):
    marks = set()
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
        marks.add(response["ETag"])
    assert len(marks) == len(FILES)
    assert client.get(f"{RELEASES}1/totals.csv")["ETag"] not in marks


def test_corrected_labels_change_the_etag(client, release, monkeypatch):
    before = client.get(HOME + "categories.csv")["ETag"]
    monkeypatch.setitem(LABELS, "hours", dict.fromkeys(HoursBand, "autre"))
    hash_published_texts.cache_clear()
    after = client.get(HOME + "categories.csv", headers={"If-None-Match": before})
    monkeypatch.undo()
    hash_published_texts.cache_clear()
    assert after.status_code == 200
    assert client.get(HOME + "categories.csv")["ETag"] == before != after["ETag"]


def test_ten_thousand_requests_cost_little(client, release, django_assert_max_num_queries, django_assert_num_queries):
    """The first request builds everything; then each file costs one query."""
    client.get(HOME)  # names of the régions, and whether this is a demonstration
    load_edition.cache_clear()
    with django_assert_max_num_queries(20):
        client.get(HOME + "totals.csv")
    for name in FILES:
        with django_assert_num_queries(1):
            client.get(HOME + name)


@pytest.mark.parametrize("path", ["6/totals.csv", "5/nothing.csv", "5/../totals.csv", "99999999999999999999/", "0/"])
def test_an_unknown_release_or_file_is_a_404(client, release, path):
    response = client.get(RELEASES + path)
    assert response.status_code == 404
    assert "immutable" not in response.get("Cache-Control", "")
