"""Helpers of the tests of bulk actions: the form sent from the queue, its messages, the job."""

from collections.abc import Iterable
from typing import Any

from django.test import Client

from accounts.models import User
from csirts.models import Csirt
from incidents.enums import BulkAct
from incidents.models import BulkJob, Incident
from incidents.services.bulk import jobs
from tests.incidents.devices import QUEUE
from tests.responses import Response

URL = f"{QUEUE}actes/"


def list_references(cases: Iterable[Incident]) -> list[str]:
    return [case.reference for case in cases]


def send(client: Client, act: str, cases: Iterable[Incident], *, follow: bool = True, **fields: Any) -> Response:
    data = {"acte": act, "dossier": list_references(cases), "cle": "k1", "confirme": "oui"} | fields
    return client.post(URL, data, follow=follow)


def list_messages(response: Response) -> list[str]:
    return [str(message).replace("\u00a0", " ") for message in response.context["messages"]]


def start_job(
    actor: User,
    act: BulkAct = BulkAct.TAKE,
    cases: Iterable[Incident] = (),
    *,
    choices: dict[str, Any] | None = None,
    key: str = "k",
    text: str = "",
) -> BulkJob:
    return jobs.start_bulk_job(
        actor=actor, act=act, references=list_references(cases), choices=choices or {}, key=key, text=text
    )


def move_to_another_centre(case: Incident) -> Incident:
    Incident.objects.filter(pk=case.pk).update(csirt=Csirt.objects.get_or_create(slug="ailleurs", name="Ailleurs")[0])
    return case


def list_outcomes(job: BulkJob) -> list[str]:
    return list(job.items.order_by("id").values_list("outcome", flat=True))
