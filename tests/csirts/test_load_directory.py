"""manage.py import_csirts: what is shipped, and what a person changed since."""

import json
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pghistory
import pytest
from django.core.management import CommandError, call_command

from collectivities.models import Region
from csirts.directory import CONTEXT, SHIPPED_DIRECTORY
from csirts.models import BackupCentre, Contact, Coverage, Csirt
from tests.factories.csirts import CoverageFactory, CsirtFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipped_directory() -> dict[str, Any]:
    return json.loads(SHIPPED_DIRECTORY.read_text())


@pytest.fixture
def load(tmp_path: Path) -> Callable[[dict[str, Any]], list[str]]:
    def load(directory: dict[str, Any]) -> list[str]:
        path = tmp_path / "directory.json"
        path.write_text(json.dumps(directory))
        return run_import(source=path)

    return load


def run_import(**options: Any) -> list[str]:
    out = StringIO()
    call_command("import_csirts", stdout=out, **options)
    return out.getvalue().splitlines()


def find_entry(directory, slug):
    return next(csirt for csirt in directory["csirts"] if csirt["slug"] == slug)


def get_contact(slug, kind):
    return Contact.objects.get(csirt__slug=slug, kind=kind)


def test_loading_the_shipped_directory_again_changes_nothing():
    """The test database was loaded by the command; a second load changes nothing."""
    assert run_import() == [
        "centres : 0 créés, 0 changés, 19 inchangés, 0 retirés, 0 laissés comme une personne les a mis, "
        "0 en conflit avec une autre ligne",
        "coordonnées : 0 créés, 0 changés, 55 inchangés, 0 retirés, 0 laissés comme une personne les a mis, "
        "0 en conflit avec une autre ligne",
        "territoires : 0 créés, 0 changés, 22 inchangés, 0 retirés, 0 laissés comme une personne les a mis, "
        "0 en conflit avec une autre ligne",
        "secours : 0 créés, 0 changés, 0 inchangés, 0 retirés, 0 laissés comme une personne les a mis, "
        "0 en conflit avec une autre ligne",
    ]


def test_the_shipped_directory_has_no_notification_address():
    assert not Csirt.objects.exclude(notification_email="").exists()
    assert "notification" not in SHIPPED_DIRECTORY.read_text()


def test_each_value_has_its_source():
    assert not Contact.objects.filter(source="").exists()
    assert not Coverage.objects.filter(source="").exists()
    normandie = get_contact("normandie-cyber", "phone")
    assert (normandie.value, normandie.source, normandie.source_on) == (
        "0 808 800 001",
        "Liste de l’ANSSI",
        date(2026, 6, 23),
    )


def test_shipped_values_are_those_of_their_sources():
    corsica = get_contact("cyber-corsica", "phone")
    assert (corsica.value, corsica.note) == ("04 20 97 00 97", "presse, à confirmer")
    assert "avril 2024" in corsica.source
    national = get_contact("cert-fr", "phone")
    assert (national.value, national.note) == (
        "+33 9 70 83 32 18",
        "à toute heure ; depuis la métropole, le 3218 aussi",
    )
    assert "28 novembre 2026" in national.source
    assert "ssi.gouv.fr" not in " ".join(Contact.objects.filter(kind="email").values_list("value", flat=True))


def test_a_new_edition_updates_the_directory(load, shipped_directory):
    breizh = find_entry(shipped_directory, "breizh-cyber")
    breizh["name"] = "Breizh Cyber 2"
    breizh["contacts"][0]["value"] = "0 800 111 111"
    breizh["contacts"] = [row for row in breizh["contacts"] if row["kind"] != "hours"]
    breizh["backups"] = ["csirt-atlantic"]

    centres, contacts, _territories, backups = load(shipped_directory)

    assert "1 changés" in centres
    assert "1 changés" in contacts
    assert "1 retirés" in contacts
    assert "1 créés" in backups
    breizh = Csirt.objects.get(slug="breizh-cyber")
    assert (breizh.name, breizh.phone, breizh.hours) == ("Breizh Cyber 2", "0 800 111 111", "")
    assert run_import()[1].startswith("coordonnées : 1 créés, 1 changés")


def test_a_value_changed_by_a_person_is_kept(load, shipped_directory):
    phone = get_contact("breizh-cyber", "phone")
    phone.value = "02 00 00 00 00"
    phone.save()
    find_entry(shipped_directory, "breizh-cyber")["contacts"][0]["value"] = "0 800 111 111"

    assert "1 laissés" in load(shipped_directory)[1]
    assert get_contact("breizh-cyber", "phone").value == "02 00 00 00 00"


def test_a_value_deleted_by_a_person_stays_deleted():
    get_contact("breizh-cyber", "hours").delete()
    Coverage.objects.filter(region__code="53").delete()

    _centres, contacts, territories, _backups = run_import()

    assert "1 laissés" in contacts
    assert "1 laissés" in territories
    assert not Contact.objects.filter(csirt__slug="breizh-cyber", kind="hours").exists()


def test_a_value_added_by_a_person_is_kept(load, shipped_directory):
    Contact.objects.create(csirt=Csirt.objects.get(slug="csirt-bfc"), kind="hours", value="jour et nuit", source="moi")

    assert "1 laissés" in load(shipped_directory)[1]
    assert get_contact("csirt-bfc", "hours").value == "jour et nuit"


def test_a_territory_given_to_another_centre_is_kept(load, shipped_directory):
    mayotte = CoverageFactory(region=Region.objects.get(code="06"))
    find_entry(shipped_directory, "csirt-atlantic")["covers"].append({"region": "06", "source": "liste suivante"})

    assert "0 créés" in (report := load(shipped_directory)[2])
    assert report.endswith("1 laissés comme une personne les a mis, 1 en conflit avec une autre ligne")
    assert list(Coverage.objects.filter(region__code="06")) == [mayotte]


@pytest.mark.parametrize(
    ("backups", "report"),
    [
        (["csirt-bfc", "csirt-atlantic"], "0 créés, 2 changés"),
        (["normandie-cyber", "csirt-atlantic", "csirt-bfc"], "1 créés, 2 changés"),
    ],
)
def test_a_new_edition_changes_the_order_of_the_backups(load, shipped_directory, backups, report):
    breizh = find_entry(shipped_directory, "breizh-cyber")
    breizh["backups"] = ["csirt-atlantic", "csirt-bfc"]
    load(shipped_directory)
    breizh["backups"] = backups
    assert load(shipped_directory)[3].startswith(f"secours : {report}")
    ranked = (
        BackupCentre.objects.filter(csirt__slug="breizh-cyber").order_by("rank").values_list("backup__slug", flat=True)
    )
    assert list(ranked) == backups


def test_an_order_that_conflicts_with_a_backup_of_a_person_is_left(load, shipped_directory):
    for slug in ("breizh-cyber", "csirt-bfc"):
        find_entry(shipped_directory, slug)["backups"] = ["csirt-atlantic"]
    load(shipped_directory)
    centre, backup = (Csirt.objects.get(slug=slug) for slug in ("csirt-bfc", "breizh-cyber"))
    with pghistory.context(source="console"):
        BackupCentre.objects.create(csirt=centre, backup=backup, rank=2)
    for slug in ("breizh-cyber", "csirt-bfc"):
        find_entry(shipped_directory, slug)["backups"].insert(0, "normandie-cyber")
    report = load(shipped_directory)[3]
    assert report.startswith("secours : 1 créés, 1 changés")
    assert report.endswith("2 en conflit avec une autre ligne")


def test_a_territory_is_handed_over_on_a_date_in_any_order_of_the_file(load, shipped_directory):
    giver, taker = find_entry(shipped_directory, "csirt-bfc"), find_entry(shipped_directory, "breizh-cyber")
    giver["covers"][0]["until"] = "2027-01-01"
    taker["covers"].append({"region": giver["covers"][0]["region"], "source": "essai", "from": "2027-01-01"})
    shipped_directory["csirts"].sort(key=lambda entry: entry is giver)
    assert "1 créés, 1 changés" in load(shipped_directory)[2]


def test_the_notification_address_of_a_centre_survives(load, shipped_directory):
    """The lead's address is not a shipped fact: setting it does not freeze the facts."""
    Csirt.objects.filter(slug="breizh-cyber").update(notification_email="alerte@breizh.example")
    find_entry(shipped_directory, "breizh-cyber")["name"] = "Breizh Cyber 2"

    load(shipped_directory)

    breizh = Csirt.objects.get(slug="breizh-cyber")
    assert (breizh.name, breizh.notification_email) == ("Breizh Cyber 2", "alerte@breizh.example")


def test_a_change_from_the_console_counts_as_made_by_a_person():
    with pghistory.context(source="console"):
        Contact.objects.filter(csirt__slug="breizh-cyber", kind="phone").update(note="en travaux")

    assert CONTEXT != "console"
    run_import()
    assert get_contact("breizh-cyber", "phone").note == "en travaux"


def test_a_centre_whose_name_another_one_has_is_left_out(load, shipped_directory):
    CsirtFactory(name="centre des îles")
    added = {
        "slug": "centre-des-iles",
        "name": "Centre des Îles",
        "level": "territorial",
        "contacts": [{"kind": "phone", "value": "0 800 111 111", "source": "essai"}],
        "covers": [{"region": "06", "source": "essai"}],
        "backups": ["csirt-atlantic"],
    }
    shipped_directory["csirts"].append(added)
    find_entry(shipped_directory, "breizh-cyber")["backups"] = ["centre-des-iles", "csirt-bfc"]

    centres, contacts, territories, backups = load(shipped_directory)

    assert centres.endswith("1 en conflit avec une autre ligne")
    assert not Csirt.objects.filter(slug="centre-des-iles").exists()
    assert contacts.startswith("coordonnées : 0 créés")
    assert territories.startswith("territoires : 0 créés")
    assert backups.startswith("secours : 1 créés")
    assert list(BackupCentre.objects.values_list("csirt__slug", "backup__slug", "rank")) == [
        ("breizh-cyber", "csirt-bfc", 2)
    ]


def test_a_centre_deleted_by_a_person_stays_deleted(load, shipped_directory):
    find_entry(shipped_directory, "breizh-cyber")["backups"] = ["csirt-bfc", "csirt-atlantic"]
    load(shipped_directory)
    with pghistory.context(source="console"):
        Coverage.objects.filter(csirt__slug="csirt-bfc").delete()
        BackupCentre.objects.filter(backup__slug="csirt-bfc").delete()
        Csirt.objects.get(slug="csirt-bfc").delete()
    find_entry(shipped_directory, "csirt-bfc")["covers"].append({"region": "06", "source": "liste suivante"})

    centres, _contacts, _territories, backups = load(shipped_directory)

    assert "1 laissés" in centres
    assert not Csirt.objects.filter(slug="csirt-bfc").exists()
    assert backups.startswith("secours : 0 créés, 0 changés, 1 inchangés")


def test_a_centre_whose_slug_a_person_changed_keeps_its_contacts_and_territories(load, shipped_directory):
    with pghistory.context(source="console"):
        Csirt.objects.filter(slug="breizh-cyber").update(slug="breizh")
    find_entry(shipped_directory, "breizh-cyber")["covers"].append({"region": "06", "source": "essai"})

    centres, contacts, territories, _backups = load(shipped_directory)

    assert "1 laissés" in centres
    assert "0 retirés" in contacts
    assert territories.startswith("territoires : 1 créés")
    assert "0 retirés" in territories
    assert set(Coverage.objects.filter(csirt__slug="breizh").values_list("region__code", flat=True)) == {"53", "06"}


def test_an_unknown_territory_changes_nothing(load, shipped_directory):
    find_entry(shipped_directory, "breizh-cyber")["name"] = "Breizh Cyber 2"
    find_entry(shipped_directory, "csirt-bfc")["covers"][0]["region"] = "999"

    with pytest.raises(CommandError, match=r"Territoire inconnu : 999\. Chargez d’abord la liste officielle"):
        load(shipped_directory)

    assert not Csirt.objects.filter(name="Breizh Cyber 2").exists()
