"""/sante/, for supervisors."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def test_a_healthy_site_says_that_it_is_ready(client):
    response = client.get("/sante/")

    assert response.status_code == 200
    assert response.json() == {
        "alive": True,
        "ready": True,
        "database": True,
        "broker": True,
        "events_left_behind": 0,
    }
    assert "no-store" in response["Cache-Control"]


def test_a_stopped_broker_is_reported(client, settings):
    settings.CELERY_BROKER_URL = "redis://:un-secret@127.0.0.1:1/0"

    response = client.get("/sante/")

    assert response.status_code == 503
    health = response.json()
    assert (health["ready"], health["database"], health["broker"]) == (False, True, False)
    assert "un-secret" not in response.content.decode()


def test_a_stopped_database_is_reported(client, monkeypatch):
    """The connection's settings are changed, so that the next connection fails."""
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")

    response = client.get("/sante/")

    assert response.status_code == 503
    health = response.json()
    assert (health["ready"], health["database"], health["broker"]) == (False, False, True)
    assert health["events_left_behind"] is None


def test_the_liveness_page_makes_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/sante/vivant/").json() == {"alive": True}
