"""A report tells what the page tells, on four tagged pages; what a région's page lacks is labelled « En France »."""

import re
from contextlib import closing
from datetime import datetime
from io import BytesIO

import pypdfium2
import pytest
from pypdf import PdfReader

from accounts.installation import mark_as_demonstration
from core.typeset import typeset
from stats.disclosure.tables import REGIONS, Period
from stats.pages import sections, sentences, titles
from stats.pages.page import read_figures_page
from stats.reports.content import CHAPTERS, TEMPLATE, describe_report
from tests.hostile import TYPST
from tests.stats.printing import PARIS, print_release, print_year, spread_tables

pytestmark = pytest.mark.django_db


def make_pages(release, region=""):
    return read_pages(make_pdf(release, region))


def make_pdf(release, region=""):
    return typeset(TEMPLATE, describe_report(release, region))


def read_pages(pdf):
    """Return the words of each page, on one line, with plain spaces."""
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        pages = []
        for number in range(len(document)):
            with closing(document[number]) as page, closing(page.get_textpage()) as text:
                # A hyphen at the end of a line has a code of its own.
                pages.append(plain(re.sub("[\ufffe\u0002]", "-", text.get_text_bounded())))
        return pages


def plain(words):
    return " ".join(str(words).replace("\u202f", " ").replace("\xa0", " ").split())


def remove_spaces(words):
    """Return the words without spaces: a line that breaks after a hyphen is the same word."""
    return plain(words).replace(" ", "")


def test_the_report_of_a_region_has_its_four_pages():
    first, second, third, fourth = make_pages(print_year(2025, 317), "11")
    assert "Les incidents dans les collectivités d’Île-de-France, 2025" in first
    assert "Publication no 5 du 1er avril 2026" in first
    assert "65 incidents vérifiés en Île-de-France en 2025" in first
    assert "En France · 315 incidents vérifiés en France en 2025" in first
    assert "En Île-de-France et dans les autres régions" in second
    assert "Messagerie" in third
    assert "Licence Ouverte 2.0" in fourth
    assert "160 veut dire de 156 à 164" in fourth


@pytest.mark.parametrize(
    ("incidents", "place"), [(30, ""), (84, "53"), (317, ""), (317, "11"), (50_000, ""), (50_000, "988")]
)
def test_the_report_has_four_pages_with_the_sentences_of_the_page_at_any_volume(incidents, place):
    print_year(2024, incidents // 2)
    pdf = make_pdf(print_year(2025, incidents), place)
    pages = read_pages(pdf)
    assert [page[-5:] for page in pages] == ["1 / 4", "2 / 4", "3 / 4", "4 / 4"]
    # Typst makes no such claim where a glyph lacks.
    assert b"<pdfuaid:part>1</pdfuaid:part>" in PdfReader(BytesIO(pdf)).trailer["/Root"]["/Metadata"].get_data()
    text = remove_spaces(" ".join(pages))
    for sentence in list_sentences(read_figures_page(region=place, year="2025")):
        assert remove_spaces(sentence) in text, sentence


def list_sentences(page):
    yield from (*sentences.list_summary_sentences(page), sentences.ROUNDING, sentences.DASH, sentences.UNKNOWN_SHARE)
    if page.region:
        yield from sentences.explain_missing_tables(page)
    if page.get_total().is_shown:
        yield from (key.under for key in sentences.list_key_figures(page))
    if page.printed.is_open("incidents_by_region"):
        yield from (titles.format_map_title(page), titles.format_map_subtitle(page))
    if any(cell.is_shown for _name, cell, _before in titles.list_chart_periods(page)):
        yield from (titles.format_months_title(page), titles.format_months_subtitle(page))
    for section in sections.make_sections(page):
        yield from (section.title, section.note)


def test_each_number_of_the_page_is_in_the_report():
    words = set(" ".join(make_pages(print_year(2025, 317))).replace(".", " ").replace(";", " ").split())
    page = read_figures_page(year="2025")
    numbers = [
        line.cell.value for section in sections.make_sections(page) for line in section.breakdown.numbered_lines
    ]
    numbers += [cell.value for cell in page.list_months()] + [
        line.cell.value for line in page.get_region_breakdown().numbered_lines
    ]
    assert {str(value) for value in numbers} <= words


def test_the_day_is_that_of_paris_and_of_the_citation():
    """Half an hour after midnight in Paris it is still the day before in universal time."""
    midnight = datetime(2026, 4, 1, 0, 30, tzinfo=PARIS)
    data = describe_report(print_release(Period(2025), spread_tables(Period(2025), 30), at=midnight), "")
    assert data["release"] == "Publication no 1 du 1er avril 2026"
    assert "publication no 1 du 1er avril 2026" in data["reading"]["citation"]


def test_a_region_without_a_number_is_compared_with_the_nation():
    first, second, third, fourth = make_pages(print_year(2025, 84), "53")
    assert remove_spaces(sentences.list_summary_sentences(read_figures_page(region="53"))[0]) in remove_spaces(first)
    assert "En France · 85 incidents vérifiés en France en 2025" in first
    assert "Bretagne –" in second
    assert "En France Les types d’incidents" in second
    assert "En France Comment c’est arrivé" in third
    assert "En France Le taux" in fourth


def test_a_region_with_many_incidents_has_quarters_types_and_causes_of_its_own():
    _first, second, third, _fourth = make_pages(print_year(2025, 50_000), "53")
    assert second.startswith("Quand, où et quoi Environ 365 à 715 incidents par trimestre")
    assert "En France Les types d’incidents" not in second
    assert "En France Comment c’est arrivé" not in third
    assert re.search(r"En France [^.]* Interruptions, selon le service public arrêté ou ralenti.", third)


def test_the_report_lists_the_closed_tables_with_the_reason():
    _first, second, third, _fourth = make_pages(print_year(2025, 84))
    assert "ne sont pas ouverts" not in second
    assert "Les tableaux qui ne sont pas ouverts cette année Fuites de données, par catégorie de données ;" in third
    assert "par famille de services" not in third


def test_the_short_list_is_not_called_missing_where_the_long_one_is_printed():
    effects = describe_report(print_year(2025, 5000), "")["effects"]
    assert effects["closed"] == []
    assert [section["code"] for section in effects["sections"]].count("services") == 1


def test_a_year_of_dashes_has_four_pages_without_a_zero():
    period = Period(2025)
    pages = make_pages(
        print_release(period, {code: dict.fromkeys(cells) for code, cells in spread_tables(period, 1).items()})
    )
    assert len(pages) == 4
    assert pages[0].count("moins de 5 collectivités") == 1 + 4  # the sentence and the keys
    assert not re.search(r"\b(0|zéro|aucune?) (incident|signalement|interruption|fuite)", " ".join(pages).lower())


def test_a_dash_has_no_number_in_the_data_of_the_template():
    drawn = describe_report(print_year(2025, 84), "53")["time"]["map"]
    lines = [*drawn["lines"], drawn["unplaced"]]
    below = [line for line in lines if line["kind"] == "below"]
    assert len(below) == 21 - 6
    assert {(line["text"], line["value"], line["level"]) for line in below} == {("–", None, 0)}


def test_a_dash_is_explained_on_the_page_that_draws_it():
    _first, second, *_rest = make_pages(print_year(2025, 84))
    assert second.count("– : moins de 5 collectivités") == 2  # under the months and beside the map


def test_quarters_before_the_service_are_not_called_pending_in_its_first_year():
    autumn = Period(2025, 4)
    print_release(autumn, spread_tables(autumn, 45) | {"leaks": {}})
    release = print_release(Period(2025), spread_tables(Period(2025), 45) | {"incidents_by_month": {}})
    _first, second, *_rest = make_pages(release)
    assert "à venir" not in second
    assert "1er trimestre" not in second
    assert "Un total de trimestre ne paraît qu’à partir de 40. n. p. : pas publié." in second
    assert second.count("avant le service") == 9
    elements = list_tags(PdfReader(BytesIO(make_pdf(release))).trailer["/Root"]["/StructTreeRoot"], [])
    assert [str(element["/Alt"])[:14] for element in elements if element["/S"] == "/Figure"] == [
        "Incidents par ",
        "Carte de Franc",
    ]


def test_quarters_without_a_number_are_not_shown_as_a_table():
    print_release(Period(2025, 1), {})
    release = print_release(Period(2025), spread_tables(Period(2025), 84))
    assert describe_report(release, "")["time"]["quarters"] is None


# Accessible


def list_tags(element, elements):
    kids = element.get("/K", [])
    if "/S" in element:
        elements.append(element)
    for kid in kids if isinstance(kids, list) else [kids]:
        inner = kid.get_object() if hasattr(kid, "get_object") else kid
        if hasattr(inner, "get"):
            list_tags(inner, elements)
    return elements


def test_a_report_is_tagged_in_french_with_a_title_and_bookmarks():
    reader = PdfReader(BytesIO(make_pdf(print_year(2025, 317), "53")))
    catalog = reader.trailer["/Root"]
    assert catalog["/Lang"] == "fr-FR"
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in catalog["/Metadata"].get_data()
    assert reader.metadata.title == "Les incidents dans les collectivités de Bretagne, 2025"
    chapters = [chapter.title for chapter in reader.outline[1] if not isinstance(chapter, list)]
    assert chapters == [str(chapter) for chapter in CHAPTERS]


def test_each_chart_has_an_alternative_text_and_each_table_a_header_row():
    elements = list_tags(PdfReader(BytesIO(make_pdf(print_year(2025, 317)))).trailer["/Root"]["/StructTreeRoot"], [])
    figures = [element for element in elements if element["/S"] == "/Figure"]
    assert [str(element["/Alt"])[:20] for element in figures] == ["Incidents par mois e", "Carte de France en c"]
    tables = [element for element in elements if element["/S"] == "/Table"]
    assert len(tables) > 8
    for table in tables:
        assert "/TH" in [element["/S"] for element in list_tags(table, [])]


# Hostile, invented


def test_a_hostile_region_name_runs_no_typst_code(monkeypatch):
    names = dict(zip(REGIONS, [*TYPST, "<script>alert(1)</script> 😱", "\u202e“#panic()”"], strict=False))
    monkeypatch.setattr("stats.categories.load_region_names", lambda: names)
    pages = make_pages(print_year(2025, 317))
    assert len(pages) == 4
    assert "1337*7331" in pages[1]
    assert "9801547" not in pages[1]


def test_a_demonstration_is_marked_as_invented_on_each_page():
    release = print_year(2025, 84)
    assert "inventés" not in " ".join(make_pages(release))
    mark_as_demonstration()
    assert all("Démonstration : tous ces nombres sont inventés." in page for page in make_pages(release))
