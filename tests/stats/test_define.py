"""The dictionary of measures says what each number is, in the words that the pages use."""

import re

import pytest
from selectolax.lexbor import LexborHTMLParser

from stats.dictionary import PARTS, UNDER_DECLARED, band_label, dictionary, sources
from stats.enums import BANDS, FINEST, Measure
from stats.family import BY_MEASURE
from stats.partition import Shape

PAGE = "/statistiques/definitions/"
NEVER = re.compile(r"victimi|touchée", re.IGNORECASE)


def test_it_works(client, db):
    page = client.get(PAGE)
    assert page.status_code == 200
    tree = LexborHTMLParser(page.content.decode())
    assert str(UNDER_DECLARED) in tree.text()
    for measure in Measure:
        assert tree.css_first(f"h2#{measure.value}").text() == str(measure.label)[0].upper() + str(measure.label)[1:]
    links = {link.attributes["href"] for link in tree.css("main nav a[href^='#']")}
    assert links == {f"#{entry.code}" for entry in dictionary()} | {"#sources"}
    there = {node.attributes["id"] for node in tree.css("[id]")}
    assert {link.attributes["href"][1:] for link in tree.css("main a[href^='#']")} <= there


def test_every_measure_has_its_entry_in_the_order_of_the_enum():
    entries = dictionary()
    assert [entry.code for entry in entries if not entry.is_rate] == Measure.values
    assert [entry.name for entry in entries if not entry.is_rate] == [str(label) for label in Measure.labels]
    for entry in entries:
        for said in (entry.says.definition, entry.says.formula, entry.says.unit, entry.says.limits):
            assert str(said).strip(), entry.code


def test_every_band_has_its_label():
    for entry in dictionary():
        if entry.is_rate:
            continue
        assert sorted(band.code for band in entry.bands) == sorted(BANDS[entry.code])
        labels = [band.label for band in entry.bands]
        assert all(labels), entry.code
        assert len(set(labels)) == len(labels), entry.code
        assert {band.code for band in entry.bands if band.is_finest} == set(FINEST[entry.code])
        assert {band.parent for band in entry.bands} <= {band.code for band in entry.bands}


def test_the_dictionary_says_who_else_reads_what_is_not_published(client, db):
    """The coordination and entitled analysts read it on the exact pages."""
    page = client.get(PAGE).content.decode()
    assert "par lui seul" not in page
    assert page.count("les personnes habilitées") == 2


def test_no_coarser_cut_is_said_twice():
    for entry in dictionary():
        if found := re.search(r"moins finement \((.*?)\)", entry.merged_into):
            cuts = found[1].split(" ; ")
            assert len(set(cuts)) == len(cuts), entry.code


def test_bands_stand_in_the_order_in_which_they_are_read():
    bands = {entry.code: [band.code for band in entry.bands] for entry in dictionary()}
    assert bands["closing"] == ["", "0-1h", "1-4h", "4-24h", "1-3d", "3-7d", "7-30d", "30d+", "unknown"]
    assert bands["strata"][:3] == ["", "commune", "commune/0-499"]
    for codes in bands.values():
        # A class stands just before all that is in it.
        assert [code for code in codes if "/" in code] == sorted(
            (code for code in codes if "/" in code), key=lambda code: codes.index(code.split("/")[0])
        )


@pytest.mark.parametrize(
    ("measure", "band", "label"),
    [
        ("incidents", "", "ensemble"),
        ("incidents", "availability", "Disponibilité"),
        ("incidents", "availability/panne", "Disponibilité / panne"),
        ("leaks", "6-50/confirmed", "de 6 à 50 personnes / confirmée"),
        ("leaks", "unknown", "nombre de personnes pas connu"),
        ("categories", "inconnues", "catégories pas connues"),
        ("causes", "not_said", "pas dite"),
        ("strata", "commune", "communes, toutes populations"),
        ("strata", "commune/0-499", "communes de moins de 500 habitants"),
    ],
)
def test_a_band_is_said_by_its_parts(measure, band, label):
    assert band_label(measure, band) == label


def test_what_is_published_says_how_finely_and_into_what():
    """Read from the family: a table whose shape changes says so by itself."""
    entries = {entry.code: entry for entry in dictionary()}
    assert entries["incidents"].finest == "par région, par mois, par type"
    assert entries["incidents"].merged_into == (
        "Ce qui est trop petit est réuni : la classe RSIT, puis toutes les classes ensemble, puis le mois avec les "
        "autres du trimestre, puis le trimestre avec le reste de l’année, puis les autres régions de la même année. "
        "Si cela ne suffit pas, la table est coupée moins finement (par région, par trimestre, par type ; par région, "
        "par année). Sinon, elle ne paraît pas."
    )
    assert entries["causes"].merged_into.startswith(
        "Ce qui est trop petit est réuni : les autres régions de la même année, puis toutes les causes ensemble."
    )
    assert entries["quarters"].finest == "France entière, par trimestre"
    assert {code for code, entry in entries.items() if not entry.is_published} == {Measure.DECLARED}


def test_each_measure_with_bands_says_what_they_are():
    assert {m for m in BY_MEASURE if len(BANDS[m]) > 1} == set(PARTS)
    assert all(isinstance(shape, Shape) for table in BY_MEASURE.values() for shape in table.shapes)


def test_the_rates_name_their_interval_and_its_limits():
    rates = {entry.code: entry for entry in dictionary() if entry.is_rate}
    assert [rate.name for rate in rates.values()] == [
        "taux de collectivités ayant déclaré",
        "taux de collectivités ayant déclaré une interruption ou une fuite",
    ]
    for rate in rates.values():
        assert "Intervalle de Wilson à 95 %" in str(rate.says.formula)
        assert "variabilité naturelle" in str(rate.says.limits)
        assert rate.says.denominator


def test_the_standards_are_named(client, db):
    assert {source.code for source in sources()} == {"rsit", "cnil", "csirt", "insee", "wilson"}
    page = client.get(PAGE).content.decode()
    assert all(source.url in page for source in sources())


@pytest.mark.parametrize("path", [PAGE, "/statistiques/methode/", "/statistiques/publications/"])
def test_nobody_is_called_a_victim(client, db, path):
    assert not NEVER.search(client.get(path).content.decode())
