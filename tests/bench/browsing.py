"""The site served as in production, for a process that opens it in a browser."""

from tests.bench.databases import BenchDatabases
from tests.bench.figures import Figure
from tests.faults.deployment import Deployment

SETTINGS = "tests.bench.settings_as_served"


def measure_in_browser(databases: BenchDatabases, module: str, database: str) -> list[Figure]:
    """Run `module` with the address of the site in BENCH_SITE, on the database and with the keys of the site."""
    deployment = Deployment(databases.home, databases.servers, database=database, settings=SETTINGS)
    collected = deployment.manage("collectstatic", "--noinput", "--clear", "--verbosity=0")
    if collected.returncode:
        raise SystemExit(collected.stderr)
    deployment.web.start()
    try:
        deployment.wait_for_web()
        site = {"DJANGO_SETTINGS_MODULE": SETTINGS, "BENCH_SITE": f"http://localhost:{deployment.port}"}
        return databases.run_measurement(module, database, **site)
    finally:
        deployment.web.kill()
