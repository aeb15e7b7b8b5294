"""A person asks to read, correct or erase their data: the centre notes it with its proof, and answers it."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership
from csirts.models import Csirt
from incidents.models import Incident
from retention.enums import DataKind
from retention.models import DataRequest
from tests.cast import a_lead, a_person, a_responder, breizh_cyber, declare
from tests.reading import read_text
from tests.retention.asking import ADD, LIST, make_fields
from tests.retention.purging import FIVE_YEARS, purge_now, refuse

ANSWER = {"outcome": "done", "answer": "Copie du dossier remise en main propre."}


@pytest.fixture
def noted_case(db: None) -> Incident:
    breizh_cyber()
    return declare()


@pytest.fixture
def lead_client(noted_case: Incident) -> Client:
    client = Client()
    client.force_login(a_lead())
    return client


def test_a_lead_notes_a_request_with_its_proof_and_answers_it(lead_client, noted_case):
    assert lead_client.post(ADD, make_fields(noted_case)).status_code == 302
    row = DataRequest.objects.get()
    assert (row.answer_by, row.reference, row.outcome) == (date(2026, 2, 28), noted_case.reference, "")
    assert "Nour Exemple" in read_text(lead_client.get(LIST))
    page = f"{LIST}{row.pk}/change/"
    assert "Carte vue au guichet" in read_text(lead_client.get(page))
    assert lead_client.post(page, ANSWER).status_code == 302
    row.refresh_from_db()
    assert (row.outcome, row.answer) == ("done", ANSWER["answer"])
    assert row.answered_by == row.taken_by
    assert row.answered_at


@pytest.mark.parametrize(
    "wrong",
    [
        *[{"proof": " "}, {"asker": ""}, {"kind": "other"}, {"reference": "ZZZZZZZZ"}, {"received_on": "hier"}],
        *[{"received_on": "31/12/9999"}, {"received_on": "24/05/2018"}, {"received_on": "01/01/0001"}],
    ],
)
def test_a_request_without_proof_or_of_another_case_is_refused(lead_client, noted_case, wrong):
    assert lead_client.post(ADD, make_fields(noted_case, **wrong)).status_code == 200
    assert not DataRequest.objects.exists()


@pytest.mark.parametrize("answer", [{"outcome": "", "answer": "x"}, {"outcome": "done", "answer": " "}])
def test_an_answer_says_what_was_done(lead_client, noted_case, answer):
    lead_client.post(ADD, make_fields(noted_case))
    row = DataRequest.objects.get()
    assert lead_client.post(f"{LIST}{row.pk}/change/", answer).status_code == 200
    assert DataRequest.objects.get().answered_at is None


def test_an_answered_request_is_never_changed(lead_client, noted_case):
    lead_client.post(ADD, make_fields(noted_case))
    page = f"{LIST}{DataRequest.objects.get().pk}/change/"
    lead_client.post(page, ANSWER)
    assert lead_client.post(page, ANSWER | {"answer": "Autre chose"}).status_code == 403
    assert "Enregistrer" not in read_text(lead_client.get(page))
    assert DataRequest.objects.get().answer == ANSWER["answer"]
    refuse("UPDATE retention_datarequest SET answer = 'x'")


def test_the_list_names_late_requests_and_finds_those_that_wait(lead_client, noted_case):
    for asker in ("Nour Exemple", "Alix Exemple"):
        lead_client.post(ADD, make_fields(noted_case, asker=asker))
    lead_client.post(f"{LIST}{DataRequest.objects.get(asker='Alix Exemple').pk}/change/", ANSWER)
    assert read_text(lead_client.get(LIST)).count("28 février 2026, en retard") == 1
    waiting, done = (read_text(lead_client.get(LIST, {"suite": value})) for value in ("attend", "done"))
    assert ("Nour Exemple" in waiting, "Alix Exemple" in waiting) == (True, False)
    assert ("Nour Exemple" in done, "Alix Exemple" in done) == (False, True)


def test_a_request_of_today_is_taken_and_one_of_tomorrow_is_not(lead_client, noted_case):
    for days, expected in ((1, 200), (0, 302)):
        day = timezone.localdate() + timedelta(days=days)
        assert lead_client.post(ADD, make_fields(noted_case, received_on=f"{day:%d/%m/%Y}")).status_code == expected
    assert DataRequest.objects.get().received_on == timezone.localdate()


def test_the_database_refuses_a_request_from_before_the_gdpr(lead_client, noted_case):
    lead_client.post(ADD, make_fields(noted_case))
    with pytest.raises(IntegrityError, match="received_under_gdpr"):
        DataRequest.objects.update(received_on=date(2018, 5, 24))


def test_the_case_of_a_request_is_of_the_centre_that_answers(noted_case):
    """The lead of two centres chooses one."""
    lead, elsewhere = a_lead(), Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    Membership.objects.create(user=lead, role=Role.LEAD, csirt=elsewhere)
    client = Client()
    client.force_login(lead)
    page = client.post(ADD, make_fields(noted_case, csirt=elsewhere.pk))
    assert "Aucun dossier de ce centre" in read_text(page)
    assert client.post(ADD, make_fields(noted_case)).status_code == 302


def test_each_centre_reads_its_own_requests(lead_client, noted_case):
    lead_client.post(ADD, make_fields(noted_case))
    row = DataRequest.objects.get()
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    people = {a_lead(elsewhere): 404, a_responder(): 404, a_person(Role.ADMINISTRATOR): 404}
    for person, status in people.items():
        client = Client()
        client.force_login(person)
        assert client.get(f"{LIST}{row.pk}/change/").status_code == status
        assert "Nour Exemple" not in read_text(client.get(LIST))


def test_the_administrator_answers_what_is_about_an_account(noted_case):
    client = Client()
    client.force_login(a_person(Role.ADMINISTRATOR))
    assert "référence" not in read_text(client.get(ADD))
    assert client.post(ADD, make_fields(noted_case)).status_code == 302
    row = DataRequest.objects.get()
    assert (row.csirt, row.reference) == (None, "")


def test_a_request_goes_five_years_after_its_answer(lead_client, noted_case):
    lead_client.post(ADD, make_fields(noted_case))
    with time_machine.travel(timezone.now() + FIVE_YEARS):
        assert purge_now(DataKind.REQUESTS) == 0
    lead_client.post(f"{LIST}{DataRequest.objects.get().pk}/change/", ANSWER)
    with time_machine.travel(timezone.now() + FIVE_YEARS):
        assert purge_now(DataKind.REQUESTS) == 1
    assert not DataRequest.objects.exists()
