"""Measures how long a centre waits for the mail of a declaration while other work runs, compared with its wait at
rest.
"""

from itertools import count
from time import monotonic

from tests.bench.databases import BenchDatabases
from tests.bench.declaring import BODIES, list_centre_mails, make_deployment
from tests.bench.figures import Figure, divide_in_turn, judge_at_most, log_progress, report_value, resample_p95
from tests.faults.deployment import Deployment, wait_until
from tests.faults.slow_clients import CLIENTS as SLOW_CLIENTS
from tests.faults.slow_clients import run_slow_clients
from tests.faults.visitors import TOKEN, Visitor

# Fewer than FEWEST say little about a p95, so they are not judged.
DECLARATIONS, FEWEST = 80, 20
STRANGERS = 40
CASES = 1000
MAX_RATIO = 2
DEPARTEMENTS = "SELECT code FROM collectivities_departement ORDER BY code LIMIT %s"
PAPERS_LEFT = "SELECT count(*) FROM incidents_paper WHERE state = 'asked'"
GIVE_UP = "UPDATE incidents_paper SET state = 'failed' WHERE state = 'asked'"
COUNT = "from stats.services import fold_all_events; fold_all_events()"
RELEASES = "SELECT count(*) FROM stats_release"
PUBLISH = "from config.celery import app; app.send_task('stats.tasks.publish_releases')"
CASES_LEFT = "SELECT count(*) FROM incidents_bulkitem WHERE outcome = 'waiting'"
ACT = """
from accounts.models import User
from config.demo.accounts import DOMAIN
from incidents.enums import BulkAct
from incidents.models import Incident
from incidents.services.bulk.jobs import start_bulk_job
actor = User.objects.get(email=f"responder@{{DOMAIN}}")
ours = Incident.objects.filter(csirt__in=actor.readable_centre_ids, status="declared").order_by("id")
references = list(ours.values_list("reference", flat=True)[:{number}])
start_bulk_job(actor=actor, act=BulkAct.TAKE, references=references, choices={{}}, key="urgency")
print(len(references))
"""


def measure_urgency(databases: BenchDatabases, database: str) -> list[Figure]:
    deployment = make_deployment(databases, database)
    waits = Waits(deployment)
    run(deployment, COUNT)  # so that the workers have nothing else to do
    deployment.start()
    try:
        waits.measure_one()  # the workers may still be starting
        at_rest = waits.measure()
        with run_slow_clients(deployment.port) as crowd:
            beside_slow = waits.measure()
            assert crowd.thread.is_alive(), "no client was slow in the end"
        ask_for_cards(deployment)
        beside_papers = waits.measure(PAPERS_LEFT)
        deployment.change(GIVE_UP)
        assert not deployment.number(RELEASES)
        run(deployment, PUBLISH)
        acted_on = int(run(deployment, ACT.format(number=CASES)))
        assert acted_on == CASES, f"only {acted_on} cases to act on"
        beside_act = waits.measure(CASES_LEFT)
        wait_until(lambda: deployment.number(RELEASES), seconds=120, what="no release")
    finally:
        deployment.stop()
    log_progress("mails of declarations measured beside other work")
    idle = resample_p95(at_rest)
    return [
        report_value("declare to mail at rest, one at a time, p50", [wait * 1000 for wait in at_rest], "ms"),
        report_value("declare to mail at rest, one at a time, p95", [wait * 1000 for wait in idle], "ms"),
        *compare(f"{SLOW_CLIENTS} slow posts", beside_slow, idle),
        *compare(f"{STRANGERS} strangers ask for the cards of départements", beside_papers, idle),
        *compare(f"a release and an act on {CASES} cases, each mailed", beside_act, idle),
    ]


def run(deployment: Deployment, statements: str) -> str:
    """Run these statements in a process with the settings of the stage and return what they print."""
    done = deployment.manage("shell", "-v0", "-c", statements)
    assert not done.returncode, done.stderr[-2000:]
    return done.stdout


def compare(work: str, waits: list[float], idle: list[float]) -> list[Figure]:
    """Return the p95 of the waits, and its ratio to that of the waits at rest, whose resamples are `idle`."""
    if len(waits) < 2:
        return [report_value(f"declare to mail during {work}: the work had ended after", len(waits), "declarations")]
    beside = resample_p95(waits)
    name, ratios = f"declare to mail during {work}, p95 ÷ at rest", divide_in_turn(beside, idle)
    is_judged = len(waits) >= FEWEST
    return [
        report_value(f"declare to mail during {work}, p95", [wait * 1000 for wait in beside], "ms"),
        judge_at_most(name, ratios, MAX_RATIO, "×") if is_judged else report_value(name, ratios, "×"),
    ]


class Waits:
    """Measures town halls that declare one after the other, each until the mail of its centre has arrived."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.numbers = deployment, count()
        self.bodies = iter([uid for (uid,) in deployment.rows(BODIES)])

    def measure(self, count_remaining: str | None = None) -> list[float]:
        """Return the seconds from the sending of each last screen to the mail of the centre.

        `count_remaining` is SQL that counts what remains of the other work. No declaration begins after that work has
        ended.
        """
        waits: list[float] = []
        while len(waits) < DECLARATIONS and (count_remaining is None or self.deployment.number(count_remaining)):
            waits.append(self.measure_one())
        return waits

    def measure_one(self) -> float:
        visitor = Visitor(self.deployment.port)
        last_screen = visitor.fill(next(self.bodies), next(self.numbers))
        sent_at = monotonic()
        reference = visitor.send(last_screen).reference
        visitor.hang_up()
        wait_until(lambda: reference in list_centre_mails(self.deployment), seconds=300, what="no mail")
        return list_centre_mails(self.deployment)[reference] - sent_at


def ask_for_cards(deployment: Deployment) -> None:
    """Request the cards of forty départements, each time from another address."""
    for number, (code,) in enumerate(deployment.rows(DEPARTEMENTS, STRANGERS)):
        stranger, path = Visitor(deployment.port), f"/secours/departement/{code}/"
        stranger.number, stranger.cookies = 100_000 + number, {}
        token = TOKEN.search(stranger.get(path))[1]
        answer = stranger.ask("POST", path, f"csrfmiddlewaretoken={token}", stranger.headers)
        stranger.hang_up()
        assert answer.status == 302, answer
