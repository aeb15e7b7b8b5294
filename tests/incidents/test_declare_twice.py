"""Sent twice, sent at the same instant, sent by a machine: one incident, and never a refusal."""

import re
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections
from django.test import Client

from incidents.declare.brake import MANY
from incidents.models import Incident, IncidentEvent, PendingEvent, Story
from incidents.reference import new_reference, spaced
from incidents.services import declare
from incidents.services.follow_up import rotate_access_by_declarant
from tests.cast import breizh_cyber, plouexemple
from tests.incidents.test_declare import KEY, address, an_address, post, text

DEAD = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}


@pytest.fixture
def town(db, client):
    client.defaults["REMOTE_ADDR"] = an_address()
    breizh_cyber()
    return plouexemple()


def kept(page):
    """What the page's own form would send."""
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_it_works(client, town):
    first, second = post(client), post(client)
    reference = spaced(Incident.objects.get().reference)
    assert reference in text(first)
    assert reference in text(second)
    assert IncidentEvent.objects.count() == 1
    assert PendingEvent.objects.count() == 2


def test_two_posts_at_once_make_one_incident(transactional_db):
    breizh_cyber()
    where = address()

    def send(_):
        try:
            return Client(REMOTE_ADDR=an_address()).post(where, {"cle": KEY, "contact_phone": "02 99 00 00 00"})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    reference = spaced(Incident.objects.get().reference)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert all(reference in text(answer) for answer in answers)


def test_another_content_under_the_same_key_is_asked_about(client, town):
    post(client, {"description": "Premier."})
    first = Incident.objects.get()
    response = post(client, {"description": "Second <b>.", "service": ["civil", "eau"]})
    page = response.content.decode()
    assert response.status_code == 409
    assert spaced(first.reference) in text(response)
    assert "0 800 200 008" in text(response)
    assert 'name="description" value="Second &lt;b&gt;."' in page
    assert page.count('name="service"') == 2
    assert Incident.objects.count() == 1
    key = kept(page)["cle"]
    assert key != KEY
    again = post(client, {"cle": key, "description": "Second <b>.", "service": ["civil", "eau"]})
    assert again.status_code == 200
    assert Incident.objects.count() == 2
    assert first.story.description == "Premier."


@pytest.mark.parametrize("key", ["1", "\0" * 40, f"api:{uuid4()}:1"], ids=["short", "nul", "of the API"])
def test_a_key_that_is_not_ours_gives_no_case_away(client, town, key):
    assert post(client, {"cle": key}).status_code == 200
    assert post(client, {"cle": key}).status_code == 200
    assert Incident.objects.count() == 2


def test_the_answer_after_a_renewal_shows_no_dead_code(client, town):
    post(client)
    rotate_access_by_declarant(access_uid=Incident.objects.get().accesses.get().uid)
    response = post(client)
    assert "Il a été renouvelé ou fermé depuis" in text(response)
    assert "/suivi/acces/" not in response.content.decode()


def test_a_reference_that_is_taken_is_drawn_again(client, town, monkeypatch):
    post(client)
    taken, free = Incident.objects.get().reference, new_reference()
    draws = iter([taken, taken, free])
    monkeypatch.setattr(declare, "new_reference", lambda: next(draws))
    assert spaced(free) in text(post(client, {"cle": "y" * 43}))
    assert Incident.objects.count() == IncidentEvent.objects.count() == Story.objects.count() == 2


def test_no_free_reference_stores_nothing(client, town, monkeypatch):
    post(client)
    taken = Incident.objects.get().reference
    monkeypatch.setattr(declare, "new_reference", lambda: taken)
    with pytest.raises(IntegrityError, match="no free reference"):
        post(client, {"cle": "y" * 43})
    assert Incident.objects.count() == IncidentEvent.objects.count() == 1


def test_a_machine_only_meets_one_more_button(client, town):
    response = post(client, {"site_web": "https://exemple.example", "description": "Écrit par qui ?"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "Votre déclaration n’est pas encore partie." in text(response)
    assert "0 800 200 008" in text(response)
    assert not Incident.objects.exists()
    assert client.post(address(), kept(page)).status_code == 200
    incident = Incident.objects.get()
    assert incident.story.description == "Écrit par qui ?"
    assert spaced(incident.reference)


def test_a_burst_only_meets_one_more_button(client, town):
    for number in range(MANY):
        post(client, {"cle": f"{number:043}"})
    response = post(client, {"cle": "x" * 43})
    assert "Votre déclaration n’est pas encore partie." in text(response)
    assert Incident.objects.count() == MANY
    client.post(address(), kept(response.content.decode()))
    assert Incident.objects.count() == MANY + 1
    # Somebody else is not concerned.
    post(Client(REMOTE_ADDR=an_address()), {"cle": "y" * 43})
    assert Incident.objects.count() == MANY + 2


def test_a_dead_cache_brakes_nobody(client, town, settings):
    settings.CACHES = DEAD
    for number in range(MANY + 2):
        assert post(client, {"cle": f"{number:043}"}).status_code == 200
    assert Incident.objects.count() == MANY + 2
