from collections import Counter
from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from collectivities.enums import Kind
from collectivities.models import Collectivity, Departement, Region
from collectivities.search import find_body_by_code
from csirts import wording
from csirts.models import BackupCentre, Coverage, Csirt
from csirts.routing import RoutingTable, find_route
from tests.factories.csirts import BackupCentreFactory, CoverageFactory, CsirtFactory

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 24)
QUIMPER, QUIMPER_BAY, RENNES = "29232", "200068120", "35238"


def route(code, on=TODAY):
    return find_route(find_body_by_code(code), on)


def slug_for(code, on=TODAY):
    csirt = route(code, on).csirt
    return csirt and csirt.slug


def test_a_commune_is_routed_to_the_centre_of_its_region():
    routing = route(QUIMPER)

    assert routing.csirt == Csirt.objects.get(slug="breizh-cyber")
    assert routing.csirt.phone == "0 800 200 008"
    assert routing.reason == "Quimper est en Bretagne, et Breizh Cyber répond aux collectivités de Bretagne."
    assert [(fallback.name, fallback.phone, fallback.website) for fallback in routing.fallbacks] == [
        ("CERT-FR", "+33 9 70 83 32 18", "https://club.ssi.gouv.fr/#/declaration-incident"),
        ("17Cyber", "", "https://17cyber.gouv.fr"),
    ]


@pytest.mark.parametrize(
    ("code", "queries"),
    [(QUIMPER, 2), ("243500741", 3), ("98735", 2), ("R53", 2)],  # version, region; of a group, its members' regions
)
def test_routing_a_body_takes_three_queries_at_most(code, queries, django_assert_num_queries):
    find_route(Collectivity(kind=Kind.OTHER), TODAY)  # loads the directory into this process
    body = Collectivity.objects.get(pk=find_body_by_code(code).pk)  # with nothing loaded beforehand
    with django_assert_num_queries(queries):
        routing = find_route(body, TODAY)
        assert routing.reason
        assert [fallback.phone for fallback in routing.fallbacks] == ["+33 9 70 83 32 18", ""]


def test_every_body_is_routed():
    """Route every body of the official list, and name the régions without a centre."""
    table = RoutingTable.load(TODAY)
    bodies = Collectivity.objects.existing().with_territory()
    routed = {body: table.find_route(body) for body in bodies}

    assert len(routed) > 36_000
    without_centre = {body.region.code for body, routing in routed.items() if routing.csirt is None}
    assert without_centre == {"06", "984", "987", "989"}
    assert all(routing.reason.endswith(".") and "%(" not in routing.reason for routing in routed.values())
    by_csirt = Counter(routing.csirt.slug for routing in routed.values() if routing.csirt)
    assert by_csirt["csirt-atlantic"] == sum(body.region.code in ATLANTIC for body in routed)
    assert len(by_csirt) == 16
    for body in [find_body_by_code(code) for code in (QUIMPER, "243500741", "97611")]:
        assert table.find_route(body) == find_route(body, TODAY)


ATLANTIC = {"01", "02", "03", "975", "977", "978"}


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("97611", "Mamoudzou est à Mayotte"),
        ("98735", "Papeete est en Polynésie française"),
        ("987", "La collectivité est en Polynésie française"),
        ("98412", "Archipel des Kerguelen est dans les Terres australes et antarctiques françaises"),
        ("98901", "La collectivité est sur l’île de Clipperton"),
    ],
)
def test_a_body_without_centre_gets_the_national_fallbacks(code, place):
    routing = route(code)

    assert routing.csirt is None
    assert routing.reason.startswith(f"{place}, ")
    assert routing.reason.endswith("et nous n’y connaissons pas de centre régional. Allez sur 17cyber.gouv.fr.")
    assert [fallback.name for fallback in routing.fallbacks] == ["CERT-FR", "17Cyber"]


@pytest.mark.parametrize(
    ("code", "slug", "phone", "uri"),
    [
        ("2A004", "cyber-corsica", "04 20 97 00 97", "tel:0420970097"),
        ("98818", "centre-cyber-pacifique", "505.300", "tel:505300"),
        ("98613", "centre-cyber-pacifique", "505.300", "tel:505300"),
        ("97502", "csirt-atlantic", "0 970 260 801", "tel:0970260801"),
        ("97701", "csirt-atlantic", "0 970 260 801", "tel:0970260801"),
        ("97801", "csirt-atlantic", "0 970 260 801", "tel:0970260801"),
        ("97105", "csirt-atlantic", "0 970 260 801", "tel:0970260801"),
        ("97411", "cyber-reunion", "0 262 974 999", "tel:0262974999"),
        ("14118", "normandie-cyber", "0 808 800 001", "tel:0808800001"),
    ],
)
def test_telephones_are_shown_as_published(code, slug, phone, uri):
    csirt = route(code).csirt

    assert (csirt.slug, csirt.phone, csirt.phone_uri) == (slug, phone, uri)


@pytest.mark.parametrize(
    ("siren", "slug", "regions"),
    [
        ("243500741", "breizh-cyber", "la Bretagne et les Pays de la Loire"),
        ("244400610", "pays-de-la-loire-cyber-assistance", "la Bretagne et les Pays de la Loire"),
        ("246100663", "normandie-cyber", "la Normandie et les Pays de la Loire"),
        ("200070308", "csirt-bfc", "l’Auvergne-Rhône-Alpes et la Bourgogne-Franche-Comté"),
        ("200071140", "cyber-assistance-aura", "l’Auvergne-Rhône-Alpes et la Bourgogne-Franche-Comté"),
    ],
)
def test_a_body_on_two_regions_follows_most_of_its_inhabitants(siren, slug, regions):
    routing = route(siren)

    assert routing.csirt.slug == slug
    assert f"s’étend sur {regions}\N{NO-BREAK SPACE}; la plupart de ses habitants vivent" in routing.reason


def test_a_centre_is_written_with_its_article():
    assert "et le CSIRT CyberCorsica répond aux collectivités de Corse" in route("2A004").reason
    assert "et le Campus régional de cybersécurité" in route("33063").reason
    assert [wording.format_centre_with_au("CERT-FR"), wording.format_centre_with_au("Breizh Cyber")] == [
        "au CERT-FR",
        "à Breizh Cyber",
    ]
    assert [
        wording.format_centre_with_du(name)
        for name in ("CSIRT-ATLANTIC", "Urgence Cyber", "Île-de-France Cyber", "Breizh Cyber")
    ] == ["du CSIRT-ATLANTIC", "d’Urgence Cyber", "d’Île-de-France Cyber", "de Breizh Cyber"]


def test_every_region_has_its_article():
    names = {wording.format_region(region) for region in Region.objects.all()}
    assert {"la Bretagne", "les Pays de la Loire", "l’Île-de-France", "le Grand Est", "Mayotte", "La Réunion"} <= names
    assert {"l’île de Clipperton", "la Polynésie française", "Saint-Martin"} <= names


def test_a_corrected_region_decides_the_centre():
    redon = find_body_by_code("243500741")
    redon.region_correction = Region.objects.get(code="52")

    routing = find_route(redon, TODAY)

    assert routing.csirt.slug == "pays-de-la-loire-cyber-assistance"
    assert routing.reason == (
        "L’annuaire corrigé place la CA Redon Agglomération (Bretagne et Pays de la Loire) dans les Pays de la Loire, "
        "et Pays de la Loire Cyber Assistance répond aux collectivités des Pays de la Loire."
    )


def test_an_unlisted_body_follows_its_seat():
    syndicate = Collectivity(kind=Kind.SIVU, name="SIVU des Abers", seat=find_body_by_code(QUIMPER))

    assert find_route(syndicate, TODAY).csirt.slug == "breizh-cyber"


def test_a_body_without_region_has_no_centre():
    routing = find_route(Collectivity(kind=Kind.OTHER, name="Régie d'ailleurs"), TODAY)

    assert routing.csirt is None
    assert routing.reason == "La région de la Régie d’ailleurs n’est pas connue. Allez sur 17cyber.gouv.fr."
    added = Collectivity(kind=Kind.OTHER, name="Régie d'ailleurs", declared_at=timezone.now())
    assert find_route(added, TODAY).reason.startswith("La région de cet organisme n’est pas connue.")


def test_a_centre_covers_a_body_from_its_first_day_to_its_last():
    """The centre of Auvergne-Rhône-Alpes opened on 13 October 2025."""
    lyon = "69123"

    assert slug_for(lyon, date(2025, 10, 12)) is None
    assert slug_for(lyon, date(2025, 10, 13)) == "cyber-assistance-aura"
    Coverage.objects.filter(region__code="84").update(valid=DateRange(date(2025, 10, 13), date(2026, 11, 24)))
    assert slug_for(lyon, date(2026, 11, 23)) == "cyber-assistance-aura"
    assert slug_for(lyon, TODAY) is None


def test_the_narrowest_coverage_wins():
    brittany, finistere = Region.objects.get(code="53"), Departement.objects.get(code="29")
    narrowest, departement, kind = CsirtFactory.create_batch(3)
    CoverageFactory(csirt=kind, region=brittany, kind=Kind.COMMUNE)
    assert route(QUIMPER).csirt == kind
    CoverageFactory(csirt=departement, region=brittany, departement=finistere)
    assert route(QUIMPER).csirt == departement
    CoverageFactory(csirt=narrowest, region=brittany, departement=finistere, kind=Kind.COMMUNE)
    assert route(QUIMPER).csirt == narrowest

    assert route(QUIMPER_BAY).csirt == departement
    assert route(RENNES).csirt == kind
    assert slug_for("243500741") == "breizh-cyber"
    assert route(RENNES).reason == (
        f"Rennes est en Bretagne, et le {kind.name} y répond à cette sorte d’organisme\N{NO-BREAK SPACE}: commune."
    )
    assert route(QUIMPER_BAY).reason.endswith(f"et le {departement.name} répond aux collectivités de son département.")
    assert route(QUIMPER).reason.endswith(
        f"et le {narrowest.name} répond dans son département à cette sorte d’organisme\N{NO-BREAK SPACE}: commune."
    )


def test_backups_come_before_the_national_centres():
    breizh, atlantic = Csirt.objects.get(slug="breizh-cyber"), Csirt.objects.get(slug="csirt-atlantic")
    first, closed = CsirtFactory(), CsirtFactory(is_active=False)
    BackupCentreFactory(csirt=breizh, backup=atlantic, rank=3)
    BackupCentreFactory(csirt=breizh, backup=first, rank=1)
    BackupCentreFactory(csirt=breizh, backup=closed, rank=2)

    fallbacks = route(QUIMPER).fallbacks

    assert [fallback.csirt.slug for fallback in fallbacks] == [first.slug, "csirt-atlantic", "cert-fr", "17cyber"]
    assert fallbacks[0].phone == "0 800 00 00 00"
    assert BackupCentre.objects.count() == 3


def test_no_body_is_routed_to_a_closed_centre():
    Csirt.objects.filter(slug="breizh-cyber").update(is_active=False)

    assert slug_for(QUIMPER) is None


def test_an_empty_directory_gives_the_number_of_the_police():
    Coverage.objects.all().delete()
    Csirt.objects.all().delete()

    routing = route(QUIMPER)

    assert (routing.csirt, routing.fallbacks) == (None, ())
    assert routing.reason.endswith("Appelez la police ou la gendarmerie\N{NO-BREAK SPACE}: le 17.")
