"""Each right that is given or taken, and each token, is a security event, recorded once with who did it."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.enums import LinkPurpose, Role
from accounts.models import ApiToken, Membership, SecurityEvent, User
from accounts.services.links import make_link
from accounts.tasks import report_ended_accesses
from tests.accounts.lead_pages import answer, change_role, make_link_path, post_role
from tests.accounts.security.events import is_about, list_events
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, plouexemple
from tests.factories.accounts import make_api_token

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents/"


@pytest.fixture
def administrator(administration: Client) -> User:
    """Return the person who is signed in as the administrator of the platform."""
    return User.objects.get(membership__role=Role.ADMINISTRATOR)


def call_api(token, method="get"):
    return getattr(Client(), method)(API, headers={"Authorization": f"Bearer {token}"})


def test_a_role_is_recorded_as_it_is_given_confirmed_and_ended(client, lead, administration, administrator):
    person = an_agent()
    assert post_role(administration, person, Role.RESPONDER, csirt=breizh_cyber()).status_code == 302
    assert is_about(person, actor=administrator)
    assert SecurityEvent.objects.latest("id").csirt == breizh_cyber()
    role = Membership.objects.get(user=person, role=Role.RESPONDER)
    for _click in range(2):
        answer(client, role)
    assert is_about(person, actor=lead)
    for _click in range(2):
        client.post(f"/equipe/{person.uid}/retirer/", {"csirt": breizh_cyber().pk})
    assert list_events() == [(kind, "done", "responder") for kind in ("role_given", "role_confirmed", "role_ended")]


def test_a_role_that_a_lead_refuses_is_recorded_as_refused(client, lead, administration):
    person = an_agent()
    post_role(administration, person, Role.LEAD, csirt=breizh_cyber())
    answer(client, Membership.objects.get(user=person, role=Role.LEAD), "refuser")
    assert list_events() == [("role_given", "done", "lead"), ("role_refused", "done", "lead")]
    assert is_about(person, actor=lead)


def test_a_role_that_the_administrator_ends_is_recorded(administration, administrator):
    role = Membership.objects.get(user=a_responder())
    make_api_token(role.user)
    change_role(administration, role, ended_on=timezone.localdate())
    assert list_events() == [("role_ended", "done", "responder"), ("token_revoked", "done", "")]
    assert is_about(role.user, actor=administrator)


def test_a_role_in_a_body_is_recorded_as_its_manager_gives_and_ends_it(client, manager):
    person = User.objects.create_user("nour@plouexemple.example", display_name="Nour Exemple")
    link = make_link(LinkPurpose.INVITATION, user=person, made_by=manager, collectivity=plouexemple())
    Client().post(make_link_path(link), {"password": "une-phrase-de-quatre-mots-rares"})
    assert is_about(person, actor=manager)
    client.post(f"/ma-collectivite/{plouexemple().uid}/{person.uid}/retirer/")
    assert list_events() == [
        ("password_changed", "done", "link"),
        ("role_given", "done", "agent"),
        ("role_ended", "done", "agent"),
    ]


def test_an_administrator_that_the_command_makes_is_recorded(monkeypatch, capsys):
    monkeypatch.setattr("getpass.getpass", lambda _question: "une-phrase-de-quatre-mots-rares")
    call_command("create_administrator", "nouvelle@demo.example")
    assert list_events() == [("role_given", "done", "administrator")]
    assert is_about(User.objects.get(email="nouvelle@demo.example"))


def test_an_account_is_recorded_as_it_is_moved_closed_and_reopened(administration, administrator):
    a_lead()
    role = Membership.objects.get(user=a_responder())
    change_role(administration, role, account={"email": "ailleurs@demo.example"})
    assert is_about(role.user, actor=administrator)
    role.user.refresh_from_db()
    change_role(administration, role, account={"is_active": ""})
    change_role(administration, role)
    roles = [(f"role_{kind}", "done", "responder") for kind in ("ended", "given")]  # the same one, which awaits
    accounts = [(f"account_{kind}", "done", "") for kind in ("closed", "reopened")]
    assert list_events() == [("address_changed", "done", ""), *roles, *accounts]


def test_each_account_of_a_list_is_recorded_as_closed(administration, administrator):
    people = sorted([an_agent(), an_agent()], key=lambda person: person.email)
    chosen = {"action": "close_accounts", "_selected_action": [person.pk for person in people]}
    administration.post("/admin/accounts/user/", chosen)
    assert list_events() == [], "the page asks first"
    administration.post("/admin/accounts/user/", chosen | {"confirme": "oui"})
    assert list_events() == [("account_closed", "done", "")] * 2
    assert is_about(people[1], actor=administrator)


def test_a_token_is_recorded_as_it_is_made_and_revoked(client):
    responder = a_responder()
    client.force_login(responder)
    key = client.get("/compte/jetons/nouveau/").context["form"]["key"].value()
    fields = {"key": key, "name": "SIEM de nuit", "scopes": ["triage", "read"], "days": 30}
    for _click in range(2):
        assert client.post("/compte/jetons/nouveau/", fields).status_code == 200
        token = ApiToken.objects.get()
    for _click in range(2):
        client.post(f"/compte/jetons/{token.uid}/revoquer/")
    assert list_events() == [("token_made", "done", "read.triage"), ("token_revoked", "done", "")]
    assert is_about(responder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"revoked_at": timezone.now()}, "revoked"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expired"),
    ],
)
def test_a_token_that_is_over_is_recorded_with_its_person(change, reason):
    agent = an_agent()
    token = make_api_token(agent)
    assert call_api(token).status_code == 200
    ApiToken.objects.update(**change)
    assert call_api(token).status_code == 401
    assert list_events() == [("token_refused", "refused", reason)]
    assert is_about(agent)


def test_a_token_that_is_unknown_or_without_effect_is_recorded():
    closed = an_agent()
    token = make_api_token(closed)
    User.objects.filter(pk=closed.pk).update(session_stamp=closed.uid)  # which revokes it
    ApiToken.objects.update(revoked_at=None)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    ApiToken.objects.update(revoked_at=None)
    for text in ("tocsin_inconnu", token):
        assert call_api(text).status_code == 401
    assert list_events() == [("token_refused", "refused", "unknown"), ("token_refused", "refused", "without_effect")]
    assert is_about(closed)


def test_a_token_beyond_its_scope_is_recorded():
    agent = an_agent()
    assert call_api(make_api_token(agent, scopes=["declare"])).status_code == 403
    assert list_events() == [("token_refused", "refused", "scope")]
    assert is_about(agent)


def test_a_break_glass_access_is_recorded_as_it_is_given_and_once_it_has_ended():
    breizh_cyber()
    person = a_person(Role.NATIONAL)
    call_command("break_glass", csirt="breizh-cyber", person=person.email, reason="Personne ne répond")
    report_ended_accesses()
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        for _turn in range(2):
            report_ended_accesses()
    assert list_events() == [("break_glass_opened", "done", ""), ("break_glass_ended", "done", "")]
    assert is_about(person)
    assert SecurityEvent.objects.latest("id").csirt == breizh_cyber()


def test_a_rotation_of_keys_is_recorded_and_a_trial_is_not(capsys):
    call_command("rotate_keys", "--dry-run")
    call_command("rotate_keys")
    assert list_events() == [("keys_rotated", "done", "")]
    assert is_about(None)


def test_what_the_transaction_of_an_act_undoes_is_not_recorded(client, administration):
    """The second lead is told that the role has changed."""
    lead = a_lead()
    client.force_login(lead)
    role = Membership.objects.create(user=an_agent(), role=Role.LEAD, csirt=breizh_cyber(), awaits_confirmation=True)
    answer(client, role, seen="ancien")
    assert list_events() == []
