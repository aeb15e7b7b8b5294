"""A domain or an address finds the indicators on the same host, in the search and on the page that looks values up."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from incidents.enums import ObservableKind
from incidents.indicators import hosts
from incidents.indicators.hosts import match_on_hosts
from incidents.indicators.observables import defang, find_indicator_host, normalise_url
from incidents.models import Incident, Observable, Story
from incidents.querysets import extract_reversed_host
from tests.bench.copies import copy_cases
from tests.bench.databases import ADD_OBSERVABLES, USUAL_DOMAIN
from tests.cast import declare
from tests.incidents.observing import an_observable, declare_elsewhere
from tests.incidents.searching import URL, find_references, search
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db
LOOK = "/admin/incidents/incident/indicateurs/"

ON_THE_HOST = [
    ("mechant14.example", ObservableKind.URL, "http://mechant14.example/x"),
    ("mechant14.example", ObservableKind.URL, "https://mechant14.example:8443/x?y=1"),
    ("mechant14.example", ObservableKind.URL, "https://moi@www.mechant14.example/"),
    ("mechant14.example", ObservableKind.EMAIL, "x@mechant14.example"),
    ("mechant14.example", ObservableKind.EMAIL, "x@mail.mechant14.example"),
    ("mechant14.example", ObservableKind.DOMAIN, "www.mechant14.example"),
    ("MECHANT14[.]example", ObservableKind.URL, "http://mechant14.example/x"),
    ("méchant.example", ObservableKind.URL, "http://xn--mchant-bva.example/x"),
    ("mechant14.example:8080/x", ObservableKind.DOMAIN, "www.mechant14.example"),
    ("mechant14.example/autre", ObservableKind.URL, "http://mechant14.example/x"),
    ("hxxp://mechant14[.]example/x", ObservableKind.DOMAIN, "mechant14.example"),
    ("http://www.mechant14.example/x", ObservableKind.DOMAIN, "mechant14.example"),
    ("https://mechant14.example/x", ObservableKind.URL, "http://mechant14.example/x"),
    ("x@mechant14.example", ObservableKind.DOMAIN, "mechant14.example"),
    ("203.0.113.9", ObservableKind.URL, "http://203.0.113.9:8080/x"),
    ("http://203.0.113.9/x", ObservableKind.IP, "203.0.113.9"),
    ("2001:db8::9", ObservableKind.URL, "http://[2001:db8::9]/x"),
]
ELSEWHERE = [
    ("mechant14.example", ObservableKind.URL, "http://pasmechant14.example/x"),
    ("mechant14.example", ObservableKind.URL, "http://autre.example/mechant14.example/"),
    ("mechant14.example", ObservableKind.EMAIL, "mechant14.example@autre.example"),
    ("mechant14.example", ObservableKind.DOMAIN, "mechant14.example.autre.example"),
    ("x@gmail.com", ObservableKind.EMAIL, "y@gmail.com"),
    ("203.0.113.9", ObservableKind.URL, "http://203.0.113.99/x"),
    ("203.0.113.9", ObservableKind.IP, "203.0.113.99"),
]


@pytest.mark.parametrize(("query", "kind", "value"), ON_THE_HOST)
def test_an_indicator_on_the_host_is_found_at_both_doors(client, responder, query, kind, value):
    incident, _other = declare(), declare()
    an_observable(incident, value, kind)

    response = search(client, query)
    assert [hit.incident for hit in response.context["hits"]] == [incident]
    assert "Indicateur relevé sur le même domaine ou la même adresse" in read_markup(response)

    looked_up = client.post(LOOK, {"text": query})
    assert defang(kind, value) in read_markup(looked_up)
    assert f'href="{case_url(incident)}"' in read_markup(looked_up)


@pytest.mark.parametrize(("query", "kind", "value"), ELSEWHERE)
def test_an_indicator_on_another_host_is_not_found(client, responder, query, kind, value):
    incident = declare()
    an_observable(incident, value, kind)
    assert find_references(client, query) == set()
    assert f'href="{case_url(incident)}"' not in read_markup(client.post(LOOK, {"text": query}))


def test_the_same_value_keeps_its_own_reason(client, responder):
    incident = declare()
    an_observable(incident, "mechant14.example")
    an_observable(incident, "x@mechant14.example", ObservableKind.EMAIL)
    assert "<b>Indicateur relevé</b>" in read_markup(search(client, "mechant14.example"))


def test_the_page_of_a_value_lists_the_others_on_its_host(client, responder):
    incident, other = declare(), declare()
    row = an_observable(incident, "mechant14.example")
    an_observable(incident, "ici@mechant14.example", ObservableKind.EMAIL)
    an_observable(other, "http://mechant14.example/x", ObservableKind.URL)
    text = read_markup(client.get(case_url(incident, "indicateurs", str(row.uid))))
    assert f'href="{case_url(other)}"' in text
    assert "hxxp://mechant14[.]example/x" in text
    assert "ici[@]mechant14" not in text, "the same case"


def test_an_indicator_of_another_centre_is_not_found_by_its_host(client, responder):
    elsewhere, incident = declare_elsewhere(), declare()
    row = an_observable(incident, "mechant14.example")
    an_observable(elsewhere, "http://mechant14.example/x", ObservableKind.URL)
    an_observable(elsewhere, "mechant15.example")
    for answer in (
        search(client, "mechant14.example"),
        search(client, "x@mechant15.example"),
        client.post(LOOK, {"text": "mechant14.example x@mechant15.example"}),
        client.get(case_url(incident, "indicateurs", str(row.uid))),
    ):
        assert elsewhere.reference not in answer.content.decode().replace(" ", "").replace("&nbsp;", "")


def test_a_frequent_domain_leaves_room_for_the_others(client, responder, monkeypatch):
    monkeypatch.setattr(hosts, "FEW", 0)
    monkeypatch.setattr(hosts, "MAX_ON_HOST", 1)
    old, new = declare(), declare()
    an_observable(old, "http://mechant14.example/x", ObservableKind.URL)
    an_observable(new, f"x@{USUAL_DOMAIN}", ObservableKind.EMAIL)
    looked_up = read_markup(client.post(LOOK, {"text": f"mechant14.example {USUAL_DOMAIN}"}))
    assert f'href="{case_url(old)}"' in looked_up
    assert f'href="{case_url(new)}"' in looked_up


@pytest.mark.parametrize("few", [2, 200])
def test_a_value_with_many_others_in_its_case_leaves_room_for_older_cases(client, responder, monkeypatch, few):
    monkeypatch.setattr(hosts, "FEW", few)
    monkeypatch.setattr(hosts, "MAX_ON_HOST", 2)
    monkeypatch.setattr(hosts, "MAX_ON_HOSTS", 2)
    old, new = declare(), declare()
    an_observable(old, "http://mechant14.example/x", ObservableKind.URL)
    row = an_observable(new, "mechant14.example")
    for number in range(3):
        an_observable(new, f"http://mechant14.example/{number}", ObservableKind.URL)
    assert f'href="{case_url(old)}"' in read_markup(client.get(case_url(new, "indicateurs", str(row.uid))))


def test_many_hosts_share_what_is_read(client, responder, monkeypatch):
    monkeypatch.setattr(hosts, "MAX_ON_HOSTS", 1)
    cases = [declare() for _ in range(2)]
    for case in cases:
        an_observable(case, "http://mechant14.example/x", ObservableKind.URL)
    looked_up = read_markup(client.post(LOOK, {"text": "mechant14.example mechant15.example"}))
    assert [f'href="{case_url(case)}"' in looked_up for case in cases] == [False, True]


@pytest.mark.parametrize("many", [2, 50])
@pytest.mark.parametrize("query", ["mechant14.example", "http://mechant14.example/x", "x@mechant14.example", "7k3m"])
def test_a_search_by_domain_costs_at_most_ten_queries(client, responder, many, query):
    for number in range(many):
        incident = declare(description=f"Voir {query} et {query}")
        an_observable(incident, f"x{number}@mechant14.example", ObservableKind.EMAIL, actor=responder)
    search(client, query)
    with CaptureQueriesContext(connection) as queries:
        client.get(URL, {"q": query})
    assert len(queries) <= 10, [text["sql"][:90] for text in queries.captured_queries]


COUNT_SCANS = """
    SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_xact_user_tables
    WHERE relname IN ('incidents_incident', 'incidents_observable')
"""


def fill_centre(powers):
    """Double the cases `powers` times. Each gets indicators on a host of its own and a mailbox on USUAL_DOMAIN."""
    for power in range(1, powers + 1):
        with act_as_superuser():
            copy_cases(connection.connection, 2**power)
    Story.objects.bulk_create(Story(incident=case) for case in Incident.objects.filter(story=None))
    with act_as_superuser(), connection.cursor() as cursor:
        cursor.execute(ADD_OBSERVABLES)
        cursor.execute("ANALYZE incidents_incident, incidents_observable")


def count_scans():
    with connection.cursor() as cursor:
        cursor.execute(COUNT_SCANS)
        return cursor.fetchone()[0]


def test_an_indicator_in_an_old_case_is_found_by_its_host(client, responder):
    old = declare()
    an_observable(old, "http://mechant14.example/x", ObservableKind.URL)
    fill_centre(12)
    response = search(client, "mechant14.example")
    assert [hit.incident for hit in response.context["hits"]] == [old]
    assert "Chercher dans les plus anciens" not in read_markup(response)
    assert f'href="{case_url(old)}"' in read_markup(client.post(LOOK, {"text": "mechant14.example"}))


def test_neither_the_cases_nor_their_indicators_are_read_whole(client, responder):
    incident = declare()
    row = an_observable(incident, "mechant14.example")
    fill_centre(13)
    for ask in (
        lambda: client.get(URL, {"q": "mechant14.example"}),
        lambda: client.get(URL, {"q": USUAL_DOMAIN}),
        lambda: client.get(URL, {"q": "7k3m"}),
        lambda: client.get(URL, {"q": "Brest"}),
        lambda: client.post(LOOK, {"text": "mechant14.example"}),
        lambda: client.get(case_url(incident, "indicateurs", str(row.uid))),
    ):
        before = count_scans()
        assert ask().status_code == 200
        assert count_scans() == before
    plan = Observable.objects.filter(match_on_hosts(["mechant14.example"])).explain()
    assert "observable_by_host" in plan


SAME_HOST = [
    "http://evil.example/",
    "https://evil.example:8443/a:1/b@c/",
    "ftp://user:secret@evil.example/x",
    "http://evil.example@autre.example/",
    "http://a@b@evil.example:80/",
    "http://[2001:db8::9]/",
    "http://moi@[2001:db8::9]:8080/[x]:1/",
    "http://203.0.113.9:8080/x?y=http://autre.example/",
    "http://evil.example?x=a@b/c",
    "http://_x.evil-1.example#/y",
]
PARTS_OF_HOSTS = st.text("ab1_-.", max_size=12).map(lambda text: f"{text}.example")
PARTS = st.text("ab1:@[].%?#/é-", max_size=8)
URLS = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https", "ftp", "ftps"]),
    st.just("") | PARTS.map("{}@".format),
    PARTS_OF_HOSTS | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map("[{}]".format),
    st.just("") | st.just(":") | st.integers(0, 65535).map(":{}".format),
    st.just("") | PARTS.map("/{}".format) | PARTS.map("?{}".format),
)
OTHERS = [
    (ObservableKind.EMAIL, "a/b@mail.evil.example"),
    (ObservableKind.DOMAIN, "www.evil.example"),
    (ObservableKind.IP, "2001:db8::9"),
    (ObservableKind.IP, "203.0.113.9"),
    (ObservableKind.FILE, "a@evil.example"),
]


def find_host_by_sql(row, kind, value):
    Observable.objects.filter(pk=row.pk).update(kind=kind, value=value)
    [host] = Observable.objects.filter(pk=row.pk).values_list(extract_reversed_host(), flat=True)
    return host[::-1].removeprefix(".")


@pytest.mark.parametrize(("kind", "value"), OTHERS)
def test_the_database_finds_the_host_that_the_code_finds(responder, kind, value):
    assert find_host_by_sql(an_observable(declare()), kind, value) == find_indicator_host(kind, value)


@given(st.lists(URLS, max_size=5))
@example(SAME_HOST)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_the_database_finds_the_host_of_any_url(db, urls):
    values = [value for url in urls if (value := normalise_url(url))]
    row = Observable.objects.first() or an_observable(declare())
    hosts = {value: find_host_by_sql(row, ObservableKind.URL, value) for value in values}
    assert hosts == {value: find_indicator_host(ObservableKind.URL, value) for value in values}
