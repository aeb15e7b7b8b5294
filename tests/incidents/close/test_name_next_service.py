"""A case that is closed because another service takes it over: the service is named."""

import pytest
from django.core.exceptions import ValidationError
from selectolax.lexbor import LexborHTMLParser

from incidents.enums import ClosingReason, Status
from incidents.models import Incident
from incidents.services.handling.close import close_incident
from tests.cast import declare
from tests.incidents.devices import open_by_link
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup, read_text

pytestmark = pytest.mark.django_db


def test_a_case_handed_over_names_the_service_for_the_centre_and_the_declarant(client, responder):
    incident = declare()
    refused = client.post(case_url(incident, "cloture"), {"reason": "handed_over"}, follow=True)
    assert "Dites à quel service ce dossier est confié" in read_text(refused)
    assert Incident.objects.get().status == Status.DECLARED

    client.post(case_url(incident, "cloture"), {"reason": "handed_over", "handed_to": "la DSI de <b>l’EPCI</b>"})
    page_text = read_text(client.get(case_url(incident)))
    assert "Confié à la DSI de &lt;b&gt;l’EPCI&lt;/b&gt;" in page_text
    assert "Confié à : la DSI de &lt;b&gt;l’EPCI&lt;/b&gt;." in page_text, "in the note of the closing"
    followed = read_text(open_by_link(incident).get(f"/suivi/{incident.reference}/"))
    assert "confié à un autre service (la DSI de &lt;b&gt;l’EPCI&lt;/b&gt;)" in followed
    assert "Le centre l’a confié à un autre service." in followed, "the sentence, which may be shared, names nobody"


def test_closing_without_a_report_leads_to_the_page_that_asks_for_the_service(client, responder):
    incident = declare()
    page = read_markup(client.get(case_url(incident)))
    assert f'{case_url(incident)}cloture/?raison=handed_over">Confié à un autre service' in page
    assert 'name="clore-raison" value="handed_over"' not in page
    refused = client.post(case_url(incident, "clore"), {"clore-raison": "handed_over"}, follow=True)
    assert "Dites à quel service ce dossier est confié" in read_text(refused)
    assert Incident.objects.get().status == Status.DECLARED
    client.post(case_url(incident, "garder") + "?page=cloture", {"reason": "resolved", "summary": "Vu."})
    form = LexborHTMLParser(client.get(case_url(incident, "cloture"), {"raison": "handed_over"}).content.decode())
    assert form.css_first("[name=reason][checked]").attributes["value"] == "handed_over"


def test_no_door_closes_a_case_for_a_service_without_a_name(responder):
    """The pages ask before. The service that closes refuses it for every other caller, as an act on many cases."""
    incident = declare()
    with pytest.raises(ValidationError, match="Dites à quel service ce dossier est confié"):
        close_incident(reference=incident.reference, reason=ClosingReason.HANDED_OVER, actor=responder)
    assert Incident.objects.get().status == Status.DECLARED
