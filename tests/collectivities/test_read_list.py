"""The list as it is shipped, with its irregularities, and the ways to read another."""

import lzma
from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from stdnum.fr import siren

from collectivities.enums import EPCI, TERRITORIAL, Kind
from collectivities.official import read_official_list
from collectivities.official.councils import add_paris_aliases, list_councils
from collectivities.official.rows import BodyRow, DepartementRow, OfficialList, UnreadableList
from tests.collectivities.small_package import make_first_list, pack_archive, write_package


@pytest.fixture(scope="module")
def official() -> OfficialList:
    return read_official_list()


@pytest.fixture(scope="module")
def communes(official: OfficialList) -> list[BodyRow]:
    return [body for body in official.bodies if body.kind == Kind.COMMUNE]


@pytest.fixture(scope="module")
def body_by_code(official: OfficialList) -> dict[str, BodyRow]:
    return {body.code: body for body in official.bodies}


def test_the_shipped_list_counts_every_kind_of_body(official):
    counts = Counter(body.kind for body in official.bodies)
    assert official.millesime == 2026
    assert counts[Kind.COMMUNE] == 34_969
    assert {kind: counts[kind] for kind in EPCI} == {
        "cc": 989,
        "ca": 230,
        "cu": 14,
        "metropole": 21,
        "metropole_lyon": 1,
    }
    assert counts[Kind.EPT] == 11
    assert len(official.departements) == 109
    assert len(official.regions) == 26
    assert len({body.key for body in official.bodies}) == len(official.bodies) == len({b.uid for b in official.bodies})


def test_communes_are_counted_by_zone(official, communes):
    zones = {row.code: row.zone for row in official.departements}
    assert Counter(zones[row.departement] for row in communes) == {"metro": 34_746, "drom": 129, "com": 94}


@pytest.mark.parametrize(
    ("region", "communes_there", "epci_there", "population"),
    [
        ("11", 1_266, 52, 12_463_067),
        ("24", 1_754, 79, 2_587_031),
        ("27", 3_685, 113, 2_802_670),
        ("28", 2_644, 69, 3_345_842),
        ("32", 3_782, 90, 5_992_194),
        ("44", 5_115, 150, 5_563_378),
        ("52", 1_228, 69, 3_907_156),
        ("53", 1_202, 60, 3_449_370),
        ("75", 4_293, 154, 6_150_451),
        ("76", 4_446, 161, 6_124_653),
        ("84", 4_025, 164, 8_205_557),
        ("93", 946, 52, 5_218_960),
        ("94", 360, 19, 355_486),
        ("01", 32, 6, 384_160),
        ("02", 34, 3, 360_630),
        ("03", 22, 4, 293_996),
        ("04", 24, 5, 889_679),
        ("06", 17, 5, 256_518),
    ],
)
def test_each_region_has_its_communes_and_groupings(
    official, body_by_code, region, communes_there, epci_there, population
):
    counts = Counter(body.kind for body in official.bodies if body.region == region)
    assert counts[Kind.COMMUNE] == communes_there
    assert sum(counts[kind] for kind in EPCI) == epci_there
    assert body_by_code[f"R{region}"].population == population


def test_only_overseas_communes_and_councils_have_no_siren(official):
    without = Counter(body.kind for body in official.bodies if not body.siren)
    assert without == {
        Kind.COMMUNE: 94,
        Kind.DEPARTEMENT: 93,
        Kind.REGION: 14,
        Kind.SPECIAL: 5,
        Kind.OVERSEAS: 7,
    }


def test_every_siren_is_valid_and_its_own(official):
    numbers = [body.siren for body in official.bodies if body.siren]
    assert all(siren.is_valid(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_not_every_commune_has_a_siren_that_starts_with_21(communes):
    starts = Counter(row.siren[:2] for row in communes if row.siren and not row.siren.startswith("21"))
    assert starts == {"20": 835, "93": 44, "92": 2}


def test_twelve_communes_have_no_inhabitants(communes):
    empty = [row.code for row in communes if row.population in (None, 0)]
    assert len(empty) == 12
    assert Counter(code[:2] for code in empty) == {"55": 6, "98": 6}
    assert {"98411", "98901"} <= set(empty)


def test_neither_a_name_nor_a_postal_code_identifies_a_commune(communes):
    names = Counter(row.name for row in communes)
    assert sum(count > 1 for count in names.values()) == 1_441
    served = defaultdict(set)
    for row in communes:
        for code in row.postal_codes:
            served[code].add(row.code)
    assert (sum(len(codes) > 1 for codes in served.values()), len(served)) == (4_205, 6_310)


def test_a_region_and_a_departement_may_share_a_code(official, body_by_code):
    regions = {row.code: row.name for row in official.regions}
    departements = {row.code: row.name for row in official.departements}
    assert (regions["01"], departements["01"]) == ("Guadeloupe", "Ain")
    assert body_by_code["R01"].name == "Région Guadeloupe"
    assert body_by_code["01"].name == "Département de l'Ain"


def test_communes_in_no_intercommunality(communes):
    alone = {row.code for row in communes if not row.groups and not row.code.startswith(("975", "977", "978", "98"))}
    assert alone == {"22016", "29083", "29155", "85113"}


def test_communes_of_greater_paris_are_in_two_groupings(body_by_code):
    assert body_by_code["93001"].groups == ("200054781", "200057867")


def test_an_intercommunality_lies_where_most_of_its_people_live(official, body_by_code):
    regions, departements = defaultdict(set), defaultdict(set)
    for body in official.bodies:
        for group in body.groups:
            regions[group].add(body.region)
            departements[group].add(body.departement)
    epci = {body.code for body in official.bodies if body.kind in EPCI}
    assert sum(len(regions[code]) > 1 for code in epci) == 26
    assert sum(len(departements[code]) > 1 for code in epci) == 89
    # Fifteen of its nineteen communes are in Drôme, and most of its people in Vaucluse.
    grignan = body_by_code["200040681"]
    assert (grignan.region, grignan.departement) == ("93", "84")
    redon = body_by_code["243500741"]
    assert redon.name == "CA Redon Agglomération"
    assert regions[redon.code] == {"52", "53"}
    assert (redon.region, redon.departement) == ("53", "35")


@pytest.mark.parametrize(
    ("code", "name", "kind", "departement"),
    [
        ("R94", "Collectivité de Corse", Kind.SPECIAL, ""),
        ("R02", "Collectivité territoriale de Martinique", Kind.SPECIAL, "972"),
        ("R03", "Collectivité territoriale de Guyane", Kind.SPECIAL, "973"),
        ("R06", "Département-Région de Mayotte", Kind.SPECIAL, "976"),
        ("6AE", "Collectivité européenne d'Alsace", Kind.SPECIAL, ""),
        ("69", "Département du Rhône", Kind.DEPARTEMENT, "69"),
        ("200046977", "Métropole de Lyon", Kind.METROPOLE_LYON, "69"),
        ("974", "Département de La Réunion", Kind.DEPARTEMENT, "974"),
        ("R04", "Région La Réunion", Kind.REGION, ""),
        ("987", "Polynésie française", Kind.OVERSEAS, "987"),
        ("984", "Terres australes et antarctiques françaises", Kind.OVERSEAS, "984"),
    ],
)
def test_each_council_has_its_name_kind_and_departement(body_by_code, code, name, kind, departement):
    assert (body_by_code[code].name, body_by_code[code].kind, body_by_code[code].departement) == (
        name,
        kind,
        departement,
    )


@pytest.mark.parametrize("code", ["75", "2A", "2B", "67", "68", "972", "973", "976", "989", "R94 ", "94R", "R989"])
def test_a_departement_without_a_council_has_none_in_the_list(body_by_code, code):
    assert code not in body_by_code


def test_the_shipped_councils_follow_from_the_communes(official, communes):
    """The package itself is not in the repository. Without it, the articles of départements are not known."""
    saying_nothing = [(row, 0) for row in official.departements]
    drawn = list(list_councils(official.regions, saying_nothing, communes))
    shipped = [body for body in official.bodies if body.kind in TERRITORIAL]
    assert {replace(body, name="") for body in drawn} == {replace(body, name="") for body in shipped}
    assert {b.name for b in drawn if b.kind != Kind.DEPARTEMENT} == {
        b.name for b in shipped if b.kind != Kind.DEPARTEMENT
    }


@pytest.mark.parametrize(
    ("liaison", "name", "expected"),
    [
        (0, "Paris", "Département de Paris"),
        (1, "Ille-et-Vilaine", "Département d'Ille-et-Vilaine"),
        (2, "Finistère", "Département du Finistère"),
        (3, "Loire", "Département de la Loire"),
        (4, "Landes", "Département des Landes"),
        (5, "Ain", "Département de l'Ain"),
    ],
)
def test_the_name_of_a_departement_council_has_its_article(liaison, name, expected):
    [body] = list_councils([], [(DepartementRow("99", name, "metro", "53"), liaison)], [])
    assert body.name == expected


def test_paris_is_found_as_a_departement_too(body_by_code):
    bare = replace(body_by_code["75056"], aliases=body_by_code["75056"].aliases[:-2])
    assert add_paris_aliases(bare) == body_by_code["75056"]
    assert add_paris_aliases(body_by_code["29019"]) == body_by_code["29019"]


def test_the_population_of_the_rhone_council_leaves_out_the_metropolis_of_lyon(body_by_code, communes):
    rhone = sum(row.population or 0 for row in communes if row.departement == "69")
    lyon = sum(row.population or 0 for row in communes if "200046977" in row.groups)
    assert body_by_code["69"].population == rhone - lyon
    assert lyon > 1_400_000


def test_the_built_file_and_the_package_give_the_same_list(tmp_path):
    package = write_package(tmp_path / "package", make_first_list())
    call_command("build_collectivities_data", package, "--output", tmp_path / "list.csv.xz", verbosity=0)
    from_folder = read_official_list(package)
    assert read_official_list(tmp_path / "list.csv.xz").bodies == sorted(
        from_folder.bodies, key=lambda body: (body.kind, body.code)
    )
    assert read_official_list(pack_archive(package, tmp_path / "package.tgz")) == from_folder
    assert read_official_list(package / "data", 2026) == from_folder


def test_building_twice_gives_the_same_bytes(tmp_path):
    package = write_package(tmp_path / "package", make_first_list())
    for name in ("one.csv.xz", "two.csv.xz"):
        call_command("build_collectivities_data", package, "--output", tmp_path / name, verbosity=0)
    assert (tmp_path / "one.csv.xz").read_bytes() == (tmp_path / "two.csv.xz").read_bytes()


def test_the_version_of_the_package_gives_the_millesime(tmp_path):
    assert read_official_list(write_package(tmp_path, make_first_list(), "7.1.0")).millesime == 2027


def test_a_package_without_version_needs_a_millesime(tmp_path):
    package = write_package(tmp_path, make_first_list())
    (package / "package.json").unlink()
    with pytest.raises(UnreadableList, match="--millesime"):
        read_official_list(package)
    assert read_official_list(package, 2026).millesime == 2026


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def replace_with_another_table(path):
    path.write_bytes(lzma.compress(b"nom,prenom\nDupont,Jean\n"))


def replace_with_noise(path):
    path.write_bytes(b"rien")


def delete(path):
    path.unlink()


@pytest.mark.parametrize("damage", [truncate, replace_with_another_table, replace_with_noise, delete])
def test_a_damaged_file_is_refused(tmp_path, damage):
    package = write_package(tmp_path / "package", make_first_list())
    compact = tmp_path / "list.csv.xz"
    call_command("build_collectivities_data", package, "--output", compact, verbosity=0)
    damage(compact)
    with pytest.raises(UnreadableList, match="Liste illisible"):
        read_official_list(compact)


@pytest.mark.parametrize("lacking", ["communes", "epci", "regions"])
def test_a_package_that_lacks_a_file_is_refused(tmp_path, lacking):
    package = write_package(tmp_path, make_first_list())
    (package / "data" / f"{lacking}.json").unlink()
    with pytest.raises(CommandError, match=lacking):
        call_command("build_collectivities_data", package, "--output", tmp_path / "list.csv.xz")
    assert not (tmp_path / "list.csv.xz").exists()
