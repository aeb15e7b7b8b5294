"""Measures the wall cards of a département, as their task makes them: the seconds and the peak memory.

`python -m tests.bench.printing` is the process that is measured. It makes BENCH_CARDS cards.
"""

import os
import resource
from itertools import islice
from tempfile import TemporaryDirectory
from time import monotonic, process_time
from typing import TYPE_CHECKING

import django

from tests.bench.figures import Figure, judge_at_most, log_progress, print_figures, report_value

if TYPE_CHECKING:  # the process that is measured must not import it
    from tests.bench.databases import BenchDatabases

FEW, MANY = 50, 500
LARGEST_DEPARTEMENT = "62"


def measure_printing(databases: "BenchDatabases") -> list[Figure]:
    measured = {
        cards: databases.run_measurement("tests.bench.printing", "test_tocsin", BENCH_CARDS=str(cards))
        for cards in (FEW, MANY)
    }
    peaks = {cards: figures[1].value for cards, figures in measured.items()}
    log_progress(f"{MANY} cards set")
    ratio = peaks[MANY] / peaks[FEW]
    return [*measured[FEW], *measured[MANY], judge_at_most(f"memory of {MANY} cards / of {FEW}", ratio, 1.15, "")]


def main() -> None:
    django.setup()
    print_figures(make_cards(int(os.environ["BENCH_CARDS"])))


def make_cards(count: int) -> list[Figure]:
    """Make a paper and return its figures. The paper needs a row, because each step checks that the task still owns
    it.
    """
    from collectivities.models import Departement  # noqa: PLC0415  (after django.setup)
    from incidents.files import vault  # noqa: PLC0415
    from incidents.models import Paper  # noqa: PLC0415
    from incidents.services.papers import cards  # noqa: PLC0415
    from incidents.services.papers import making as papers  # noqa: PLC0415

    papers.list_cards = lambda departement, on: islice(cards.list_cards(departement, on=on), count)  # type: ignore[attr-defined,misc]
    departement = Departement.objects.get(code=LARGEST_DEPARTEMENT)
    paper = Paper.objects.create(kind="wall_cards", departement=departement, storage_name=vault.make_object_name())
    with TemporaryDirectory() as folder:
        vault.get_store = lambda: vault.FolderStorage(location=folder)
        began, worked = monotonic(), process_time()
        size = papers.make_cards(paper)
        took, cpu = monotonic() - began, process_time() - worked
    paper.delete()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        report_value(f"{count} cards in one PDF", took, "s"),
        report_value(f"{count} cards, memory at most", peak, "MB"),
        report_value(f"{count} cards, size", size / 1e6, "MB"),
        report_value(f"{count} cards, CPU without that of PostgreSQL", cpu, "s"),
    ]


if __name__ == "__main__":
    main()
