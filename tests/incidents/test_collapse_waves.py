"""Cases of one affair are one line of the queue, which opens; what counts as one, and what never does."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.pages.templatetags.tocsin import make_tel_uri
from incidents.enums import Burst, GroupKind, Severity
from incidents.models import Incident
from incidents.services.groups.group import add_to_group, close_group
from incidents.services.handling.severity import set_severity
from incidents.services.handling.triage import acknowledge_incident, verify_incident
from incidents.triage.queue import pages as queue
from incidents.triage.queue.waves import WaveKind, arrange_waves
from tests.cast import a_responder, declare
from tests.incidents.grouping import a_group, elsewhere, many, town
from tests.incidents.open_cases import HIGH, LOW, MODERATE, NOW, a_case
from tests.reading import text

URL = "/admin/incidents/incident/"
SUPPLIER = "Exemple Paie"


def waves(*cases):
    """(kind, how many) of each line that is no single case."""
    return [(wave.kind, len(wave.cases)) for wave in arrange_waves(cases, NOW) if wave.kind]


def some(number, **said):
    return [a_case(MODERATE, minutes=60 + each, **said) for each in range(number)]


def make_grouped_cases(**said):
    return {"group": uuid4(), "group_kind": GroupKind.SUPPLIER, "group_title": "Panne de juin"} | said


def test_it_works():
    """At the place of its worst case, however many others are milder."""
    worst = a_case(HIGH, minutes=90, supplier_key="paie")
    wave = [*some(8, supplier_key="paie"), worst]
    first, between = a_case(HIGH, minutes=30), a_case(HIGH, minutes=300)

    lines = arrange_waves([*wave, between, first], NOW)

    assert [line.worst for line in lines] == [first, worst, between]
    assert [len(line.cases) for line in lines] == [1, 9, 1]
    assert lines[1].cases[0] == worst


def test_a_critical_case_in_a_wave_is_taken_without_opening_it(client, db):
    responder = a_responder()
    client.force_login(responder)
    cases = [town(number, supplier=SUPPLIER) for number in range(3)]
    take = f'name="prendre" value="{cases[2].reference}"'
    assert 'name="prendre" value="' not in client.get(URL).content.decode().partition('id="dossiers"')[2]

    Incident.objects.filter(pk=cases[2].pk).update(severity=Severity.CRITICAL)
    line = client.get(URL).content.decode().partition("data-wave")[2].partition("</li>")[0]
    assert take in line
    assert f"d’abord {cases[2].collectivity}" in line

    acknowledge_incident(reference=cases[2].reference, actor=responder)
    assert take not in client.get(URL).content.decode()


def test_a_supplier_is_an_affair_once_three_bodies_name_it():
    assert waves(*some(3, supplier_key="paie")) == [(WaveKind.SUPPLIER, 3)]
    assert waves(*some(2, supplier_key="paie")) == []
    assert waves(*some(6, supplier_key="paie", body=4)) == [], "six cases of one body may be anything"


def test_a_group_takes_what_names_its_supplier_unless_it_is_closed():
    group = make_grouped_cases()
    inside, outside = some(3, supplier_key="paie", **group), some(2, supplier_key="paie")
    assert waves(*inside, *outside) == [(WaveKind.GROUP, 5)]
    closed = some(3, supplier_key="paie", group_closed_at=NOW, **group)
    assert waves(*closed, *outside) == [(WaveKind.GROUP, 3)]


def test_a_group_takes_nothing_of_a_supplier_that_it_is_not_about():
    """A campaign of which one victim named its host, and a group where few name that one."""
    outside = some(2, supplier_key="paie")
    campaign = make_grouped_cases(group_kind=GroupKind.CAMPAIGN)
    assert waves(*some(3, supplier_key="paie", **campaign), *outside) == [(WaveKind.GROUP, 3)]
    group = make_grouped_cases()
    about_another = [*some(3, supplier_key="hote", **group), *some(1, supplier_key="paie", **group)]
    assert waves(*about_another, *outside) == [(WaveKind.GROUP, 4)]


@pytest.mark.parametrize("first", [0, 1])
def test_two_groups_of_one_supplier_are_told_apart_by_no_clock(first):
    groups = [make_grouped_cases(group=UUID(int=1)), make_grouped_cases(group=UUID(int=2))]
    inside = [[a_case(MODERATE, minutes=60 + (each != first), supplier_key="paie", **groups[each])] for each in (0, 1)]
    outside = some(2, supplier_key="paie")
    lines = arrange_waves([*inside[0], *inside[1], *outside], NOW)
    (wave,) = [line for line in lines if line.kind]
    assert [case.group for case in wave.cases if case.group] == [UUID(int=1)]


def test_a_group_of_which_a_view_holds_nothing_still_names_what_it_lacks():
    """« À prendre »: its own cases are all taken."""
    inside, outside = some(3, supplier_key="paie", **make_grouped_cases()), some(3, supplier_key="paie")
    (wave,) = arrange_waves(outside, NOW, among=[*inside, *outside])
    assert (wave.kind, wave.outside(), wave.group) == (WaveKind.GROUP, 3, inside[0])


def test_a_body_in_a_burst_is_one_line_with_what_was_let_through_before():
    marked = some(1, body=4, burst=Burst.BODY)
    before = some(5, body=4, received_at=NOW - timedelta(hours=1, minutes=50))
    long_ago = some(1, body=4, received_at=NOW - timedelta(days=3))
    assert waves(*marked, *before, *long_ago) == [(WaveKind.BODY, 6)]
    assert waves(*before, *long_ago) == [], "a body that declares six times in no burst"


def test_a_burst_over_many_bodies_is_one_line_of_what_is_marked():
    marked = some(4, burst=Burst.ADDRESS)
    assert waves(*marked, *some(5)) == [(WaveKind.BURST, 4)]


def test_what_was_marked_on_other_days_is_another_burst():
    """Three bodies of ten days apart have nothing in common but the mark."""
    apart = [some(1, burst=Burst.ADDRESS, received_at=NOW - timedelta(days=days)) for days in (0, 10, 20)]
    assert waves(*apart[0], *apart[1], *apart[2]) == []
    minutes = (0, 50, 100, 161)
    chain = [some(1, burst=Burst.ADDRESS, received_at=NOW - timedelta(minutes=each))[0] for each in minutes]
    assert waves(*chain) == [(WaveKind.BURST, 3)], "each within an hour of another"
    mixed = [*some(2, burst=Burst.ADDRESS), *some(2, burst=Burst.MAILBOX)]
    assert waves(*mixed) == [], "two kinds of marks"


def test_a_body_marked_on_other_days_declared_in_no_burst():
    apart = [some(1, body=4, burst=Burst.BODY, received_at=NOW - timedelta(days=days))[0] for days in (0, 10, 20)]
    assert waves(*apart) == []
    again = [some(3, body=4, burst=Burst.BODY, received_at=NOW - timedelta(days=days)) for days in (0, 10)]
    assert waves(*again[0], *again[1]) == [(WaveKind.BODY, 3)] * 2


def test_two_centres_are_two_waves():
    assert waves(*some(3, supplier_key="paie"), *some(3, supplier_key="paie", csirt=2)) == [(WaveKind.SUPPLIER, 3)] * 2


def test_a_case_is_in_one_wave():
    group = make_grouped_cases()
    cases = some(4, supplier_key="paie", burst=Burst.ADDRESS, **group)
    assert waves(*cases) == [(WaveKind.GROUP, 4)]
    assert waves(*some(2, **group)) == [], "two rows are read as fast as one that opens"


def test_unalike_cases_stay_apart():
    cases = [*some(9), a_case(LOW, minutes=5)]
    assert len(arrange_waves(cases, NOW)) == 10


# On the page


@pytest.fixture
def responder(client, db):
    responder = a_responder()
    client.force_login(responder)
    return responder


@pytest.fixture
def wave(responder):
    """Nine town halls of one supplier, the fourth one worse, one taken, one verified."""
    cases = [town(number, type="prestataire", supplier=SUPPLIER) for number in range(9)]
    Incident.objects.filter(pk=cases[3].pk).update(severity=Severity.HIGH)
    acknowledge_incident(reference=cases[0].reference, actor=responder)
    verify_incident(reference=cases[1].reference, actor=responder)
    return cases


def rows(client, **asked):
    return client.get(URL, asked).context["rows"]


def test_the_line_of_a_wave_says_what_its_cases_have_in_common(client, responder, wave):
    single = declare()

    page = client.get(URL)

    assert [row.is_wave if hasattr(row, "is_wave") else False for row in page.context["rows"]] == [False, True]
    assert page.context["rows"][0].incident == single
    line = page.context["rows"][1]
    assert line.worst.incident == wave[3]
    assert set(line.references.split()) == {case.reference for case in wave}
    shown = text(page)
    for words in [
        f"Vague : {SUPPLIER}",
        "9 dossiers, d’abord",
        "Élevée pour 1 sur 9",
        "9 collectivités",
        "8 non vérifiées",
    ]:
        assert words in shown, words
    assert "8 à prendre" in shown
    assert "En faire un groupe" in shown
    assert {each["view"].code: each["count"] for each in page.context["views"]}["ouverts"] == "10", "each case counts"


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
    shown = text(client.get(URL))
    assert "en retard," not in shown
    assert "à rappeler" not in shown


def test_cases_marked_alike_are_not_said_to_share_what_nobody_knows(client, responder):
    marked = [town(number) for number in range(3)]
    cases = Incident.objects.filter(pk__in=[case.pk for case in marked])
    cases.update(burst=Burst.ADDRESS)
    shown = text(client.get(URL))
    assert "Rafale : marqués pour leur connexion à Internet" in shown
    assert "peut-être sans lien" in shown
    assert "même connexion" not in shown
    for days, case in enumerate(marked):
        Incident.objects.filter(pk=case.pk).update(received_at=timezone.now() - timedelta(days=10 * days))
    assert [row.reference for row in rows(client)] == [case.reference for case in marked]


def test_what_is_offered_bears_on_all_open_cases_and_says_how_many(client, responder, wave):
    """In a view that holds some of them too; and then all of those are put in."""
    assert "En faire un groupe de 9" in text(client.get(URL, {"etat": "a-prendre"}))
    group = a_group(responder, "Panne de juin")
    for case in wave[5:]:
        add_to_group(reference=case.reference, group=group.uid, actor=responder)
    other = town(20, supplier="Autre")
    add_to_group(reference=other.reference, group=group.uid, actor=responder)
    town(21, supplier="Autre")

    page = client.get(URL, {"etat": "a-prendre"})

    (line,) = [row for row in page.context["rows"] if getattr(row, "is_wave", False)]
    assert (line.number, line.offered["outside"], line.offered["lacking"]) == (9, 4, 5)
    assert "Y ajouter les 5 qui manquent" in text(page)
    sent = {"prestataire": line.offered["supplier_key"], "key": "k"}
    client.post(f"{URL}groupes/{group.uid}/reste/", sent)
    assert set(group.cases.all()) == {*wave, other}
    assert client.post(f"{URL}groupes/{group.uid}/reste/", {"prestataire": "a\0b"}).status_code == 404


def test_it_opens_in_its_place_and_shuts_by_its_link(client, responder, wave):
    declare()
    line = rows(client)[1]

    opened = client.get(URL + line.link)

    assert [getattr(row, "is_member", None) for row in opened.context["rows"]] == [False, None, *[True] * 9]
    assert {row.incident for row in opened.context["rows"][2:]} == set(wave)
    assert 'aria-expanded="true"' in opened.content.decode()
    assert len(rows(client)) == len(client.get(URL + opened.context["rows"][1].link).context["rows"]) == 2


def test_a_view_and_a_type_collapse_what_they_hold(client, responder, wave):
    assert [row.number for row in rows(client, etat="a-prendre")] == [8]
    assert [row.number for row in rows(client, type="prestataire")] == [9]
    assert [row.incident for row in rows(client, etat="miens")] == [wave[0]], "alone there, it is a row"
    link = client.get(URL, {"etat": "a-prendre"}).context["rows"][0].link
    assert link.startswith("?etat=a-prendre&ouvre=")


def test_all_of_a_great_wave_are_a_list_of_their_own(client, responder, monkeypatch):
    monkeypatch.setattr(queue, "MEMBERS_SHOWN", 3)
    monkeypatch.setattr("incidents.triage.queue.wave_lines.MEMBERS_SHOWN", 3)
    cases = [town(number, supplier=SUPPLIER) for number in range(5)]
    opened = client.get(URL + rows(client)[0].link)
    assert len(opened.context["rows"]) == 1 + 3
    assert "Voir les 5" in text(opened)

    alone = client.get(URL + opened.context["rows"][0].all)

    assert [row.incident.reference for row in alone.context["rows"]] == [case.reference for case in cases]


def test_a_wave_that_is_no_more_leaves_its_page_to_the_queue(client, responder, wave):
    """« Grouper… » all of them: their line is that of the group from then on."""
    alone = client.get(URL, {"dans": rows(client)[0].key})
    assert len(alone.context["rows"]) == 9
    group = a_group(responder, "Panne de juin")
    for case in wave:
        add_to_group(reference=case.reference, group=group.uid, actor=responder)

    page = client.get(URL + "?" + alone.wsgi_request.GET.urlencode())

    assert [row.name for row in page.context["rows"]] == ["Panne de juin"]
    assert "Aucun dossier" not in text(page)
    assert page.context["asked"].within == ""
    assert page.context["mark"] == client.get(f"{URL}etat/", alone.wsgi_request.GET.dict()).json()["mark"]


def test_a_whole_wave_is_acted_on_by_its_box(client, responder, wave):
    box, cases = rows(client)[0].references, Incident.objects.filter(pk__in=[case.pk for case in wave])

    ask = client.post(f"{URL}actes/", {"acte": "clore", "dossier": box})
    assert "9 dossiers" in text(ask)
    client.post(f"{URL}actes/", {"acte": "prendre", "dossier": [box, wave[2].reference], "cle": "k"})

    assert not cases.filter(acknowledged_by=None).exists()


def test_the_button_of_a_row_takes_that_row_alone(client, responder, wave):
    client.post(f"{URL}actes/", {"prendre": wave[4].reference, "dossier": wave[5].reference, "cle": "k"})
    assert Incident.objects.get(pk=wave[4].pk).acknowledged_by == responder
    assert Incident.objects.get(pk=wave[5].pk).acknowledged_by is None
    assert client.post(f"{URL}actes/", {"prendre": "x"}).status_code == 422


def test_a_wave_of_another_centre_is_not_there(client, responder, wave):
    key = rows(client)[0].key
    Incident.objects.update(csirt=elsewhere())
    assert rows(client) == rows(client, ouvre=key) == rows(client, dans=key) == []


def test_a_group_and_what_it_lacks_are_one_line(client, responder):
    group = a_group(responder, "Panne de juin")
    for number in range(3):
        add_to_group(reference=town(number, supplier=SUPPLIER).reference, group=group.uid, actor=responder)
    town(9, supplier=SUPPLIER)
    shown = text(client.get(URL))
    assert "Groupe : Panne de juin" in shown
    assert "4 dossiers, dont 1 hors du groupe" in shown
    assert "Y ajouter celui qui manque" in shown
    close_group(group=group.uid, actor=responder)
    assert len(rows(client)) == 2


def test_what_happens_inside_a_shut_wave_changes_the_mark(client, responder, wave):
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
    key = rows(client)[0].key
    assert client.get(URL, {"ouvre": key}).context["mark"] == client.get(f"{URL}etat/", {"ouvre": key}).json()["mark"]


@pytest.mark.parametrize("number", [3, 60])
def test_a_wave_costs_the_same_however_many_it_holds(client, responder, number):
    first, *_others = [town(each, supplier=SUPPLIER) for each in range(3)]
    many(first, None, number)
    client.get(URL)
    key = rows(client)[0].key
    for asked in ({}, {"ouvre": key}, {"dans": key}):
        with CaptureQueriesContext(connection) as queries:
            client.get(URL, asked)
        assert len(queries) <= 10, [query["sql"][:90] for query in queries]


def test_pages_count_lines_and_not_cases(client, responder, wave, monkeypatch):
    monkeypatch.setattr(queue, "LINES", 2)
    later = [declare(type="panne") for _ in range(3)]
    Incident.objects.filter(pk=later[0].pk).update(due_at=timezone.now() + timedelta(days=1))
    first = client.get(URL)
    assert [getattr(row, "number", 1) for row in first.context["rows"]] == [9, 1]
    second = client.get(URL + first.context["page"].next)
    assert [row.incident for row in second.context["rows"]] == later[1:]
    assert [row.number for row in client.get(URL + second.context["page"].previous).context["rows"][:1]] == [9]
