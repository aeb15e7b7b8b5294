"""A lead adapts a sheet to their region: each change makes a version, and the national text can come back."""

import pytest

from core.stale import Stale
from csirts.models import Csirt
from incidents.catalogues.reflex_sheets import REFLEXES, VERSION
from incidents.enums import IncidentType
from incidents.models import ReflexSheet
from incidents.reflexes.forms import build_initial_sheet, parse_reflex_acts
from incidents.services.library.reflexes import get_reflex_sheet, publish_reflex_sheet
from tests.cast import a_lead, a_responder, breizh_cyber
from tests.reading import read_text

pytestmark = pytest.mark.django_db
PAGE = "/admin/incidents/reflexsheet/breizh-cyber/rancon/"


@pytest.fixture
def csirt() -> Csirt:
    return breizh_cyber()


def build_fields(based_on=0, **changes):
    return build_initial_sheet(REFLEXES["rancon"], based_on) | changes


def test_a_lead_publishes_a_sheet_for_their_region(client, csirt, lead):
    assert f"nationale, version {VERSION}" in read_text(client.get("/admin/incidents/reflexsheet/"))
    assert REFLEXES["rancon"].hour[0].title in client.get(PAGE).content.decode()
    fields = build_fields(
        words="Débranchez, appelez Brest.", hour="Un\nvite\n\nDeux\nvite\n\nTrois\ntout de suite\naussi"
    )
    preview = client.post(PAGE, fields | {"voir": "1"})
    assert "Aperçu" in read_text(preview)
    assert "Débranchez, appelez Brest." in read_text(preview)
    assert not ReflexSheet.objects.exists()
    answer = client.post(PAGE, fields | {"publier": "1"})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    sheet = get_reflex_sheet("rancon", csirt)
    assert (sheet.version, sheet.csirt, sheet.text.words) == (1, csirt, "Débranchez, appelez Brest.")
    assert sheet.text.hour[2] == ("Trois", "tout de suite aussi")
    assert ReflexSheet.objects.get().author == lead
    assert "la vôtre , version 1" in read_text(client.get("/admin/incidents/reflexsheet/"))


def test_the_page_links_to_the_sheet_as_the_region_reads_it(client, lead):
    assert 'href="/reflexes/rancon/?region=53"' in client.get(PAGE).content.decode()


def test_each_change_makes_a_version_that_can_be_opened_again(client, csirt, lead):
    for number in range(3):
        client.post(PAGE, build_fields(number, words=f"Texte numéro {number}.") | {"publier": "1"})
    assert list(ReflexSheet.objects.order_by("version").values_list("version", flat=True)) == [1, 2, 3]
    assert "Texte numéro 0." in client.get(PAGE, {"version": "1"}).content.decode()
    assert get_reflex_sheet("rancon", csirt).text.words == "Texte numéro 2."
    for odd in ("0", "99999", "x", "²"):
        assert client.get(PAGE, {"version": odd}).status_code == 200


def test_returning_to_the_national_text_keeps_the_versions(client, csirt, lead):
    client.post(PAGE, build_fields(words="À nous.") | {"publier": "1"})
    client.post(PAGE, {"national": "1", "based_on": "1"})
    client.post(PAGE, {"national": "1", "based_on": "1"})
    assert get_reflex_sheet("rancon", csirt).text == REFLEXES["rancon"]
    assert ReflexSheet.objects.count() == 2
    assert "retour à la fiche nationale" in read_text(client.get(PAGE))


def test_publishing_the_same_text_twice_makes_one_version(client, lead):
    for _ in range(2):
        client.post(PAGE, build_fields(words="À nous.") | {"publier": "1"})
    assert ReflexSheet.objects.count() == 1


def test_the_second_of_two_versions_conflicts_and_keeps_its_text(client, csirt, lead):
    client.post(PAGE, build_fields(words="Le premier texte.") | {"publier": "1"})
    late = client.post(PAGE, build_fields(words="Le second texte.") | {"publier": "1"})
    assert late.status_code == 409
    assert "Le second texte." in late.content.decode()
    assert get_reflex_sheet("rancon", csirt).text.words == "Le premier texte."
    with pytest.raises(Stale):
        publish_reflex_sheet(kind="rancon", csirt_slug=csirt.slug, content={}, based_on=7, actor=lead)


@pytest.mark.parametrize("based_on", ["1", "", "x", "²"])
def test_the_national_text_does_not_replace_a_version_that_was_not_read(client, csirt, lead, based_on):
    client.post(PAGE, build_fields(words="Le premier texte.") | {"publier": "1"})
    client.post(PAGE, build_fields(1, words="Le second texte.") | {"publier": "1"})
    answer = client.post(PAGE, {"national": "1", "based_on": based_on}, follow=True)
    assert "Quelqu’un a publié une autre version depuis" in read_text(answer)
    assert get_reflex_sheet("rancon", csirt).text.words == "Le second texte."
    assert '<input type="hidden" name="based_on" value="2">' in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("words", ""),
        ("words", "x" * 61),
        ("words", "<b>vite</b>"),
        ("title", "\x00\u202e"),
        ("hour", "Un seul\ngeste"),
        ("hour", "Un\n\nDeux\n\nTrois"),
        ("hour", "<script>alert(1)</script>\na\n\nb\nb\n\nc\nc"),
        ("day", "\n\n\n"),
        ("sources", "https://exemple.example/<img src=x>"),
        ("sources", "\n".join("abcdefg")),
    ],
)
def test_an_invalid_field_is_reported_and_nothing_is_published(client, lead, field, value):
    answer = client.post(PAGE, build_fields(**{field: value}) | {"publier": "1"})
    assert answer.status_code == 422
    assert f'href="#id_{field}"' in answer.content.decode()
    assert "<script>alert(1)" not in answer.content.decode()
    assert not ReflexSheet.objects.exists()


def test_control_characters_are_removed_and_markup_is_escaped(client, csirt, lead):
    client.post(PAGE, build_fields(words="Vite\u202e {{ 7|add:1 }} & vite\x07.") | {"publier": "1"})
    assert get_reflex_sheet("rancon", csirt).text.words == "Vite {{ 7|add:1 }} & vite."
    assert "Vite {{ 7|add:1 }} &amp; vite." in client.get("/reflexes/rancon/?region=53").content.decode()


def test_only_the_lead_of_the_centre_opens_the_page(client, csirt):
    elsewhere = a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    for person in (elsewhere, a_responder(csirt)):
        client.force_login(person)
        assert client.get(PAGE).status_code == 404
        assert client.post(PAGE, build_fields(words="Volé.") | {"publier": "1"}).status_code == 404
    assert not ReflexSheet.objects.exists()


def test_saving_the_form_unchanged_gives_the_same_sheet():
    for kind in IncidentType:
        fields = build_initial_sheet(REFLEXES[kind], 0)
        assert [tuple(act.values()) for act in parse_reflex_acts(fields["hour"])] == [
            tuple(act) for act in REFLEXES[kind].hour
        ]


def test_the_pages_cost_few_queries(client, csirt, lead, django_assert_max_num_queries):
    content = ReflexSheet(type="rancon", csirt=csirt, content={})
    for version in range(1, 51):
        ReflexSheet.objects.create(type="rancon", csirt=csirt, version=version, content=content.content, author=lead)
    for page in (PAGE, "/admin/incidents/reflexsheet/"):
        with django_assert_max_num_queries(10):
            assert client.get(page).status_code == 200
