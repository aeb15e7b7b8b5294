"""The declarant sees who of the CSIRT has read the case; a responder sees what came since they read it."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership
from csirts.models import Coverage
from incidents.access import CaseVisitor
from incidents.enums import ActorKind, ClosingReason, EventKind
from incidents.models import Incident, IncidentEvent, Reading
from incidents.services.correspondence.correspond import Letter, write_to_csirt
from incidents.services.handling.close import close_incident
from incidents.services.handling.readings import record_reading
from incidents.services.history.record import record_event
from incidents.services.transfer import reroute
from incidents.triage import admin
from incidents.triage.case import acknowledge as views
from tests.cast import a_person, a_responder, an_agent, bretagne, declare, finistere
from tests.incidents.devices import QUEUE, follow_up_url, open_by_link, sign_in_as
from tests.incidents.transferring import create_other_centre
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

NEW = '<span class="pill pill--going">nouveau</span>'


def write(incident, words="Du nouveau"):
    visitor = CaseVisitor(access_uid=incident.accesses.get(revoked_at=None).uid)
    write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text=words, key="k"))


def html(response):
    return response.content.decode()


def test_the_declarant_sees_who_has_read_the_case(incident):
    declarant, responder = open_by_link(incident), a_responder()
    assert "Personne ne l’a encore lue ici." in read_text(declarant.get(follow_up_url(incident)))

    assert sign_in_as(responder).get(case_url(incident)).status_code == 200

    reading = Reading.objects.get()
    assert (reading.user, reading.incident) == (responder, incident)
    page_text = read_text(declarant.get(follow_up_url(incident)))
    assert "Breizh Cyber a lu votre déclaration" in page_text
    assert f"{responder.display_name}, Breizh Cyber, l’a ouverte le" in page_text
    assert responder.email not in page_text
    assert IncidentEvent.objects.count() == 1


def test_a_case_that_nobody_has_opened_is_marked_for_the_whole_centre(incident):
    colleague = sign_in_as(a_responder())
    assert NEW in html(colleague.get(QUEUE))
    reader = sign_in_as(a_responder())
    reader.get(case_url(incident))
    assert NEW not in html(colleague.get(QUEUE)), "a colleague has read it"
    close_incident(reference=declare().reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=a_responder())
    assert NEW not in html(colleague.get(QUEUE, {"etat": "clos"}))


def test_opening_the_telephone_page_counts_as_reading(incident):
    client, address = sign_in_as(a_responder()), f"/triage/{incident.reference}/"
    first = read_text(client.get(address))
    assert "depuis votre dernière lecture" not in first
    assert "avec ses messages" not in first
    assert Reading.objects.count() == 1
    write(incident)
    news = read_text(client.get(address))
    assert "depuis votre dernière lecture" in news
    assert "avec ses messages" in news
    assert "depuis votre dernière lecture" not in read_text(client.get(address))


def test_neither_the_queue_nor_a_head_request_counts_as_reading(incident):
    client = sign_in_as(a_responder())
    client.head(case_url(incident))
    client.get(QUEUE)
    assert not Reading.objects.exists()


def test_only_responders_of_the_centre_count_as_readers(incident):
    for person in (an_agent(), a_person(Role.ADMINISTRATOR), a_person(Role.NATIONAL)):
        record_reading(incident=incident, reader=person, at=timezone.now())
        sign_in_as(person).get(follow_up_url(incident))
        sign_in_as(person).get(case_url(incident))
    open_by_link(incident).get(follow_up_url(incident))
    assert not Reading.objects.exists()


def test_a_reading_is_recorded_once_a_minute_or_at_once_after_news(incident):
    responder, start = a_responder(), timezone.now()
    for seconds, read_at in ((0, 0), (30, 0), (70, 70), (80, 70)):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            record_reading(incident=incident, reader=responder, at=timezone.now())
        assert Reading.objects.get().last_at == start + timedelta(seconds=read_at)
    with time_machine.travel(start + timedelta(seconds=81), tick=False):
        write(incident)
    with time_machine.travel(start + timedelta(seconds=82), tick=False):
        record_reading(incident=incident, reader=responder, at=timezone.now())
    reading = Reading.objects.get()
    assert (reading.first_at, reading.last_at) == (start, start + timedelta(seconds=82))


@pytest.mark.parametrize(("module", "builder"), [(admin, "build_page_context"), (views, "build_acknowledge_context")])
def test_a_message_that_arrives_during_a_request_stays_new(incident, monkeypatch, module, builder):
    client = sign_in_as(a_responder())
    address = case_url(incident) if module is admin else f"/triage/{incident.reference}/"

    build_context = getattr(module, builder)

    def build_context_then_write(*args):
        context = build_context(*args)
        write(incident)
        return context

    monkeypatch.setattr(module, builder, build_context_then_write)
    assert "Du nouveau" not in read_text(client.get(address))
    monkeypatch.undo()

    assert NEW in html(client.get(QUEUE))
    assert NEW in html(client.get(case_url(incident)))
    assert NEW not in html(client.get(QUEUE))


def test_a_case_read_before_a_message_is_marked_new_for_each_reader(incident):
    camille, sacha = sign_in_as(a_responder()), sign_in_as(a_responder())
    camille.get(case_url(incident))
    assert NEW not in html(camille.get(QUEUE))
    write(incident)
    assert NEW in html(camille.get(QUEUE))
    assert NEW in html(camille.get(case_url(incident)))
    assert NEW not in html(camille.get(QUEUE))
    assert NEW not in html(camille.get(case_url(incident)))
    assert NEW in html(sacha.get(QUEUE))


@pytest.mark.parametrize("number", [2, 49])
def test_the_marks_cost_no_query_per_row(incident, django_assert_max_num_queries, number):
    client = sign_in_as(a_responder())
    for _ in range(number):
        write(declare())
    client.get(QUEUE)
    with django_assert_max_num_queries(10):
        response = client.get(QUEUE)
    assert html(response).count(NEW) == number + 1, "the case of the fixture is new too"
    assert Client().get(QUEUE).status_code == 302


@pytest.mark.parametrize(("kind", "anchor"), [(EventKind.FACTS, "reponses"), (EventKind.FILE, "pieces")])
def test_the_mark_links_to_what_is_new(incident, kind, anchor):
    client = sign_in_as(a_responder())
    client.get(case_url(incident))
    now = timezone.now()
    with transaction.atomic():
        data = {"section": "recit"} if kind == EventKind.FACTS else {"evidence": "x", "sha256": "y"}
        record_event(incident, kind, at=now, actor=None, by=ActorKind.DECLARANT, **data)
        Incident.objects.filter(pk=incident.pk).update(declarant_wrote_at=now)
    page_html = html(client.get(case_url(incident)))
    assert f'<a href="#{anchor}">Du nouveau depuis votre dernière lecture</a>' in page_html
    assert '<h2 id="echanges">Échanges avec le déclarant</h2>' in page_html


def reroute_to_other_centre():
    """Move the open cases that nobody took to another centre, and return that centre."""
    centre = create_other_centre()
    ground = {"region": bretagne(), "departement": finistere(), "valid": DateRange(None, None)}
    Coverage.objects.create(csirt=centre, source="essai", **ground)
    assert reroute.reroute_cases()
    return centre


@pytest.mark.usefixtures("follow_changes_at_once")
def test_a_reading_by_the_former_centre_does_not_count_for_the_new_one(incident):
    former = a_responder()
    sign_in_as(former).get(case_url(incident))
    centre = reroute_to_other_centre()
    reader, colleague = a_responder(centre), sign_in_as(a_responder(centre))
    assert NEW in html(colleague.get(QUEUE))

    page = sign_in_as(reader).get(case_url(incident))
    assert "personne avant vous" in read_text(page)
    assert former.display_name not in read_text(page)

    assert NEW not in html(colleague.get(QUEUE))
    assert reader.display_name in read_text(colleague.get(case_url(incident)))


@pytest.mark.usefixtures("follow_changes_at_once")
def test_a_person_of_both_centres_reads_the_case_again_for_the_new_one(incident):
    person = a_responder()
    client, address = sign_in_as(person), f"/triage/{incident.reference}/"
    client.get(address)
    first = Reading.objects.get()
    centre = reroute_to_other_centre()
    Membership.objects.create(user=person, role=Role.RESPONDER, csirt=centre, since_on=date(2022, 1, 1))
    colleague = sign_in_as(a_responder(centre))

    for page in (address, case_url(incident)):
        assert NEW in html(colleague.get(QUEUE))
        assert NEW in html(client.get(QUEUE))
        assert client.get(case_url(incident, "formulaire", "gravite")).status_code == 302
        assert NEW in html(colleague.get(QUEUE))
        client.get(page)
        assert NEW not in html(colleague.get(QUEUE))
        assert NEW not in html(client.get(QUEUE))
        reading = Reading.objects.get()
        assert (reading.csirt, reading.first_at) == (centre, first.first_at)
        assert reading.last_at > first.last_at
        Reading.objects.update(csirt=first.csirt, last_at=first.last_at)


def test_a_reading_by_somebody_who_left_the_centre_later_still_counts(incident):
    """Two roles of the same person do not list them twice."""
    reader = a_responder()
    roles = Membership.objects.filter(user=reader)
    Membership.objects.create(user=reader, role=Role.LEAD, csirt=incident.csirt, since_on=date(2022, 1, 1))
    sign_in_as(reader).get(case_url(incident))
    roles.update(ended_on=timezone.localdate())

    colleague = sign_in_as(a_responder())
    assert NEW not in html(colleague.get(QUEUE))
    assert read_text(colleague.get(case_url(incident))).count(f"{reader.display_name}, ") == 2
