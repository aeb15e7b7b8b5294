"""The program that comes with a release, run in the folder of its unpacked archive: right copies, and wrong ones."""

import json
import subprocess
import sys

import pytest
from selectolax.lexbor import LexborHTMLParser

from stats.models import Release
from tests.stats.packages import RELEASES, unpack, verify
from tests.stats.releases import save_first_release


def test_the_commands_of_the_method_verify_a_release(client, unpacked):
    """Those of the page; what they install is installed here."""
    page = LexborHTMLParser(client.get("/statistiques/methode/").content.decode())
    install, run = page.css_first("pre[aria-label='Vérifier avec Python']").text().splitlines()
    assert install == "python -m pip install highspy PyNaCl"
    assert run == "python verify.py"
    done = verify(unpacked, sys.executable, *run.split()[1:])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-5:] == [
        "Publication no 5, 2025, parue le 2026-04-01.",
        f"Signature : intacte. Clé, à comparer à celle de la page : {Release.objects.get(number=5).verify_key}",
        "Tableaux CSV et JSON : les nombres signés, et eux seuls. Libellés et dictionnaires ne sont pas signés.",
        "Secret : aucun nombre n’en dit trop. Tous les tirets peuvent valoir zéro, et chacun quatre.",
        "CONFORME.",
    ]


@pytest.mark.parametrize(
    ("name", "was", "becomes", "message"),
    [
        ("canonical.json", '["94"],20]', '["94"],25]', "La signature n’est pas celle de canonical.json"),
        ("canonical-1.json", '["03"],25]', '["03"],20]', "canonical-1.json n’est pas la publication no 1"),
        ("totals.csv", ",135,", ",130,", "totals.csv ne dit pas ce qui est signé : 5, incidents."),
        (
            "incidents_by_region.csv",
            "94,Corse,20",
            "94,Corse,25",
            "incidents_by_region.csv ne dit pas ce qui est signé",
        ),
        ("incidents_by_region.csv", "94,Corse,20,16,24", "94,Corse,20,20,20", "ne dit pas ce qui est signé"),
        ("denominators.csv", "18700", "18701", "denominators.csv ne dit pas ce qui est signé"),
        ("totals.csv", "value,low", "value,value", "totals.csv n’a pas ses colonnes"),
        (
            "totals.csv",
            "true,false,false",
            "true,false,true",
            "totals.csv ne dit pas ce qui est signé : 5, incidents.",
        ),
        ("totals.csv", "5,2025,", "5,2019,", "totals.csv ne dit pas ce qui est signé : 5, incidents."),
        ("totals.csv", "true,false,false", "false,false,false", "totals.csv ne dit pas ce qui est signé"),
        ("totals.csv", "table_closed\r\n", "table_closed,exact\r\n", "totals.csv n’a pas ses colonnes"),
        ("incidents_by_region.csv", "false,true,false", "false,false,false", "incidents_by_region.csv ne dit pas"),
        ("incidents_by_region.csv", ",incidents,94", ",leaks,94", "incidents_by_region.csv ne dit pas ce qui est"),
        ("incidents_by_month.csv", "1,2025-T1,", "5,2025,", "incidents_by_month.csv ne dit pas ce qui est signé"),
        ("denominators.csv", "18700", "dix", "denominators.csv ne dit pas ce qui est signé"),
        ("release.json", '"value": 135', '"value": 500', "release.json ne dit pas ce qui est signé : 5, incidents."),
        ("totals.csv", ",table_label,", ",exact_label,", "totals.csv n’a pas ses colonnes"),
        ("denominators.csv", ",bodies\r\n", ",bodies,declared\r\n", "denominators.csv n’a pas ses colonnes"),
        ("denominators.csv", "18700", "18700,19999", "denominators.csv n’a pas ses colonnes"),
        ("denominators.csv", ",18700", "", "denominators.csv n’a pas ses colonnes"),
        ("release.json", '"figures"', '"nombres"', "Un fichier n’a pas sa forme"),
        ("release.json", '"value": 135', '"value": 500, "value": 135', "release.json ne se lit pas"),
        ("release.json", '"value": 135', '"value": "135"', "release.json ne dit pas ce qui est signé : 5, incidents."),
        ("release.json", '"value": 135', '"value": 135.0', "release.json ne dit pas ce qui est signé : 5, incidents."),
        (
            "release.json",
            '"rounded": true',
            '"rounded": 1',
            "release.json ne dit pas ce qui est signé : 5, incidents.",
        ),
        ("release.json", '"value": 135', '"exact": 133, "value": 135', "release.json ne dit pas ce qui est signé"),
        ("release.json", '"bodies": 18700', '"bodies": 7', "release.json ne dit pas ce qui est signé."),
        ("release.json", '"number": 5', '"number": 6', "release.json ne dit pas ce qui est signé."),
        ("release.json", '"period": "2025"', '"period": "2024"', "release.json ne dit pas ce qui est signé."),
        ("release.json", '"digest": "', '"digest": "0', "release.json ne dit pas ce qui est signé."),
        ("release.json", '"signature": "', '"signature": "0', "release.json ne dit pas ce qui est signé."),
        ("release.json", '"figures": [', '"figures": [1, ', "Un fichier n’a pas sa forme"),
        ("release.json", '"licence"', '"exact_figures": [17], "licence"', "release.json ne dit pas ce qui est signé."),
    ],
)
def test_one_digit_that_was_changed_is_refused(unpacked, name, was, becomes, message):
    path = unpacked / name
    body = path.read_bytes().decode()
    assert was in body
    path.write_bytes(body.replace(was, becomes, 1).encode())
    done = verify(unpacked)
    assert done.returncode == 1
    assert message in done.stdout
    assert "REFUSÉ. " in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["exact.csv", "exact.CSV", "exact.json", "canonical-9.json"])
def test_a_file_that_is_not_of_the_package_is_refused(unpacked, name):
    (unpacked / name).write_text("17")
    assert f"{name} n’est pas un fichier de cette publication" in verify(unpacked).stdout


def test_the_archive_may_lie_beside_its_files(unpacked):
    (unpacked / "tocsin-publication-5.zip").touch()
    assert verify(unpacked).returncode == 0


def test_text_added_to_a_row_of_a_closed_table_is_refused(unpacked):
    """A row that the release does not print is not signed either, so its codes have no room for a number of a body."""
    path = unpacked / "incidents_by_region_and_type.csv"
    whole = path.read_text()
    assert ",false,false,true" in whole
    for row in ("5,2025,incidents_by_region_and_type,x,incidents,53,x,Rennes : 17 incidents,x,,,,false,false,true",):
        path.write_text(f"{whole}{row}\n")
        assert "incidents_by_region_and_type.csv ne dit pas ce qui est signé" in verify(unpacked).stdout
    path.unlink()
    assert "Le fichier incidents_by_region_and_type.csv manque." in verify(unpacked).stdout


def test_files_that_hold_more_or_less_than_what_was_printed_are_refused(unpacked):
    months = unpacked / "incidents_by_month.csv"
    whole = months.read_bytes()
    months.write_bytes(b"".join(line for line in whole.splitlines(keepends=True) if not line.startswith(b"1,")))
    assert "L’ensemble des CSV ne dit pas tout ce qui est signé : 1, incidents_by_month" in verify(unpacked).stdout
    months.write_bytes(whole + whole.splitlines(keepends=True)[1])
    assert "L’ensemble des CSV dit deux fois une case : 1, incidents_by_month, 01." in verify(unpacked).stdout
    months.write_bytes((unpacked / "incidents_by_type.csv").read_bytes())
    assert "incidents_by_month.csv n’est pas le fichier de son tableau" in verify(unpacked).stdout
    months.write_bytes("é".encode("latin-1"))
    assert "incidents_by_month.csv ne se lit pas" in verify(unpacked).stdout


@pytest.mark.parametrize("part", ["sha256", "signature", "verify_key"])
def test_a_seal_that_was_changed_is_refused(unpacked, part):
    path = unpacked / "datapackage.json"
    package = json.loads(path.read_bytes())
    digits = package["seal"][part]
    for changed in (("1" if digits[0] == "0" else "0") + digits[1:], digits[1:], "non"):
        package["seal"][part] = changed
        path.write_text(json.dumps(package))
        done = verify(unpacked)
        assert (done.returncode, done.stderr) == (1, "")
        assert "REFUSÉ. " in done.stdout


def test_the_verifier_gives_the_name_of_a_missing_file(unpacked):
    (unpacked / "canonical-2.json").unlink()
    assert "Le fichier canonical-2.json manque." in verify(unpacked).stdout


def test_the_verifier_reports_missing_denominators(unpacked):
    (unpacked / "denominators.csv").unlink()
    assert "Le fichier denominators.csv manque." in verify(unpacked).stdout


def test_a_quarter_has_no_denominators(client, release, tmp_path):
    unpack(client, f"{RELEASES}1/tocsin-publication-1.zip", tmp_path)
    (tmp_path / "denominators.csv").write_text("year,stratum,stratum_label,bodies\n2025,large,x,7\n")
    assert "denominators.csv n’est pas un fichier de cette publication" in verify(tmp_path).stdout


def test_the_openssl_commands_of_the_method_verify_a_release(client, unpacked):
    page = LexborHTMLParser(client.get("/statistiques/methode/").content.decode())
    code = page.css_first("pre[aria-label='Vérifier avec OpenSSL']").text()
    sealed = json.loads((unpacked / "datapackage.json").read_text())["seal"]
    env = {"CLE": sealed["verify_key"], "SIGNATURE": sealed["signature"], "PATH": "/usr/bin:/bin"}
    run = {"args": ["sh", "-c", code], "cwd": unpacked, "env": env, "capture_output": True, "text": True}
    output = subprocess.run(**run, check=False).stdout
    assert f"{sealed['sha256']}  canonical.json" in output
    assert "Signature Verified Successfully" in output
    (unpacked / "canonical.json").write_text("{}")
    assert "Signature Verified Successfully" not in subprocess.run(**run, check=False).stdout


# The files


def test_the_release_of_a_quarter_is_verified_by_itself(client, db, tmp_path):
    save_first_release()
    unpack(client, f"{RELEASES}1/tocsin-publication-1.zip", tmp_path)
    assert verify(tmp_path).stdout.endswith("CONFORME.\n")
