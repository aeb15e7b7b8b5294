"""Measures a bulk action on a thousand cases, as its task runs it. Runs as a child process, on a copy of a
database.
"""

from time import monotonic, process_time
from types import ModuleType
from typing import TYPE_CHECKING

import django

from tests.bench.figures import Figure, print_figures, report_value, wait_while_growing

if TYPE_CHECKING:
    from incidents.models import BulkJob

CASES = 1000


def main() -> None:
    django.setup()
    print_figures(measure_bulk_act())


def measure_bulk_act() -> list[Figure]:
    from accounts.models import User  # noqa: PLC0415  (after django.setup)
    from config.demo.accounts import DOMAIN  # noqa: PLC0415
    from incidents.enums import BulkAct  # noqa: PLC0415
    from incidents.models import Incident  # noqa: PLC0415
    from incidents.services.bulk import jobs  # noqa: PLC0415

    lead, responder = (User.objects.get(email=f"{name}@{DOMAIN}") for name in ("lead", "responder"))
    own_cases = Incident.objects.filter(csirt__in=lead.readable_centre_ids & responder.readable_centre_ids)
    open_cases = own_cases.open().exclude(assignee=lead)  # a closed case cannot be assigned
    references = list(open_cases.order_by("id").values_list("reference", flat=True)[:CASES])
    choices = {"assignee": str(lead.uid)}
    began, worked = monotonic(), process_time()
    job = jobs.start_bulk_job(actor=responder, act=BulkAct.ASSIGN, references=references, choices=choices, key="bench")
    requested = monotonic() - began
    wait_while_growing(lambda: run_task_turn(jobs, job), len(references), what="cases acted on")
    took, cpu, cases = monotonic() - began, process_time() - worked, max(len(references), 1)
    return [
        report_value(f"an act on {len(references)} cases, asked", requested * 1000, "ms"),
        report_value(f"an act on {len(references)} cases, done by the task", took, "s"),
        report_value("each of these cases", took / cases * 1000, "ms"),
        report_value("each of these cases, CPU without that of PostgreSQL", cpu / cases * 1000, "ms"),
    ]


def run_task_turn(jobs: ModuleType, job: "BulkJob") -> int:
    """Run one turn of the task. Return the number of cases that are done."""
    jobs.run_due_jobs()
    return jobs.count_outcomes(job)["done"]


if __name__ == "__main__":
    main()
