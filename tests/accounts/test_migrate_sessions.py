"""Updating a database whose people are signed in by the sessions of Django's engine."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from accounts.models import StoredSession
from tests.cast import a_responder


@pytest.mark.proof
def test_going_back_opens_no_ended_session_and_the_update_signs_nobody_out(take_back_to, client):
    """The rows that were copied stay in Django's table until a worker deletes them, and none may have run: going back
    deletes them. The update names the person of each session.
    """
    responder = a_responder()
    client.force_login(responder)
    row = StoredSession.objects.get()
    Session.objects.create(session_key="a" * 32, session_data="", expire_date=timezone.now() + timedelta(days=1))
    take_back_to("accounts", "0008")
    assert not Session.objects.exists()
    Session.objects.create(session_key=row.session_key, session_data=row.session_data, expire_date=row.expire_date)
    call_command("migrate", verbosity=0)
    assert StoredSession.objects.get().user == responder
    assert client.get("/compte/").status_code == 200
