"""A lead confirms or refuses the role that the page showed, and no other."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership, User
from accounts.services import confirmations
from csirts.models import Csirt
from tests.accounts.lead_pages import answer, change_role, post_role, read_plain_markup, read_stamp
from tests.cast import a_lead, breizh_cyber

pytestmark = pytest.mark.django_db


@pytest.fixture
def awaited(lead: User, administration: Client) -> Membership:
    """Return a role of a responder that awaits the lead of Breizh Cyber."""
    person = User.objects.create_user("alix@demo.example", display_name="Alix Exemple")
    assert post_role(administration, person, Role.RESPONDER, csirt=breizh_cyber()).status_code == 302
    return Membership.objects.get(user=person)


def make_changes(change):
    """Return the values of the account and of the role that the administrator posts after the lead read the page."""
    today = timezone.localdate()
    account = {"address": {"email": "autre@demo.example"}, "name": {"display_name": "Autre Nom"}}.get(change)
    role = {
        "role": {"role": Role.LEAD},
        "first day": {"since_on": today + timedelta(days=9)},
        "last day": {"ended_on": today + timedelta(days=9)},
    }
    return account, role.get(change, {})


@pytest.mark.parametrize("word", ["confirmer", "refuser"])
@pytest.mark.parametrize("change", ["role", "first day", "last day", "address", "name"])
def test_a_lead_answers_nothing_on_what_changed_since_the_page(client, awaited, administration, change, word):
    """The administrator shows a harmless role, and makes it another one before the lead answers."""
    seen = read_stamp(client)
    account, fields = make_changes(change)
    before = change_role(administration, awaited, account, **fields)
    page = read_plain_markup(answer(client, awaited, word, seen=seen))
    assert "a changé depuis que vous l’avez lu" in page
    after = Membership.objects.get(pk=awaited.pk)
    assert (after.awaits_confirmation, after.ended_on) == (True, before.ended_on)
    answer(client, awaited, seen=read_stamp(client))
    assert not Membership.objects.get(pk=awaited.pk).awaits_confirmation


def test_a_role_that_moves_to_another_centre_of_the_lead_is_not_confirmed(client, lead, awaited, administration):
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    a_lead(elsewhere)
    Membership.objects.create(user=lead, role=Role.LEAD, csirt=elsewhere, since_on=timezone.localdate())
    seen = read_stamp(client)
    change_role(administration, awaited, csirt=elsewhere.pk)
    assert "a changé depuis que vous l’avez lu" in read_plain_markup(answer(client, awaited, seen=seen))
    assert Membership.objects.get(pk=awaited.pk).awaits_confirmation


def test_a_role_that_leaves_the_centre_while_its_row_is_awaited_is_not_confirmed(client, awaited, monkeypatch):
    """The administrator moves the role after its centre was read, and before its row is locked."""
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    find_centre = confirmations.get_led_centre

    def move_role(*args, **kwargs):
        Membership.objects.filter(pk=awaited.pk).update(csirt=elsewhere)
        return find_centre(*args, **kwargs)

    monkeypatch.setattr(confirmations, "get_led_centre", move_role)
    moved = Membership.objects.get(pk=awaited.pk)
    moved.csirt = elsewhere
    seen = getattr(confirmations, "stamp_role", lambda _role: "")(moved)
    assert "a changé depuis que vous l’avez lu" in read_plain_markup(answer(client, awaited, seen=seen))
    assert Membership.objects.get(pk=awaited.pk).awaits_confirmation


def test_an_answer_without_the_stamp_of_the_page_changes_nothing(client, awaited):
    answer(client, awaited, seen="")
    assert Membership.objects.get(pk=awaited.pk).awaits_confirmation
