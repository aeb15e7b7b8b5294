"""What a report says is what the page says, on four pages, tagged; nothing that is withheld is in it."""

import re
from contextlib import closing
from datetime import date
from io import BytesIO

import pypdfium2
import pytest
from django.db import transaction
from pypdf import PdfReader

from accounts.installation import mark_as_demonstration
from collectivities.models import Region
from incidents.typeset import typeset
from stats import sections, story, titles
from stats.enums import FINEST, HoursBand, Measure
from stats.published import Asked, read_page
from stats.reports import content
from stats.reports.content import FOLDER, said_of
from stats.services import publish_release
from tests.hostile import TYPST
from tests.stats.blocks import STRATA, a_release, block, bodies_of, everything, month, quarter, year
from tests.stats.cases import bodies as bodies_in
from tests.stats.cases import on, one_each, store

pytestmark = pytest.mark.django_db
END = date(2025, 12, 31)


def little():
    """As at the real volume: the nation's quarters, some regions' years, nearly nothing else."""
    yield from (block("quarters", quarter(2025, n), 40 + n) for n in (1, 2, 3, 4))
    yield from (block("incidents", year(2025), value, region=code) for code, value in (("53", 11), ("11", 14)))
    yield block("incidents", year(2025), 140)
    yield block("interruptions", year(2025), 90)
    yield block("leaks", year(2025), 31)


def much():
    """Every type each month, every band of every table, in every region: the most that a release can show."""
    for number, code in enumerate(Region.objects.values_list("code", flat=True), 1):
        for n in range(1, 13):
            yield from (
                block("incidents", month(2025, n), 12_000 + 100 * number + n, region=code, band=band)
                for band in FINEST[Measure.INCIDENTS]
            )
            yield block("incidents", month(2025, n), 5, region=code, band="fraud")
            yield block("incidents", month(2025, n), 6, region=code)
            yield block("incidents", month(2025, n), 7, region=code, band="intrusions")
        for n in (1, 2, 3, 4):
            yield block("reports", quarter(2025, n), 123_456, region=code)
            yield from (block("interruptions", quarter(2025, n), 9999, region=code, band=one) for one in HoursBand)
            yield from (block("leaks", quarter(2025, n), 9999, region=code, band=one) for one in FINEST[Measure.LEAKS])
        for measure in ("services", "categories", "causes", "discovery", "help", "closing"):
            yield from (
                block(measure, year(2025), 12_345 + n, region=code, band=band)
                for n, band in enumerate(FINEST[measure])
            )
        yield block("bodies", year(2025), 300, region=code)
        yield block("bodies_hit", year(2025), 200, region=code)
    yield from (block(measure, year(2025), 90, band=band) for measure in ("strata", "strata_hit") for band in STRATA)


def bodies():
    codes = Region.objects.values_list("code", flat=True)
    return bodies_of(2025) | {(2025, code, ""): 1200 + number for number, code in enumerate(codes)}


def asked(region="", of_year="2025", quarter_number=""):
    return Asked(region=region, year=of_year, quarter=quarter_number, release="1")


def report(*choice, **choices):
    return typeset("report", said_of(asked(*choice, **choices)), folder=FOLDER)


def pages(pdf):
    """The words of each page, on one line, with plain spaces. A hyphen at the end of a line has a code of its own."""
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        found = []
        for number in range(len(document)):
            with closing(document[number]) as page, closing(page.get_textpage()) as text:
                found.append(plain(re.sub("[\ufffe\u0002]", "-", text.get_text_bounded())))
        return found


def plain(words):
    return " ".join(str(words).replace("\u202f", " ").replace("\xa0", " ").split())


def packed(words):
    """Without spaces: a line that breaks after a hyphen is the same word."""
    return plain(words).replace(" ", "")


def test_it_works():
    a_release(*everything(2025), until=END, bodies=bodies_of(2025))
    first, second, third, fourth = pages(report("53"))
    assert "Les incidents dans les collectivités de Bretagne, 2025" in first
    assert "Publication no 1 du 30 janvier 2026, données jusqu’au 31 décembre 2025" in first
    assert "Bretagne parmi les régions" in second
    assert "24 pour le trimestre" in second
    assert "Messagerie" in third
    assert "Licence Ouverte 2.0" in fourth
    assert "Personne ne sait combien d’incidents ne sont pas déclarés." in fourth


def test_the_day_is_that_of_the_page_and_of_the_citation():
    """A release made by hand half an hour after midnight in Paris."""
    store(one_each(bodies_in("53", 6), on(2025, 2, 1)))
    publish_release(now=on(2026, 2, 3, 0))
    said = said_of(asked())
    assert plain(said["release"]).startswith("Publication no 1 du 3 février 2026")
    assert "publication no 1 du 3 février 2026" in plain(said["reading"]["citation"])


@pytest.mark.parametrize("blocks", [little, much, lambda: everything(2025)], ids=["little", "much", "everything"])
@pytest.mark.parametrize("place", ["", "53", "94", "984"], ids=["France", "Bretagne", "Corse", "TAAF"])
def test_there_are_four_pages_at_any_volume(blocks, place):
    a_release(*blocks(), until=END, bodies=bodies())
    found = pages(report(place))
    assert len(found) == 4
    for number, page in enumerate(found, 1):
        assert page.endswith(f"{number} / 4")
        assert len(page) > 700, "a page nearly without words"


@pytest.mark.parametrize("blocks", [little, much, lambda: everything(2025)], ids=["little", "much", "everything"])
@pytest.mark.parametrize("place", ["", "53", "01"])
def test_its_sentences_are_those_of_the_page(blocks, place):
    a_release(*blocks(), until=END, bodies=bodies())
    page = read_page(asked(place))
    text = packed(" ".join(pages(report(place))))
    said = [*story.story(page), *story.not_shown(page)]
    said += [key.under for key in story.keys(page) if page.tells]
    said += [titles.title_of_trend(page), titles.under_trend(page)] if page.trend else []
    for section in (*sections.interruptions(page), *sections.leaks(page), *sections.causes(page)):
        said += [section.title, section.note]
    for sentence in said:
        assert packed(sentence) in text, sentence


def test_a_place_of_which_too_little_is_told_is_set_beside_the_nation():
    a_release(*everything(2025), until=END, bodies=bodies_of(2025))
    first, _second, third, fourth = pages(report("01"))
    assert "Aucun nombre d’incidents ne peut être montré à part en Guadeloupe pour 2025." in first
    assert "En France, 2025 · " in first
    assert "En France, 2025" in third
    assert "En France, 2025" in fourth


def test_a_quarter_is_set_beside_its_year():
    a_release(*much(), until=END, bodies=bodies())
    found = pages(report("53", quarter_number="2"))
    assert len(found) == 4
    assert "Les incidents dans les collectivités de Bretagne, 2e trimestre 2025" in found[0]
    assert "En Bretagne, 2025" in found[2]


def test_a_year_that_goes_on_says_so():
    early = [*everything(2024), *(block("quarters", quarter(2025, n), 60) for n in (1, 2))]
    a_release(*early, until=date(2025, 6, 30), bodies=bodies_of(2024))
    found = pages(report())
    assert len(found) == 4
    assert "année en cours, jusqu’au 30 juin 2025" in found[0]
    assert "En France, 2024" in found[2]
    assert "ne paraît pas avant le 30 janvier 2026" in found[3]


def test_a_first_release_of_next_to_nothing_has_words_on_each_page():
    a_release(block("quarters", quarter(2025, 1), 9), until=date(2025, 3, 31))
    found = pages(report())
    assert len(found) == 4
    assert "Aucun taux n’est montré" in found[3]
    assert "Pas encore montré Pas même pour toute la France" in found[2]
    assert "Les causes. Comment l’incident a été possible" in found[2]


# What is not told


def test_nothing_withheld_is_in_it():
    """Figures that stand in one number with others are nowhere: the exact ones of the cells do not exist here.

    17 incidents of three types, told as 17 of all types; interruptions of which one band stands alone.
    """
    a_release(
        block("incidents", year(2025), 173, region="53"),
        block("incidents", year(2025), 419),
        block("interruptions", year(2025), 31, region="53", band="0-4h"),
        block("interruptions", year(2025), 29, region="53"),
        until=END,
    )
    text = " ".join(pages(report("53")))
    assert "regroupé" in text
    assert "29 interruptions dont ce détail n’est pas montré à part" in text
    assert "Regroupé, pas montré seul : de 4 à 24 heures" in text
    assert "Aucun dans cette publication" not in text


def published_from(months):
    """Blocks and words, of twelve bodies in Bretagne and of three in Corse whose cases came in these months."""
    with transaction.atomic():
        store(one_each(bodies_in("53", 12), on(2025, 2, 3), hours=(2,)))
        for body, number in zip(bodies_in("94", 3), months, strict=True):
            store(one_each([body], on(2025, number, 3), hours=(30, 2)[: number % 2 + 1]))
        release = publish_release(now=on(2026, 1, 30))
        numbers = sorted(release.blocks.values_list("measure", "region__code", "starts_on", "band", "value"), key=str)
        found = [pages(report(place)) for place in ("", "53", "94")]
        transaction.set_rollback(True)
    return numbers, found


def test_two_worlds_of_one_release_have_one_report():
    """Three bodies in Corse are too few for a number: when their cases came, nobody reads."""
    early, late = published_from((3, 3, 9)), published_from((5, 11, 11))
    assert early == late
    assert not any(place == "94" for _measure, place, *_rest in early[0])


def test_zero_is_said_only_of_what_no_number_covers():
    a_release(
        block("incidents", year(2025), 50, region="53"),
        block("interruptions", year(2025), 31, region="53", band="0-4h"),
        block("interruptions", year(2025), 11, region="53", band="1-3d"),
        until=END,
    )
    text = " ".join(pages(report("53")))
    assert "Aucun dans cette publication : de 4 à 24 heures" in text


# Accessible


def tags(element, found):
    kids = element.get("/K", [])
    if "/S" in element:
        found.append(element)
    for kid in kids if isinstance(kids, list) else [kids]:
        inner = kid.get_object() if hasattr(kid, "get_object") else kid
        if hasattr(inner, "get"):
            tags(inner, found)
    return found


def test_it_is_tagged_in_french_with_a_title_and_bookmarks():
    a_release(*everything(2025), until=END, bodies=bodies_of(2025))
    reader = PdfReader(BytesIO(report("53")))
    catalog = reader.trailer["/Root"]
    assert catalog["/Lang"] == "fr-FR"
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in catalog["/Metadata"].get_data()
    assert reader.metadata.title == "Les incidents dans les collectivités de Bretagne, 2025"
    chapters = [one.title for one in reader.outline[1] if not isinstance(one, list)]
    assert chapters == [str(one) for one in content.CHAPTERS]


def test_each_chart_has_words_and_each_table_a_head():
    a_release(*everything(2025), until=END, bodies=bodies_of(2025))
    found = tags(PdfReader(BytesIO(report("53"))).trailer["/Root"]["/StructTreeRoot"], [])
    kinds = [one["/S"] for one in found]
    figures = [one for one in found if one["/S"] == "/Figure"]
    assert [str(one["/Alt"])[:20] for one in figures] == ["Incidents par mois e", "Carte de France en c"]
    assert kinds.count("/Table") > 8
    for table in (one for one in found if one["/S"] == "/Table"):
        assert "/TH" in [one["/S"] for one in tags(table, [])]


# Hostile, invented


@pytest.mark.parametrize("name", [*TYPST, "<script>alert(1)</script> 😱", "\u202e“#panic()”"])
def test_a_hostile_name_stays_words(name):
    Region.objects.filter(code="53").update(name=name)
    a_release(*everything(2025), until=END, bodies=bodies_of(2025))
    found = pages(report("53"))
    assert len(found) == 4
    assert "1337*7331" in "".join(found) or "1337" not in name
    assert "9801547" not in "".join(found)


def test_a_demonstration_says_on_each_page_that_all_is_invented():
    a_release(*everything(2025), until=END, bodies=bodies_of(2025))
    assert "inventés" not in " ".join(pages(report()))
    mark_as_demonstration()
    assert all("Démonstration : tous ces nombres sont inventés." in page for page in pages(report()))


def test_regions_without_a_rate_are_listed_with_the_reason():
    """Nobody is counted of several regions together: Clipperton, which has no body, is grouped with nobody."""
    known = {
        (2025, code, ""): 300
        for code in Region.objects.exclude(name="Île de Clipperton").values_list("code", flat=True)
    }
    told = [block(measure, year(2025), 30, region="53") for measure in ("incidents", "bodies")]
    a_release(*told, until=END, bodies={**known, (2025, "", ""): 36_000})
    rates = said_of(Asked(year="2025", release="1"))["rates"]
    assert rates["regions"]["without"] == "Aucune collectivité\N{NO-BREAK SPACE}: Île de Clipperton."


def test_a_table_that_was_left_out_has_no_figure_in_it():
    """Of Corse no number counts an interruption, and nobody has one of leaks."""
    told = [block(measure, year(2025), 30, region="53") for measure in ("incidents", "interruptions", "reports")]
    a_release(*told, block("reports", year(2025), 9, region="94"), until=END)
    of_corse = said_of(Asked(region="94", year="2025", release="1"))["essential"]["keys"]
    assert [(key["text"], key["is_figure"]) for key in of_corse[:3]] == [
        ("0", True),
        ("0", True),
        ("pas publié", False),
    ]
