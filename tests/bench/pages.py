"""Measures the queries of each page, and the pages that responders use most at two sizes. Runs as a child process.

DATABASE_URL is the smaller database; BENCH_LARGER is the name of the other one on the same server.
"""

import gc
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from html import unescape
from time import perf_counter, process_time

import django

django.setup()

from django.contrib import admin  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.db.models import Count, F, Model  # noqa: E402
from django.db.models.functions import Abs  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import NoReverseMatch, reverse  # noqa: E402

from accounts.models import User  # noqa: E402
from config.demo.accounts import CAST, COMMUNE, CSIRT, DOMAIN  # noqa: E402
from config.demo.work import fill_case  # noqa: E402
from incidents.enums import Status  # noqa: E402
from incidents.models import Incident  # noqa: E402
from incidents.services.declarant.access import derive_secret  # noqa: E402
from incidents.services.handling.acknowledge import acknowledge_incident  # noqa: E402
from stats.pages.freshness import page_cache  # noqa: E402
from tests.bench.databases import USUAL_DOMAIN  # noqa: E402
from tests.bench.figures import Figure, judge_at_most, print_figures, report_value  # noqa: E402
from tests.bench.visits import begin_declaration  # noqa: E402
from tests.cast import signed_in  # noqa: E402
from tests.factories.accounts import make_api_token  # noqa: E402
from tests.responses import Response  # noqa: E402

MAX_LIST, MAX_DETAIL, MAX_DECLARING, MAX_RATIO = 10, 20, 20, 1.2
MAX_CASE = 35  # fewer queries would be more complex, and cost more
MAX_BESIDE_EMPTY = {"case": 3.6, "queue": 2}
ROUNDS = 12
QUEUE = "/admin/incidents/incident/"
SEARCH = f"{QUEUE}recherche/"
SEARCHED_BODY = "Rennes"
CASES_OF_A_TOWN = 3
NAMES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=/change/)")


class Reader:
    """The people of the demonstration, each with a test client, and one program with a token."""

    town: str  # these two are set by Size
    second_page: str

    def __init__(self) -> None:
        self.clients = {name: Client(SERVER_NAME="localhost") for name in ["nobody", *CAST]}
        for name in CAST:
            signed_in(self.clients[name], User.objects.get(email=f"{name}@{DOMAIN}"))
        begin_declaration(self.clients["nobody"])
        token = make_api_token(User.objects.get(email=f"responder@{DOMAIN}"), name="bench")
        self.clients["token"] = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {token}"})
        # A case with interruptions and leaks, because the cost of a page depends on its contents.
        cases = Incident.objects.filter(csirt__slug=CSIRT, interruptions__isnull=False, leaks__isnull=False)
        self.case = cases.distinct().order_by("-received_at")[0]
        # The search redirects to the page of that case.
        self.by_reference = f"{SEARCH}?q={self.case.reference}"

    def get(self, who: str, path: str) -> Response:
        answer = self.clients[who].get(path)
        if answer.status_code != (302 if path == self.by_reference else 200):
            raise SystemExit(f"{path}: {answer.status_code}")
        return answer

    def queries(self, who: str, path: str) -> int:
        self.get(who, path)  # the queries of a first visit alone (caches, content types) are not counted
        page_cache.clear()
        with CaptureQueriesContext(connection) as captured:
            self.get(who, path)
        return len(captured)


def list_index_pages(reader: Reader) -> Iterator[tuple[str, str]]:
    yield "responder", QUEUE
    for view in ("miens", "sans-responsable", "non-verifies", "attente", "retard", "clos", "tous"):
        yield "responder", f"{QUEUE}?etat={view}"
    yield "responder", f"{SEARCH}?q={SEARCHED_BODY}"
    yield "responder", reader.by_reference
    for words in ["fichiers", "fichiers -exercice type:rançongiciel etat:clos", "type:panne", "zzqxkjw"]:
        yield "responder", f"{SEARCH}?q={words}"
    yield "agent", "/mes-dossiers/"
    yield "token", "/api/v1/incidents/"
    for path in ["/annuaire/", "/statistiques/", "/mails/", "/declarer/qui/?q=Rennes"]:
        yield "nobody", path
    for path in ["/api/v1/collectivities/?q=Rennes", "/api/v1/csirts/"]:
        yield "nobody", path
    for model in admin.site._registry:
        if model is not Incident:
            yield from find_reader(reader, reverse(make_admin_name(model, "changelist")))


def list_detail_pages(reader: Reader) -> Iterator[tuple[str, str]]:
    case = reader.case
    yield "responder", f"{QUEUE}{case.reference}/"
    yield "responder", f"/triage/{case.reference}/"
    yield "token", f"/api/v1/incidents/{case.reference}/"
    yield "lead", "/statistiques/mon-centre/"
    for name in ["services", "donnees", "rappel", "reprendre"]:
        yield "nobody", f"/declarer/{name}/"
    yield "nobody", f"/api/v1/csirts/for/{COMMUNE}/"
    for model in admin.site._registry:
        last = None if model is Incident else model._default_manager.order_by("-pk").first()
        if last:
            with suppress(NoReverseMatch):  # rows that are only listed have no page of their own
                yield from find_reader(reader, reverse(make_admin_name(model, "change"), args=[last.pk]))


def make_admin_name(model: type[Model], page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


def find_reader(reader: Reader, path: str) -> Iterator[tuple[str, str]]:
    """Yield the page with the first person who may open it, or nothing."""
    for who in ["admin", "lead", "responder"]:
        if reader.clients[who].get(path).status_code == 200:
            yield who, path
            return


def count_queries(reader: Reader) -> Iterator[Figure]:
    for kind, pages, most in [("list", list_index_pages, MAX_LIST), ("detail", list_detail_pages, MAX_DETAIL)]:
        for who, path in pages(reader):
            page = NAMES.sub("ID", path.replace(reader.case.reference, "REF"))
            limit = MAX_CASE if path == f"{QUEUE}{reader.case.reference}/" else most
            yield judge_at_most(f"queries of {kind} {page} ({who})", reader.queries(who, path), limit, "queries")
    yield judge_at_most("queries of declaration POST", count_declaration_queries(), MAX_DECLARING, "queries")
    yield judge_at_most(
        "queries of detail /suivi/REF/ (declarant)", count_follow_up_queries(reader), MAX_DETAIL, "queries"
    )


def count_declaration_queries() -> int:
    """Count the queries of the last post, which saves the screen and declares the case."""
    counts = []
    for _number in range(2):
        client = Client(SERVER_NAME="localhost")
        begin_declaration(client)
        client.post("/declarer/services/", {"service": ["civil"], "data_concerned": "yes"})
        with CaptureQueriesContext(connection) as captured:
            answer = client.post("/declarer/rappel/", {"contact_phone": "02 99 00 00 00", "confirme": "oui"})
        assert answer.status_code == 303, answer.status_code
        counts.append(len(captured))
    return counts[-1]


def count_follow_up_queries(reader: Reader) -> int:
    case = Incident.objects.order_by("-pk")[0]
    client = reader.clients["declarant"] = Client(SERVER_NAME="localhost")
    client.post(reverse("follow_up_access", args=[derive_secret(case.accesses.get())]))
    return reader.queries("declarant", f"/suivi/{case.reference}/")


# The same pages at two sizes

PAGES: dict[str, Callable[[Reader], tuple[str, str]]] = {
    "queue page": lambda reader: ("responder", QUEUE),
    "second queue page": lambda reader: ("responder", QUEUE + reader.second_page),
    "my cases": lambda reader: ("responder", f"{QUEUE}?etat=miens"),
    "late cases": lambda reader: ("responder", f"{QUEUE}?etat=retard"),
    "state of the queue": lambda reader: ("responder", f"{QUEUE}etat/"),
    "all cases": lambda reader: ("responder", f"{QUEUE}?etat=tous"),
    "search by reference": lambda reader: ("responder", reader.by_reference),
    "search by name": lambda reader: ("responder", f"{SEARCH}?q={reader.town}"),
    "search of a rare word": lambda reader: ("responder", f'{SEARCH}?q="{reader.case.collectivity.name}"'),
    "search of a usual word": lambda reader: ("responder", f"{SEARCH}?q=fichiers"),
    "search of words and filters": lambda reader: ("responder", f"{SEARCH}?q=fichiers pop<50000 etat:clos"),
    "search by domain": lambda reader: ("responder", f"{SEARCH}?q=bench{reader.case.pk}.example"),
    "search by a usual domain": lambda reader: ("responder", f"{SEARCH}?q={USUAL_DOMAIN}"),
    "search by the beginning of a reference": lambda reader: ("responder", f"{SEARCH}?q={reader.case.reference[:4]}"),
    "search by the end of a reference": lambda reader: ("responder", f"{SEARCH}?q={reader.case.reference[4:]}"),
    "search that finds nothing": lambda reader: ("responder", f"{SEARCH}?q=zzqxkjw"),
    "case page": lambda reader: ("responder", f"{QUEUE}{reader.case.reference}/"),
    "own cases of an agent": lambda reader: ("agent", "/mes-dossiers/"),
    "exact figures of a lead": lambda reader: ("lead", "/statistiques/mon-centre/"),
    "public figures": lambda reader: ("nobody", "/statistiques/"),
    "API list": lambda reader: ("token", "/api/v1/incidents/"),
}


def find_case_of_a_town() -> Incident:
    """Find a case in a town with the same number of cases at every size, so that its pages cost the same."""
    cases = Incident.objects.filter(csirt__slug=CSIRT, collectivity__kind="commune")
    towns = cases.order_by().values("collectivity").annotate(cases=Count("pk"))
    # Among a million cases every town may have more cases, so the town with the nearest number is taken.
    town = towns.order_by(Abs(F("cases") - CASES_OF_A_TOWN), "collectivity")[0]["collectivity"]
    return cases.filter(collectivity=town).select_related("collectivity__departement").order_by("-received_at")[0]


# These pages grow with the cases until they are full, so their ratio is shown and not judged.
GROWING = {"my cases", "late cases", "own cases of an agent", "exact figures of a lead", "public figures"}


class Size:
    """One database, with a connection that stays open while the other one is measured."""

    def __init__(self, name: str) -> None:
        connections["default"].settings_dict["NAME"] = name
        self.wrapper = connections.create_connection("default")
        self.wrapper.settings_dict = self.wrapper.settings_dict | {"NAME": name}
        self.use_database()
        self.reader = Reader()
        page = self.reader.get("responder", QUEUE).content.decode()
        self.reader.case = find_case_of_a_town()
        self.reader.town = f"{self.reader.case.collectivity.name} {self.reader.case.collectivity.departement.name}"
        self.reader.second_page = unescape(re.search(r'rel="next" href="([^"]*)"', page)[1])
        self.count = Incident.objects.count()

    def use_database(self) -> None:
        connections["default"] = self.wrapper

    def time(self, page: str) -> tuple[float, float]:
        """Return the elapsed milliseconds and the CPU milliseconds of this process, which leave out waits for the
        database.
        """
        self.use_database()
        page_cache.clear()  # a page in the cache of the process would cost nothing
        who, path = PAGES[page](self.reader)
        began, worked = perf_counter(), process_time()
        self.reader.get(who, path)
        return (perf_counter() - began) * 1000, (process_time() - worked) * 1000


def compare(smaller: Size, larger: Size) -> Iterator[Figure]:
    for page in PAGES:
        for size in [smaller, larger] * 3:
            size.time(page)
        pairs = [time_both(page, smaller, larger, number) for number in range(ROUNDS)]
        small, large = zip(*pairs, strict=True)
        for size, times in [(smaller, small), (larger, large)]:
            wall, cpu = zip(*times, strict=True)
            yield report_value(f"{page} at {size.count}", wall, "ms")
            yield report_value(f"{page} at {size.count}, CPU", cpu, "ms")
        # The ratio is that of each pair, so that other work of the machine counts in both.
        ratios = [late[0] / early[0] for early, late in pairs]
        name = f"{page}: {larger.count} ÷ {smaller.count}"
        yield report_value(name, ratios, "×") if page in GROWING else judge_at_most(name, ratios, MAX_RATIO, "×")


def compare_with_an_empty_page(size: Size) -> Iterator[Figure]:
    """Compare the CPU of a case page and of the queue with an admin page that has only its frame and two sentences."""
    size.use_database()
    case = f"{QUEUE}{size.reader.case.reference}/"
    pages = {
        "case": ("responder", case),
        "worked case": ("responder", f"{QUEUE}{work_on_a_case().reference}/"),
        "queue": ("responder", QUEUE),
        "empty": ("lead", f"{case}effacer/demande/"),
    }
    times: dict[str, list[float]] = {name: [] for name in pages}
    gc.collect()
    gc.freeze()  # existing objects are not collected in the middle of a page
    for _round in range(ROUNDS):
        for name, (who, path) in pages.items():
            began = process_time()
            size.reader.get(who, path)
            times[name].append(process_time() - began)
    empty = times.pop("empty")
    for page, full in times.items():
        ratios = [loaded / bare for loaded, bare in zip(full, empty, strict=True)]
        name = f"{page} page ÷ empty page of the admin, CPU"
        most = MAX_BESIDE_EMPTY.get(page)
        yield judge_at_most(name, ratios, most, "×") if most else report_value(name, ratios, "×")


def work_on_a_case() -> Incident:
    """Acknowledge an open case and give it notes, eighteen tasks, a qualification and indicators. Return it."""
    responder, lead = (User.objects.get(email=f"{name}@{DOMAIN}") for name in ["responder", "lead"])
    case = Incident.objects.filter(csirt__slug=CSIRT, status=Status.DECLARED).order_by("received_at")[0]
    acknowledge_incident(reference=case.reference, actor=responder)
    fill_case(case, responder, lead)
    return case


def time_both(page: str, smaller: Size, larger: Size, number: int) -> tuple[tuple[float, float], tuple[float, float]]:
    if number % 2:
        return smaller.time(page), larger.time(page)
    late = larger.time(page)
    return smaller.time(page), late


def main() -> None:
    # `find_reader` asks for pages that are refused: their tracebacks would flood the screen.
    logging.getLogger("django.request").setLevel(logging.ERROR)
    smaller = Size(connections["default"].settings_dict["NAME"])
    larger = Size(os.environ["BENCH_LARGER"])
    figures = [*compare(smaller, larger), *compare_with_an_empty_page(larger)]
    sys.stderr.write("pages compared\n")
    smaller.use_database()
    print_figures(list(count_queries(Reader())) + figures)


if __name__ == "__main__":
    main()
