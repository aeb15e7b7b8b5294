"""The reflex sheets are read by anybody, without declaring; a region sees those of its own centre."""

import json
import re

import pytest
from django.utils.formats import date_format

from incidents.catalogues.reflex_sheets import FILE, ICONS, PUBLISHED_ON, REFLEXES, VERSION
from incidents.declare.choices import CHOICE_GROUPS, UNKNOWN_CHOICE
from incidents.enums import IncidentType
from incidents.models import ReflexSheet
from incidents.reflexes.official import list_official_pages
from tests.cast import breizh_cyber, bretagne
from tests.incidents.reflex_sheets import dump_sheet
from tests.reading import read_text

pytestmark = pytest.mark.django_db


def test_each_type_has_its_reflex_sheet(client):
    list_page = read_text(client.get("/reflexes/"))
    for kind in IncidentType:
        assert str(kind.label) in list_page
        page = read_text(client.get(f"/reflexes/{kind}/"))
        sheet = REFLEXES[kind]
        for words in (sheet.words, *(part for act in (*sheet.hour, *sheet.day) for part in act), *sheet.sources):
            assert normalise_spaces(words) in normalise_spaces(page), kind
        assert f"version {VERSION} du {date_format(PUBLISHED_ON, 'j F Y')}" in normalise_spaces(page)


def test_whoever_unplugs_the_box_is_warned_of_the_landline(client):
    """The steps that fit everywhere say it, because the centre will call back."""
    warning = "Le téléphone fixe peut se couper avec elle : prenez un portable et donnez son numéro."
    for kind, sheet in REFLEXES.items():
        if any("la box" in act.how for act in sheet.first_acts):
            assert warning in read_text(client.get(f"/reflexes/{kind}/")), kind
    assert any(warning in act.how.replace("\xa0", " ") for act in REFLEXES["rancon"].first_acts)


def normalise_spaces(words):
    return " ".join(str(words).split())


def test_every_sheet_is_whole():
    for kind, sheet in REFLEXES.items():
        assert 3 <= len(sheet.hour) <= 8, kind
        assert 3 <= len(sheet.day) <= 8, kind
        assert sheet.first_acts == sheet.hour[:3]
        assert sheet.sources


def test_no_sheet_gives_a_number_or_speaks_of_what_is_not_law():
    """No telephone number, no mail address, no word on the directive that is not transposed."""
    for sheet in REFLEXES.values():
        words = str(dump_sheet(sheet))
        assert not re.search(r"\d\d[ .]\d\d|@|NIS", words)


def test_a_type_has_the_same_icon_on_every_page():
    chosen = {
        choice.type: choice.icon
        for choice in [UNKNOWN_CHOICE, *(option for group in CHOICE_GROUPS for option in group.choices)]
    }
    assert {kind: ICONS[kind] for kind in IncidentType} == chosen


def test_the_sheet_of_an_unknown_type_is_not_found(client):
    assert client.get("/reflexes/autre-chose/").status_code == 404


def test_a_region_sees_the_sheet_and_the_number_of_its_centre(client):
    csirt = breizh_cyber()
    content = dump_sheet(REFLEXES["rancon"]) | {"words": "Débranchez, et appelez Brest."}
    ReflexSheet.objects.create(type="rancon", csirt=csirt, version=1, content=content)
    page = read_text(client.get("/reflexes/rancon/", {"region": bretagne().code}))
    assert "Débranchez, et appelez Brest." in page
    assert "0 800 200 008" in page
    assert "Fiche de Breizh Cyber pour sa région, version 1" in page
    for elsewhere in ({}, {"region": "94"}, {"region": "zz"}):
        assert "Brest" not in read_text(client.get("/reflexes/rancon/", elsewhere))
    assert "Brest" not in read_text(client.get("/reflexes/panne/", {"region": "53"}))


def test_where_no_centre_covers_the_region_the_sheet_names_who_helps(client):
    nobody = "Aucun centre ne couvre ce territoire. Demandez de l’aide ici : CERT-FR, +33 9 70 83 32 18"
    assert nobody in " ".join(read_text(client.get("/reflexes/rancon/", {"region": "06"})).replace(" ,", ",").split())


def test_the_sheets_cost_few_queries(client, django_assert_max_num_queries):
    client.get("/reflexes/")
    with django_assert_max_num_queries(2):
        client.get("/reflexes/")
    with django_assert_max_num_queries(8):
        client.get("/reflexes/rancon/", {"region": "53"})


@pytest.mark.parametrize(
    ("kind", "urls"),
    [
        (
            "rancon",
            [
                "https://17cyber.gouv.fr",
                "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2024-RFX-001/",
                "https://www.cybermalveillance.gouv.fr/diagnostic",
                "https://www.cnil.fr/fr/notifier-une-violation-de-donnees-personnelles",
            ],
        ),
        (
            "admin",
            [
                "https://17cyber.gouv.fr",
                "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2024-RFX-005/",
                "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2025-RFX-006/",
                "https://www.cnil.fr/fr/notifier-une-violation-de-donnees-personnelles",
            ],
        ),
        (
            "boite",
            [
                "https://17cyber.gouv.fr",
                "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2024-RFX-003/",
                "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2024-RFX-004/",
                "https://www.cybermalveillance.gouv.fr/diagnostic",
                "https://www.cnil.fr/fr/notifier-une-violation-de-donnees-personnelles",
            ],
        ),
        ("virement", ["https://17cyber.gouv.fr"]),
        ("faille", ["https://17cyber.gouv.fr", "https://www.cert.ssi.gouv.fr/fiche/CERTFR-2025-RFX-001/"]),
    ],
)
def test_a_sheet_ends_with_the_official_pages_once(client, kind, urls):
    page = client.get(f"/reflexes/{kind}/").content.decode()
    assert re.findall(r'<a href="(https:[^"]+)" rel="external">', page) == urls
    assert all(page.count(f'href="{url}"') == 1 for url in urls)


def test_each_cert_fr_sheet_that_a_source_names_has_its_address():
    """An unknown code gives no link, so that the page would lead nowhere without a word."""
    for kind, sheet in REFLEXES.items():
        for source in (source for source in sheet.sources if "CERTFR" in source):
            pages = list_official_pages(sheet._replace(sources=(source,)))
            linked = [page.url.strip("/")[-3:] for page in pages if "cert.ssi.gouv.fr" in page.url]
            assert linked == re.findall(r"\b\d{3}\b", source), (kind, source)


def test_the_sheets_follow_french_typography():
    """A no-break space before : ; ? ! » and after «, typographic apostrophes."""
    sheets = json.loads(FILE.read_text())["sheets"]
    words = [words for sheet in sheets.values() for words in list_words(sheet) if " " in words]
    assert words
    assert [text for text in words if re.search(r"(?<!\xa0)[;?!»]|(?<!\xa0):(?!//)|«(?!\xa0)|'", text)] == []


def list_words(data):
    """Yield each text of a value of JSON."""
    if isinstance(data, str):
        yield data
    else:
        for item in data.values() if isinstance(data, dict) else data:
            yield from list_words(item)


def test_the_sheets_give_the_deadline_to_file_a_complaint():
    for kind in ("rancon", "boite"):
        steps = " ".join(str(act.how).replace("\N{NO-BREAK SPACE}", " ") for act in REFLEXES[kind].day)
        assert "Pour être indemnisé, portez plainte dans les 72 heures après avoir connu l’attaque." in steps


def test_technical_words_stand_in_brackets():
    for sheet in REFLEXES.values():
        words = json.dumps(dump_sheet(sheet), ensure_ascii=False)
        assert not re.search(r"(?<!\()\b(DPO|main courante)\b", words)
