"""A role that the administrator gives in a centre counts once a lead of the centre has confirmed it."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.access import has_leader, has_workers
from accounts.dispatch import send_due_mails
from accounts.enums import MailKind, Role
from accounts.models import AccessLink, Membership, PendingMail, User
from accounts.services.confirmations import DAYS_TO_HEAR, confirm_role, stamp_role
from accounts.tokens import find_live_token
from csirts.models import Csirt
from incidents.services.handling.assign import list_centre_responders
from tests.accounts.lead_pages import (
    NOUR,
    answer,
    change_role,
    make_link_path,
    post_invitation,
    post_role,
    read_plain_markup,
)
from tests.cast import SECRET, a_lead, a_person, a_responder, an_agent, breizh_cyber, declare, signed_in
from tests.factories.accounts import make_api_token
from tests.incidents.triage_pages import case_url

pytestmark = pytest.mark.django_db


def a_newcomer() -> User:
    """Create an account without any role."""
    return User.objects.create_user("alix@demo.example", display_name="Alix Exemple")


def give_role(administration: Client, role: Role = Role.RESPONDER, person: User | None = None) -> Membership:
    """Give this role in Breizh Cyber to a person, by default an agent, and return it."""
    person = person or an_agent()
    assert post_role(administration, person, role, csirt=breizh_cyber()).status_code == 302
    return Membership.objects.filter(user=person).latest("pk")


def in_days(days):
    return timezone.localdate() + timedelta(days=days)


def test_role_given_by_the_administrator_opens_nothing_before_a_lead_confirms_it(
    client, lead, administration, mailoutbox
):
    case, second_lead, person = declare(), a_lead(), a_newcomer()
    TOTP.activate(person, SECRET)
    role = give_role(administration, person=person)
    assert role.awaits_confirmation
    token = make_api_token(person)

    assert User.objects.get(pk=person.pk).readable_centre_ids == set()
    assert person not in list_centre_responders(breizh_cyber().pk)
    desk = signed_in(Client(), person)
    assert desk.get(case_url(case)).status_code == 302
    read = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert Client().get(f"/api/v1/incidents/{case.reference}/", **read).status_code == 404

    send_due_mails()
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted([lead.email, second_lead.email])
    assert "ne donne encore aucun droit" in mailoutbox[0].body
    page = read_plain_markup(client.get("/equipe/"))
    assert "Rôles à confirmer" in page
    assert person.email in page

    assert f"Le rôle de {person} est confirmé." in read_plain_markup(answer(client, role))
    assert "Rôles à confirmer" not in read_plain_markup(client.get("/equipe/"))
    assert signed_in(Client(), person).get(case_url(case)).status_code == 200
    assert Client().get(f"/api/v1/incidents/{case.reference}/", **read).status_code == 200
    assert person in list_centre_responders(breizh_cyber().pk)
    send_due_mails()
    assert mailoutbox[-1].to == [person.email]
    assert f"{lead.display_name} a confirmé votre rôle" in mailoutbox[-1].body


def test_the_history_and_the_page_of_the_account_say_who_confirmed(client, lead, administration):
    role = give_role(administration)
    page = read_plain_markup(administration.get(f"/admin/accounts/user/{role.user_id}/change/"))
    assert "À confirmer par une personne qui dirige le centre" in page
    assert "Breizh Cyber, à confirmer" in read_plain_markup(administration.get("/admin/accounts/user/"))
    answer(client, role)
    page = read_plain_markup(administration.get(f"/admin/accounts/user/{role.user_id}/change/"))
    assert f"Confirmé par {lead}, le " in page
    assert "À confirmer" not in page
    line = LogEntry.objects.get(change_message__startswith="Rôle confirmé")
    assert (line.user, line.object_id) == (lead, str(role.user_id))


def test_the_administrator_reads_that_the_role_awaits_a_confirmation(lead, administration):
    give_role(administration)
    page = read_plain_markup(administration.get("/admin/accounts/user/"))
    assert "Ce rôle ne compte pas encore" in page
    assert lead.email not in page.split("Ce rôle ne compte pas encore")[1].split("</li>")[0]


def test_the_first_lead_of_a_centre_counts_at_once(administration):
    centre = breizh_cyber()
    assert not has_leader(centre.pk)
    role = give_role(administration, Role.LEAD)
    assert not role.awaits_confirmation
    assert has_leader(centre.pk)
    assert not PendingMail.objects.filter(kind=MailKind.ROLE_AWAITS).exists()
    assert give_role(administration, Role.LEAD).awaits_confirmation


@pytest.mark.parametrize(
    "absent", [{"user__is_active": False}, {"ended_on": "2026-01-01"}, {"since_on": "2199-01-01"}]
)
def test_a_lead_who_cannot_sign_in_confirms_nothing_so_that_no_role_awaits_them(lead, administration, absent):
    User.objects.filter(pk=lead.pk).update(is_active=absent.pop("user__is_active", True))
    Membership.objects.filter(user=lead).update(**absent)
    assert not give_role(administration, Role.LEAD).awaits_confirmation


def test_a_refused_role_ends_and_never_counted(client, lead, administration):
    person = an_agent()
    token = make_api_token(person)
    role = give_role(administration, person=person)
    assert "il ne donne aucun droit" in read_plain_markup(answer(client, role, "refuser"))
    role.refresh_from_db()
    assert (role.ended_on, role.awaits_confirmation) == (timezone.localdate(), True)
    assert User.objects.get(pk=person.pk).readable_centre_ids == set()
    assert find_live_token(token).user == person  # no right was lost
    page = read_plain_markup(administration.get(f"/admin/accounts/user/{person.pk}/change/"))
    assert f"Terminé par {lead}, le " in page
    assert "Le centre ne l’avait pas confirmé." in page
    assert LogEntry.objects.get(change_message__startswith="Rôle refusé").user == lead


@pytest.mark.parametrize(("first", "second"), [("confirmer", "refuser"), ("refuser", "confirmer")])
def test_a_double_click_answers_once_and_the_other_answer_comes_too_late(client, lead, administration, first, second):
    role = give_role(administration)
    for _click in range(2):
        answer(client, role, first)
    before = Membership.objects.filter(pk=role.pk).values().get()
    assert "rien n’a changé" in read_plain_markup(answer(client, role, second))
    assert Membership.objects.filter(pk=role.pk).values().get() == before
    assert LogEntry.objects.filter(change_message__startswith="Rôle confirmé").count() == (first == "confirmer")
    assert LogEntry.objects.filter(change_message__startswith="Rôle refusé").count() == (first == "refuser")


def test_an_old_page_confirms_no_role_that_has_ended_since(client, lead, administration):
    role = give_role(administration)
    Membership.objects.filter(pk=role.pk).update(ended_on=timezone.localdate())
    assert "ou a pris fin : rien n’a changé" in read_plain_markup(answer(client, role))


STRANGERS = {
    "responder": a_responder,
    "lead of another centre": lambda: a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs")),
    "administrator": lambda: a_person(Role.ADMINISTRATOR),
    "agent": an_agent,
}


@pytest.mark.parametrize("word", ["confirmer", "refuser"])
@pytest.mark.parametrize("who", STRANGERS)
def test_nobody_but_a_lead_of_the_centre_answers(lead, administration, who, word):
    role = give_role(administration)
    assert answer(signed_in(Client(), STRANGERS[who]()), role, word).status_code == 404
    role.refresh_from_db()
    assert (role.awaits_confirmation, role.ended_on) == (True, None)


def test_a_lead_answers_on_no_role_that_was_never_to_be_confirmed_nor_on_their_own(client, lead, administration):
    a_lead()
    role = give_role(administration, person=lead)
    for number in (role.pk, Membership.objects.get(user=a_responder()).pk, 10**30):
        assert client.post(f"/equipe/roles/{number}/confirmer/").status_code == 404
        assert client.post(f"/equipe/roles/{number}/refuser/").status_code == 404
    assert "Rôles à confirmer" not in read_plain_markup(client.get("/equipe/"))
    with pytest.raises(IntegrityError, match="membership_confirmed_by_another"), transaction.atomic():
        Membership.objects.filter(pk=role.pk).update(
            awaits_confirmation=False, confirmed_by=lead, confirmed_at=timezone.now()
        )


def test_the_database_knows_roles_to_confirm_in_centres_only(administration):
    agent = Membership.objects.filter(user=an_agent())
    with pytest.raises(IntegrityError, match="membership_awaits_a_centre"), transaction.atomic():
        agent.update(awaits_confirmation=True)


# What the administrator changes of a role


@pytest.mark.parametrize("widening", ["lead", "another centre", "earlier first day", "later end", "no end"])
def test_what_a_changed_role_gives_in_addition_awaits_too(lead, administration, widening):
    role = Membership.objects.get(user=a_responder())
    changes = {
        "lead": {"role": Role.LEAD},
        "another centre": {"csirt": Csirt.objects.create(slug="ailleurs", name="Ailleurs").pk},
        "earlier first day": {"since_on": in_days(0)},
        "later end": {"ended_on": in_days(40)},
        "no end": {"ended_on": None},
    }[widening]
    a_lead(Csirt.objects.filter(slug="ailleurs").first())
    role.since_on, role.ended_on = in_days(20), in_days(30)
    role.save()
    changed = change_role(administration, role, **changes)
    assert changed.awaits_confirmation
    assert User.objects.get(pk=role.user_id).readable_centre_ids == set()
    assert PendingMail.objects.filter(kind=MailKind.ROLE_AWAITS, csirt=changed.csirt, membership=role).exists()


def test_what_gives_nothing_more_needs_no_confirmation(client, lead, administration):
    role = give_role(administration, Role.LEAD, a_newcomer())
    answer(client, role)
    announced = PendingMail.objects.filter(kind=MailKind.ROLE_AWAITS).count()
    role = Membership.objects.get(pk=role.pk)
    for fields in ({"ended_on": in_days(30)}, {"ended_on": in_days(20)}):
        role = change_role(administration, role, **fields)
        assert not role.awaits_confirmation
        assert role.confirmed_by == lead
        assert User.objects.get(pk=role.user_id).readable_centre_ids == {breizh_cyber().pk}
    assert PendingMail.objects.filter(kind=MailKind.ROLE_AWAITS).count() == announced


def test_the_only_lead_goes_on_leading_when_their_own_role_is_prolonged(lead, administration):
    Membership.objects.filter(user=lead).update(ended_on=in_days(3))
    role = change_role(administration, Membership.objects.get(user=lead), ended_on=None)
    assert not role.awaits_confirmation
    assert User.objects.get(pk=lead.pk).leads_centre(breizh_cyber().pk)


# No dead end


def test_a_centre_that_lost_its_last_lead_gets_a_first_lead_again(client, lead, administration):
    """The page of the account says how: the role that nobody confirms ends, and is given anew."""
    role = give_role(administration, Role.LEAD, a_newcomer())
    Membership.objects.filter(user=lead).update(ended_on=timezone.localdate())
    page = read_plain_markup(administration.get(f"/admin/accounts/user/{role.user_id}/change/"))
    assert "Plus personne ne dirige ce centre pour le confirmer." in page
    assert change_role(administration, role, ended_on=timezone.localdate()).awaits_confirmation

    again = give_role(administration, Role.LEAD, role.user)
    assert not again.awaits_confirmation
    assert not has_leader(breizh_cyber().pk)
    with time_machine.travel(timezone.now() + timedelta(days=DAYS_TO_HEAR)):
        assert has_leader(breizh_cyber().pk)
        assert has_workers(breizh_cyber().pk)


def test_a_role_that_awaits_begins_three_days_after_it_is_changed_if_nobody_leads_the_centre(lead, administration):
    role = give_role(administration, Role.LEAD, a_newcomer())
    Membership.objects.filter(user=lead).update(ended_on=timezone.localdate())
    changed = change_role(administration, role, ended_on=in_days(90))
    assert (changed.awaits_confirmation, changed.since_on) == (False, in_days(DAYS_TO_HEAR))


# What a lead gives herself


def test_an_invitation_by_a_lead_counts_at_once(client, lead):
    post_invitation(client)
    Client().post(
        make_link_path(AccessLink.objects.get()), {"password": "une phrase assez longue", "display_name": "Nour"}
    )
    nour = User.objects.get(email=NOUR)
    assert nour.works_in_centre(breizh_cyber().pk)
    assert not nour.membership_set.get().awaits_confirmation


def test_an_invitation_by_a_lead_confirms_the_role_that_the_administrator_gave(client, lead, administration):
    person = an_agent()
    role = give_role(administration, person=person)
    Membership.objects.filter(pk=role.pk).update(since_on=in_days(20))
    post_invitation(client, person.email)
    Client().post(make_link_path(AccessLink.objects.get(purpose="invitation")))
    role.refresh_from_db()
    assert (role.awaits_confirmation, role.confirmed_by, role.since_on) == (False, lead, timezone.localdate())
    assert User.objects.get(pk=person.pk).works_in_centre(breizh_cyber().pk)


def test_an_invitation_brings_a_role_forward_that_a_lead_confirmed_and_that_begins_later(client, lead):
    """A person has a role without end once."""
    person = an_agent()
    fields = {"confirmed_by": lead, "confirmed_at": timezone.now(), "since_on": in_days(20)}
    role = Membership.objects.create(user=person, role=Role.RESPONDER, csirt=breizh_cyber(), **fields)
    post_invitation(client, person.email)
    assert Client().post(make_link_path(AccessLink.objects.get(purpose="invitation"))).status_code < 400
    assert Membership.objects.get(user=person, csirt=breizh_cyber()) == role
    role.refresh_from_db()
    assert (role.since_on, role.confirmed_by) == (timezone.localdate(), lead)
    assert User.objects.get(pk=person.pk).works_in_centre(breizh_cyber().pk)
    assert LogEntry.objects.filter(user=lead, change_message__contains="Rôle avancé").exists()


# What the person reads


def test_the_welcome_mail_says_that_the_role_does_not_count_yet(lead, administration, mailoutbox):
    form = {"email": NOUR, "display_name": "Nour Exemple"}
    form |= {"membership_set-TOTAL_FORMS": 1, "membership_set-INITIAL_FORMS": 0}
    values = {"role": Role.RESPONDER, "csirt": breizh_cyber().pk, "collectivity": "", "region": ""}
    values |= {"since_on": timezone.localdate(), "ended_on": ""}
    form |= {f"membership_set-0-{name}": value for name, value in values.items()}
    assert administration.post("/admin/accounts/user/add/", form).status_code == 302
    send_due_mails()
    [welcome] = [mail for mail in mailoutbox if mail.to == [NOUR]]
    assert "Votre rôle dans l’équipe de Breizh Cyber ne compte pas encore" in welcome.body.replace("\xa0", " ")


def test_the_home_page_says_what_is_awaited_and_what_was_refused(client, lead, administration):
    person = a_newcomer()
    role = give_role(administration, person=person)
    desk = signed_in(Client(), person)
    assert "Il comptera quand une personne qui la dirige l’aura confirmé" in read_plain_markup(desk.get("/"))
    answer(client, role, "refuser")
    page = read_plain_markup(desk.get("/"))
    assert "Le centre n’a pas confirmé votre rôle" in page
    assert "Vous n’êtes plus de l’équipe" not in page


def test_a_role_that_begins_later_is_confirmed_and_begins_on_its_day(client, lead, administration, mailoutbox):
    role = give_role(administration, person=an_agent())
    role = change_role(administration, role, since_on=in_days(9))
    assert confirm_role(number=role.pk, actor=lead, seen=stamp_role(role)).confirmed_by == lead
    assert not User.objects.get(pk=role.user_id).reads_any_centre
    send_due_mails()
    assert "Il commence le " in mailoutbox[-1].body
