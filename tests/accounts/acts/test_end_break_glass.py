"""A break-glass access ends before its hour is over if somebody takes its account over."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts.enums import MailKind, Role
from accounts.models import BreakGlassEnd, Membership, PendingMail, User
from accounts.services.break_glass import record_ended_accesses
from csirts.models import Csirt
from tests.accounts.acts.taking_over import NEW_ADDRESS, TAKE_OVERS, open_case, read_mails
from tests.accounts.lead_pages import change_role
from tests.accounts.security.events import list_events
from tests.cast import a_lead, a_responder, breizh_cyber, declare
from tests.reading import read_text
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db


def reopen(administration: Client, person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)
    change_role(administration, Membership.objects.get(user=person))


@pytest.fixture
def helper(lead: User) -> User:
    """Return a responder of another centre, who has an access to Breizh Cyber."""
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    a_lead(elsewhere)
    person = a_responder(elsewhere)
    break_glass(person)
    PendingMail.objects.all().delete()
    return person


def break_glass(person: User, csirt: str = "breizh-cyber") -> None:
    call_command("break_glass", csirt=csirt, person=person.email, reason="Personne ne répond")


def count_events(kind: str) -> int:
    return [event[0] for event in list_events()].count(kind)


@pytest.mark.parametrize("act", [*TAKE_OVERS.values(), reopen])
def test_an_access_ends_when_its_account_is_taken_over_and_the_leads_hear_of_it(
    client, lead, helper, administration, mailoutbox, act
):
    case = declare()
    assert open_case(helper, case) == 200
    act(administration, helper)
    assert not User.objects.get(pk=helper.pk).reads_centre(breizh_cyber().pk)
    assert open_case(helper, case) in (302, 404)
    assert count_events("break_glass_ended") == 1
    [about] = PendingMail.objects.filter(to=lead.email)
    assert about.kind == MailKind.BREAK_GLASS
    words = read_mails(mailoutbox, lead.email).replace("\N{NO-BREAK SPACE}", " ")
    assert "ont pris fin avant l’heure" in words
    assert "Assurez-vous par téléphone" in words
    assert "coupé le" in read_text(client.get("/equipe/"))


def close_move_and_reopen(administration: Client, person: User) -> None:
    """Close the account and change its address in one form, then open it again in another one."""
    role = Membership.objects.get(user=person)
    change_role(administration, role, {"email": NEW_ADDRESS, "is_active": ""})
    change_role(administration, Membership.objects.select_related("user").get(pk=role.pk))


def move_and_reopen(administration: Client, person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)
    change_role(administration, Membership.objects.get(user=person), {"email": NEW_ADDRESS})


@pytest.mark.parametrize("act", [*TAKE_OVERS.values(), reopen, move_and_reopen, close_move_and_reopen])
def test_the_person_reads_at_the_former_address_that_the_access_ended(helper, administration, mailoutbox, act):
    """The mailbox of the new address may be somebody else's."""
    act(administration, helper)
    addresses = PendingMail.objects.filter(kind=MailKind.BREAK_GLASS).values_list("to", flat=True)
    assert list(addresses).count(helper.email) == 1
    assert NEW_ADDRESS not in addresses
    words = read_mails(mailoutbox, helper.email).replace("\N{NO-BREAK SPACE}", " ")
    assert "qu’une commande du serveur vous avait donnés pour une heure, ont pris fin avant l’heure" in words
    assert NEW_ADDRESS not in words


def test_a_lead_of_the_centre_who_resets_the_factor_is_the_second_person(client, lead, helper):
    Membership.objects.create(user=lead, role=Role.LEAD, csirt=Csirt.objects.get(slug="ailleurs"))
    TAKE_OVERS["factor"](client, helper)
    assert User.objects.get(pk=helper.pk).reads_centre(breizh_cyber().pk)


def test_an_ended_access_does_not_come_back_with_the_next_one(helper, administration):
    """The next access is one to another centre."""
    TAKE_OVERS["factor"](administration, helper)
    case = declare()
    assert open_case(helper, case) == 302  # with another factor
    helper = User.objects.get(pk=helper.pk)
    third = Csirt.objects.create(slug="troisieme", name="Troisième")
    break_glass(helper, csirt=third.slug)
    helper = User.objects.get(pk=helper.pk)
    assert helper.reads_centre(third.pk)
    assert not helper.reads_centre(breizh_cyber().pk)
    break_glass(helper)
    assert open_case(helper, case) == 200


def test_an_ended_access_is_recorded_once(helper, administration):
    TAKE_OVERS["address"](administration, helper)
    TAKE_OVERS["factor"](administration, helper)
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        record_ended_accesses()
    assert count_events("break_glass_ended") == 1
    assert User.objects.get(pk=helper.pk).break_glass_until is None


def test_an_access_that_is_over_is_not_ended_again(helper, administration):
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        administration.force_login(User.objects.get(pk=administration.session["_auth_user_id"]))
        TAKE_OVERS["address"](administration, helper)
    assert not BreakGlassEnd.objects.exists()


def test_the_end_of_an_access_is_never_changed_in_the_database(helper, administration):
    TAKE_OVERS["address"](administration, helper)
    end = BreakGlassEnd.objects.get()
    for act in (lambda rows: rows.update(at=timezone.now() + timedelta(days=1)), lambda rows: rows.delete()):
        with act_as_superuser(), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act(BreakGlassEnd.objects.filter(pk=end.pk))
