"""A declarant who closes a case on a device closes it for each copy of its cookie too, and for no other device."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import signing
from django.test import Client

from incidents.devices import case_cookie
from incidents.models import ClosedVisit, Incident
from incidents.services.declarant.access import derive_secret
from retention.tasks import purge_short_lived
from tests.cast import declare
from tests.incidents.devices import follow_up_url, open_by_link
from tests.incidents.journeys import find_commune

pytestmark = pytest.mark.django_db

COOKIE = settings.CASE_COOKIE_NAME


@pytest.fixture
def device(incident: Incident) -> Client:
    return open_by_link(incident)


def copy_cookie(device):
    thief = Client()
    thief.cookies[COOKIE] = device.cookies[COOKIE].value
    return thief


def close(device, incident):
    return device.post(follow_up_url(incident, "quitter"))


def open_link(device, incident):
    device.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")


def get_status(device, incident):
    return device.get(follow_up_url(incident)).status_code


def test_a_copy_of_the_cookie_opens_nothing_once_the_case_is_closed(device, incident):
    thief, other_device = copy_cookie(device), open_by_link(incident)
    assert get_status(thief, incident) == 200
    close(device, incident)

    assert [get_status(client, incident) for client in (device, thief, other_device)] == [404, 404, 200]
    assert incident.reference not in thief.get("/suivi/").content.decode()
    assert thief.get(follow_up_url(incident, "lien")).status_code == 404
    close(thief, incident)
    assert ClosedVisit.objects.count() == 1


def test_a_case_that_was_opened_twice_is_closed_once(device, incident):
    """A copy from before the second opening would otherwise stay open."""
    thief = copy_cookie(device)
    open_link(device, incident)
    open_again = copy_cookie(device)
    assert get_status(open_again, incident) == 200
    close(device, incident)
    assert [get_status(client, incident) for client in (thief, open_again)] == [404, 404]


def test_no_new_cookie_carries_a_closed_case(device, incident):
    """Else a copy would live on, signed anew with each case that it opens."""
    thief, other = copy_cookie(device), declare(collectivity=find_commune("Ajaccio"))
    close(device, incident)
    open_link(thief, other)
    cases = signing.loads(thief.cookies[COOKIE].value, salt=case_cookie.SALT)
    assert list(cases) == [other.reference]


def test_the_device_may_open_the_case_again(device, incident):
    close(device, incident)
    open_link(device, incident)
    assert get_status(device, incident) == 200


def test_a_cookie_of_the_version_before_still_opens_and_is_removed(incident):
    access = incident.accesses.get(revoked_at=None)
    device = Client()
    device.cookies[COOKIE] = signing.dumps({incident.reference: str(access.uid)}, salt=case_cookie.FORMER_SALT)
    assert get_status(device, incident) == 200
    close(device, incident)
    assert get_status(device, incident) == 404


def test_a_closed_visit_is_forgotten_once_every_copy_has_expired(device, incident):
    thief = copy_cookie(device)
    close(device, incident)
    closed = ClosedVisit.objects.get().closed_at
    with time_machine.travel(closed + case_cookie.VISIT_LIFETIME - timedelta(minutes=1)):
        purge_short_lived()
        assert get_status(thief, incident) == 404
    with time_machine.travel(closed + case_cookie.VISIT_LIFETIME + timedelta(minutes=1)):
        purge_short_lived()
        assert not ClosedVisit.objects.exists()
        assert get_status(thief, incident) == 404
