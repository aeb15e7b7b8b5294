"""A case that is closed because another service takes it over: the service is named."""

import pytest

from incidents.enums import Status
from incidents.models import Incident
from tests.cast import declare
from tests.incidents.closing import url
from tests.incidents.devices import open_by_link
from tests.reading import read_text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("place", "prefix"), [("cloture", ""), ("clore", "clore-")])
def test_a_case_handed_over_names_the_service_for_the_centre_and_the_declarant(client, responder, place, prefix):
    incident = declare()
    reason = {f"{prefix}{'raison' if prefix else 'reason'}": "handed_over"}
    refused = client.post(url(incident, place), reason, follow=True)
    assert "Dites à quel service ce dossier est confié" in read_text(refused)
    assert Incident.objects.get().status == Status.DECLARED

    service = {f"{prefix}handed_to": "la DSI de <b>l’EPCI</b>"}
    client.post(url(incident, place), reason | service)
    page_text = read_text(client.get(url(incident)))
    assert "Confié à la DSI de &lt;b&gt;l’EPCI&lt;/b&gt;" in page_text
    assert "Confié à : la DSI de &lt;b&gt;l’EPCI&lt;/b&gt;." in page_text, "in the note of the closing"
    followed = read_text(open_by_link(incident).get(f"/suivi/{incident.reference}/"))
    assert "confié à un autre service (la DSI de &lt;b&gt;l’EPCI&lt;/b&gt;)" in followed
    assert "Le centre l’a confié à un autre service." in followed, "the sentence, which may be shared, names nobody"
