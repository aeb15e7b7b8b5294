"""What revokes the tokens of the API of a person, and what leaves them alone."""

import getpass
from datetime import date, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.enums import LinkPurpose, MailKind, Role, TokenScope
from accounts.messages import write_account_mail
from accounts.models import ApiToken, Membership, PendingMail, User
from accounts.services.bodies import transfer_management
from accounts.services.factors import reset_factor
from accounts.services.links import make_link, use_link
from accounts.services.team import remove_responder
from accounts.services.tokens import AccountChanged, UnusableScope, make_token, revoke_tokens
from accounts.tokens import derive_link_token, find_live_token
from tests.cast import PASSWORD, a_lead, a_person, a_responder, an_agent, breizh_cyber, plouexemple
from tests.factories.accounts import make_api_token

pytestmark = pytest.mark.django_db
LIST = "/compte/jetons/"
NEW_PASSWORD = "une-autre-phrase-bien-longue"
PREFIX = "membership_set-0-"


def change_password(client, person):
    client.force_login(person)
    fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert client.post("/compte/mot-de-passe/", fields).status_code == 302


def choose_password_by_link(client, person):
    link = make_link(LinkPurpose.PASSWORD, user=person, made_by=None)
    assert use_link(token=derive_link_token(link), password=NEW_PASSWORD)


def change_password_by_command(client, person):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(getpass, "getpass", lambda prompt: NEW_PASSWORD)
        call_command("changepassword", person.email, verbosity=0)


def set_password_in_a_shell(client, person):
    account = User.objects.get(pk=person.pk)
    account.set_password(NEW_PASSWORD)
    account.save(update_fields=["password"])


def change_address(client, person):
    change_account(client, Membership.objects.get(user=person), email="nouvelle@demo.example")


def lose_factor(client, person):
    reset_factor(uid=person.uid, actor=a_lead())


def leave_team(client, person):
    remove_responder(csirt_id=breizh_cyber().pk, person_uid=person.uid, actor=a_lead())


def close_and_reopen(client, person):
    for is_active in (False, True):
        User.objects.filter(pk=person.pk).update(is_active=is_active)


@pytest.mark.parametrize(
    "end",
    [
        *(change_password, choose_password_by_link, change_password_by_command, set_password_in_a_shell),
        *(change_address, lose_factor, leave_team, close_and_reopen),
    ],
    ids=lambda f: f.__name__,
)
def test_what_ends_the_trust_in_a_person_revokes_the_tokens(client, end):
    person, colleague = a_responder(), a_responder()
    token, other = make_api_token(person), make_api_token(colleague)
    end(client, person)
    assert find_live_token(token) is None
    assert ApiToken.objects.get(user=person).revoked_at is not None
    assert find_live_token(other).user == colleague


def test_a_transfer_of_the_management_revokes_the_tokens_of_whoever_loses_it(client):
    """The other person only gains rights, and their tokens go on, those from before that day too."""
    manager, successor = a_person(Role.MANAGER, collectivity=plouexemple()), an_agent()
    client.force_login(manager)
    page = reverse("transfer_management", args=[plouexemple().uid, successor.uid])
    assert "Vos jetons d’API, s’il y en a, seront révoqués." in client.get(page).content.decode()
    tokens = [make_api_token(person) for person in (manager, successor)]
    with time_machine.travel(timezone.now() - timedelta(days=9)):
        tokens.append(make_api_token(successor))
    transfer_management(uid=plouexemple().uid, person_uid=successor.uid, actor=manager)
    assert [bool(find_live_token(token)) for token in tokens] == [False, True, True]


def test_management_that_was_handed_on_ends_the_tokens_in_its_turn():
    manager, successor = a_person(Role.MANAGER, collectivity=plouexemple()), an_agent()
    transfer_management(uid=plouexemple().uid, person_uid=successor.uid, actor=manager)
    token = make_api_token(successor)
    Membership.objects.filter(user=successor, role=Role.MANAGER).update(ended_on=days_from_now(1))
    assert find_live_token(token)
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert find_live_token(token) is None


def test_an_agent_who_managed_the_body_long_ago_loses_the_tokens_with_the_role():
    person = an_agent()
    days = {"since_on": days_from_now(-90), "ended_on": days_from_now(-60)}
    Membership.objects.create(user=person, role=Role.MANAGER, collectivity=plouexemple(), **days)
    token = make_api_token(person)
    Membership.objects.filter(user=person, role=Role.AGENT).update(ended_on=days_from_now(1))
    assert find_live_token(token)
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert find_live_token(token) is None


# What the administrator changes


def change_account(client, membership, *, email="", **fields):
    """Post the page of the account, as the administrator, with these values of its role changed."""
    scope = {"collectivity": membership.collectivity_id, "csirt": membership.csirt_id, "region": membership.region_id}
    values = {"id": membership.pk, "user": membership.user_id, "role": membership.role, **scope}
    values |= {"since_on": membership.since_on, "ended_on": membership.ended_on} | fields
    form = {PREFIX + name: "" if value is None else value for name, value in values.items()}
    form |= {f"initial-{PREFIX}since_on": membership.since_on}
    form |= {"membership_set-TOTAL_FORMS": 1, "membership_set-INITIAL_FORMS": 1, "is_active": "on"}
    form |= {"email": email or membership.user.email, "display_name": "Un autre nom"}
    client.force_login(a_person(Role.ADMINISTRATOR))
    assert client.post(f"/admin/accounts/user/{membership.user_id}/change/", form).status_code == 302
    membership.refresh_from_db()


def days_from_now(days):
    return timezone.localdate() + timedelta(days=days)


def test_a_role_that_the_administrator_ends_revokes_the_tokens(client):
    person = a_lead()
    make_api_token(person)
    change_account(client, Membership.objects.get(user=person), ended_on=days_from_now(0))
    assert ApiToken.objects.get().revoked_at is not None


@pytest.mark.parametrize("fields", [{}, {"ended_on": date(2099, 1, 1)}], ids=["another name", "a later end"])
def test_what_takes_no_right_away_revokes_no_token(client, fields):
    person = a_lead()
    token = make_api_token(person)
    change_account(client, Membership.objects.get(user=person), **fields)
    assert User.objects.get(pk=person.pk).display_name == "Un autre nom"
    assert find_live_token(token)


# What leaves the tokens alone


def test_a_new_sign_in_revokes_no_token(client):
    person = a_responder()
    token = make_api_token(person)
    client.force_login(person)
    client.get(LIST)
    assert find_live_token(token)


def test_a_new_hash_of_the_same_password_revokes_no_token(settings):
    """Django replaces a hash that has become too weak as the person signs in."""
    settings.PASSWORD_HASHERS = [
        *["django.contrib.auth.hashers.PBKDF2PasswordHasher", "django.contrib.auth.hashers.MD5PasswordHasher"]
    ]
    person = a_responder()
    token = make_api_token(person)
    User.objects.filter(pk=person.pk).update(password=make_password(PASSWORD, hasher="md5"))
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert User.objects.get(pk=person.pk).password.startswith("pbkdf2")
    assert find_live_token(token)


# Roles whose last day was set before


def end_role_tomorrow(person):
    """End the role of this person tomorrow, and give another one that goes on."""
    Membership.objects.filter(user=person).update(ended_on=days_from_now(1))
    Membership.objects.create(user=person, role=Role.LEAD, csirt=breizh_cyber(), since_on=date(2021, 1, 1))


def test_a_role_that_ends_later_ends_the_tokens_that_were_made_before():
    person = a_responder()
    token = make_api_token(person)
    end_role_tomorrow(person)
    assert find_live_token(token)
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert find_live_token(token) is None
        assert find_live_token(make_api_token(person))


def test_the_page_says_that_a_token_has_no_effect_since_a_role_ended(client):
    person = a_responder()
    make_api_token(person)
    end_role_tomorrow(person)
    client.force_login(person)
    page = client.get(LIST).content.decode()
    assert "Valable jusqu’au" in page
    assert "sans effet" not in page
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        client.force_login(person)
        page = client.get(LIST).content.decode()
    assert "sans effet depuis la fin d’un rôle" in page
    assert "Valable jusqu’au" not in page


def test_a_role_that_was_cancelled_before_its_first_day_ends_no_token():
    person = a_responder()
    with time_machine.travel(timezone.now() - timedelta(days=9)):
        token = make_api_token(person)
    day = days_from_now(-2)
    Membership.objects.create(user=person, role=Role.LEAD, csirt=breizh_cyber(), since_on=day, ended_on=day)
    assert find_live_token(token)


# At the same moment


@pytest.mark.parametrize("changed", [{"session_stamp": uuid4()}, {"is_active": False}], ids=["stamp", "closed"])
def test_a_session_that_has_ended_makes_no_token(changed):
    person = a_responder()
    User.objects.filter(pk=person.pk).update(**changed)
    with pytest.raises(AccountChanged):
        make_token(actor=person, name="SIEM", key="k", scopes=[TokenScope.READ])
    assert not ApiToken.objects.exists()


def test_a_right_that_was_lost_meanwhile_is_not_offered():
    """The form was shown to a responder who also is an agent, and who has left the centre since."""
    person = a_responder()
    Membership.objects.create(user=person, role=Role.AGENT, collectivity=plouexemple())
    assert person.works_in_any_centre
    Membership.objects.filter(user=person, role=Role.RESPONDER).update(ended_on=timezone.localdate())
    with pytest.raises(UnusableScope):
        make_token(actor=person, name="SIEM", key="k", scopes=[TokenScope.READ, TokenScope.TRIAGE])
    assert not ApiToken.objects.exists()


def test_the_accounts_are_locked_in_one_order():
    """Two requests that revoke the tokens of the same people do not wait for each other."""
    people = [a_responder(), a_responder()]
    for person in people:
        make_api_token(person)
    with CaptureQueriesContext(connection) as captured:
        revoke_tokens(reversed(people))
    lock, read, *changes = [query["sql"] for query in captured]
    updates = [change for change in changes if change.startswith("UPDATE")]
    assert lock.endswith('ORDER BY "accounts_user"."id" ASC FOR NO KEY UPDATE')
    assert read.startswith("SELECT")
    assert len(updates) == len(people)


# What the mails say of it


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (change_password, MailKind.PASSWORD_CHANGED),
        (choose_password_by_link, MailKind.PASSWORD_CHANGED),
        (lose_factor, MailKind.FACTOR_RESET),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_the_mail_says_that_tokens_were_revoked(client, end, kind):
    person = a_responder()
    end(client, person)
    text = write_account_mail(PendingMail.objects.get(user=person, kind=kind)).body
    assert "Les jetons d’API du compte, s’il y en avait, sont révoqués." in text
