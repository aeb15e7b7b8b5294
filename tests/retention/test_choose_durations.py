"""The administration chooses durations within the bounds of the table, and everybody reads them."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.french import NBSP, format_day
from retention.choices import choose_duration
from retention.durations import describe_durations, spell_months, subtract_months
from retention.enums import DataKind
from retention.models import RetentionChoice
from retention.table import KINDS
from tests.cast import a_lead, breizh_cyber, declare
from tests.reading import read_text
from tests.retention.purging import close, refuse, run_night
from tests.stats.cases import paris_time

ADD = "/admin/retention/retentionchoice/add/"
ONE_YEAR = {"kind": DataKind.CASES, "months": "12", "reason": "Le délégué le demande."}


@pytest.fixture
def administrator_client(chooser: User) -> Client:
    client = Client()
    client.force_login(chooser)
    return client


def test_the_administrator_chooses_how_long_closed_cases_last(administrator_client, chooser, client):
    breizh_cyber()
    case = close(declare())
    assert "Dossiers clos, 5 ans après la clôture" in read_text(client.get("/vos-donnees/"))
    assert "Dossiers clos : 5 ans (1 an à 10 ans)" in read_text(administrator_client.get(ADD))
    assert administrator_client.post(ADD, ONE_YEAR).status_code == 302
    choice = RetentionChoice.objects.get()
    assert choice.effective_at == choice.chosen_at + timedelta(days=30)
    assert (choice.months, choice.reason, choice.chosen_by) == (12, ONE_YEAR["reason"], chooser)
    page = read_text(administrator_client.get("/admin/retention/retentionchoice/"))
    assert "1 an" in page
    assert ONE_YEAR["reason"] in page
    notice = read_text(client.get("/vos-donnees/"))
    assert "Dossiers clos, 5 ans après la clôture" in notice
    day = format_day(timezone.localtime(choice.effective_at))
    assert f"Une durée plus courte a été choisie : 1 an à partir du {day}." in notice
    run_night(after=timedelta(days=360))
    assert not case.events.filter(kind="erased").exists()
    with time_machine.travel(choice.effective_at + timedelta(minutes=1)):
        assert "Dossiers clos, 1 an après la clôture" in read_text(client.get("/vos-donnees/"))
    run_night(after=timedelta(days=367))
    assert case.events.filter(kind="erased").exists()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"months": "11"}, "La durée doit être entre 1 an et 10 ans."),
        ({"months": "121"}, "La durée doit être entre 1 an et 10 ans."),
        ({"kind": DataKind.DRAFTS}, "Sélectionnez un choix valide"),
        ({"reason": "  "}, "Ce champ est obligatoire"),
    ],
)
def test_a_duration_outside_its_bounds_or_without_reason_is_refused(administrator_client, fields, problem):
    refused = administrator_client.post(ADD, ONE_YEAR | fields)
    assert refused.status_code in (200, 422)
    assert problem in read_text(refused)
    assert not RetentionChoice.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"kind": DataKind.SESSIONS}, {"months": 0}, {"months": 999}, {"reason": " "}, {"reason": "x" * 301}]
)
def test_the_service_refuses_what_the_form_refuses(chooser, wrong):
    choice = {"kind": DataKind.CASES, "months": 24, "reason": "Essai", "actor": chooser}
    with pytest.raises(ValidationError):
        choose_duration(**(choice | wrong))


def test_the_newest_choice_counts_and_none_is_ever_changed(administrator_client, client):
    for months in ("72", "84"):
        administrator_client.post(ADD, ONE_YEAR | {"months": months})
    assert "Dossiers clos, 7 ans après" in read_text(client.get("/vos-donnees/"))
    for statement in ("UPDATE retention_retentionchoice SET months = 9", "DELETE FROM retention_retentionchoice"):
        refuse(statement)


def test_nobody_but_the_administration_chooses(db):
    client = Client()
    client.force_login(a_lead())
    assert client.post(ADD, ONE_YEAR).status_code == 403
    assert not RetentionChoice.objects.exists()


def test_a_choice_under_other_bounds_counts_as_the_nearest_bound(chooser):
    now = timezone.now()
    RetentionChoice.objects.create(
        kind=DataKind.CASES, months=240, reason="Avant", chosen_by=chooser, chosen_at=now, effective_at=now
    )
    assert describe_durations()[0].term.startswith("10 ans")


def test_the_page_shows_each_kind_with_its_end_and_its_reason(client, db):
    page = read_text(client.get("/vos-donnees/"))
    for kind in KINDS:
        assert kind.code.label in page.lower()
        assert kind.ending.replace(NBSP, " ") in page
        assert kind.basis.replace(NBSP, " ") in page
    assert {kind.code for kind in KINDS} == set(DataKind)


def test_months_are_counted_on_the_calendar():
    assert subtract_months(paris_time(2026, 3, 31), 1) == paris_time(2026, 2, 28)
    assert subtract_months(paris_time(2024, 2, 29), 12) == paris_time(2023, 2, 28)
    assert subtract_months(paris_time(2026, 1, 15), 13) == paris_time(2024, 12, 15)
    assert [spell_months(number) for number in (1, 12, 18, 60)] == ["1 mois", "1 an", "18 mois", "5 ans"]
