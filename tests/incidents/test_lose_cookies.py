"""What is typed on a page of a case, and sent once the browser has lost its cookies, is given back on that page."""

import pytest
from django.test import Client

from incidents.models import Message

pytestmark = pytest.mark.django_db

WORDS = "Le serveur de paie ne répond plus.\nNous l’avons débranché."


def post(incident, where, said):
    return Client(enforce_csrf_checks=True).post(f"/suivi/{incident.reference}/{where}", said)


@pytest.mark.parametrize(
    ("where", "name"),
    [("message/", "text"), ("retirer/", "text"), ("avis/", "words"), ("completer/recit/", "description")],
)
def test_it_works(incident, where, name):
    told = post(incident, where, {name: WORDS, "key": "abc", "seen": "def", "csrfmiddlewaretoken": "ghi"})
    page = told.content.decode()
    assert told.status_code == 403
    assert told["Cache-Control"] == "no-store"
    assert f'<textarea id="garde" rows="6" readonly>\n{WORDS}</textarea>' in page
    assert "votre navigateur a perdu ses cookies" in page
    assert "gardé ce que vous avez écrit" not in page
    assert not Message.objects.exists()


def test_where_nothing_was_typed_nothing_is_to_be_copied(incident):
    page = post(incident, "partager/", {}).content.decode()
    assert "votre navigateur a perdu ses cookies" in page
    assert "textarea" not in page
    assert "Copiez" not in page


def test_a_code_is_not_given_back(incident):
    said = {"reference": incident.reference, "code": "secret-code"}
    page = Client(enforce_csrf_checks=True).post("/suivi/", said).content.decode()
    assert "votre navigateur a perdu ses cookies" in page
    assert "secret-code" not in page


def test_what_was_typed_stays_text(incident):
    page = post(incident, "message/", {"text": "</textarea><script>x</script>"}).content.decode()
    assert "<script>x" not in page


def test_a_case_that_opens_no_more_gives_them_back_too(incident):
    told = Client().post(f"/suivi/{incident.reference}/message/", {"text": WORDS})
    assert told.status_code == 404
    assert WORDS in told.content.decode()
    assert "votre navigateur a perdu ses cookies" in told.content.decode()
