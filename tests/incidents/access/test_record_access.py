"""Each access of a centre's people to the words of a case is recorded, by any door; the declarant sees the list."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from incidents.access import get_incident
from incidents.enums import Ability, CaseFormCode, Door, ObservableKind
from incidents.models import CaseAccess, Incident, Reading
from incidents.services.duplicates.merge import merge_incident
from incidents.services.handling.unsent_text import Pen
from incidents.services.search.index import index_pending_events
from incidents.services.transfer.proposal import accept_transfer
from incidents.triage.work.unsent_text import delete_sent_text
from tests.cast import a_person, a_responder, an_agent, an_evidence_file, declare
from tests.factories.accounts import make_api_token
from tests.incidents.devices import open_by_link, sign_in_as
from tests.incidents.observing import an_observable, declare_elsewhere
from tests.incidents.transferring import offer_url, propose_transfer
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db


def list_accesses():
    return list(CaseAccess.objects.order_by("id").values_list("incident__reference", "user", "csirt__slug", "door"))


def follow_up_url(incident, *parts):
    return "/".join([f"/suivi/{incident.reference}", *parts, ""])


def test_each_page_that_shows_a_case_records_the_access(client, responder, incident, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    for address, door in (
        (case_url(incident), Door.CASE),
        (case_url(incident, "histoire"), Door.HISTORY),
        (case_url(incident, "messages"), Door.MESSAGES),
        (case_url(incident, "indicateurs"), Door.OBSERVABLES),
        (case_url(incident, "cloture"), Door.CLOSING),
        (follow_up_url(incident), Door.FOLLOW_UP),
        (follow_up_url(incident, "pieces"), Door.FILES),
        (follow_up_url(incident, "dossier"), Door.PACK),
    ):
        time_machine.shift(timedelta(minutes=5))
        assert client.get(address).status_code == 200
        assert list_accesses()[-1] == (incident.reference, responder.pk, "breizh-cyber", door), address
    assert len(list_accesses()) == 8

    page_text = read_markup(open_by_link(incident).get(follow_up_url(incident)))
    assert f"<b>{responder.display_name}</b>, Breizh Cyber<br>" in page_text
    for door in (Door.CASE, Door.HISTORY, Door.MESSAGES, Door.OBSERVABLES, Door.CLOSING, Door.FOLLOW_UP, Door.PACK):
        assert f"{door.label}, le " in page_text
    assert "Chaque lecture sur ce site est notée" in page_text
    assert "Le centre reçoit aussi vos mots par mail : cette liste ne dit pas qui les lit." in page_text.replace(
        "\xa0", " "
    )


def test_a_value_shown_beside_another_case_records_the_access(client, responder, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    incident, same_value, on_host, elsewhere = declare(), declare(), declare(), declare_elsewhere()
    row = an_observable(incident, "evil.example")
    an_observable(same_value, "evil.example")
    an_observable(on_host, "agent@evil.example", ObservableKind.EMAIL)
    an_observable(elsewhere, "chef@evil.example", ObservableKind.EMAIL)
    access = (on_host.reference, responder.pk, "breizh-cyber", Door.OBSERVABLES)

    look_up_url = "/admin/incidents/incident/indicateurs/"
    looked_up = client.post(look_up_url, {"text": "evil.example"})
    assert "agent[@]evil[.]example" in read_markup(looked_up)
    assert list_accesses() == [access], "the value that the reader typed shows nothing new of the others"

    client.post(look_up_url, {"text": "evil.example"})
    assert list_accesses() == [access], "the same access"
    time_machine.shift(timedelta(minutes=5))
    assert "agent[@]evil[.]example" in read_markup(client.get(case_url(incident, "indicateurs", str(row.uid))))
    assert list_accesses() == [access, (incident.reference, *access[1:]), access]


def test_a_red_case_is_not_said_to_reach_the_centre_by_mail(client, responder, incident):
    Incident.objects.filter(pk=incident.pk).update(tlp="red")
    client.get(case_url(incident))
    assert "vos mots par mail" not in read_markup(open_by_link(incident).get(follow_up_url(incident)))


def test_reading_by_the_api_is_recorded_and_shown_to_the_declarant(responder, incident):
    token = {"Authorization": f"Bearer {make_api_token(responder)}"}
    assert "Personne ne l’a encore lue ici." in read_markup(open_by_link(incident).get(follow_up_url(incident)))

    assert Client().get(f"/api/v1/incidents/{incident.reference}/", headers=token).status_code == 200

    assert list_accesses() == [(incident.reference, responder.pk, "breizh-cyber", Door.API)]
    page_text = read_markup(open_by_link(incident).get(follow_up_url(incident)))
    assert "Breizh Cyber a lu votre déclaration" in page_text
    assert f"{responder.display_name}, Breizh Cyber, l’a ouverte le" in page_text
    assert not Reading.objects.exists(), "no page of the triage was open"


def test_reloads_within_a_minute_share_one_row(client, responder, incident, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    for seconds, expected in ((0, 1), (30, 1), (29, 1), (2, 2)):
        time_machine.shift(timedelta(seconds=seconds))
        client.get(case_url(incident))
        assert CaseAccess.objects.count() == expected
    for row in CaseAccess.objects.all():
        assert row.until - row.at == timedelta(minutes=1)
    assert "2 fois : la première le" in read_markup(open_by_link(incident).get(follow_up_url(incident)))


def test_recording_an_access_costs_one_statement(responder, incident):
    assert responder.readable_centre_ids
    costs = []
    for to in (Ability.WORK, Ability.VIEW):
        with CaptureQueriesContext(connection) as queries:
            get_incident(responder, incident.reference, to=to)
        costs.append([query["sql"] for query in queries if "incidents_caseaccess" in query["sql"]])
    assert [len(cost) for cost in costs] == [1, 1]


def test_requests_that_show_no_text_of_a_case_are_not_recorded(client, responder, incident):
    client.post(case_url(incident, "presence"), {"seen": ""})
    client.get("/admin/incidents/incident/etat/")
    client.post(case_url(incident, "prendre"))
    written = {"reponse-text": "Ne redémarrez rien.", "stylo": "a", "trait": "1"}
    assert (
        client.post(case_url(incident, "garder"), written, headers={"accept": "application/json"}).status_code == 200
    )
    assert client.post(case_url(incident, "garder"), written).status_code == 302
    assert client.post(case_url(incident, "verifier"), written | {"verifier-source": "known"}).status_code == 302
    assert list_accesses() == []


def test_deleting_a_stored_text_is_not_recorded(responder, incident):
    delete_sent_text(responder, incident.reference, CaseFormCode.NOTE, Pen(name="a", stroke=2))
    assert list_accesses() == []


def test_an_excerpt_in_a_search_is_recorded_but_is_no_reading(client, responder):
    matching, other = declare(description="Une tête de mort verte."), declare(description="Rien de tel.")
    index_pending_events()
    client.get("/admin/incidents/incident/recherche/", {"q": "mort verte"})
    assert list_accesses() == [(matching.reference, responder.pk, "breizh-cyber", Door.SEARCH)]
    page_text = read_markup(open_by_link(matching).get(follow_up_url(matching)))
    assert "un extrait, dans une recherche, le" in page_text
    assert "Personne ne l’a encore lue ici." in page_text
    assert other.reference not in dict.fromkeys(row[0] for row in list_accesses())


def test_access_to_a_duplicate_is_recorded_when_its_main_case_shows_its_text(client, responder):
    main, duplicate = declare(), declare(description="Le même, vu de la cantine.")
    merge_incident(reference=duplicate.reference, into=main.reference, actor=responder)
    assert "vu de la cantine" not in read_markup(client.get(f"/triage/{main.reference}/"))
    assert [row[0] for row in list_accesses()] == [main.reference], "that page does not show them"
    assert "vu de la cantine" in read_markup(client.get(case_url(main)))
    assert list_accesses() == [
        (main.reference, responder.pk, "breizh-cyber", Door.CASE),
        (duplicate.reference, responder.pk, "breizh-cyber", Door.BESIDE),
    ]


def test_comparing_two_cases_records_both(client, responder):
    first, second = declare(), declare()
    client.get(case_url(first, "fusionner"), {"avec": second.reference})
    assert {(row[0], row[3]) for row in list_accesses()} == {
        (first.reference, Door.BESIDE),
        (second.reference, Door.BESIDE),
    }


def test_an_access_by_the_former_centre_is_recorded_as_such(giver, taker, incident):
    transfer = propose_transfer(incident, giver)
    accept_transfer(uid=transfer.uid, actor=taker)
    assert sign_in_as(giver).get(offer_url(transfer, "dossier")).status_code == 200
    assert list_accesses() == [(incident.reference, giver.pk, "breizh-cyber", Door.FORMER)]
    assert f"<b>{giver.display_name}</b>, Breizh Cyber<br>" in read_markup(
        open_by_link(incident).get(follow_up_url(incident))
    )


def test_opening_a_file_is_recorded(client, responder, incident):
    piece = an_evidence_file(incident)
    client.get(f"/triage/{incident.reference}/pieces/{piece.uid}/")
    assert (incident.reference, responder.pk, "breizh-cyber", Door.FILES) in list_accesses()


def test_a_responder_who_reads_by_the_link_is_recorded(incident):
    """Somebody who holds the code of a case and works at its centre is recorded by name."""
    device, responder = open_by_link(incident), a_responder()
    device.force_login(responder)
    assert device.get(follow_up_url(incident)).status_code == 200
    assert list_accesses() == [(incident.reference, responder.pk, "breizh-cyber", Door.FOLLOW_UP)]


def test_only_people_of_the_centre_are_recorded(incident):
    open_by_link(incident).get(follow_up_url(incident))
    for person in (an_agent(incident.collectivity), a_person(Role.ADMINISTRATOR), a_person(Role.NATIONAL)):
        sign_in_as(person).get(follow_up_url(incident))
        sign_in_as(person).get(case_url(incident))
    assert list_accesses() == []


def test_a_refused_page_is_not_recorded(client, incident, elsewhere):
    client.force_login(a_responder(elsewhere))
    assert client.get(case_url(incident)).status_code == 404
    assert list_accesses() == []


@pytest.mark.parametrize("change", ["update", "delete", "truncate"])
def test_access_rows_cannot_be_changed(client, responder, incident, change):
    client.get(case_url(incident))
    changes = {
        "update": lambda: CaseAccess.objects.update(door=Door.API),
        "delete": lambda: CaseAccess.objects.all()._raw_delete("default"),
        "truncate": lambda: connection.cursor().execute("TRUNCATE incidents_caseaccess"),
    }
    connection.check_constraints()  # TRUNCATE would be refused while checks are pending
    with act_as_superuser(), pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        changes[change]()
    assert CaseAccess.objects.count() == 1
