"""Cases of one cause, handled as one within a centre: no other centre and no declarant learns of it."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership
from core.stale import Stale
from incidents.enums import EventKind
from incidents.models import CaseGroup, Incident
from incidents.reference import hyphenate
from incidents.services.groups.group import (
    SHEET_LIMIT,
    add_to_group,
    close_group,
    remove_from_group,
    save_group_sheet,
)
from incidents.services.handling.assign import assign_incident, format_person_tag
from tests.cast import a_lead, a_responder
from tests.incidents.desk import acknowledge_as
from tests.incidents.devices import follow_up_url, open_by_link, send
from tests.incidents.grouping import GROUPS, a_group, copy_case, declare_town, url
from tests.incidents.transferring import get_other_centre
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

pytestmark = pytest.mark.django_db


def test_a_responder_opens_a_group_from_a_case(client, responder):
    incident = declare_town(1, supplier="Exemple SAS")
    form = {"kind": "supplier", "title": "Exemple SAS", "csirt": "breizh-cyber", "key": "k"}
    form["dossier"] = incident.reference
    assert "Ouvrir un groupe" in read_text(client.get(f"{GROUPS}nouveau/", {"dossier": incident.reference}))

    assert client.post(f"{GROUPS}nouveau/", form)["Location"] == case_url(incident)

    group = CaseGroup.objects.get()
    assert Incident.objects.get().group == group
    event = incident.events.get(kind=EventKind.GROUPED)
    assert (event.data, event.actor) == ({"group": str(group.uid)}, responder)
    assert client.post(url(group, "fiche"), {"sheet": "Ne payez pas.", "seen": "1"}).status_code == 302
    assert "Ne payez pas." in read_text(client.get(case_url(incident)))
    group_text = read_text(client.get(url(group)))
    for words in ("Exemple SAS", "1 dossier", "Saint-Exemple-1", "Ne payez pas.", "à prendre : 1"):
        assert words in group_text
    assert "Exemple SAS" in read_text(client.get(GROUPS))
    for words in ("Ne payez pas.", "groupe"):
        assert words not in read_text(open_by_link(incident).get(follow_up_url(incident)))


def test_a_double_click_opens_one_group_and_adds_the_case_once(client, responder):
    incident = declare_town(1)
    form = {"kind": "other", "title": "Panne", "csirt": "breizh-cyber", "key": "k", "dossier": incident.reference}
    for _ in range(2):
        client.post(f"{GROUPS}nouveau/", form)
    assert CaseGroup.objects.count() == incident.events.filter(kind=EventKind.GROUPED).count() == 1


@pytest.mark.parametrize("wrong", [{"title": "  "}, {"title": "x" * 121}, {"kind": "x"}, {"csirt": "ailleurs"}])
def test_a_wrong_field_is_reported_and_opens_no_group(client, responder, wrong):
    get_other_centre()
    form = {"kind": "other", "title": "Une panne de juin", "csirt": "breizh-cyber", "key": "k"}
    answer = client.post(f"{GROUPS}nouveau/", form | wrong)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode() or "csirt" in wrong
    assert wrong.get("title", "Une panne de juin") in answer.content.decode()
    assert not CaseGroup.objects.exists()


def test_a_case_joins_changes_and_leaves_a_group_from_its_page(client, responder):
    incident, group = declare_town(1), a_group(responder)
    other = a_group(responder, "Autre")
    assert "Mettre dans un groupe" in read_text(client.get(case_url(incident)))
    for _ in range(2):
        client.post(case_url(incident, "grouper"), {"groupe": str(group.uid)})
    client.post(case_url(incident, "grouper"), {"groupe": str(other.uid)})
    events = incident.events.filter(kind=EventKind.GROUPED).order_by("id")
    assert [event.data for event in events] == [
        {"group": str(group.uid)},
        {"group": str(other.uid), "left": str(group.uid)},
    ]
    for _ in range(2):
        client.post(case_url(incident, "degrouper"))
    assert incident.events.filter(kind=EventKind.UNGROUPED).count() == 1
    assert Incident.objects.get().group is None
    for wrong in ("", "x"):
        assert "Choisissez un groupe" in read_text(
            client.post(case_url(incident, "grouper"), {"groupe": wrong}, follow=True)
        )


def test_groups_of_another_centre_are_not_found(client, responder):
    incident, stranger = declare_town(1), a_responder(get_other_centre())
    foreign_group = a_group(stranger, "Secret", csirt=get_other_centre())
    for address in (url(foreign_group), url(foreign_group, "message"), f"{GROUPS}{uuid4()}/"):
        assert client.get(address).status_code == 404
    for part in ("fiche", "ajouter", "reste", "etat", "message"):
        assert client.post(url(foreign_group, part), {"sheet": "x", "seen": "1", "text": "x"}).status_code == 404
    assert client.post(case_url(incident, "grouper"), {"groupe": str(foreign_group.uid)}).status_code == 404
    assert "Secret" not in read_text(client.get(GROUPS))
    assert "Secret" not in read_text(client.get(case_url(incident)))
    with pytest.raises(Http404):
        a_group(responder, csirt=get_other_centre())
    client.force_login(stranger)
    group = a_group(responder)
    answer = client.post(url(foreign_group, "ajouter"), {"references": incident.reference})
    assert answer.status_code == 422
    assert client.get(url(group)).status_code == 404
    assert Incident.objects.get().group is None
    assert CaseGroup.objects.get(pk=foreign_group.pk).sheet == ""


def test_a_case_joins_no_group_of_another_centre_of_the_same_responder(responder):
    incident = declare_town(1)
    Membership.objects.create(user=responder, role=Role.RESPONDER, csirt=get_other_centre(), since_on=date(2021, 1, 1))
    actor = type(responder).objects.get(pk=responder.pk)
    foreign_group = a_group(actor, csirt=get_other_centre())
    with pytest.raises(ValidationError):
        add_to_group(reference=incident.reference, group=foreign_group.uid, actor=actor)
    assert Incident.objects.get().group is None


def test_the_second_writer_of_the_sheet_sees_both_texts(client, responder):
    group = a_group(responder)
    save_group_sheet(group=group.uid, sheet="Version de Camille", seen=1, actor=a_lead())
    answer = client.post(url(group, "fiche"), {"sheet": "La mienne", "seen": "1"})
    assert answer.status_code == 409
    for words in ("Version de Camille", "La mienne", "pendant que vous écriviez"):
        assert words in read_text(answer)
    version_shown = answer.context["sheet"]["seen"].value()
    for _ in range(2):
        assert client.post(url(group, "fiche"), {"sheet": "La mienne", "seen": version_shown}).status_code == 302
    group.refresh_from_db()
    assert (group.sheet, group.version) == ("La mienne", 3)


@pytest.mark.parametrize(
    "wrong", [{"seen": "x"}, {"seen": ""}, {"seen": "9" * 30}, {"sheet": "x" * (SHEET_LIMIT + 1)}]
)
def test_a_wrong_sheet_is_refused_and_shown_again(client, responder, wrong):
    group = a_group(responder)
    answer = client.post(url(group, "fiche"), {"sheet": "Mes mots", "seen": "1"} | wrong)
    assert answer.status_code == 422
    assert wrong.get("sheet", "Mes mots") in answer.content.decode()
    assert CaseGroup.objects.get().sheet == ""


def test_references_may_be_typed_as_they_are_dictated(client, responder):
    group, cases = a_group(responder), [declare_town(number) for number in range(3)]
    references = f"{cases[0].reference[:4].lower()}-{cases[0].reference[4:]}, {cases[1].reference};ZZZZ-ZZZZ"
    answer = client.post(url(group, "ajouter"), {"references": references})
    assert answer.status_code == 422
    assert "2 dossiers ajoutés" in read_text(answer)
    assert 'value="ZZZZ-ZZZZ"' in answer.content.decode()
    assert group.cases.count() == 2
    for wrong in ("", " ".join(f"AAAA{number:04}" for number in range(51))):
        assert client.post(url(group, "ajouter"), {"references": wrong}).status_code == 422
    assert client.post(url(group, "ajouter"), {"references": cases[2].reference}).status_code == 302
    assert group.cases.count() == 3


def test_a_closed_group_takes_no_case_until_it_is_opened_again(client, responder):
    group, incident = a_group(responder), declare_town(1)
    for _ in range(2):
        assert client.post(url(group, "etat"), {"etat": "ferme"}).status_code == 302
    assert "Exemple SAS" not in read_text(client.get(GROUPS))
    assert "Exemple SAS" in read_text(client.get(GROUPS, {"fermes": "1"}))
    with pytest.raises(ValidationError):
        add_to_group(reference=incident.reference, group=group.uid, actor=responder)
    client.post(url(group, "etat"), {"etat": "ouvert"})
    add_to_group(reference=incident.reference, group=group.uid, actor=responder)
    close_group(group=group.uid, actor=responder)
    assert remove_from_group(reference=incident.reference, actor=responder).group is None


def test_the_group_page_names_the_current_assignee_of_each_case(client, responder):
    incident, colleague = acknowledge_as(responder, declare_town(1)), a_responder()
    group = a_group(responder)
    add_to_group(reference=incident.reference, group=group.uid, actor=responder)
    assign_incident(
        reference=incident.reference, actor=responder, assignee=colleague, seen=format_person_tag(responder)
    )
    assert f"{colleague} pris en charge" in read_text(client.get(url(group)))
    Membership.objects.filter(user=colleague).update(ended_on=date(2026, 1, 1))
    assert "À reprendre" in read_text(client.get(url(group)))


def test_the_group_page_marks_the_case_whose_declarant_wrote(client, responder):
    group, quiet, writing = a_group(responder), declare_town(1), declare_town(2)
    for incident in (quiet, writing):
        add_to_group(reference=incident.reference, group=group.uid, actor=responder)
    assert "nouveau" not in read_text(client.get(url(group)))
    send(open_by_link(writing), writing)
    group_text = read_text(client.get(url(group)))
    assert group_text.count("nouveau") == 1
    assert f"Rançongiciel nouveau {hyphenate(writing.reference)} ·" in group_text
    client.get(case_url(writing))
    assert "nouveau" not in read_text(client.get(url(group)))


def test_no_group_is_opened_for_a_case_of_another_centre(client, responder):
    incident = declare_town(1)
    Incident.objects.filter(pk=incident.pk).update(csirt=get_other_centre())
    form = {"kind": "supplier", "title": "Exemple SAS", "csirt": "breizh-cyber", "key": "k"}
    assert client.post(f"{GROUPS}nouveau/", form | {"dossier": incident.reference}).status_code == 404
    assert not CaseGroup.objects.exists()


# A group of many cases


@pytest.mark.parametrize(
    ("more", "words"),
    [(50, "52 dossiers"), pytest.param(2000, "2 002 dossiers", marks=pytest.mark.proof)],
    ids=["52", "2002"],
)
def test_a_group_of_many_costs_no_more_than_one_of_two(client, responder, monkeypatch, more, words):
    """Each case is then met once on its pages, which are made longer: the cost is that of the first one."""
    group, incident = a_group(responder), declare_town(1, supplier="Exemple SAS")
    add_to_group(reference=incident.reference, group=group.uid, actor=responder)
    costs = []
    for number in (1, more):
        copy_case(incident, group, number) if number > 1 else add_to_group(
            reference=declare_town(2, supplier="Exemple SAS").reference, group=group.uid, actor=responder
        )
        client.get(url(group))
        with CaptureQueriesContext(connection) as queries:
            response = client.get(url(group))
        costs.append(len(queries))
    assert costs[1] <= costs[0] <= 20, costs
    assert len(response.context["lines"]) == 50
    assert words in read_text(response)
    monkeypatch.setattr("incidents.triage.groups.pages.PER_PAGE", more // 5)
    references, address = [], url(group)
    while address:
        response = client.get(address)
        references += [line.incident.reference for line in response.context["lines"]]
        address = response.context["next"] and f"{url(group)}?apres={response.context['next']}"
    assert len(references) == len({*references}) == more + 2


def test_the_next_page_starts_after_a_row_that_left_the_group_meanwhile(client, responder, monkeypatch):
    monkeypatch.setattr("incidents.triage.groups.pages.PER_PAGE", 2)
    group, cases = a_group(responder), [declare_town(number) for number in range(4)]
    for incident in cases:
        add_to_group(reference=incident.reference, group=group.uid, actor=responder)
    first_page = client.get(url(group))
    last = first_page.context["next"]
    assert f'<a rel="next" href="?apres={last}">' in first_page.content.decode()
    remove_from_group(reference=last, actor=responder)
    lines = client.get(url(group), {"apres": last}).context["lines"]
    assert [line.incident.reference for line in lines] == [cases[1].reference, cases[0].reference]


def test_the_list_of_groups_costs_the_same_with_fifty(client, responder):
    costs = []
    for number in (2, 58):
        for index in range(number):
            a_group(responder, f"Groupe {number}-{index}")
        with CaptureQueriesContext(connection) as queries:
            response = client.get(GROUPS)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 10, costs
    first = [group.title for group in response.context["groups"]]
    second = client.get(GROUPS, {"apres": response.context["next"]}).context["groups"]
    assert len({*first, *(group.title for group in second)}) == 60
    assert len(client.get(GROUPS, {"apres": "x"}).context["groups"]) == 50


def test_the_case_page_costs_no_more_with_fifty_groups(client, responder):
    incident, costs = declare_town(1, supplier="Exemple SAS"), []
    for number in (1, 48):
        for index in range(number):
            a_group(responder, f"Groupe {number}-{index}")
        client.get(case_url(incident))
        with CaptureQueriesContext(connection) as queries:
            client.get(case_url(incident))
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_group_keeps_the_time_it_was_opened(responder):
    assert abs(a_group(responder).opened_at - timezone.now()) < timedelta(minutes=1)


def test_a_stale_version_is_refused_by_the_service(responder):
    group = a_group(responder)
    with pytest.raises(Stale):
        save_group_sheet(group=group.uid, sheet="x", seen=7, actor=responder)
