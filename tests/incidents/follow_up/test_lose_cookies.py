"""Words posted on a case after the browser lost its cookies are shown again, so that they can be copied."""

import pytest
from django.test import Client

from incidents.models import Message

pytestmark = pytest.mark.django_db

WORDS = "Le serveur de paie ne répond plus.\nNous l’avons débranché."


def post_without_cookies(incident, part, form):
    return Client(enforce_csrf_checks=True).post(f"/suivi/{incident.reference}/{part}", form)


@pytest.mark.parametrize(
    ("part", "name"),
    [("message/", "text"), ("retirer/", "text"), ("avis/", "words"), ("completer/recit/", "description")],
)
def test_text_posted_without_cookies_is_shown_again(incident, part, name):
    form = {name: WORDS, "key": "abc", "seen": "def", "csrfmiddlewaretoken": "ghi"}
    response = post_without_cookies(incident, part, form)
    page = response.content.decode()
    assert response.status_code == 403
    assert response["Cache-Control"] == "no-store"
    assert f'<textarea id="garde" rows="6" readonly>\n{WORDS}</textarea>' in page
    assert "votre navigateur a perdu ses cookies" in page
    assert "Collez le texte, et envoyez." in page
    assert "gardé ce que vous avez écrit" not in page
    assert not Message.objects.exists()


def test_a_form_without_text_offers_nothing_to_copy(incident):
    page = post_without_cookies(incident, "partager/", {}).content.decode()
    assert "votre navigateur a perdu ses cookies" in page
    assert "textarea" not in page
    assert "Copiez" not in page


def test_a_code_is_not_shown_again(incident):
    form = {"reference": incident.reference, "code": "secret-code"}
    page = Client(enforce_csrf_checks=True).post("/suivi/", form).content.decode()
    assert "votre navigateur a perdu ses cookies" in page
    assert "secret-code" not in page


def test_typed_markup_is_escaped(incident):
    page = post_without_cookies(incident, "message/", {"text": "</textarea><script>x</script>"}).content.decode()
    assert "<script>x" not in page


def test_text_for_a_case_that_cannot_be_opened_is_shown_again(incident):
    response = Client().post(f"/suivi/{incident.reference}/message/", {"text": WORDS})
    assert response.status_code == 404
    assert WORDS in response.content.decode()
    assert "votre navigateur a perdu ses cookies" in response.content.decode()
