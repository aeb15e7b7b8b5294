"""A ground is opened or closed: its centre and the declarants of its open cases are told, once."""

from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from csirts.models import Coverage
from incidents.enums import Burst, EventKind
from incidents.models import Incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.transfer import reroute
from incidents.services.transfer.reroute import reroute_cases
from notifications import dispatch, tasks
from notifications.enums import DeliveryStatus
from notifications.models import Delivery
from tests.cast import a_responder, breizh_cyber, bretagne, declare
from tests.notifications.mailing import CENTRE, TOWN, deliver_all, read_on_one_line

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def reroute_without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reroute, "CASES_FOLLOW_AFTER", timedelta())


def cover(centre):
    Coverage.objects.create(csirt=centre, region=bretagne(), valid=DateRange(None, None), source="essai")


def test_a_coverage_that_starts_causes_mails_to_its_centre_and_to_the_declarants(post, clock):
    """The centre reads the declaration, and the declarant reads whom to call."""
    centre = breizh_cyber()
    Coverage.objects.all().delete()
    declare()
    deliver_all()
    assert not post.list_mails_to(CENTRE)
    before = len(post.list_mails_to(TOWN))

    cover(centre)
    reroute_cases()
    deliver_all()

    [mail] = post.list_mails_to(CENTRE)
    assert "Plouexemple" in mail["Subject"]
    assert "vous répondez désormais de ce territoire. Plouexemple est en Bretagne" in read_on_one_line(mail)
    [notice] = post.list_mails_to(TOWN)[before:]
    assert "Breizh Cyber reçoit votre dossier" in notice["Subject"]
    assert "0 800 200 008" in read_on_one_line(notice)
    assert "Personne ne s’en occupe encore" in read_on_one_line(notice)


def test_the_mail_of_a_new_centre_without_telephone_gives_a_number_that_answers(post, clock):
    centre = breizh_cyber()
    Coverage.objects.all().delete()
    declare()
    deliver_all()
    before = len(post.list_mails_to(TOWN))
    centre.contacts.all().delete()

    cover(centre)
    reroute_cases()
    deliver_all()

    [notice] = post.list_mails_to(TOWN)[before:]
    text = read_on_one_line(notice)
    assert "C’est urgent ? Demandez de l’aide ici : - CERT-FR : +33 9 70 83 32 18" in text
    assert text.index("17cyber.gouv.fr") < text.index("Breizh Cyber n’a pas publié de téléphone.")
    assert "Son site" not in text


def test_the_mail_about_a_coverage_that_ended_says_that_nobody_has_the_case(post, clock):
    breizh_cyber()
    declare()
    deliver_all()
    before = len(post.list_mails_to(TOWN))
    Coverage.objects.all().delete()

    reroute_cases()
    deliver_all()

    assert len(post.list_mails_to(CENTRE)) == 1
    [notice] = post.list_mails_to(TOWN)[before:]
    assert "plus aucun centre ne couvre votre territoire" in notice["Subject"]
    assert "Personne ne s’occupe de votre dossier" in read_on_one_line(notice)


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "opened"])
def test_a_mail_to_a_mailbox_in_doubt_does_not_reveal_that_nobody_works_on_the_case(post, clock, is_closed):
    centre = breizh_cyber()
    if not is_closed:
        Coverage.objects.all().delete()
    declare(type="boite")
    deliver_all()
    before = len(post.list_mails_to(TOWN))
    Coverage.objects.all().delete()
    if not is_closed:
        Coverage.objects.create(csirt=centre, region=bretagne(), valid=DateRange(None, None), source="essai")

    reroute_cases()
    deliver_all()

    [notice] = post.list_mails_to(TOWN)[before:]
    assert notice["Subject"].endswith("du nouveau sur votre dossier")
    assert "Il y a du nouveau sur votre dossier" in read_on_one_line(notice)
    assert "ersonne ne s’" not in read_on_one_line(notice)
    assert "plus aucun centre" not in read_on_one_line(notice)
    assert ("0 800 200 008" in read_on_one_line(notice)) is not is_closed
    assert "ni lien vers votre dossier, ni code" in read_on_one_line(notice)


def test_a_territory_closed_and_reopened_before_the_mails_leave_causes_one_mail(post, clock):
    centre = breizh_cyber()
    declare()
    deliver_all()
    before = len(post.list_mails_to(TOWN))
    Coverage.objects.all().delete()
    reroute_cases()
    dispatch.announce_all_events()
    cover(centre)
    reroute_cases()
    deliver_all()
    [notice] = post.list_mails_to(TOWN)[before:]
    assert "Breizh Cyber reçoit votre dossier" in notice["Subject"]
    assert len(post.list_mails_to(CENTRE)) == 2


def test_a_case_that_moved_twice_causes_a_mail_to_the_centre_that_has_it(post, clock):
    """The ground is opened, closed and opened again: the first mail of the centre is about a move that is over."""
    centre = breizh_cyber()
    Coverage.objects.all().delete()
    incident = declare()
    deliver_all()
    before = len(post.list_mails_to(TOWN))
    cover(centre)
    reroute_cases()
    dispatch.announce_all_events()
    Coverage.objects.all().delete()
    reroute_cases()
    cover(centre)
    reroute_cases()
    deliver_all()
    assert len(post.list_mails_to(CENTRE)) == 1
    assert len(post.list_mails_to(TOWN)[before:]) == 1
    assert incident.events.filter(kind=EventKind.REROUTED).count() == 3


def test_no_mail_says_that_nobody_has_a_case_that_was_taken_meanwhile(post, clock):
    centre = breizh_cyber()
    Coverage.objects.all().delete()
    incident = declare()
    deliver_all()
    before = len(post.list_mails_to(TOWN))
    cover(centre)
    reroute_cases()
    dispatch.announce_all_events()
    acknowledge_incident(reference=incident.reference, actor=a_responder(centre))
    deliver_all()
    [notice] = post.list_mails_to(TOWN)[before:]
    assert "Personne ne s’en occupe encore" not in read_on_one_line(notice)
    assert not post.list_mails_to(CENTRE)
    tasks.reconcile()
    of_ground = Delivery.objects.filter(announcement__event__kind=EventKind.REROUTED)
    assert set(of_ground.values_list("status", flat=True)) == {DeliveryStatus.MOOT}


def test_no_mail_about_a_coverage_goes_to_the_mailbox_of_a_burst(post, clock):
    centre = breizh_cyber()
    declare()
    Incident.objects.update(burst=Burst.values[0])
    deliver_all()
    Coverage.objects.all().delete()
    reroute_cases()
    cover(centre)
    reroute_cases()
    deliver_all()
    assert not post.list_mails_to(TOWN)
    assert len(post.list_mails_to(CENTRE)) == 2


def list_queue_places(incident):
    turns = Delivery.objects.due(timezone.now()).in_turn()
    cases = turns.values_list("announcement__event__incident", flat=True)
    return [place for place, case in enumerate(cases) if case == incident.pk]


def test_mails_about_many_cases_of_a_coverage_delay_no_declaration(post, clock):
    centre = breizh_cyber()
    Coverage.objects.all().delete()
    for _number in range(8):
        declare()
    deliver_all()
    cover(centre)
    assert reroute_cases() == 8
    dispatch.announce_all_events()
    clock.shift(timedelta(seconds=5))
    urgent = declare()
    dispatch.announce_all_events()
    assert max(list_queue_places(urgent)) < 1 + 2


def test_mails_that_a_centre_gets_late_delay_no_declaration(post, clock):
    breizh_cyber(notification_email="")
    for _number in range(8):
        declare()
    deliver_all()
    breizh_cyber()
    tasks.reconcile()
    assert Delivery.objects.due(timezone.now()).count() == 8
    clock.shift(timedelta(seconds=5))
    urgent = declare()
    dispatch.announce_all_events()
    assert max(list_queue_places(urgent)) < 1 + 2
