"""The home of a body: its cases, its people, its emergency card; nothing of another body."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.enums import LinkPurpose, Role
from accounts.models import AccessLink, EmergencyContact, Membership, PendingMail, User
from accounts.tokens import derive_link_token
from tests.cast import PASSWORD, a_lead, a_responder, an_agent, declare, plouexemple
from tests.reading import NBSP, read_text

pytestmark = pytest.mark.django_db
NEW = "une phrase assez longue"


def body_url(body=None):
    return f"/ma-collectivite/{(body or plouexemple()).uid}/"


def another_body():
    return plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")


def accept(link, **fields):
    return Client().post(f"/acces/{derive_link_token(link)}/", fields)


def test_manager_invites_somebody_new_who_joins_and_sees_the_cases(client, manager):
    incident = declare()
    assert "les dossiers de Plouexemple (Finistère)" in read_text(client.get(body_url() + "inviter/"))
    client.post(body_url() + "inviter/", {"email": "Nour@Plouexemple.example"})
    link = AccessLink.objects.get()
    assert PendingMail.objects.get().to == "nour@plouexemple.example"
    assert timedelta(days=6, hours=23) < link.expires_at - timezone.now() <= timedelta(days=7)
    assert not Membership.objects.filter(user=link.user).exists()

    assert "Camille" in Client().get(f"/acces/{derive_link_token(link)}/").content.decode()
    answer = accept(link, display_name="Nour Exemple", password=NEW)
    assert answer.status_code == 200
    assert "<h1>C’est fait</h1>" in answer.content.decode()
    phone = Client()
    phone.post("/connexion/", {"login": "nour@plouexemple.example", "password": NEW})
    page = phone.get(body_url()).content.decode()
    assert incident.reference[:4] in page
    assert "Nour Exemple" in page
    assert accept(link, display_name="Autre", password=NEW).status_code == 404


def test_somebody_with_an_account_joins_without_a_new_password(client, manager):
    agent = an_agent(another_body())
    client.post(body_url() + "inviter/", {"email": agent.email})
    link = AccessLink.objects.get()
    assert "password" not in Client().get(f"/acces/{derive_link_token(link)}/").context["form"].fields
    accept(link, password=NEW)
    agent = User.objects.get(pk=agent.pk)
    assert agent.check_password(PASSWORD)
    assert agent.get_collectivity_ids() == {plouexemple().pk, another_body().pk}


def test_an_expired_or_altered_invitation_opens_nothing(client, manager):
    client.post(body_url() + "inviter/", {"email": "nour@plouexemple.example"})
    link = AccessLink.objects.get()
    assert Client().get(f"/acces/{derive_link_token(link)[::-1]}/").status_code == 404
    AccessLink.objects.update(expires_at=timezone.now())
    assert accept(link, display_name="Nour", password=NEW).status_code == 404
    assert not link.user.membership_set.exists()


def test_a_member_is_not_invited_again_and_the_response_is_the_same(client, manager):
    agent = an_agent()
    answers = {
        client.post(body_url() + "inviter/", {"email": email}).status_code for email in (agent.email, "x@y.example")
    }
    assert answers == {302}
    assert [link.purpose for link in AccessLink.objects.all()] == [LinkPurpose.INVITATION]
    assert client.post(body_url() + "inviter/", {"email": "pas une adresse"}).status_code == 422


def test_manager_removes_an_agent(client, manager):
    agent = an_agent()
    phone = Client()
    phone.force_login(agent)
    assert client.get(f"{body_url()}{agent.uid}/retirer/").status_code == 200
    assert agent.membership_set.in_force().exists()
    assert client.post(f"{body_url()}{agent.uid}/retirer/").status_code == 302
    assert phone.get(body_url()).status_code == 404
    assert Membership.objects.filter(user=agent).count() == 1
    assert client.post(f"{body_url()}{agent.uid}/retirer/").status_code == 404


def test_the_last_manager_hands_over_before_leaving(client, manager):
    agent = an_agent()
    leave = f"{body_url()}{manager.uid}/retirer/"
    refused = client.post(leave)
    assert refused.status_code == 409
    assert "Passez d’abord la main" in refused.content.decode()

    client.post(f"{body_url()}{agent.uid}/responsable/")
    assert User.objects.get(pk=agent.pk).has_role(Role.MANAGER)
    assert not User.objects.get(pk=manager.pk).has_role(Role.MANAGER)
    assert client.get(body_url()).status_code == 200
    assert "Vous avez quitté Plouexemple." in client.post(leave, follow=True).content.decode()
    assert client.get(body_url()).status_code == 404


def test_removing_and_writing_the_card_are_confirmed(client, manager):
    agent = an_agent()
    removed = client.post(f"{body_url()}{agent.uid}/retirer/", follow=True).content.decode()
    assert f"{agent} n’est plus membre" in removed
    form = client.get(body_url() + "urgence/ecrire/")
    card = {"seen": form.context["seen"], "supplier-name": "Exemple Infogérance"}
    assert "La fiche est gardée." in client.post(body_url() + "urgence/ecrire/", card, follow=True).content.decode()


def test_a_double_click_hands_over_once(client, manager):
    """Both clicks get a page that says who manages now."""
    agent = an_agent()
    address = f"{body_url()}{agent.uid}/responsable/"
    for _click in range(2):
        answer = client.post(address, follow=True)
        assert answer.redirect_chain == [(address, 302)]
        assert f"{agent.display_name} est responsable de Plouexemple" in answer.content.decode()
    assert sorted(Membership.objects.in_force().values_list("user", "role")) == sorted(
        [(agent.pk, Role.MANAGER), (manager.pk, Role.AGENT)]
    )
    other = an_agent()
    assert client.post(f"{body_url()}{other.uid}/responsable/").status_code == 403
    assert client.get(f"{body_url()}{other.uid}/responsable/").status_code == 403


def test_an_agent_leaves_but_manages_nobody(client, manager):
    agent = an_agent()
    client.force_login(agent)
    assert client.get(body_url() + "inviter/").status_code == 403
    for path in ("retirer", "responsable"):
        assert client.post(f"{body_url()}{manager.uid}/{path}/").status_code == 403
    assert client.post(f"{body_url()}{agent.uid}/retirer/").status_code == 302
    assert not agent.membership_set.in_force().exists()


PAGES = ["", "inviter/", "urgence/", "urgence/ecrire/"]


@pytest.mark.parametrize(
    "make", [a_responder, a_lead, lambda: an_agent(another_body())], ids=["responder", "lead", "neighbour"]
)
def test_the_pages_of_a_body_open_to_no_other_role_or_body(client, manager, make):
    client.force_login(make())
    for path in [*PAGES, f"{manager.uid}/retirer/", f"{manager.uid}/responsable/"]:
        assert client.get(body_url() + path).status_code == 404
        assert client.post(body_url() + path).status_code in (404, 405)
    assert manager.membership_set.in_force().exists()


def test_manager_neither_removes_nor_promotes_people_of_another_body(client, manager):
    stranger = an_agent(another_body())
    for path in ("retirer", "responsable"):
        assert client.post(f"{body_url()}{stranger.uid}/{path}/").status_code == 404
    assert stranger.membership_set.in_force().exists()


def test_a_member_of_two_bodies_chooses_one(client, manager):
    assert client.get("/ma-collectivite/").headers["Location"] == body_url()
    Membership.objects.create(user=manager, role=Role.AGENT, collectivity=another_body())
    incident = declare(collectivity=another_body())
    page = client.get("/ma-collectivite/").content.decode()
    assert "Plouexemple" in page
    assert "Saint-Exemple" in page
    assert incident.reference[:4] not in client.get(body_url()).content.decode()


CARD = {
    "supplier-name": "Exemple Informatique",
    "supplier-phone": "02 99 00 00 00",
    "insurer-note": "contrat <b>12</b>",
}


def test_the_emergency_card_is_shown_to_members_and_responders(client, manager):
    incident = declare()
    assert client.post(body_url() + "urgence/ecrire/", CARD).status_code == 302
    client.post(body_url() + "urgence/ecrire/", CARD)
    assert EmergencyContact.objects.count() == 4
    page = client.get(body_url() + "urgence/").content.decode()
    assert "Exemple Informatique" in page
    assert "&lt;b&gt;12&lt;/b&gt;" in page
    assert 'href="tel:0299000000"' in page
    assert "Breizh Cyber" in page  # printed with the card, unlike the bar at the top
    assert f"0{NBSP}800{NBSP}200{NBSP}008" in page

    client.force_login(a_responder())
    case = client.get(f"/admin/incidents/incident/{incident.reference}/").content.decode()
    assert "Exemple Informatique" in case
    assert "<b>12</b>" not in case


def test_the_second_writer_of_the_card_is_warned_and_loses_nothing(client, manager):
    page = body_url() + "urgence/ecrire/"
    agent = Client()
    agent.force_login(an_agent())
    version = {"seen": client.get(page).context["seen"]}
    agent.post(page, {"insurer-name": "Assurances Modèle"} | version)

    answer = client.post(page, CARD | version)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "a écrit cette fiche pendant ce temps" in text
    assert "Assurances Modèle" in text
    assert 'value="Exemple Informatique"' in text
    assert EmergencyContact.objects.get(kind="insurer").name == "Assurances Modèle"

    again = CARD | {"seen": answer.context["seen"]}
    for _click in range(2):
        assert client.post(page, again).status_code == 302
    assert EmergencyContact.objects.get(kind="supplier").name == "Exemple Informatique"


def test_a_field_too_long_is_refused_and_nothing_is_lost(client, manager):
    answer = client.post(body_url() + "urgence/ecrire/", CARD | {"dpo-phone": "0" * 41})
    assert answer.status_code == 422
    assert "Exemple Informatique" in answer.content.decode()
    assert not EmergencyContact.objects.exists()


def test_a_bounded_number_of_queries(client, manager, django_assert_max_num_queries):
    for number in (2, 50):
        while Membership.objects.count() <= number:
            an_agent()
            declare()
        with django_assert_max_num_queries(20):
            client.get(body_url())


def test_a_person_with_two_roles_is_removed_at_once(client, manager):
    """An administrator may have given both roles."""
    agent = an_agent()
    Membership.objects.create(user=agent, role=Role.MANAGER, collectivity=plouexemple())
    for act in ("responsable", "retirer"):
        assert client.get(f"{body_url()}{agent.uid}/{act}/").status_code == 200
    assert client.post(f"{body_url()}{agent.uid}/retirer/").status_code == 302
    assert User.objects.get(pk=agent.pk).memberships == []


@pytest.mark.parametrize(
    ("phone", "is_saved"),
    [
        ("06 39", False),
        ("abc", False),
        ("06 39 98 00 22 22", False),
        ("123456", False),
        ("02 98 00 poste 12", False),
        ("02 99 00 00 00 (le soir)", True),
    ],
)
def test_emergency_card_takes_numbers_that_can_be_called(client, manager, phone, is_saved):
    edit_page = body_url() + "urgence/ecrire/"
    seen = client.get(edit_page).context["seen"]
    answer = client.post(edit_page, {"seen": seen, "supplier-phone": phone})
    assert answer.status_code == (302 if is_saved else 422)
    problem = "Téléphone du prestataire informatique : Ce numéro ne peut pas être appelé"
    assert (problem in read_text(answer)) is not is_saved


NUMBERS = [
    *("32 18", "39 39", "3218 (option 2)", "3939 24h/24", "17 ou 112", "112 / 17", "3218, touche 0"),
    *("112", "3218", "+33 6 12 34 56 78", "02–98–00–00–00"),
    *("02 99 00 00 00 / 06 12 34 56 78", "02 99 00 00 00 - 06 12 34 56 78", "02 99 00 00 00 06 12 34 56 78"),
]


@pytest.mark.parametrize("phone", NUMBERS)
def test_emergency_card_takes_short_and_foreign_spellings(client, manager, phone):
    edit_page = body_url() + "urgence/ecrire/"
    seen = client.get(edit_page).context["seen"]
    assert client.post(edit_page, {"seen": seen, "supplier-phone": phone}).status_code == 302


def test_a_number_that_the_card_already_has_may_stay(client, manager):
    EmergencyContact.objects.create(collectivity=plouexemple(), kind="supplier", phone="06 39", updated_by=manager)
    edit_page = body_url() + "urgence/ecrire/"
    card = {"seen": client.get(edit_page).context["seen"], "supplier-phone": "06 39", "insurer-phone": "112"}
    assert client.post(edit_page, card | {"supplier-phone": "06 40"}).status_code == 422
    assert client.post(edit_page, card).status_code == 302
    seen = client.get(edit_page).context["seen"]
    assert client.post(edit_page, {"seen": seen, "supplier-name": "Exemple Informatique"}).status_code == 302
