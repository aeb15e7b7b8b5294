"""The files of an exact page: who gets them, what is in them, and that their reading is noted."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from accounts.models import Membership
from collectivities.models import Region
from core.text import neutralise_formula
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.reopen import reopen_incident
from incidents.services.handling.verify import verify_incident
from incidents.services.transfer.proposal import accept_transfer
from stats.enums import Measure
from stats.exact.breakdowns import BREAKDOWNS
from stats.exact.sums import Totals
from stats.labels import bind_words
from stats.models import ExactReading
from stats.services import fold_new_events, verify_figures
from tests.cast import a_lead, a_person, breizh_cyber, declare
from tests.incidents.transferring import create_other_centre, propose_transfer
from tests.stats.cases import Case, bodies, one_each, paris_time, store

NATION = "/statistiques/exacts/france/"
BRETAGNE = "/statistiques/exacts/region/53/"
CENTRE = "/statistiques/exacts/centre/breizh-cyber/"
OWN = "/statistiques/mon-centre/"
PAGE = Path(__file__).resolve().parents[2] / "stats/templates/stats/exact.html"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("march_of_2026")]


def store_two_years():
    csirt = breizh_cyber()
    first, second, third = bodies("53", 3)
    store(
        [
            *one_each([first, second], paris_time(2025, 2, 5), csirt=csirt, type="hameconnage"),
            Case(body=third, at=paris_time(2025, 10, 5), csirt=csirt, type="panne"),
            Case(body=first, at=paris_time(2026, 2, 5), csirt=csirt, type="hameconnage", hours=(2,)),
            Case(body=first, at=paris_time(2026, 3, 5), csirt=csirt, cause="supplier"),
        ]
    )
    fold_new_events()


def download(client, url, **choice):
    page = client.get(url, choice)
    assert page.status_code == 200
    return page


def read_lines(page):
    return list(csv.DictReader(io.StringIO(page.content.decode())))


def read_book(page):
    return openpyxl.load_workbook(io.BytesIO(page.content))


def test_a_csv_has_a_line_for_each_cell_beside_the_year_before(client, national):
    """The year before is counted over the same months that have figures, and each line says which."""
    store_two_years()
    page = download(client, f"{BRETAGNE}chiffres.csv")
    assert page["Content-Type"] == "text/csv; charset=utf-8"
    assert page["Content-Disposition"] == 'attachment; filename="tocsin-exacts-region-53-2026.csv"'
    assert "no-store" in page["Cache-Control"]
    assert page.content.startswith(
        b"annee,tableau,ligne,mesure,valeur,periode_precedente,valeur_precedente\r\n"
        + "2026,Totaux de l’année,Déclarés,Nombre,2,Février et mars 2025,2\r\n".encode()
    )
    cells = {(line["tableau"], line["ligne"], line["mesure"]): line for line in read_lines(page)}
    expected = {
        ("Totaux de l’année", "Incidents", "Nombre"): ("2", "Février et mars 2025", "2"),
        ("Totaux de l’année", "Interruptions", "Nombre"): ("1", "Février et mars 2025", "0"),
        ("Mois par mois", "Février", "Incidents"): ("1", "2025", "2"),
        ("Mois par mois", "Mars", "Déclarés"): ("1", "2025", "0"),
        ("Incidents par type", "Hameçonnage", "Nombre"): ("1", "Février et mars 2025", "2"),
        ("Incidents par cause", "Prestataire compromis", "Nombre"): ("1", "Février et mars 2025", "0"),
        ("Durée des interruptions", "Moins de 4 heures", "Nombre"): ("1", "Février et mars 2025", "0"),
    }
    for key, value in expected.items():
        line = cells[key]
        assert (line["valeur"], line["periode_precedente"], line["valeur_precedente"]) == value, key
    bodies_line = cells["Collectivités, chacune comptée une fois", "Ayant déclaré un incident vérifié", "Nombre"]
    assert (bodies_line["valeur"], bodies_line["valeur_precedente"]) == ("1", "3")
    assert bodies_line["periode_precedente"] == "Février à décembre 2025"
    rate = cells["Taux de collectivités ayant déclaré un incident vérifié", "Collectivités de la région", "Taux"]
    assert rate["valeur"] == f"{1 / 1267:.6f}"
    assert rate["valeur_precedente"] == f"{3 / 1267:.6f}"
    assert not [key for key in cells if "Panne" in key[1] or "Octobre" in key[1] or "Ensemble" in key[1]]
    assert len(cells) == len(read_lines(page))


def count_help_delays(client, url):
    lines = read_lines(download(client, f"{url}chiffres.csv"))
    table = "Délai entre la déclaration et la prise en charge"
    return {line["ligne"]: line["valeur"] for line in lines if line["tableau"] == table and line["valeur"] != "0"}


def declare_and_take_in_two_hours(clock, lead):
    incident = declare()
    verify_incident(reference=incident.reference, actor=lead)
    clock.shift(timedelta(hours=2))
    acknowledge_incident(reference=incident.reference, actor=lead)
    return incident


def test_a_case_put_back_and_taken_again_keeps_its_delay(client):
    lead = a_lead(breizh_cyber())
    with time_machine.travel(paris_time(2026, 2, 2, 9), tick=False) as clock:
        incident = declare_and_take_in_two_hours(clock, lead)
        for act, details in [
            (assign_incident, {"assignee": None}),
            (acknowledge_incident, {}),
            (close_incident, {"reason": "resolved", "why": "Vu."}),
            (reopen_incident, {"motive": "Cela recommence."}),
        ]:
            clock.shift(timedelta(days=8))
            client.force_login(lead)  # a session lasts two weeks
            act(reference=incident.reference, actor=lead, **details)
            fold_new_events()
            assert count_help_delays(client, OWN) == {"De 1 à 4 heures": "1"}, act.__name__
    assert verify_figures().differences == []


def test_a_case_that_another_centre_accepts_keeps_its_delay(client):
    lead, taker = a_lead(breizh_cyber()), a_lead(create_other_centre())
    client.force_login(taker)
    with time_machine.travel(paris_time(2026, 2, 2, 9), tick=False) as clock:
        incident = declare_and_take_in_two_hours(clock, lead)
        clock.shift(timedelta(days=20))
        accept_transfer(uid=propose_transfer(incident, lead).uid, actor=taker)
    fold_new_events()
    assert count_help_delays(client, OWN) == {"De 1 à 4 heures": "1"}


def test_a_file_is_of_the_chosen_year(client, national):
    """2025 is the first year: there is nothing beside it."""
    store_two_years()
    page = download(client, f"{BRETAGNE}chiffres.csv", annee="2025")
    assert page["Content-Disposition"] == 'attachment; filename="tocsin-exacts-region-53-2025.csv"'
    lines = read_lines(page)
    assert {line["annee"] for line in lines} == {"2025"}
    assert {(line["periode_precedente"], line["valeur_precedente"]) for line in lines} == {("", "")}
    assert client.get(f"{BRETAGNE}chiffres.csv", {"annee": "2024"}).status_code == 404
    assert f'href="{BRETAGNE}chiffres.xlsx?annee=2025"' in client.get(BRETAGNE, {"annee": "2025"}).content.decode()


def test_a_spreadsheet_has_a_sheet_for_each_table(client, national):
    store_two_years()
    page = download(client, f"{NATION}chiffres.xlsx")
    assert page["Content-Type"] == XLSX
    assert page["Content-Disposition"] == 'attachment; filename="tocsin-exacts-france-2026.xlsx"'
    book = read_book(page)
    assert book.sheetnames == [
        *["À lire", "Totaux", "Collectivités", "Mois", "Régions", "Types", "États des fuites", "Causes"],
        *["Services", "Durées", "Personnes", "Découverte", "Prise en charge", "Clôture", "Taux"],
    ]
    assert book.properties.title == "Chiffres exacts, en France, 2026"
    notice = [cell.value for (cell,) in book["À lire"].iter_rows()]
    assert notice[0] == "Chiffres exacts, en France, 2026"
    assert bind_words("Une case vide, dans le tableau des mois : avant le service.") in notice
    assert "Ces nombres sont exacts et peuvent désigner une commune. Ne les publiez pas." in notice
    assert [line for line in notice if "mêmes mois" in line and "en février et mars 2025" in line]


@time_machine.travel(paris_time(2026, 4, 1, 9), tick=False)
def test_a_file_made_on_the_first_day_of_a_month_has_its_date_with_an_ordinal(client, national):
    store_two_years()
    notice = [cell.value for (cell,) in read_book(download(client, f"{NATION}chiffres.xlsx"))["À lire"].iter_rows()]
    assert bind_words("Fichier fait le 1er avril 2026, 09:00 (heure de Paris). Sa lecture est notée.") in notice


def test_the_months_before_the_service_are_empty_in_the_files(client, national):
    """The service began in February 2025."""
    store_two_years()
    lines = read_lines(download(client, f"{BRETAGNE}chiffres.csv", annee="2025"))
    months = {(line["ligne"], line["mesure"]): line["valeur"] for line in lines if line["tableau"] == "Mois par mois"}
    assert (months["Janvier", "Incidents"], months["Février", "Incidents"], months["Mars", "Incidents"]) == (
        "",
        "2",
        "0",
    )
    book = read_book(download(client, f"{BRETAGNE}chiffres.xlsx", annee="2025"))
    rows = [[cell.value for cell in row][:3] for row in book["Mois"].iter_rows(min_row=2, max_row=4)]
    assert rows == [["Janvier", None, None], ["Février", 2, 2], ["Mars", 0, 0]]
    notice = [cell.value for (cell,) in book["À lire"].iter_rows()]
    assert bind_words("Le service a commencé en février 2025 : l’année 2025 n’est pas entière.") in notice


def test_each_measure_has_a_total_or_a_table_on_the_page():
    """Leaks that were found to be none are a row of the states of leaks."""
    measures = {breakdown.measure for breakdown in BREAKDOWNS.values()}
    assert {*Totals._fields, *measures, Measure.UNFOUNDED} == set(Measure)


def test_each_table_is_on_the_page():
    page = PAGE.read_text()
    assert [name for name in BREAKDOWNS if f"with table=tables.{name} %}}" not in page] == []


def test_a_sheet_holds_numbers_under_a_row_that_stays(client, national):
    store_two_years()
    book = read_book(download(client, f"{BRETAGNE}chiffres.xlsx"))
    months = book["Mois"]
    heads = ["Mois", "Déclarés, 2026", "Déclarés, 2025", "Incidents, 2026", "Incidents, 2025", "Signalements, 2026"]
    assert [cell.value for cell in months[1]][:6] == heads
    assert [[cell.value for cell in row][:5] for row in months.iter_rows(min_row=2)] == [
        ["Janvier", 0, None, 0, None],
        ["Février", 1, 2, 1, 2],
        ["Mars", 1, 0, 1, 0],
        ["Ensemble", 2, 2, 2, 2],
    ]
    assert months.freeze_panes == "B2"
    assert months["B3"].number_format == "#,##0"
    assert months["A5"].font.bold
    assert months.column_dimensions["A"].width >= len("Ensemble")
    types = book["Types"]
    assert [[cell.value for cell in row] for row in types.iter_rows()] == [
        ["Type", "Nombre, 2026", "Nombre, février et mars 2025"],
        ["Hameçonnage", 1, 2],
        ["Rançongiciel", 1, 0],
    ]
    (rate,) = [row for row in book["Taux"].iter_rows(min_row=2) if row[0].value == "Collectivités de la région"]
    assert rate[5].value == pytest.approx(1 / 1267)
    assert rate[6].value == pytest.approx(3 / 1267)
    assert rate[5].number_format == "0.00%"
    assert book["Taux"]["G1"].value == "Taux, février à décembre 2025"
    for sheet in book:
        assert sheet.sheet_view.pane or sheet.title == "À lire"
        for row in sheet.iter_rows():
            assert not [cell for cell in row if cell.data_type == "f"]


def test_no_cell_is_a_formula(client, national):
    store_two_years()
    Region.objects.filter(code="53").update(name='=HYPERLINK("http://evil.example")')
    lines = read_lines(download(client, f"{NATION}chiffres.csv"))
    (label,) = {line["ligne"] for line in lines if "HYPERLINK" in line["ligne"]}
    assert label == '\'=HYPERLINK("http://evil.example")'
    cell = read_book(download(client, f"{NATION}chiffres.xlsx"))["Régions"]["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (label, "s", None)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "\ra"])
def test_text_that_begins_like_a_formula_gets_an_apostrophe(text):
    assert neutralise_formula(text) == f"'{text}"
    assert neutralise_formula(f"a{text}") == f"a{text}"


def test_every_page_has_its_files(client, national):
    store_two_years()
    create_other_centre()
    for url, name in [(NATION, "france"), (BRETAGNE, "region-53"), (CENTRE, "centre-breizh-cyber")]:
        for suffix in ("csv", "xlsx"):
            page = download(client, f"{url}chiffres.{suffix}")
            assert page["Content-Disposition"] == f'attachment; filename="tocsin-exacts-{name}-2026.{suffix}"'
            assert f'href="{url}chiffres.{suffix}?annee=2026"' in client.get(url).content.decode()
    for suffix in ("ods", "CSV", "csv.exe", "xlsx/"):
        assert client.get(f"{BRETAGNE}chiffres.{suffix}").status_code == 404


def test_a_lead_of_two_centres_gets_one_file_of_both(client):
    centre, other_centre = breizh_cyber(), create_other_centre()
    lead = a_lead(centre)
    Membership.objects.create(user=lead, role=Role.LEAD, csirt=other_centre, since_on="2021-01-01")
    client.force_login(lead)
    store(
        [
            *one_each(bodies("53", 2), paris_time(2026, 1, 5), csirt=centre),
            *one_each(bodies("11", 1), paris_time(2026, 1, 5), csirt=other_centre),
        ]
    )
    fold_new_events()
    page = download(client, f"{OWN}chiffres.csv")
    assert page["Content-Disposition"] == 'attachment; filename="tocsin-exacts-mon-centre-2026.csv"'
    assert read_lines(page)[0]["valeur"] == "3"
    assert set(ExactReading.objects.values_list("csirt", flat=True)) == {centre.pk, other_centre.pk}


def test_downloading_a_file_is_recorded_like_reading_the_page(client, national):
    store_two_years()
    with time_machine.travel(paris_time(2026, 3, 20, 9), tick=False) as clock:
        client.get(f"{BRETAGNE}chiffres.csv")
        client.get(f"{BRETAGNE}chiffres.xlsx")
        client.get(BRETAGNE)
        clock.shift(61)
        client.get(f"{NATION}chiffres.xlsx", {"annee": "2025"})
        client.get(f"{NATION}chiffres.pdf")
    readings = ExactReading.objects.order_by("pk").values_list("user", "csirt__slug", "region__code", "year")
    assert list(readings) == [(national.pk, None, "53", 2026), (national.pk, None, None, 2025)]


def test_a_person_who_is_not_entitled_gets_a_404_and_no_reading_is_recorded(client):
    store_two_years()
    client.force_login(a_person(Role.ANALYST, region=Region.objects.get(code="53")))
    for url in (NATION, BRETAGNE, CENTRE, OWN):
        for suffix in ("csv", "xlsx"):
            assert client.get(f"{url}chiffres.{suffix}").status_code == 404
    assert not ExactReading.objects.exists()


def test_a_year_without_cases_has_a_file_too(client, national):
    lines = read_lines(download(client, f"{NATION}chiffres.csv"))
    assert {line["valeur"] for line in lines if line["tableau"] == "Totaux de l’année"} == {"0"}
    assert read_book(download(client, f"{NATION}chiffres.xlsx"))["Mois"]["D2"].value == 0


@pytest.mark.parametrize("number", [2, 50])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_file_costs_the_same_whatever_the_number_of_cases(client, national, suffix, number):
    fields = {"csirt": breizh_cyber(), "hours": (2,)}
    town_halls = bodies("53", number)
    store(
        [
            *one_each(town_halls, paris_time(2026, 1, 5), **fields),
            *one_each(town_halls, paris_time(2025, 1, 5), **fields),
        ]
    )
    fold_new_events()
    for url in (NATION, BRETAGNE, CENTRE):
        with CaptureQueriesContext(connection) as queries:
            download(client, f"{url}chiffres.{suffix}")
        # Only a test, which is one transaction, needs the savepoint of the security event.
        assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) <= 20
