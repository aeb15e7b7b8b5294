"""A role that has begun changes in its last day alone: its row says who could see what, and who led a centre."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Membership, User
from accounts.services.confirmations import DAYS_TO_HEAR
from core.french import format_day
from csirts.models import Csirt
from tests.accounts.acts.taking_over import NEW_ADDRESS, change_address
from tests.accounts.lead_pages import change_role, post_changed_role, post_role, read_plain_markup
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, bretagne, plouexemple

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("change", ["lead", "centre", "body", "first day"])
def test_a_role_that_has_begun_changes_in_its_last_day_alone(lead, administration, change):
    """The administrator would otherwise let a centre look as if nobody had led it, and appoint a lead at once."""
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    body = {"role": Role.AGENT, "csirt": None, "collectivity": plouexemple().pk}
    changes = {
        "lead": {"role": Role.RESPONDER},
        "centre": {"csirt": elsewhere.pk},
        "body": body,
        "first day": {"since_on": timezone.localdate() + timedelta(days=1)},
    }
    stored = Membership.objects.filter(user=lead).values()
    before = stored.get()
    answer = post_changed_role(administration, Membership.objects.get(user=lead), **changes[change])
    assert "Ce rôle a commencé : seul son dernier jour change" in read_plain_markup(answer)
    assert stored.get() == before


@pytest.mark.parametrize("change", ["goes on", "other centre"])
@pytest.mark.parametrize("last_day", [-1, 0])
def test_a_role_that_is_over_stays_as_it_was(lead, administration, change, last_day):
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    stored = Membership.objects.filter(user=lead)
    stored.update(ended_on=timezone.localdate() + timedelta(days=last_day))
    before = stored.values().get()
    fields = {"ended_on": None} if change == "goes on" else {"csirt": elsewhere.pk}
    answer = post_changed_role(administration, stored.get(), **fields)
    assert "Ce rôle est terminé et ne revient pas" in read_plain_markup(answer)
    assert stored.values().get() == before


def test_the_only_lead_whose_last_day_has_passed_leads_again_three_days_later(lead, administration):
    """No mail on a lead who was removed says that somebody led the centre."""
    Membership.objects.filter(user=lead).update(ended_on=timezone.localdate())
    change_address(administration, lead)
    lead.refresh_from_db()
    assert post_role(administration, lead, Role.LEAD, csirt=breizh_cyber()).status_code == 302
    assert not User.objects.get(pk=lead.pk).reads_any_centre
    with time_machine.travel(timezone.now() + timedelta(days=DAYS_TO_HEAR)):
        assert User.objects.get(pk=lead.pk).leads_centre(breizh_cyber().pk)


def test_the_only_lead_whose_last_day_comes_is_not_prolonged_as_the_address_changes(lead, administration):
    Membership.objects.filter(user=lead).update(ended_on=timezone.localdate() + timedelta(days=60))
    change_role(administration, Membership.objects.get(user=lead), {"email": NEW_ADDRESS}, ended_on=None)
    for days in (0, 1, 2):
        with time_machine.travel(timezone.now() + timedelta(days=days)):
            assert not User.objects.get(pk=lead.pk).reads_any_centre


def test_the_database_keeps_what_a_role_that_has_begun_was(lead):
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    role = Membership.objects.filter(user=lead)
    for change in ({"csirt": elsewhere}, {"role": Role.RESPONDER}, {"user": an_agent()}):
        with pytest.raises(IntegrityError, match="a role that has begun"), transaction.atomic():
            role.update(**change)


@pytest.mark.parametrize("days", [1, 200])
def test_a_role_that_counts_today_ends_today_at_the_earliest(lead, administration, days):
    """The only manager of a body could otherwise be replaced as if long ago, and nobody would hear of it."""
    stored = Membership.objects.get(user=lead)
    Membership.objects.filter(pk=stored.pk).update(since_on=timezone.localdate() - timedelta(days=300))
    answer = post_changed_role(administration, stored, ended_on=timezone.localdate() - timedelta(days=days))
    assert "Ce rôle compte encore aujourd’hui" in read_plain_markup(answer)
    assert Membership.objects.get(pk=stored.pk).ended_on is None


def test_no_role_is_given_as_if_long_ago(administration):
    role = Membership(role=Role.AGENT, collectivity=plouexemple(), since_on=timezone.localdate() - timedelta(days=1))
    person = a_lead()
    answer = post_role(administration, person, role.role, collectivity=role.collectivity, since_on=role.since_on)
    assert "il commence aujourd’hui ou plus tard" in read_plain_markup(answer)
    assert Membership.objects.filter(user=person).count() == 1


def test_the_row_of_a_lead_whose_account_is_taken_over_stays(lead, administration):
    """Another lead confirms the role in a row of its own: the first one says that this person led until today."""
    second = a_lead()
    change_address(administration, second)
    former, again = Membership.objects.filter(user=second).order_by("pk")
    assert (former.ended_on, former.awaits_confirmation) == (timezone.localdate(), False)
    assert (again.since_on, again.awaits_confirmation) == (timezone.localdate(), True)


def test_the_exact_figures_of_a_role_that_is_over_stay(administration):
    analyst = a_person(Role.ANALYST, region=bretagne())
    fields = {"exact_since_on": "2026-01-01", "exact_act": "Délibération 12"}
    stored = Membership.objects.filter(user=analyst)
    stored.update(**fields, ended_on=timezone.localdate())
    answer = post_changed_role(administration, stored.get(), exact_since_on=None, exact_act=None)
    assert "Ce rôle est terminé et ne revient pas" in read_plain_markup(answer)
    assert stored.get().exact_act == "Délibération 12"


@pytest.mark.parametrize("ended_on", [None, timedelta(days=90)])
def test_a_role_that_has_begun_is_prolonged_in_a_row_that_a_lead_confirms(lead, administration, ended_on):
    """The role counts until its last day meanwhile, and its row never reads as one that nobody confirmed."""
    person = a_responder()
    last_day = timezone.localdate() + timedelta(days=30)
    Membership.objects.filter(user=person).update(ended_on=last_day)
    longer = ended_on and timezone.localdate() + ended_on
    answer = post_changed_role(administration, Membership.objects.get(user=person), ended_on=longer)
    assert f"remettez le {format_day(last_day)} comme dernier jour" in read_plain_markup(answer)
    answer = post_role(administration, person, Role.RESPONDER, csirt=breizh_cyber(), since_on=last_day)
    assert answer.status_code == 302
    rows = Membership.objects.filter(user=person).order_by("pk")
    assert [row.awaits_confirmation for row in rows] == [False, True]
    assert User.objects.get(pk=person.pk).works_in_centre(breizh_cyber().pk)


def test_a_page_from_before_a_new_row_repeats_no_role(lead, administration):
    """The page shows the row that ended as its account was taken over, and not the one that waits. The administrator
    gives the role anew in the next row.
    """
    person = a_responder()
    change_address(administration, person)
    person.refresh_from_db()
    today, ended = timezone.localdate(), Membership.objects.filter(user=person).earliest("pk")
    fields = {"email": person.email, "display_name": person.display_name, "is_active": "on"}
    fields |= {"membership_set-TOTAL_FORMS": 2, "membership_set-INITIAL_FORMS": 1}
    for number, (pk, since_on, ended_on) in enumerate([(ended.pk, ended.since_on, ended.ended_on), ("", today, "")]):
        values = {"id": pk, "user": person.pk, "role": Role.RESPONDER, "csirt": breizh_cyber().pk}
        values |= {"collectivity": "", "region": "", "since_on": since_on, "ended_on": ended_on}
        fields |= {f"membership_set-{number}-{name}": value for name, value in values.items()}
    answer = administration.post(f"/admin/accounts/user/{person.pk}/change/", fields)
    assert "Cette personne a déjà ce rôle" in read_plain_markup(answer)


@pytest.mark.parametrize("becomes", ["manager", "national", "lead elsewhere"])
def test_a_role_that_has_waited_becomes_another_one_today_at_the_earliest(lead, administration, becomes):
    """The row of a role that counts would otherwise say that its person had it long ago."""
    person = a_responder()
    waiting = Membership.objects.filter(user=person)
    waiting.update(since_on=timezone.localdate() - timedelta(days=20), awaits_confirmation=True)
    elsewhere = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    changes = {
        "manager": {"role": Role.MANAGER, "csirt": None, "collectivity": plouexemple().pk},
        "national": {"role": Role.NATIONAL, "csirt": None},
        "lead elsewhere": {"role": Role.LEAD, "csirt": elsewhere.pk},
    }[becomes]
    before = waiting.values().get()
    answer = post_changed_role(administration, waiting.get(), **changes)
    assert "il commence aujourd’hui ou plus tard" in read_plain_markup(answer)
    assert waiting.values().get() == before
    changed = change_role(administration, waiting.get(), **changes, since_on=timezone.localdate())
    assert (changed.role, changed.since_on) == (changes["role"], timezone.localdate())
