"""Helping somebody who has lost their telephone: who may do it, and what is recorded."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.db import DatabaseError, transaction
from django.test import Client

from accounts.enums import LinkPurpose, MailKind, Role
from accounts.models import AccessLink, FactorReset, Membership, PendingMail
from csirts.models import Csirt
from tests.cast import PASSWORD, a_lead, a_person, a_responder, an_agent, breizh_cyber, signed_in
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db


def reset(actor, person):
    return signed_in(Client(), actor).post(f"/equipe/{person.uid}/second-facteur/")


def is_reset(person):
    return not Authenticator.objects.filter(user=person).exists()


def test_a_lead_resets_the_second_factor_of_a_responder(client):
    lead, responder = a_lead(), a_responder()
    phone = signed_in(Client(), responder)
    assert phone.get("/admin/incidents/incident/").status_code == 200

    page = signed_in(client, lead).get(f"/equipe/{responder.uid}/")
    assert "Appelez cette personne d’abord" in page.content.decode()
    assert not is_reset(responder)
    reset(lead, responder)

    assert is_reset(responder)
    assert phone.get("/admin/incidents/incident/").status_code == 302
    assert not phone.session.get("_auth_user_id")
    assert PendingMail.objects.get(user=responder, to=responder.email).kind == MailKind.FACTOR_RESET
    assert [(reset_row.user, reset_row.by) for reset_row in FactorReset.objects.all()] == [(responder, lead)]
    assert f"Remis à zéro par {lead}" in signed_in(client, lead).get(f"/equipe/{responder.uid}/").content.decode()
    again = phone.post("/connexion/", {"login": responder.email, "password": PASSWORD}, follow=True)
    assert again.redirect_chain[-1][0] == "/compte/"


def test_the_history_of_an_account_says_who_sent_a_link(client):
    lead, responder = a_lead(), a_responder()
    signed_in(client, lead).post(f"/equipe/{responder.uid}/lien/")
    assert AccessLink.objects.get(user=responder).made_by == lead
    [line] = LogEntry.objects.filter(object_id=str(responder.pk), content_type__model="user")
    assert (line.user, line.change_message) == (lead, "Lien de mot de passe envoyé")


def test_a_double_click_resets_the_second_factor_once(client):
    lead, responder = a_lead(), a_responder()
    reset(lead, responder)
    reset(lead, responder)
    assert FactorReset.objects.count() == PendingMail.objects.filter(to=responder.email).count() == 1


def test_the_administrator_resets_the_factor_of_a_lead():
    lead = a_lead()
    assert reset(a_person(Role.ADMINISTRATOR), lead).status_code == 302
    assert is_reset(lead)


def test_the_history_of_the_account_shows_the_reset(client):
    lead, responder, administrator = a_lead(), a_responder(), a_person(Role.ADMINISTRATOR)
    reset(lead, responder)
    history = signed_in(client, administrator).get(f"/admin/accounts/user/{responder.pk}/history/").content.decode()
    assert "Second facteur remis à zéro" in history
    assert str(lead) in history


def another_centre():
    return Csirt.objects.create(slug="ailleurs", name="Ailleurs")


def create_responder_with_role(role, **scope):
    responder = a_responder()
    Membership.objects.create(user=responder, role=role, **scope)
    return responder


NOT_THEIRS = {
    "another lead of the centre": a_lead,
    "a responder of another centre": lambda: a_responder(another_centre()),
    "a responder who is also of another centre": lambda: create_responder_with_role(
        Role.RESPONDER, csirt=another_centre()
    ),
    "a responder who is also the administrator": lambda: create_responder_with_role(Role.ADMINISTRATOR),
    "an agent": an_agent,
    "the administrator": lambda: a_person(Role.ADMINISTRATOR),
}


@pytest.mark.parametrize("who", NOT_THEIRS)
def test_a_lead_cannot_reset_a_person_who_is_not_only_a_responder_of_the_centre(who):
    lead, person = a_lead(), NOT_THEIRS[who]()
    before = Authenticator.objects.filter(user=person).count()
    assert reset(lead, person).status_code == 404
    assert signed_in(Client(), lead).get(f"/equipe/{person.uid}/").status_code == 404
    assert signed_in(Client(), lead).post(f"/equipe/{person.uid}/lien/").status_code == 404
    assert Authenticator.objects.filter(user=person).count() == before
    assert not PendingMail.objects.exists()


@pytest.mark.parametrize("make", [a_lead, lambda: a_person(Role.ADMINISTRATOR)], ids=["lead", "administrator"])
def test_nobody_resets_their_own_factor(make):
    person = make()
    assert reset(person, person).status_code == 404
    assert not is_reset(person)


@pytest.mark.parametrize("role", ["responder", "agent", "national"])
def test_other_roles_may_reset_nobody(role):
    person = a_responder()
    makers = {"responder": a_responder, "agent": an_agent, "national": lambda: a_person(Role.NATIONAL)}
    assert reset(makers[role](), person).status_code == 404
    assert not is_reset(person)


def test_the_record_of_a_reset_is_never_changed():
    reset(a_lead(), a_responder())
    for act in (lambda rows: rows.update(by=a_lead()), lambda rows: rows.delete()):
        with act_as_superuser(), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act(FactorReset.objects.all())


def test_a_lead_sends_a_password_link_to_the_mailbox_of_the_account(client):
    responder = a_responder()
    signed_in(client, a_lead()).post(f"/equipe/{responder.uid}/lien/")
    mail = PendingMail.objects.get()
    assert (mail.to, mail.kind, mail.link.purpose) == (responder.email, "password_link", LinkPurpose.PASSWORD)


def test_an_account_without_password_is_sent_a_welcome_link(client):
    responder = a_responder()
    responder.set_unusable_password()
    responder.save()
    signed_in(client, a_person(Role.ADMINISTRATOR)).post(f"/equipe/{responder.uid}/lien/")
    assert AccessLink.objects.get().purpose == LinkPurpose.WELCOME


def test_the_team_page_marks_who_has_not_opened_their_account(client):
    invited = a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False)
    signed_in(client, a_lead())
    assert "pas encore de second facteur" in client.get("/equipe/").content.decode()
    invited.set_unusable_password()
    invited.save()
    page = client.get("/equipe/").content.decode()
    assert "n’a pas encore ouvert son compte" in page
    assert "pas encore de second facteur" not in page


def test_the_team_page_lists_responders_with_a_bounded_number_of_queries(client, django_assert_max_num_queries):
    lead = a_lead()
    signed_in(client, lead)
    for count in (2, 50):
        while lead.pk and Membership.objects.filter(csirt=breizh_cyber()).count() <= count:
            a_responder()
        with django_assert_max_num_queries(10):
            page = client.get("/equipe/")
        assert len(page.context["rows"]) == count
    assert "second facteur en place" in page.content.decode()
    assert signed_in(client, a_responder()).get("/equipe/").status_code == 404
