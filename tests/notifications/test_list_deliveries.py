"""The list of mails in the admin: did they arrive?"""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from csirts.models import Csirt
from incidents.models import Incident
from incidents.reference import hyphenate
from notifications.dispatch import announce_all_events
from notifications.enums import DeliveryStatus, Trouble
from notifications.models import Delivery
from tests.cast import a_lead, a_responder, breizh_cyber, declare
from tests.reading import read_markup

URL = "/admin/notifications/delivery/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def announced_case() -> Incident:
    breizh_cyber()
    incident = declare()
    announce_all_events()
    return incident


def list_cases(response):
    return [delivery.incident for delivery in response.context["cl"].result_list]


def test_an_empty_list_says_what_will_be_there(client):
    client.force_login(a_responder())
    words = "Aucun mail n’est encore parti : ceux des dossiers de votre centre seront ici"
    assert words in read_markup(client.get(URL))
    filtered = read_markup(client.get(URL, {"status__exact": DeliveryStatus.DEAD}))
    assert words not in filtered
    assert "Rien à montrer ici" in filtered


def test_the_list_says_whether_each_mail_arrived(client, announced_case, time_machine):
    time_machine.move_to("2026-11-24 08:51:00+00:00", tick=False)
    to_centre = Delivery.objects.filter(recipient="csirt")
    to_centre.update(status=DeliveryStatus.SENT, sent_at=timezone.now(), attempts=1)
    Delivery.objects.filter(recipient="declarant").update(last_error=Trouble.UNREACHABLE, attempts=3)
    client.force_login(a_responder())

    page = client.get(URL)

    assert page.status_code == 200
    for words in [
        hyphenate(announced_case.reference),
        f"/admin/incidents/incident/{announced_case.reference}/",
        "le centre de réponse",
        "mardi 24 novembre 2026 à 9 h 51, heure de Paris",
        "le déclarant",
        "serveur d’envoi injoignable",
        "pas encore",
    ]:
        assert words in read_markup(page), words


def test_a_delivery_without_channel_is_not_shown_as_awaited(client):
    breizh_cyber(notification_email="")
    declare()
    announce_all_events()
    Delivery.objects.filter(recipient="declarant").delete()
    client.force_login(a_lead(Csirt.objects.get(slug="breizh-cyber")))

    page = read_markup(client.get(URL))

    assert ">sans canal</td>" in page
    assert ">non</td>" in page


def test_mails_of_another_centre_are_not_listed(client, announced_case):
    client.force_login(a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))

    assert list_cases(client.get(URL)) == []
    assert list_cases(client.get(URL, {"q": announced_case.reference})) == []


def test_a_search_finds_the_mails_of_a_case(client, announced_case):
    declare()
    announce_all_events()
    client.force_login(a_lead())

    assert list_cases(client.get(URL, {"q": hyphenate(announced_case.reference).lower()})) == [
        announced_case,
        announced_case,
    ]
    assert f"{URL}?q={announced_case.reference}" in read_markup(
        client.get(f"/admin/incidents/incident/{announced_case.reference}/")
    )


def test_no_delivery_can_be_added_changed_or_deleted(client, announced_case):
    client.force_login(a_lead())
    pk = Delivery.objects.first().pk

    for path in ["add/", f"{pk}/change/", f"{pk}/delete/"]:
        assert client.get(URL + path).status_code == 404
        assert client.post(URL + path).status_code == 404


@pytest.mark.parametrize("number", [2, 50])
def test_the_list_costs_at_most_ten_queries(client, number):
    breizh_cyber()
    for _ in range(number // 2):
        declare(key=uuid4().hex)
    announce_all_events()
    client.force_login(a_responder())

    with CaptureQueriesContext(connection) as queries:
        page = client.get(URL)

    assert len(list_cases(page)) == number
    assert len(queries) <= 10
