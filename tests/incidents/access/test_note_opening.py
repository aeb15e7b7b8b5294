"""The declarant and other responders see who of the CSIRT has opened a piece."""

from datetime import timedelta

import pytest
import time_machine
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone

from csirts.routing import load_directory
from incidents.models import IncidentEvent, Opening
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.readings import record_file_opening
from tests.cast import a_lead, a_responder, an_agent, an_evidence_file
from tests.incidents.devices import sign_in_as
from tests.incidents.triage_pages import case_url
from tests.reading import read_text
from tests.superuser import act_as_superuser


def piece_url(piece):
    return f"/triage/{piece.incident.reference}/pieces/{piece.uid}/"


def follow_up_url(incident, page=""):
    return f"/suivi/{incident.reference}/{page}"


def test_the_declarant_and_colleagues_see_who_opened_a_file(incident, holder):
    piece, responder = an_evidence_file(incident), a_responder()
    assert "Ouverte" not in read_text(holder.get(follow_up_url(incident, "pieces/")))
    assert "Personne encore, sur ce site." in read_text(holder.get(follow_up_url(incident)))
    events = IncidentEvent.objects.count()

    assert sign_in_as(responder).get(piece_url(piece)).status_code == 200

    opening = Opening.objects.get()
    assert (opening.evidence, opening.user) == (piece, responder)
    assert IncidentEvent.objects.count() == events
    for page in ("", "pieces/"):
        page_text = read_text(holder.get(follow_up_url(incident, page)))
        assert f"Ouverte par {responder.display_name}, Breizh Cyber, le" in page_text
        assert responder.email not in page_text
    assert f"{responder.display_name} a ouvert une pièce, la dernière fois le" in read_text(
        holder.get(follow_up_url(incident))
    )
    assert f"Ouverte par {responder.display_name}, " in read_text(sign_in_as(a_responder()).get(case_url(incident)))


def test_an_opened_file_replaces_the_notice_that_nobody_has_read(incident, holder):
    responder = a_responder()
    record_file_opening(evidence=an_evidence_file(incident), reader=responder)
    page_text = read_text(holder.get(follow_up_url(incident)))
    assert f"{responder.display_name} a ouvert une pièce" in page_text
    assert "Personne encore, sur ce site." not in page_text


def test_each_opening_is_recorded_and_a_double_click_counts_once(incident, holder):
    piece, responder, start = an_evidence_file(incident), a_responder(), timezone.now()
    for seconds, number in ((0, 1), (30, 1), (70, 2), (200, 3)):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            record_file_opening(evidence=piece, reader=responder)
        assert Opening.objects.count() == number
    assert f"Ouverte 3 fois par {responder.display_name}" in read_text(holder.get(follow_up_url(incident, "pieces/")))


def test_a_request_without_content_records_no_opening(incident):
    piece = an_evidence_file(incident)
    assert sign_in_as(a_responder()).head(piece_url(piece)).status_code == 200
    assert sign_in_as(an_agent()).get(piece_url(piece)).status_code == 403
    assert Client().get(piece_url(piece)).status_code == 302
    sign_in_as(a_responder()).get(case_url(incident))
    assert not Opening.objects.exists()


def test_openings_outlive_the_texts_of_the_case(incident):
    piece, responder = an_evidence_file(incident), a_responder()
    record_file_opening(evidence=piece, reader=responder)
    erase_personal_data(reference=incident.reference, actor=a_lead())
    opening = Opening.objects.get()
    assert (opening.evidence, opening.user) == (piece, responder)


@pytest.mark.parametrize("statement", ["UPDATE {} SET at = now()", "DELETE FROM {}", "TRUNCATE {}"])
def test_openings_cannot_be_changed(incident, statement):
    record_file_opening(evidence=an_evidence_file(incident), reader=a_responder())
    connection.check_constraints()  # TRUNCATE would be refused while checks are pending
    with act_as_superuser(), pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement.format("incidents_opening"))
    assert Opening.objects.count() == 1


@pytest.mark.parametrize("many", [2, 50])
def test_the_pages_cost_the_same_with_fifty_openings(incident, holder, many, django_assert_max_num_queries):
    piece = an_evidence_file(incident)
    for _ in range(many):
        record_file_opening(evidence=piece, reader=a_responder())
    load_directory(timezone.localdate())  # read once a process, not for each page
    for page, most in (("", 20), ("pieces/", 10)):
        with django_assert_max_num_queries(most):
            assert read_text(holder.get(follow_up_url(incident, page))).count("Ouverte par") == many
    responder = sign_in_as(a_responder())
    with django_assert_max_num_queries(35):
        assert read_text(responder.get(case_url(incident))).count("Ouverte par") == many
