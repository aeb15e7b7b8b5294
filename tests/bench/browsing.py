"""The site served as in production, for a process that opens it in a browser."""

from tests.bench.figures import Figure
from tests.bench.ground import BenchGround
from tests.faults.stage import Stage

SETTINGS = "tests.bench.served"


def measure_in_a_browser(ground: BenchGround, module: str, database: str) -> list[Figure]:
    """Run `module` with the address of the site in BENCH_SITE, on the database and with the keys of the site."""
    stage = Stage(ground.home, ground.servers, database=database, settings=SETTINGS)
    collected = stage.manage("collectstatic", "--noinput", "--clear", "--verbosity=0")
    if collected.returncode:
        raise SystemExit(collected.stderr)
    stage.web.start()
    try:
        stage.wait_for_web()
        site = {"DJANGO_SETTINGS_MODULE": SETTINGS, "BENCH_SITE": f"http://localhost:{stage.port}"}
        return ground.figures_of(module, database, **site)
    finally:
        stage.web.kill()
