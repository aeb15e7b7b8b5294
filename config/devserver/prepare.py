"""Updates the database of `make run`: schema, official lists and, on the first start, invented cases.

Progress goes to stderr; the accounts, which the ready block shows, go to stdout.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import django
from django.core.management import call_command
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
django.setup()

from accounts.installation import is_marked_as_demonstration  # noqa: E402 (rows, once the applications are loaded)
from collectivities.models import Collectivity  # noqa: E402
from config.demo.accounts import REGION  # noqa: E402
from config.demo.showcase import has_showcase, make_showcase  # noqa: E402
from config.devserver.progress import report_step  # noqa: E402
from config.env import Env  # noqa: E402
from csirts.models import Csirt  # noqa: E402
from incidents.models import Incident, SearchDocument  # noqa: E402
from stats.counting.rollups import fold_pending_events  # noqa: E402
from stats.models import Release  # noqa: E402

CASES = Env().read_number("DEMO_CASES", 10_000)
MONTHS = 24
# A supplier was attacked yesterday, and this many bodies of the demonstration's région declared it.
CAMPAIGN = 14


def main() -> None:
    """Update the database, and fill it with invented cases if it is new."""
    with report_step("Schéma de la base"):  # as the owner, in a connection of its own
        call_command("migrate", verbosity=0, interactive=False)
    if not Collectivity.objects.exists():
        with run_step_quietly("Liste officielle des collectivités"):
            call_command("import_collectivities", verbosity=0)
    if not Csirt.objects.exists():
        with run_step_quietly("Annuaire des CSIRT"):
            call_command("import_csirts", verbosity=0)
    if not Incident.objects.exists():
        with run_step_quietly("Incidents inventés et comptés (deux ans)"):
            call_command("simulate_incidents", count=CASES, months=MONTHS)
            call_command("simulate_incidents", region=REGION, campaign=CAMPAIGN)
            fold_pending_events()
    if not SearchDocument.objects.exists():  # the database was made before the search existed
        with run_step_quietly("Textes que la recherche lit"):
            call_command("index_cases")
    if is_marked_as_demonstration() and not Release.objects.exists():
        with run_step_quietly("Chiffres publiés, arrondis et vérifiés"):
            call_command("publish_releases")
    if is_marked_as_demonstration():
        call_command("create_demonstration")
        if not has_showcase():
            with run_step_quietly("Dossiers de la démonstration"):
                make_showcase()


@contextmanager
def run_step_quietly(title: str) -> Iterator[None]:
    """Run the block as one step of the start, without the output of its commands. The block runs in a transaction, so
    that a start that was killed can be repeated.
    """
    stdout, sys.stdout = sys.stdout, StringIO()
    try:
        with report_step(title), transaction.atomic():
            yield
    finally:
        sys.stdout = stdout


if __name__ == "__main__":
    main()
