"""An act on a thousand cases, as its task does it. A child process, on a copy of a database."""

from time import monotonic

import django

from tests.bench.figures import absolute, hand_over

CASES = 1000


def main():
    django.setup()
    hand_over(act())


def act():
    from accounts.models import User  # noqa: PLC0415  (after django.setup)
    from config.demonstration import DOMAIN  # noqa: PLC0415
    from incidents.enums import BulkAct  # noqa: PLC0415
    from incidents.models import Incident  # noqa: PLC0415
    from incidents.services import bulk  # noqa: PLC0415

    lead, responder = (User.objects.get(email=f"{name}@{DOMAIN}") for name in ("lead", "responder"))
    ours = Incident.objects.filter(csirt__in=lead.csirt_ids() & responder.csirt_ids())
    others = ours.open().exclude(assignee=lead)  # nobody is given a closed case
    references = list(others.order_by("id").values_list("reference", flat=True)[:CASES])
    choices = {"assignee": str(lead.uid)}
    began = monotonic()
    job = bulk.start_bulk(actor=responder, act=BulkAct.ASSIGN, references=references, choices=choices, key="bench")
    asked = monotonic() - began
    bulk.carry_on_bulk()
    took = monotonic() - began
    job.refresh_from_db()
    if bulk.tally(job)["done"] != len(references):
        raise SystemExit(f"not all of {len(references)} cases were done: {bulk.tally(job)}")
    return [
        absolute(f"an act on {len(references)} cases, asked", asked * 1000, "ms"),
        absolute(f"an act on {len(references)} cases, done by the task", took, "s"),
        absolute("each of these cases", took / max(len(references), 1) * 1000, "ms"),
    ]


if __name__ == "__main__":
    main()
