"""After « Qu’on me rappelle », the declaration goes on with the five screens, filled with what is known."""

import pytest

from incidents.enums import EventKind
from tests.incidents.express import PHONE, declare_express
from tests.reading import read_hidden_value, read_text

pytestmark = pytest.mark.django_db


def test_the_declaration_goes_on_with_five_filled_screens(client):
    incident = declare_express(client)
    where = f"/suivi/{incident.reference}/completer/recit/?suite=oui"
    passed = []
    while "suite" in where:
        page = client.get(where)
        passed.append(page.context["section"])
        assert f"Écran {len(passed)} sur 5" in read_text(page)
        data = {"seen": read_hidden_value(page, "seen")} | ({"contact_phone": PHONE} if passed[-1] == "rappel" else {})
        where = client.post(where, data).url
    assert passed == ["recit", "moments", "services", "donnees", "rappel"]
    assert where == f"/suivi/{incident.reference}/completer/?fait=rappel&fin=oui"
    assert "C’est fini : tout est envoyé." in read_text(client.get(where))
    assert f'value="{PHONE}"' in client.get(f"/suivi/{incident.reference}/completer/rappel/").content.decode()
    assert not incident.events.filter(kind=EventKind.FACTS).exists()


def test_the_first_of_the_five_screens_asks_for_words_that_are_not_there_yet(client):
    incident = declare_express(client)
    where = f"/suivi/{incident.reference}/completer/recit/?suite=oui"
    page = client.get(where)
    assert page.content.decode().count(">Ce qui se passe<") == 1
    assert "Enregistrer et continuer" in read_text(page)
    assert "Le texte d’avant" not in read_text(page)
    client.post(where, {"seen": read_hidden_value(page, "seen"), "description": "Tout est bloqué."})
    assert "Le texte d’avant reste dans l’historique" in read_text(client.get(where))


def test_skipping_the_last_of_the_five_screens_ends_them_too(client):
    incident = declare_express(client)
    last = client.get(f"/suivi/{incident.reference}/completer/rappel/?suite=oui")
    assert "Enregistrer et continuer" not in read_text(last)
    assert f'href="/suivi/{incident.reference}/completer/?fin=oui">Passer cet écran' in last.content.decode()
