"""Cases of one affair are one line of the queue, which opens; what counts as one, and what never does."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from config.pages.templatetags.tocsin import make_tel_uri
from incidents.enums import Burst, GroupKind, Severity
from incidents.models import Incident
from incidents.services.groups.group import add_to_group, close_group
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.severity import set_severity
from incidents.services.handling.verify import verify_incident
from incidents.triage.queue import pages as queue
from incidents.triage.queue.waves import WaveKind, arrange_waves
from tests.cast import a_responder, declare
from tests.incidents.grouping import a_group, copy_case, declare_town
from tests.incidents.open_cases import HIGH, LOW, MODERATE, NOW, a_case
from tests.incidents.transferring import get_other_centre
from tests.reading import read_text

URL = "/admin/incidents/incident/"
SUPPLIER = "Exemple Paie"


def list_waves(*cases):
    """Return the kind and the size of each line that is no single case."""
    return [(wave.kind, len(wave.cases)) for wave in arrange_waves(cases, NOW) if wave.kind]


def make_cases(number, **fields):
    return [a_case(MODERATE, minutes=60 + index, **fields) for index in range(number)]


def make_group_fields(**fields):
    return {"group": uuid4(), "group_kind": GroupKind.SUPPLIER, "group_title": "Panne de juin"} | fields


def test_a_wave_has_the_position_of_its_worst_case():
    """Milder cases do not lower it, however many they are."""
    worst = a_case(HIGH, minutes=90, supplier_key="paie")
    wave = [*make_cases(8, supplier_key="paie"), worst]
    first, between = a_case(HIGH, minutes=30), a_case(HIGH, minutes=300)

    lines = arrange_waves([*wave, between, first], NOW)

    assert [line.worst for line in lines] == [first, worst, between]
    assert [len(line.cases) for line in lines] == [1, 9, 1]
    assert lines[1].cases[0] == worst


def test_a_critical_case_in_a_wave_is_taken_without_opening_it(client, db):
    responder = a_responder()
    client.force_login(responder)
    cases = [declare_town(number, supplier=SUPPLIER) for number in range(3)]
    take = f'name="prendre" value="{cases[2].reference}"'
    assert 'name="prendre" value="' not in client.get(URL).content.decode().partition('id="dossiers"')[2]

    Incident.objects.filter(pk=cases[2].pk).update(severity=Severity.CRITICAL)
    line = client.get(URL).content.decode().partition("data-wave")[2].partition("</li>")[0]
    assert take in line
    assert f"en tête&nbsp;: {cases[2].collectivity}" in line

    acknowledge_incident(reference=cases[2].reference, actor=responder)
    assert take not in client.get(URL).content.decode()


def test_a_supplier_makes_a_wave_once_three_bodies_name_it():
    assert list_waves(*make_cases(3, supplier_key="paie")) == [(WaveKind.SUPPLIER, 3)]
    assert list_waves(*make_cases(2, supplier_key="paie")) == []
    assert list_waves(*make_cases(6, supplier_key="paie", body=4)) == [], "six cases of one body may be anything"


def test_an_open_group_takes_in_cases_that_name_its_supplier():
    group = make_group_fields()
    inside, outside = make_cases(3, supplier_key="paie", **group), make_cases(2, supplier_key="paie")
    assert list_waves(*inside, *outside) == [(WaveKind.GROUP, 5)]
    closed = make_cases(3, supplier_key="paie", group_closed_at=NOW, **group)
    assert list_waves(*closed, *outside) == [(WaveKind.GROUP, 3)]


def test_a_group_takes_in_no_case_of_a_supplier_that_it_is_not_about():
    """The first group is a campaign whose victims name their host; in the second one, few name that supplier."""
    outside = make_cases(2, supplier_key="paie")
    campaign = make_group_fields(group_kind=GroupKind.CAMPAIGN)
    assert list_waves(*make_cases(3, supplier_key="paie", **campaign), *outside) == [(WaveKind.GROUP, 3)]
    group = make_group_fields()
    about_another = [*make_cases(3, supplier_key="hote", **group), *make_cases(1, supplier_key="paie", **group)]
    assert list_waves(*about_another, *outside) == [(WaveKind.GROUP, 4)]


@pytest.mark.parametrize("first", [0, 1])
def test_the_choice_between_two_groups_of_one_supplier_does_not_depend_on_times(first):
    groups = [make_group_fields(group=UUID(int=1)), make_group_fields(group=UUID(int=2))]
    inside = [
        [a_case(MODERATE, minutes=60 + (index != first), supplier_key="paie", **groups[index])] for index in (0, 1)
    ]
    outside = make_cases(2, supplier_key="paie")
    lines = arrange_waves([*inside[0], *inside[1], *outside], NOW)
    (wave,) = [line for line in lines if line.kind]
    assert [case.group for case in wave.cases if case.group] == [UUID(int=1)]


def test_a_group_none_of_whose_cases_is_listed_still_names_the_cases_it_lacks():
    """In « À prendre », for instance, when its own cases are all taken."""
    inside, outside = make_cases(3, supplier_key="paie", **make_group_fields()), make_cases(3, supplier_key="paie")
    (wave,) = arrange_waves(outside, NOW, all_open_cases=[*inside, *outside])
    assert (wave.kind, wave.count_ungrouped(), wave.group) == (WaveKind.GROUP, 3, inside[0])


def test_a_body_in_a_burst_is_one_line_with_its_cases_received_before_the_burst():
    marked = make_cases(1, body=4, burst=Burst.BODY)
    before = make_cases(5, body=4, received_at=NOW - timedelta(hours=1, minutes=50))
    long_ago = make_cases(1, body=4, received_at=NOW - timedelta(days=3))
    assert list_waves(*marked, *before, *long_ago) == [(WaveKind.BODY, 6)]
    assert list_waves(*before, *long_ago) == [], "a body that declares six times in no burst"


def test_a_burst_over_many_bodies_is_one_line_of_the_cases_marked_as_burst():
    marked = make_cases(4, burst=Burst.ADDRESS)
    assert list_waves(*marked, *make_cases(5)) == [(WaveKind.BURST, 4)]


def test_cases_marked_on_other_days_are_another_burst():
    """Three bodies of ten days apart have nothing in common but the mark."""
    apart = [make_cases(1, burst=Burst.ADDRESS, received_at=NOW - timedelta(days=days)) for days in (0, 10, 20)]
    assert list_waves(*apart[0], *apart[1], *apart[2]) == []
    minutes = (0, 50, 100, 161)
    chain = [make_cases(1, burst=Burst.ADDRESS, received_at=NOW - timedelta(minutes=delay))[0] for delay in minutes]
    assert list_waves(*chain) == [(WaveKind.BURST, 3)], "each within an hour of another"
    mixed = [*make_cases(2, burst=Burst.ADDRESS), *make_cases(2, burst=Burst.MAILBOX)]
    assert list_waves(*mixed) == [], "two kinds of marks"


def test_a_body_marked_on_separate_days_is_in_no_burst():
    apart = [
        make_cases(1, body=4, burst=Burst.BODY, received_at=NOW - timedelta(days=days))[0] for days in (0, 10, 20)
    ]
    assert list_waves(*apart) == []
    again = [make_cases(3, body=4, burst=Burst.BODY, received_at=NOW - timedelta(days=days)) for days in (0, 10)]
    assert list_waves(*again[0], *again[1]) == [(WaveKind.BODY, 3)] * 2


def test_two_centres_are_two_waves():
    assert (
        list_waves(*make_cases(3, supplier_key="paie"), *make_cases(3, supplier_key="paie", csirt=2))
        == [(WaveKind.SUPPLIER, 3)] * 2
    )


def test_a_case_is_in_one_wave():
    group = make_group_fields()
    cases = make_cases(4, supplier_key="paie", burst=Burst.ADDRESS, **group)
    assert list_waves(*cases) == [(WaveKind.GROUP, 4)]
    assert list_waves(*make_cases(2, **group)) == [], "two rows are read as fast as one that opens"


def test_cases_that_have_nothing_in_common_stay_apart():
    cases = [*make_cases(9), a_case(LOW, minutes=5)]
    assert len(arrange_waves(cases, NOW)) == 10


# On the page


@pytest.fixture
def wave(responder: User) -> list[Incident]:
    """Nine town halls of one supplier, the fourth one worse, one taken, one verified."""
    cases = [declare_town(number, type="prestataire", supplier=SUPPLIER) for number in range(9)]
    Incident.objects.filter(pk=cases[3].pk).update(severity=Severity.HIGH)
    acknowledge_incident(reference=cases[0].reference, actor=responder)
    verify_incident(reference=cases[1].reference, actor=responder)
    return cases


def list_rows(client, **query):
    return client.get(URL, query).context["rows"]


def test_the_line_of_a_wave_says_what_its_cases_have_in_common(client, responder, wave):
    single = declare()

    page = client.get(URL)

    assert [row.is_wave if hasattr(row, "is_wave") else False for row in page.context["rows"]] == [False, True]
    assert page.context["rows"][0].incident == single
    line = page.context["rows"][1]
    assert line.worst.incident == wave[3]
    assert set(line.references.split()) == {case.reference for case in wave}
    content = read_text(page)
    for words in [
        f"Vague : {SUPPLIER}",
        "9 dossiers, le plus pressant : ",
        "Élevée pour 1 sur 9",
        "9 collectivités",
        "8 non vérifiées",
    ]:
        assert words in content, words
    assert "8 à prendre" in content
    assert "En faire un groupe" in content
    assert {tab["view"].code: tab["count"] for tab in page.context["views"]}["ouverts"] == "10", "each case counts"


def test_the_line_of_a_wave_hides_nothing_that_waits(client, responder, wave):
    """Its worst case is due in an hour; under it three are late, one answer with them, and two are to be called."""
    now, cases = timezone.now(), Incident.objects
    soon, late = now + timedelta(hours=1), now - timedelta(days=3)
    cases.filter(pk=wave[3].pk).update(severity=Severity.CRITICAL, due_at=soon, is_to_call_back=True)
    cases.filter(pk__in=[case.pk for case in wave[4:7]]).update(severity=Severity.HIGH, due_at=late)
    cases.filter(pk=wave[5].pk).update(answer_by=late, is_to_call_back=True)

    page = client.get(URL)

    (line,) = page.context["rows"]
    assert line.worst.incident == wave[3]
    assert '<b class="late">3 en retard, dont 1 réponse</b>' in page.content.decode()
    assert "<b>2 à rappeler</b>" in page.content.decode()
    assert f'class="phone" href="{make_tel_uri(line.worst.phone)}"' in page.content.decode()
    cases.update(due_at=soon, is_to_call_back=False)
    content = read_text(client.get(URL))
    assert "en retard," not in content
    assert "à rappeler" not in content


def test_cases_with_the_same_mark_are_not_called_related(client, responder):
    marked = [declare_town(number) for number in range(3)]
    cases = Incident.objects.filter(pk__in=[case.pk for case in marked])
    cases.update(burst=Burst.ADDRESS)
    content = read_text(client.get(URL))
    assert "Rafale : marqués pour leur connexion à Internet" in content
    assert "peut-être sans lien" in content
    assert "même connexion" not in content
    for days, case in enumerate(marked):
        Incident.objects.filter(pk=case.pk).update(received_at=timezone.now() - timedelta(days=10 * days))
    assert [row.reference for row in list_rows(client)] == [case.reference for case in marked]


def test_the_offer_to_group_counts_all_open_cases_of_the_wave(client, responder, wave):
    """A view that holds only some of them offers the same, and all of them are then added."""
    assert "En faire un groupe de 9" in read_text(client.get(URL, {"etat": "a-prendre"}))
    group = a_group(responder, "Panne de juin")
    for case in wave[5:]:
        add_to_group(reference=case.reference, group=group.uid, actor=responder)
    other = declare_town(20, supplier="Autre")
    add_to_group(reference=other.reference, group=group.uid, actor=responder)
    declare_town(21, supplier="Autre")

    page = client.get(URL, {"etat": "a-prendre"})

    (line,) = [row for row in page.context["rows"] if getattr(row, "is_wave", False)]
    assert (line.number, line.offered["lacking"], line.offered["hidden_count"]) == (9, 5, 1)
    assert "Y ajouter les 5 qui manquent dont 1 hors de cette vue" in read_text(page)
    opened = read_text(client.get(URL, {"etat": "a-prendre", "ouvre": line.key})).partition("Y ajouter")[2]
    assert opened.count("hors du groupe · reçu") == 4
    fields = {"prestataire": line.offered["supplier_key"], "key": "k"}
    client.post(f"{URL}groupes/{group.uid}/reste/", fields)
    assert set(group.cases.all()) == {*wave, other}
    assert client.post(f"{URL}groupes/{group.uid}/reste/", {"prestataire": "a\0b"}).status_code == 404


def test_a_link_opens_a_wave_in_its_place_and_another_closes_it(client, responder, wave):
    declare()
    line = list_rows(client)[1]

    opened = client.get(URL + line.link)

    assert [getattr(row, "is_member", None) for row in opened.context["rows"]] == [False, None, *[True] * 9]
    assert {row.incident for row in opened.context["rows"][2:]} == set(wave)
    assert 'aria-expanded="true"' in opened.content.decode()
    assert len(list_rows(client)) == len(client.get(URL + opened.context["rows"][1].link).context["rows"]) == 2


def test_views_and_type_filters_collapse_only_the_cases_they_list(client, responder, wave):
    assert [row.number for row in list_rows(client, etat="a-prendre")] == [8]
    assert [row.number for row in list_rows(client, type="prestataire")] == [9]
    assert [row.incident for row in list_rows(client, etat="miens")] == [wave[0]], "alone there, it is a row"
    link = client.get(URL, {"etat": "a-prendre"}).context["rows"][0].link
    assert link.startswith("?etat=a-prendre&ouvre=")


def test_the_cases_of_a_large_wave_have_a_list_of_their_own(client, responder, monkeypatch):
    monkeypatch.setattr(queue, "MAX_MEMBERS_SHOWN", 3)
    monkeypatch.setattr("incidents.triage.queue.wave_lines.MAX_MEMBERS_SHOWN", 3)
    cases = [declare_town(number, supplier=SUPPLIER) for number in range(5)]
    opened = client.get(URL + list_rows(client)[0].link)
    assert len(opened.context["rows"]) == 1 + 3
    assert "Voir les 5" in read_text(opened)

    alone = client.get(URL + opened.context["rows"][0].all)

    assert [row.incident.reference for row in alone.context["rows"]] == [case.reference for case in cases]


def test_the_address_of_a_wave_that_no_longer_exists_shows_the_queue(client, responder, wave):
    """Once all its cases are grouped, their line is that of the group."""
    alone = client.get(URL, {"dans": list_rows(client)[0].key})
    assert len(alone.context["rows"]) == 9
    group = a_group(responder, "Panne de juin")
    for case in wave:
        add_to_group(reference=case.reference, group=group.uid, actor=responder)

    page = client.get(URL + "?" + alone.wsgi_request.GET.urlencode())

    assert [row.name for row in page.context["rows"]] == ["Panne de juin"]
    assert "Aucun dossier" not in read_text(page)
    assert page.context["filters"].within == ""
    assert page.context["mark"] == client.get(f"{URL}etat/", alone.wsgi_request.GET.dict()).json()["mark"]


def test_a_whole_wave_is_acted_on_by_its_box(client, responder, wave):
    box, cases = list_rows(client)[0].references, Incident.objects.filter(pk__in=[case.pk for case in wave])

    page = client.post(f"{URL}actes/", {"acte": "clore", "dossier": box})
    assert "9 dossiers" in read_text(page)
    client.post(f"{URL}actes/", {"acte": "prendre", "dossier": [box, wave[2].reference], "cle": "k"})

    assert not cases.filter(acknowledged_by=None).exists()


def test_the_button_of_a_row_takes_that_row_alone(client, responder, wave):
    client.post(f"{URL}actes/", {"prendre": wave[4].reference, "dossier": wave[5].reference, "cle": "k"})
    assert Incident.objects.get(pk=wave[4].pk).acknowledged_by == responder
    assert Incident.objects.get(pk=wave[5].pk).acknowledged_by is None
    assert client.post(f"{URL}actes/", {"prendre": "x"}).status_code == 422


def test_a_wave_of_another_centre_is_not_shown(client, responder, wave):
    key = list_rows(client)[0].key
    Incident.objects.update(csirt=get_other_centre())
    assert list_rows(client) == list_rows(client, ouvre=key) == list_rows(client, dans=key) == []


def test_a_group_and_the_cases_it_lacks_are_one_line(client, responder):
    group = a_group(responder, "Panne de juin")
    for number in range(3):
        add_to_group(reference=declare_town(number, supplier=SUPPLIER).reference, group=group.uid, actor=responder)
    declare_town(9, supplier=SUPPLIER)
    content = read_text(client.get(URL))
    assert "Groupe : Panne de juin" in content
    assert "4 dossiers, dont 1 hors du groupe" in content
    assert "Y ajouter celui qui manque" in content
    assert "hors de cette vue" not in content
    close_group(group=group.uid, actor=responder)
    assert len(list_rows(client)) == 2


def test_a_change_to_a_case_of_a_closed_wave_changes_the_mark_of_the_queue(client, responder, wave):
    mark = client.get(f"{URL}etat/").json()
    assert set(mark["cases"]) == {case.reference for case in wave}, "none of them is new to the script"
    acknowledge_incident(reference=wave[7].reference, actor=responder)
    marks = [mark["mark"], client.get(f"{URL}etat/").json()["mark"]]
    verify_incident(reference=wave[7].reference, actor=responder)
    marks.append(client.get(f"{URL}etat/").json()["mark"])
    set_severity(reference=wave[7].reference, severity=Severity.LOW, motive="Vu.", actor=responder)
    marks.append(client.get(f"{URL}etat/").json()["mark"])
    Incident.objects.filter(pk=wave[7].pk).update(due_at=timezone.now() - timedelta(minutes=1))
    marks.append(client.get(f"{URL}etat/").json()["mark"])
    add_to_group(reference=wave[7].reference, group=a_group(responder).uid, actor=responder)
    marks.append(client.get(f"{URL}etat/").json()["mark"])
    assert len(set(marks)) == len(marks)
    key = list_rows(client)[0].key
    assert client.get(URL, {"ouvre": key}).context["mark"] == client.get(f"{URL}etat/", {"ouvre": key}).json()["mark"]


@pytest.mark.parametrize("number", [3, 60])
def test_a_wave_costs_the_same_however_many_cases_it_holds(client, responder, number):
    first, *_others = [declare_town(index, supplier=SUPPLIER) for index in range(3)]
    copy_case(first, None, number)
    client.get(URL)
    key = list_rows(client)[0].key
    for parameters in ({}, {"ouvre": key}, {"dans": key}):
        with CaptureQueriesContext(connection) as queries:
            client.get(URL, parameters)
        assert len(queries) <= 10, [query["sql"][:90] for query in queries]


def test_pages_count_lines_and_not_cases(client, responder, wave, monkeypatch):
    monkeypatch.setattr(queue, "LINES_PER_PAGE", 2)
    later = [declare(type="panne") for _ in range(3)]
    Incident.objects.filter(pk=later[0].pk).update(due_at=timezone.now() + timedelta(days=1))
    first = client.get(URL)
    assert [getattr(row, "number", 1) for row in first.context["rows"]] == [9, 1]
    second = client.get(URL + first.context["page"].next)
    assert [row.incident for row in second.context["rows"]] == later[1:]
    assert [row.number for row in client.get(URL + second.context["page"].previous).context["rows"][:1]] == [9]
