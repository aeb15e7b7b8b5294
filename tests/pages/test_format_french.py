"""The French text of dates, durations, numbers, references and form errors."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django import forms
from django.forms import formset_factory
from django.template.loader import render_to_string

from config.pages.templatetags.tocsin import (
    find_host,
    format_full_moment,
    format_optional_duration,
    format_phone,
    group_reference,
    make_tel_uri,
    spell_out_reference,
)
from core import telephone
from tests.reading import NBSP, read_text

MORNING = datetime(2026, 11, 24, 8, 51, tzinfo=UTC)


def test_a_moment_is_written_in_full_in_paris_time():
    assert format_full_moment(MORNING) == f"mardi 24 novembre 2026 à 9{NBSP}h{NBSP}51, heure de Paris"


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Indian/Reunion", f"mardi 24 novembre 2026 à 12{NBSP}h{NBSP}51, heure de La Réunion"),
        ("Pacific/Noumea", f"mardi 24 novembre 2026 à 19{NBSP}h{NBSP}51, heure de Nouméa"),
        ("Pacific/Tahiti", f"lundi 23 novembre 2026 à 22{NBSP}h{NBSP}51, heure de Tahiti"),
        ("America/Martinique", f"mardi 24 novembre 2026 à 4{NBSP}h{NBSP}51, heure de Martinique"),
    ],
)
def test_a_moment_is_written_in_the_readers_zone_and_names_it(zone, expected):
    assert format_full_moment(MORNING, zone) == expected


def test_the_first_of_a_month_is_written_1er():
    assert (
        format_full_moment(datetime(2026, 7, 1, 5, 5, tzinfo=UTC))
        == f"mercredi 1er juillet 2026 à 7{NBSP}h{NBSP}05, heure de Paris"
    )


def test_a_missing_moment_is_formatted_as_an_empty_text():
    assert format_full_moment(None) == ""


@pytest.mark.parametrize(
    ("lasts", "expected"),
    [
        (timedelta(seconds=59), f"0{NBSP}min"),
        (timedelta(minutes=59, seconds=59), f"59{NBSP}min"),
        (timedelta(hours=31, minutes=59), f"31{NBSP}h"),
        (timedelta(hours=95, minutes=59), f"95{NBSP}h"),
        (timedelta(hours=96), f"4{NBSP}jours"),
        (timedelta(hours=-3), f"3{NBSP}h"),
    ],
)
def test_a_duration_is_written_in_its_largest_unit(lasts, expected):
    assert format_optional_duration(lasts) == expected


@pytest.mark.parametrize("reference", ["T7K49MQX", "t7k4-9mqx", " T7K4 9MQX "])
def test_a_reference_is_grouped_and_spelled(reference):
    assert group_reference(reference) == "T7K4-9MQX"
    assert spell_out_reference(reference) == "Thérèse, 7, Kléber, 4, 9, Marcel, Quintal, Xavier"


@pytest.mark.parametrize(
    ("published", "dialled"),
    [
        (f"0{NBSP}800{NBSP}200{NBSP}008", "tel:0800200008"),
        ("505.300", "tel:505300"),
        ("+687 26 50 50", "tel:+687265050"),
        ("02,98,00,00,00 (8:30-12:00)", "tel:0298000000"),
        ("02 98 00 00 00 8:30-12:00", "tel:0298000000"),
        ("02 98 00 00 00 poste 12", "tel:0298000000"),
        ("02 98 00 00 00 ou 06 98 00 00 00", "tel:0298000000"),
        ("02,98,00,00,00, 06 98 00 00 00", "tel:0298000000"),
        ("02,98-00-00-00", "tel:0298000000"),
        ("+33 (0)2 98 00 00 00", "tel:+33298000000"),
        ("0033 2 98 00 00 00", "tel:+33298000000"),
        ("+32 2 123 45 67", "tel:+3221234567"),
    ],
)
def test_a_number_is_dialled_as_published(published, dialled):
    assert make_tel_uri(published) == dialled


def test_a_number_alone_is_dialled_without_a_search_among_words(monkeypatch):
    """A list prints fifty numbers, whose spaces are no-break spaces, and the search takes most of that time."""
    monkeypatch.setattr(telephone, "find_first_number", lambda text: pytest.fail("a search among words"))
    for number in ["0298990000", "0800200008"]:
        assert telephone.find_dialled_number(telephone.format_phone(number)) == number


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0298990000", "02 98 99 00 00"),
        ("02.98.99.00.00", "02 98 99 00 00"),
        ("+33298990000", "+33 2 98 99 00 00"),
        ("0 800 200 008", "0 800 200 008"),
        ("505.300", "505.300"),
        ("0 970 609 909", "0 970 609 909"),
        ("0 805 29 29 40", "0 805 29 29 40"),
        ("0298 44 55 66", "02 98 44 55 66"),
        ("02,98,44,55,66", "02 98 44 55 66"),
        ("02, 98, 44, 55, 66", "02 98 44 55 66"),
        ("02·98·44·55·66", "02 98 44 55 66"),
        ("+33 2,98,44,55,66", "+33 2 98 44 55 66"),
        ("02,98,44,55,66 (8:30-12:00)", "02 98 44 55 66 (8:30-12:00)"),
        ("02,98-44-55-66", "02 98 44 55 66"),
        ("02 98 44 55 66 poste 12", "02 98 44 55 66 poste 12"),
        ("Mairie : 0298445566 ou 06.98.44.55.66", "Mairie : 02 98 44 55 66 ou 06 98 44 55 66"),
        ("+33 (0)2.98.44.55.66", "+33 2 98 44 55 66"),
        ("0033298445566", "+33 2 98 44 55 66"),
        ("33298445566", "+33 2 98 44 55 66"),
        ("08.00.20.00.08", "0 800 200 008"),
        ("+32.2.123.45.67", "+32 2 123 45 67"),
        ("+32 2 123 45 67", "+32 2 123 45 67"),
        ("+32-2-123-45-67", "+32 2 123 45 67"),
        ("+32 (0)2 123 45 67", "+32 (0)2 123 45 67"),
        ("+1 (555) 123 4567", "+1 (555) 123 4567"),
        ("0041.22.123.45.67", "0041 22 123 45 67"),
    ],
)
def test_a_number_is_written_as_people_read_it_however_it_was_typed(number, expected):
    assert format_phone(number).replace(NBSP, " ") == expected


@pytest.mark.parametrize(
    ("two_numbers", "expected"),
    [
        ("+41 22 123 45 67, 0298990000", "+41 22 123 45 67, 02 98 99 00 00"),
        ("+41 22 123 45 67 - 02.98.99.00.00", "+41 22 123 45 67 - 02 98 99 00 00"),
        ("+41.22.123.45.67, 02.98.99.00.00", "+41 22 123 45 67, 02 98 99 00 00"),
        ("02.98.99.00.00, +41.22.123.45.67", "02 98 99 00 00, +41 22 123 45 67"),
        ("+689 40 50 60 70, 87 12 34 56", "+689 40 50 60 70, 87 12 34 56"),
        ("+689 40 50 60 70 - 87 12 34 56", "+689 40 50 60 70 - 87 12 34 56"),
        ("+689 40 50 60 70-87 12 34 56", "+689 40 50 60 70-87 12 34 56"),
        ("+687 26 50 50, +687 26 50 51", "+687 26 50 50, +687 26 50 51"),
        ("+32 2 123 45 67, 12", "+32 2 123 45 67, 12"),
        ("+32 2 123 45 67 8-12h", "+32 2 123 45 67 8-12h"),
    ],
)
def test_two_numbers_stay_two_after_a_foreign_number(two_numbers, expected):
    """A separator that is lost would make one number of two, or an extension part of a number."""
    assert format_phone(two_numbers).replace(NBSP, " ") == expected


def test_a_line_never_ends_within_a_number():
    assert format_phone("Mairie : 02,98,44,55,66") == f"Mairie : 02{NBSP}98{NBSP}44{NBSP}55{NBSP}66"


@pytest.mark.parametrize("path", ["/declarer/", "/declarer/rappelez-moi/", "/reflexes/", "/suivi/", "/annuaire/"])
def test_the_title_of_a_page_begins_with_a_capital(client, db, path):
    title = re.search("<title>(.+?)</title>", client.get(path).content.decode())[1]
    assert title[0].isupper()
    assert title.endswith(" – Tocsin")


def test_no_space_precedes_a_comma(client, db):
    assert " , " not in read_text(client.get("/declarer/"))


def test_a_site_is_shown_by_its_host():
    assert find_host("https://www.csirt-bfc.fr/aide?x=1") == "csirt-bfc.fr"


class Interruption(forms.Form):
    since = forms.DateField(label="Depuis quel jour ?", help_text="À peu près suffit.")
    state = forms.ChoiceField(label="Arrêté ou ralenti ?", choices=[("a", "Arrêté")], widget=forms.RadioSelect)
    note = forms.CharField(label="En attendant", required=False)


def test_a_field_names_its_help_and_its_error_to_a_screen_reader():
    html = Interruption({"since": "hier<b>", "state": "a"})["since"].as_field_group()

    assert '<label for="id_since">Depuis quel jour ?</label>' in html
    assert 'id="id_since_helptext">À peu près suffit.' in html
    assert 'id="id_since_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_since_helptext id_since_error"' in html
    assert html.index("id_since_helptext") < html.index('id="id_since_error"') < html.index("<input")
    assert 'value="hier&lt;b&gt;"' in html  # the wrong value stays, escaped


def test_only_optional_fields_are_marked():
    form = Interruption()

    assert "En attendant (facultatif)" in form["note"].as_field_group()
    assert "facultatif" not in form["since"].as_field_group()
    assert "<legend>Arrêté ou ralenti ?</legend>" in form["state"].as_field_group()


def test_the_summary_counts_and_leads_to_each_field():
    html = render_to_string("errors.html", {"form": Interruption({"since": "hier", "state": "z"})})

    assert "2 points à corriger" in html
    assert 'href="#id_since"' in html
    assert 'href="#id_state_0"' in html
    assert 'id="id_state_0"' in Interruption()["state"].as_field_group()


def test_the_summary_of_one_mistake_is_in_the_singular():
    assert "Un point à corriger" in render_to_string(
        "errors.html", {"form": Interruption({"since": "2026-11-24", "state": "z"})}
    )


def test_the_summary_counts_the_mistakes_of_several_forms():
    rows = formset_factory(Interruption, extra=0)(
        {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-since": "x", "form-0-state": "a"}
    )

    html = render_to_string("errors.html", {"form": [Interruption({}), rows]})

    assert "3 points à corriger" in html
    assert 'href="#id_form-0-since"' in html


@pytest.mark.parametrize("form", [None, Interruption(), Interruption({"since": "2026-11-24", "state": "a"})])
def test_a_form_without_a_mistake_has_no_summary(form):
    assert render_to_string("errors.html", {"form": form}).strip() == ""


def route(**csirt):
    fallback = SimpleNamespace(name="17Cyber", phone="", website="https://17cyber.gouv.fr", csirt=None)
    fields = {"name": "CSIRT", "phone": "", "phone_uri": "", "website": "https://cyber.corsica", "hours": ""} | csirt
    return SimpleNamespace(csirt=SimpleNamespace(**fields), reason="Calvi est en Corse.", fallbacks=(fallback,))


def test_the_call_block_gives_the_number_the_reason_and_the_fallback():
    html = render_to_string(
        "call.html", {"route": route(name="Breizh Cyber", phone="0 800 200 008", phone_uri="tel:0800200008")}
    )

    assert 'href="tel:0800200008"' in html
    assert f"0{NBSP}800{NBSP}200{NBSP}008" in html
    assert "Calvi est en Corse." in html
    assert 'href="https://17cyber.gouv.fr"' in html


def test_the_call_block_says_that_no_telephone_is_published():
    html = render_to_string("call.html", {"route": route()})

    assert "Le CSIRT n’a pas publié de téléphone." in html
    assert 'href="https://cyber.corsica"' in html
    assert "tel:" not in html


def test_the_call_block_without_any_centre_keeps_the_fallback():
    nobody = SimpleNamespace(csirt=None, reason="Aucun centre à Mayotte.", fallbacks=())

    html = render_to_string("call.html", {"route": nobody})

    assert "Aucun centre ne couvre votre territoire. Demandez de l’aide ici" in html
    assert 'href="https://17cyber.gouv.fr"' in html
