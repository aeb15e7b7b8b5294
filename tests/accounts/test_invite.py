"""Invitations that nobody has answered: seen, sent again, withdrawn; and what their links say afterwards."""

from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import MailStatus, Role
from accounts.models import AccessLink, Membership, PendingMail, User
from accounts.services.invitations import MAX_INVITATIONS_A_DAY
from accounts.tokens import derive_link_token
from collectivities.enums import Kind
from config.pages.templatetags.tocsin import format_full_moment
from tests.cast import a_person, an_agent, plouexemple

pytestmark = pytest.mark.django_db
NEW = "une phrase assez longue"
NOUR = "nour@plouexemple.example"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now()) as clock:
        yield clock


def body_url():
    return f"/ma-collectivite/{plouexemple().uid}/"


def invite(client, email=NOUR):
    return client.post(body_url() + "inviter/", {"email": email}, follow=True)


def post(client, act, email=NOUR):
    person = User.objects.get(email=email)
    return client.post(f"{body_url()}invitations/{person.uid}/{act}/", follow=True)


def read_text(answer):
    return unescape(answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


def read_link_page(link):
    return read_text(Client().get(f"/acces/{derive_link_token(link)}/"))


def test_manager_sees_resends_and_withdraws_an_invitation(client, manager, clock):
    page = read_text(invite(client))
    assert "Invitations sans réponse" in page
    assert "Envoyée le " in page
    assert f"<b>{NOUR}</b>" in page
    clock.shift(timedelta(minutes=16))
    assert f"part par mail à {NOUR}" in read_text(post(client, "renvoyer"))
    older, newer = AccessLink.objects.order_by("id")
    assert "Un mail plus récent l’a remplacé" in read_link_page(older)
    page = read_text(post(client, "retirer"))
    assert f"L’invitation de {NOUR} est retirée" in page
    assert "Invitations sans réponse" not in page
    newer.refresh_from_db()
    revoked_at = format_full_moment(newer.revoked_at).replace("\N{NO-BREAK SPACE}", " ")
    assert f"L’invitation à rejoindre Plouexemple a été retirée le {revoked_at}." in read_link_page(newer)
    assert not User.objects.get(email=NOUR).membership_set.exists()


def test_an_accepted_invitation_leaves_the_list(client, manager):
    invite(client)
    link = AccessLink.objects.get()
    form = {"display_name": "Nour Exemple", "password": NEW}
    assert Client().post(f"/acces/{derive_link_token(link)}/", form).status_code == 200
    assert "Invitations sans réponse" not in read_text(client.get(body_url()))
    assert "Il a déjà servi" in read_link_page(link)
    assert post(client, "renvoyer").status_code == 200
    assert post(client, "retirer").status_code == 200
    assert AccessLink.objects.count() == 1
    assert link.user.get_collectivity_ids() == {plouexemple().pk}


def test_an_invitation_brings_a_role_forward_that_begins_later(client, manager):
    """A person has a role without end once."""
    person = User.objects.create_user(NOUR, NEW, display_name="Nour Exemple")
    later = timezone.localdate() + timedelta(days=20)
    role = Membership.objects.create(user=person, role=Role.AGENT, collectivity=plouexemple(), since_on=later)
    invite(client)
    assert Client().post(f"/acces/{derive_link_token(AccessLink.objects.get())}/").status_code < 400
    assert Membership.objects.get(user=person) == role
    assert person.get_collectivity_ids() == {plouexemple().pk}


def test_an_expired_link_says_so_and_its_invitation_stays_listed(client, manager, clock):
    invite(client)
    clock.shift(timedelta(days=8))
    client.force_login(manager)
    assert "Il est trop ancien" in read_link_page(AccessLink.objects.get())
    assert "Demandez une autre invitation à" in read_link_page(AccessLink.objects.get())
    assert "son lien n’ouvre plus rien" in read_text(client.get(body_url()))
    post(client, "renvoyer")
    assert AccessLink.objects.filter(revoked_at=None).get().expires_at > timezone.now()


def test_a_double_click_sends_one_mail(client, manager):
    invite(client)
    assert "vient de partir" in read_text(invite(client))
    assert "vient de partir" in read_text(post(client, "renvoyer"))
    assert PendingMail.objects.count() == AccessLink.objects.count() == 1


def test_an_address_too_long_for_an_account_is_refused(client, manager):
    long = f"nour@{'x.' * 130}example"
    answer = invite(client, long)
    assert answer.status_code == 422
    assert "trop longue" in read_text(answer)
    assert long in read_text(answer)


@pytest.mark.parametrize(
    "address", [f"nour@{'ﬃ' * 30}.{'ﬃ' * 30}.{'ﬃ' * 30}.example", "a@evil.example，b＠exemple.example"]
)
def test_the_stored_form_of_an_address_is_checked(client, manager, address):
    """The letter « ﬃ » becomes three, and a wide comma an ordinary one."""
    assert invite(client, address).status_code == 422


def test_a_body_sends_a_bounded_number_of_invitations_a_day(client, manager, clock):
    """Another body has a bound of its own, and the next day the count starts again."""
    for number in range(MAX_INVITATIONS_A_DAY):
        invite(client, f"agent{number}@plouexemple.example")
    answer = invite(client)
    assert answer.status_code == 422
    assert "Réessayez demain" in read_text(answer)
    assert NOUR in read_text(answer)
    assert not User.objects.filter(email=NOUR).exists()
    clock.shift(timedelta(minutes=16))
    assert "Réessayez demain" in read_text(post(client, "renvoyer", "agent1@plouexemple.example"))
    assert PendingMail.objects.count() == MAX_INVITATIONS_A_DAY

    other_body = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    neighbour = Client()
    neighbour.force_login(a_person(Role.MANAGER, collectivity=other_body))
    assert neighbour.post(f"/ma-collectivite/{other_body.uid}/inviter/", {"email": NOUR}).status_code == 302
    clock.shift(timedelta(days=1))
    client.force_login(manager)
    assert invite(client).status_code == 200


def test_withdrawing_an_invitation_stops_its_unsent_mail(client, manager):
    invite(client)
    post(client, "retirer")
    assert send_due_mails() == 0
    assert PendingMail.objects.get().status == MailStatus.DEAD
    assert post(client, "retirer").status_code == 200


def test_inviting_a_closed_account_looks_like_any_invitation_but_sends_nothing(client, manager):
    closed = an_agent(plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple"))
    User.objects.filter(pk=closed.pk).update(is_active=False)
    assert f"<b>{closed.email}</b>" in read_text(invite(client, closed.email))
    assert not PendingMail.objects.exists()
    assert f"Le compte de {closed.email} est fermé" in read_link_page(AccessLink.objects.get())


def test_an_agent_neither_sees_nor_changes_invitations(client, manager):
    invite(client)
    client.force_login(an_agent())
    assert NOUR not in read_text(client.get(body_url()))
    for act in ("renvoyer", "retirer"):
        assert post(client, act).status_code == 403
    assert AccessLink.objects.get().revoked_at is None


def test_a_person_never_invited_here_is_not_found(client, manager):
    stranger = an_agent(plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple"))
    for act in ("renvoyer", "retirer"):
        assert post(client, act, stranger.email).status_code == 404
    assert not AccessLink.objects.exists()


def test_a_bounded_number_of_queries(client, manager, django_assert_max_num_queries):
    for number in (2, 18):
        while AccessLink.objects.count() < number:
            invite(client, f"agent{AccessLink.objects.count()}@plouexemple.example")
        with django_assert_max_num_queries(20):
            client.get(body_url())


def test_a_member_is_not_invited(client, manager):
    page = read_text(invite(client, an_agent(plouexemple()).email))
    assert "déjà membre : rien n’est parti" in page
    assert "part par mail" not in page
    assert not PendingMail.objects.exists()


def test_removing_people_ends_invitations_to_them_and_from_them(client, manager):
    invite(client)
    nour, other = User.objects.get(email=NOUR), a_person(Role.MANAGER, collectivity=plouexemple())
    Membership.objects.create(user=nour, role=Role.AGENT, collectivity=plouexemple())  # by the administration
    client.force_login(other)
    client.post(f"{body_url()}{nour.uid}/retirer/")
    client.post(f"{body_url()}{manager.uid}/retirer/")
    invite(client, "autre@plouexemple.example")
    first, last = AccessLink.objects.order_by("id")
    assert "a été retirée" in read_link_page(first)
    assert "a été retirée" not in read_link_page(last)


@pytest.mark.parametrize(
    ("fields", "of_body", "to_body", "with_article"),
    [
        ({"name": "Le Mans", "liaison": 2}, "du Mans", "au Mans", "Le Mans"),
        ({"name": "Angers", "liaison": 1}, "d’Angers", "à Angers", "Angers"),
        ({"name": "L'Haÿ-les-Roses", "liaison": 5}, "de L’Haÿ-les-Roses", "à L’Haÿ-les-Roses", "L’Haÿ-les-Roses"),
        (
            {"name": "Département de l'Ain", "kind": Kind.DEPARTEMENT},
            "du département de l’Ain",
            "au département de l’Ain",
            "le département de l’Ain",
        ),
    ],
)
def test_pages_contract_the_name_of_a_body_with_its_preposition(
    client, manager, fields, of_body, to_body, with_article
):
    body, agent = plouexemple(), an_agent()
    type(body).objects.filter(pk=body.pk).update(**fields)
    assert f"Elle verra les dossiers {of_body}" in read_text(client.get(f"{body_url()}inviter/"))
    assert f"les dossiers {of_body}. Ses jetons" in read_text(client.get(f"{body_url()}{agent.uid}/retirer/"))
    assert f"Quitter {with_article} ?" in read_text(client.get(f"{body_url()}{manager.uid}/retirer/"))
    assert f"Vous resterez agent {of_body} :" in read_text(client.get(f"{body_url()}{agent.uid}/responsable/"))
    assert f"Revenir {to_body}<" in read_text(client.get(f"{body_url()}urgence/"))
    invite(client)
    link = AccessLink.objects.get()
    assert f"vous invite à suivre les dossiers {of_body}" in read_link_page(link)
    fields = {"display_name": "Nour", "password": "une phrase assez longue"}
    page = read_text(Client().post(f"/acces/{derive_link_token(link)}/", fields))
    assert f"Vous êtes membre {of_body}." in page
    done = read_text(client.post(f"{body_url()}{agent.uid}/responsable/", follow=True))
    assert f"est responsable {of_body}" in done
