"""The list of the sections of a closed case: its answers are frozen, but messages and files still arrive."""

import pytest

from incidents.services.handling.close import close_incident
from tests.cast import a_responder
from tests.incidents.completing_pages import post, url
from tests.reading import read_markup, read_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("holder")]


def test_the_list_of_a_closed_case_says_what_can_still_be_sent(client, incident):
    post(client, incident, "precisions", {"q-extension": ".abcd"})
    close_incident(reference=incident.reference, reason="handed_over", handed_to="la DSI", actor=a_responder())

    page = client.get(url(incident))

    words = read_text(page)
    assert "Ce dossier est clos : les réponses ne changent plus." in words
    assert "Écrivez un message ou remettez un fichier : Breizh Cyber les reçoit encore." in words
    assert "Appelez le centre" not in words
    assert "Corriger" not in words
    assert "reprochera" not in words
    assert "aiderait" not in words
    markup = read_markup(page)
    assert f'href="/suivi/{incident.reference}/#ecrire"' in markup
    assert f'href="/suivi/{incident.reference}/pieces/"' in markup
    assert f'href="{url(incident, "precisions", "avant")}"' in markup
    assert f'href="{url(incident, "machines")}"' not in markup
    assert client.post(f"/suivi/{incident.reference}/message/", {"text": "Il revient.", "key": "k"}).status_code == 302


def test_the_list_of_a_closed_case_has_no_empty_heading(client, incident):
    close_incident(reference=incident.reference, reason="handed_over", handed_to="la DSI", actor=a_responder())
    words = read_text(client.get(url(incident)))
    assert "Les rubriques" not in words
    assert "Vos réponses" not in words
    assert "Ce qui est déclaré" in words
