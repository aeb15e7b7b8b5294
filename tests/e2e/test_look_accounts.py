"""Every page of an account, in every state: as tests/e2e/test_look.py."""

from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.utils import timezone

from accounts.enums import EmergencyContactKind, LinkPurpose, Role
from accounts.models import AccessLink, Membership
from accounts.services.bodies import save_contacts
from accounts.services.links import make_link, send_link
from accounts.tokens import derive_link_token
from tests.cast import a_lead, a_person, a_responder, an_agent, breizh_cyber, declare, plouexemple, signed_in
from tests.e2e import steps
from tests.factories.accounts import make_break_glass


def sign_in(visitor, person):
    visitor.page.context.clear_cookies()
    visitor.goto("/connexion/")
    steps.sign_in(visitor.page, person)


def send(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.proof
def test_pages_before_signing_in_are_accessible(visitor):
    page = visitor.page
    visitor.goto("/mot-de-passe/")
    visitor.inspect("lost-password")
    page.get_by_label("Adresse mail").fill("alix@demo.example")
    send(page, "Recevoir un lien")
    visitor.inspect("lost-password-sent")
    visitor.goto("/acces/2222/")
    visitor.inspect("link-over")
    visitor.goto(f"/acces/{derive_link_token(send_link(LinkPurpose.WELCOME, user=an_agent(), made_by=None))}/")
    visitor.inspect("link")
    send(page, "Garder ce mot de passe")
    visitor.inspect("link-errors")
    page.get_by_label("Mot de passe").fill("une phrase assez longue")
    send(page, "Garder ce mot de passe")
    visitor.inspect("link-used")
    visitor.goto("/connexion/")
    send(page, "Se connecter")
    visitor.inspect("sign-in-errors")
    visitor.check()


@pytest.mark.proof
def test_pages_of_enrolment_are_accessible(visitor):
    page = visitor.page
    sign_in(visitor, a_person(Role.RESPONDER, csirt=breizh_cyber(), enrolled=False))
    visitor.inspect("account-must-enrol")
    visitor.goto("/compte/cles/")
    visitor.inspect("add-key")
    visitor.goto("/compte/application/")
    visitor.inspect("add-application")
    send(page, "Ajouter l’application")
    visitor.inspect("add-application-errors")
    secret = page.locator(".code").inner_text().strip()
    now = int(page.evaluate("Date.now() / 30000"))
    page.locator("#id_code").fill(format_hotp_value(hotp_value(secret, now)))
    send(page, "Ajouter l’application")
    visitor.inspect("recovery-codes")
    visitor.goto("/compte/codes-de-secours/")
    visitor.inspect("recovery-codes-seen")
    for path in ("", "application/retirer/", "codes-de-secours/nouveaux/", "mot-de-passe/", "confirmer/"):
        visitor.goto(f"/compte/{path}")
        visitor.inspect("account-" + path.replace("/", "-").strip("-"))
    send(page, "Confirmer")
    visitor.inspect("account-confirmer-errors")
    visitor.goto("/compte/confirmer/code/")
    visitor.inspect("account-confirmer-code")
    visitor.check()


@pytest.mark.proof
def test_pages_of_the_code_and_the_team_are_accessible(visitor):
    page = visitor.page
    a_responder()
    lead = a_lead()
    Membership.objects.filter(user=(newcomer := a_responder())).update(awaits_confirmation=True)
    make_break_glass(newcomer)
    visitor.goto("/connexion/")
    steps.give_password(page, lead)
    visitor.inspect("show-code")
    page.locator("#id_code").fill("000000")
    send(page, "Continuer")
    visitor.inspect("show-code-errors")
    steps.enter_code(page, lead)
    visitor.goto("/equipe/")
    visitor.inspect("team")
    for path in ("inviter", "adresse"):
        visitor.goto(f"/equipe/{path}/")
        visitor.inspect(f"team-{path}")
    steps.click_to_next_page(page.get_by_role("link", name="Ne plus rien y envoyer"))
    visitor.inspect("team-adresse-retirer")
    visitor.goto("/equipe/")
    steps.click_to_next_page(page.get_by_role("link", name="Retirer"))
    visitor.inspect("team-remove")
    visitor.goto("/equipe/")
    steps.click_to_next_page(page.get_by_role("link", name="Aider"))
    visitor.inspect("person")
    send(page, "Remettre à zéro son second facteur")
    visitor.inspect("person-reset")
    visitor.check()


@pytest.mark.proof
def test_pages_of_tokens_are_accessible(visitor):
    page = visitor.page
    sign_in(visitor, a_responder())
    visitor.goto("/compte/jetons/")
    visitor.inspect("tokens-none")
    visitor.goto("/compte/jetons/nouveau/")
    visitor.inspect("token-new")
    send(page, "Faire le jeton")
    visitor.inspect("token-new-errors")
    page.get_by_label("Nom du jeton").fill("SIEM de nuit, " + "x" * 60)
    send(page, "Faire le jeton")
    visitor.inspect("token-made")
    visitor.goto("/compte/jetons/")
    visitor.inspect("tokens")
    with page.expect_navigation():
        page.get_by_role("link", name="Révoquer").click()
    visitor.inspect("token-revoke")
    send(page, "Révoquer")
    visitor.inspect("tokens-revoked")
    visitor.check()


@pytest.mark.proof
def test_pages_of_sessions_are_accessible(visitor, settings):
    page, person = visitor.page, a_responder()
    settings.SESSION_IDLE_LIMIT = timedelta(minutes=30)
    sign_in(visitor, person)
    visitor.goto("/compte/sessions/")
    visitor.inspect("sessions-alone")
    for _other in range(2):
        signed_in(Client(), person)
    visitor.goto("/compte/sessions/")
    visitor.inspect("sessions")
    with page.expect_navigation():
        page.get_by_role("button", name="Terminer la session").first.click()
    visitor.inspect("sessions-one-ended")
    send(page, "Terminer l’autre session")
    visitor.inspect("sessions-all-ended")
    page.context.clear_cookies()
    visitor.goto("/connexion/?next=/admin/&fin=inactivite")
    visitor.inspect("sign-in-ended")
    visitor.check()


@pytest.mark.proof
def test_pages_of_dead_links_are_accessible(visitor):
    agent, lead, town = an_agent(), a_lead(), plouexemple()
    used, replaced, live = (send_link(LinkPurpose.PASSWORD, user=agent, made_by=None) for _ in range(3))
    withdrawn = make_link(LinkPurpose.INVITATION, user=lead, made_by=agent, collectivity=town)
    old = send_link(LinkPurpose.WELCOME, user=lead, made_by=None)
    AccessLink.objects.filter(pk=used.pk).update(used_at=timezone.now())
    AccessLink.objects.filter(pk__in=(withdrawn.pk, live.pk)).update(revoked_at=timezone.now())
    AccessLink.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    for name, link in {"used": used, "replaced": replaced, "withdrawn": withdrawn, "old": old, "live": live}.items():
        visitor.goto(f"/acces/{derive_link_token(link)}/")
        visitor.inspect(f"link-over-{name}")
    visitor.check()


@pytest.mark.proof
def test_pages_of_a_body_are_accessible(visitor):
    page, town = visitor.page, plouexemple()
    declare(collectivity=town)
    an_agent(town)
    sign_in(visitor, a_person(Role.MANAGER, collectivity=town))
    visitor.goto("/ma-collectivite/")
    visitor.inspect("body-home")
    visitor.goto(f"/ma-collectivite/{town.uid}/inviter/")
    send(page, "Envoyer l’invitation")
    visitor.inspect("body-invite-errors")
    page.get_by_label("Adresse mail").fill("alix@demo.example")
    send(page, "Envoyer l’invitation")
    visitor.inspect("body-home-invited")
    with page.expect_navigation():
        page.get_by_role("button", name="Retirer l’invitation").click()
    visitor.inspect("body-home-withdrawn")
    for name in ("Retirer", "Passer la main", "Quitter"):
        visitor.goto(f"/ma-collectivite/{town.uid}/")
        with page.expect_navigation():
            page.get_by_role("link", name=name).first.click()
        visitor.inspect(f"body-{name.lower().replace(' ', '-')}")
    send(page, "Quitter")
    visitor.inspect("body-last-manager")
    visitor.check()


@pytest.mark.proof
def test_pages_of_the_emergency_card_are_accessible(visitor):
    page, town = visitor.page, plouexemple()
    agent = an_agent(town)
    sign_in(visitor, a_person(Role.MANAGER, collectivity=town))
    visitor.goto(f"/ma-collectivite/{town.uid}/urgence/")
    visitor.inspect("body-card-empty")
    visitor.goto(f"/ma-collectivite/{town.uid}/urgence/ecrire/")
    visitor.inspect("body-card-write")
    page.locator("#id_supplier-name").fill("Exemple Informatique")
    contacts = {kind.value: {"name": "Autre", "phone": "", "note": ""} for kind in EmergencyContactKind}
    save_contacts(uid=town.uid, contacts=contacts, actor=agent)
    send(page, "Garder la fiche")
    visitor.inspect("body-card-written-meanwhile")
    send(page, "Garder la fiche")
    visitor.inspect("body-card")
    visitor.check()


@pytest.mark.proof
def test_pages_of_handing_a_body_over_are_accessible(visitor):
    page, town = visitor.page, plouexemple()
    an_agent(town)
    sign_in(visitor, a_person(Role.MANAGER, collectivity=town))
    visitor.goto(f"/ma-collectivite/{town.uid}/")
    with page.expect_navigation():
        page.get_by_role("link", name="Passer la main").click()
    send(page, "Passer la main")
    visitor.inspect("body-handed-over")
    visitor.goto(f"/ma-collectivite/{town.uid}/inviter/")
    visitor.inspect("body-refused")
    visitor.check()
