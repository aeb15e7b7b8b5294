"""Two declarations are compared on one page: each side leads to its case and counts its messages."""

import re

import pytest

from incidents.models import OfficialNumber, Story
from incidents.reference import hyphenate
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from tests.incidents.merging import merge, write
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup, read_text

pytestmark = pytest.mark.django_db


def compare(client, main, duplicate):
    return client.get(case_url(main, "fusionner"), {"avec": duplicate.reference})


def test_each_side_links_to_its_case_by_its_spelled_reference(client, responder, main, duplicate):
    content = read_markup(compare(client, main, duplicate))

    headings = re.findall(r"<h2 id=\"cote-\d\">(.*?)</h2>", content)
    links = [re.search(r'<a href="([^"]*)">(.*?)</a>', heading).groups() for heading in headings]
    assert [(address, re.sub("<[^>]+>", "", label)) for address, label in links] == [
        (case_url(incident), hyphenate(incident.reference)) for incident in (main, duplicate)
    ]


def test_phone_numbers_are_in_digit_pairs_on_the_comparison_and_case_pages(client, responder, main, duplicate):
    Story.objects.filter(incident__in=(main, duplicate)).update(contact_phone="0298670001")
    comparison = read_text(compare(client, main, duplicate))
    merge(duplicate, main, responder)
    official = {"source": "directory", "found_on": "2026-11-03", "noted_by": responder}
    OfficialNumber.objects.create(collectivity=main.collectivity, phone="0298112233", **official)
    case_page = read_text(client.get(case_url(main)))
    for page in (comparison, case_page, read_text(client.get(case_url(main, "appel")))):
        assert "02 98 67 00 01" in page
        assert "0298" not in page
    assert "02 98 11 22 33" in case_page


def test_the_count_of_messages_is_singular_for_one_and_plural_for_two(client, responder, main, duplicate):
    write(main)
    for number in (1, 2):
        letter = Letter(text="Nous arrivons.", key=f"letter {number}")
        write_to_declarant(reference=duplicate.reference, actor=responder, letter=letter)

    comparison = read_text(compare(client, main, duplicate))

    assert "Échanges 1 message, 0 pièce " in comparison
    assert "Échanges 2 messages, 0 pièce " in comparison
