"""What the tests of an act on many cases share: the form sent from the queue, what its answer tells, the job."""

from csirts.models import Csirt
from incidents.enums import BulkAct
from incidents.models import Incident
from incidents.services.groups import bulk

QUEUE = "/admin/incidents/incident/"
URL = f"{QUEUE}actes/"


def references(cases):
    return [case.reference for case in cases]


def send(client, act, cases, *, follow=True, **said):
    data = {"acte": act, "dossier": references(cases), "cle": "k1", "confirme": "oui"} | said
    return client.post(URL, data, follow=follow)


def told(response):
    return [str(message).replace("\u00a0", " ") for message in response.context["messages"]]


def ask(actor, act=BulkAct.TAKE, cases=(), *, choices=None, key="k", text=""):
    return bulk.start_bulk(
        actor=actor, act=act, references=references(cases), choices=choices or {}, key=key, text=text
    )


def elsewhere(case):
    Incident.objects.filter(pk=case.pk).update(csirt=Csirt.objects.get_or_create(slug="ailleurs", name="Ailleurs")[0])
    return case


def outcomes(job):
    return list(job.items.order_by("id").values_list("outcome", flat=True))
