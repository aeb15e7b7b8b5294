"""The administrator makes accounts, gives and ends roles, closes accounts."""

from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from accounts.enums import LinkPurpose, MailKind, Role
from accounts.models import Membership, PendingMail, User
from accounts.services.links import send_link
from accounts.tokens import derive_link_token
from tests.cast import PASSWORD, a_lead, a_person, a_responder, an_agent, breizh_cyber, bretagne, plouexemple
from tests.reading import read_text

URL = "/admin/accounts/user/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client: Client) -> User:
    administrator = a_person(Role.ADMINISTRATOR)
    client.force_login(administrator)
    return administrator


def make_management_fields(total=0, initial=0):
    return {"membership_set-TOTAL_FORMS": total, "membership_set-INITIAL_FORMS": initial}


def read_today() -> str:
    return timezone.localdate().isoformat()


def make_role_fields(role, at=0, **scope):
    prefix = f"membership_set-{at}-"
    values = {"role": role, "collectivity": "", "csirt": "", "region": "", "since_on": read_today(), "ended_on": ""}
    return {prefix + name: value for name, value in (values | scope).items()}


def make_account_fields(**fields):
    return {"email": "Nouveau@Demo.example", "display_name": "Nour Exemple"} | fields


def test_administrator_opens_a_leads_account(client, administrator):
    breizh = breizh_cyber()
    response = client.post(
        URL + "add/", make_account_fields() | make_management_fields(1) | make_role_fields(Role.LEAD, csirt=breizh.pk)
    )

    assert response.status_code == 302
    user = User.objects.get(email="nouveau@demo.example")
    assert not user.has_usable_password()
    assert PendingMail.objects.get(user=user, to="nouveau@demo.example").link.purpose == LinkPurpose.WELCOME
    assert user.led_centre_ids == {breizh.pk}
    assert {line.user for line in LogEntry.objects.all()} == {administrator}


def test_administrator_opens_an_agents_account(client, administrator):
    body = plouexemple()
    client.post(
        URL + "add/",
        make_account_fields() | make_management_fields(1) | make_role_fields(Role.AGENT, collectivity=body.pk),
    )
    assert User.objects.get(email="nouveau@demo.example").get_collectivity_ids() == {body.pk}


def test_a_role_without_a_centre_or_body_is_refused_and_nothing_typed_is_lost(client, administrator):
    response = client.post(
        URL + "add/", make_account_fields() | make_management_fields(1) | make_role_fields(Role.LEAD)
    )

    assert response.status_code == 200
    assert "Choisissez le CSIRT de ce rôle." in response.content.decode()
    assert "Nour Exemple" in response.content.decode()
    assert not User.objects.filter(email="nouveau@demo.example").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "pas une adresse"},
        {"display_name": ""},
    ],
)
def test_an_account_with_a_wrong_field_is_not_created(client, administrator, wrong):
    before = User.objects.count()
    assert client.post(URL + "add/", make_account_fields(**wrong) | make_management_fields()).status_code == 200
    assert User.objects.count() == before


def test_two_accounts_cannot_have_one_address(client, administrator):
    agent = an_agent()
    before = User.objects.count()
    refused = client.post(
        URL + "add/", make_account_fields(email=agent.email.upper()) | make_management_fields()
    ).content.decode()
    assert "Un compte existe déjà à cette adresse." in refused
    assert "contrainte" not in refused
    assert User.objects.count() == before


def test_an_account_without_a_role_is_not_created(client, administrator):
    """Its owner would get a mail about an open account, and then see no page."""
    empty = make_role_fields("") | {
        "membership_set-0-since_on": "2026-11-01",
        "initial-membership_set-0-since_on": "2026-11-01",
    }
    for roles in (make_management_fields(), make_management_fields(1) | empty):
        refused = client.post(URL + "add/", make_account_fields() | roles)
        assert "Donnez un rôle à ce compte" in refused.content.decode()
    assert not User.objects.filter(email="nouveau@demo.example").exists()
    assert not PendingMail.objects.exists()


@pytest.mark.parametrize(
    ("role", "scope", "words"),
    [
        (Role.AGENT, {}, "Choisissez la collectivité de ce rôle."),
        (Role.ANALYST, {}, "Choisissez la région de ce rôle."),
        (Role.NATIONAL, {"csirt": "centre"}, "Ce rôle n’est pas celui d’un CSIRT"),
        (Role.LEAD, {"csirt": "centre", "exact_since_on": "2026-11-01"}, "ne s’ouvrent qu’à son analyste"),
    ],
)
def test_a_refused_role_is_explained(client, administrator, role, scope, words):
    places = {name: breizh_cyber().pk if value == "centre" else value for name, value in scope.items()}
    refused = client.post(
        URL + "add/", make_account_fields() | make_management_fields(1) | make_role_fields(role, **places)
    ).content.decode()
    assert words in refused
    assert "Un rôle de collectivité demande" not in refused
    assert not User.objects.filter(email="nouveau@demo.example").exists()


def test_blocks_and_buttons_have_plain_names(client, administrator):
    page = client.get(URL + "add/").content.decode()
    assert "objet Rôle" not in page
    assert "Ajouter un r" in page
    assert "#1" not in page


def make_change_fields(user, **fields):
    membership = user.membership_set.get()
    scope = {"csirt": membership.csirt_id or "", "collectivity": membership.collectivity_id or ""}
    role = make_role_fields(membership.role, **scope, **{"since_on": membership.since_on} | fields.pop("role", {}))
    ids = {"membership_set-0-id": membership.pk, "membership_set-0-user": user.pk}
    return (
        {"email": user.email, "display_name": user.display_name} | make_management_fields(1, 1) | role | ids | fields
    )


def test_the_administrator_closes_an_account(client, administrator):
    responder = a_responder()
    client.post(f"{URL}{responder.pk}/change/", make_change_fields(responder))
    responder.refresh_from_db()
    assert not responder.is_active


def test_the_administrator_ends_a_role(client, administrator):
    lead = a_lead()
    client.post(f"{URL}{lead.pk}/change/", make_change_fields(lead, is_active="on", role={"ended_on": read_today()}))
    assert str(lead.membership_set.get().ended_on) == read_today()
    assert User.objects.get(pk=lead.pk).readable_centre_ids == set()


def test_an_analyst_reads_exact_figures_by_a_written_decision_of_the_region(client, administrator):
    analyst = a_person(Role.ANALYST, region=bretagne())
    page = f"{URL}{analyst.pk}/change/"
    act = {"exact_since_on": "2026-11-01", "exact_act": "Délibération\n2026-112\u202e", "region": bretagne().pk}
    form = make_change_fields(analyst, is_active="on", role=act)
    without = form | {"membership_set-0-exact_act": ""}
    refused = client.post(page, without).content.decode()
    assert "Écrivez la référence et la date de l’acte de la région." in refused
    assert analyst.membership_set.get().exact_since_on is None

    assert client.post(page, form).status_code == 302

    assert User.objects.get(pk=analyst.pk).get_exact_region_ids() == {bretagne().pk}
    assert 'value="Délibération 2026-112"' in client.get(page).content.decode()
    assert "(Bretagne, chiffres exacts)" in client.get(URL).content.decode()


def test_an_old_page_opens_no_closed_account_and_revives_no_ended_role(client, administrator):
    """The second writer is warned and loses nothing; a form submitted twice is no conflict."""
    lead = a_lead()
    page = f"{URL}{lead.pk}/change/"
    stamp = {"_seen": client.get(page).context["adminform"].form.current_stamp}
    # The page sends it back, as any default of a date.
    stamp["initial-membership_set-0-since_on"] = str(lead.membership_set.get().since_on)
    closing = make_change_fields(lead, role={"ended_on": read_today()}) | stamp
    assert [client.post(page, closing).status_code for _click in range(2)] == [302, 302]

    late = make_change_fields(lead, is_active="on", display_name="Autre nom") | stamp
    answer = client.post(page, late)
    assert "Quelqu’un a changé cette page" in answer.content.decode()
    assert 'value="Autre nom"' in answer.content.decode()
    lead.refresh_from_db()
    assert not lead.is_active
    assert str(lead.membership_set.get().ended_on) == read_today()

    again = late | {"_seen": answer.context["adminform"].form.current_stamp}
    assert "Ce rôle est terminé et ne revient pas" in read_text(client.post(page, again))
    assert client.post(page, again | {"membership_set-0-ended_on": read_today()}).status_code == 302
    assert User.objects.get(pk=lead.pk).is_active


def test_an_old_page_is_refused_once_a_role_has_ended(client, administrator):
    lead = a_lead()
    page = f"{URL}{lead.pk}/change/"
    stamp = {"_seen": client.get(page).context["adminform"].form.current_stamp}
    client.post(page, make_change_fields(lead, is_active="on", role={"ended_on": read_today()}) | stamp)
    late = make_change_fields(lead, is_active="on", display_name="Autre nom") | stamp
    assert client.post(page, late).status_code == 200
    assert str(lead.membership_set.get().ended_on) == read_today()


def test_a_role_is_never_deleted(client, administrator):
    lead = a_lead()
    data = make_change_fields(lead, is_active="on") | {"membership_set-0-DELETE": "on"}
    client.post(f"{URL}{lead.pk}/change/", data)
    assert Membership.objects.filter(user=lead).count() == 1
    assert client.get(f"{URL}{lead.pk}/delete/").status_code == 403


def test_the_hash_of_a_password_is_neither_shown_nor_taken(client, administrator):
    lead = a_lead()
    assert lead.password not in client.get(f"{URL}{lead.pk}/change/").content.decode()
    client.post(
        f"{URL}{lead.pk}/change/", make_change_fields(lead, is_active="on", password="md5$x$y", display_name="Autre")
    )
    changed = User.objects.get(pk=lead.pk)
    assert (changed.password, changed.display_name) == (lead.password, "Autre")


def test_nobody_sets_the_password_of_somebody_else(client, administrator):
    """The administrator can only send a link to the mailbox of the account."""
    lead = a_lead()
    words = {"password1": "une phrase assez longue", "password2": "une phrase assez longue"}
    assert client.post(f"{URL}{lead.pk}/password/", words | {"usable_password": "true"}).status_code in (302, 404)
    client.post(f"{URL}{lead.pk}/change/", make_change_fields(lead, is_active="on", **words))
    assert User.objects.get(pk=lead.pk).password == lead.password
    assert f"/equipe/{lead.uid}/" in client.get(f"{URL}{lead.pk}/change/").content.decode()


def test_a_change_of_address_warns_the_old_address_and_ends_the_sessions(client, administrator):
    lead = a_lead()
    phone = Client()
    phone.force_login(lead)
    client.post(f"{URL}{lead.pk}/change/", make_change_fields(lead, is_active="on", email="ailleurs@demo.example"))

    mail = PendingMail.objects.get(kind=MailKind.ADDRESS_CHANGED)
    assert (mail.kind, mail.to) == (MailKind.ADDRESS_CHANGED, lead.email)
    assert phone.get("/admin/incidents/incident/").status_code == 302
    assert not phone.session.get("_auth_user_id")


def test_nobody_gives_themselves_a_role_or_locks_themselves_out(client, administrator):
    data = (
        make_change_fields(administrator)
        | make_management_fields(2, 1)
        | make_role_fields(Role.LEAD, at=1, csirt=breizh_cyber().pk)
    )
    client.post(f"{URL}{administrator.pk}/change/", data)

    administrator = User.objects.get(pk=administrator.pk)
    assert administrator.is_active
    assert [membership.role for membership in administrator.memberships] == [Role.ADMINISTRATOR]


@pytest.mark.parametrize("changed", [{"role": Role.LEAD, "csirt": "centre"}, {"ended_on": "2026-11-02"}])
def test_administrators_change_no_role_of_their_own(client, administrator, changed):
    before = Membership.objects.filter(user=administrator).values().get()
    fields = {name: breizh_cyber().pk if value == "centre" else value for name, value in changed.items()}
    data = make_change_fields(administrator, is_active="on") | {
        f"membership_set-0-{name}": fields[name] for name in fields
    }

    client.post(f"{URL}{administrator.pk}/change/", data)

    assert Membership.objects.filter(user=administrator).values().get() == before
    assert User.objects.get(pk=administrator.pk).led_centre_ids == set()


def test_close_several_accounts_but_never_ones_own(client, administrator):
    responder, agent = a_responder(), an_agent()
    chosen = {"action": "close_accounts", "_selected_action": [responder.pk, agent.pk, administrator.pk], "index": "0"}
    page = read_text(client.post(URL, chosen))
    assert "Fermer ces comptes ?" in page
    assert f"{responder}, {responder.email} (intervenant" in page
    assert f"{administrator.email} : c’est votre compte." in page
    assert "Fermer ces 2 comptes" in page
    assert not User.objects.filter(is_active=False).exists()

    page = read_text(client.post(URL, chosen | {"confirme": "oui"}, follow=True))

    assert set(User.objects.filter(is_active=False)) == {responder, agent}
    assert LogEntry.objects.count() == 2
    assert f"Comptes fermés : {', '.join(sorted([responder.email, agent.email]))}." in page
    assert f"{administrator.email} : c’est votre compte." in page


def test_closing_several_accounts_skips_ones_own_and_closed_ones_and_says_why(client, administrator):
    closed = an_agent()
    User.objects.filter(pk=closed.pk).update(is_active=False)
    chosen = {"action": "close_accounts", "_selected_action": [closed.pk, administrator.pk]}
    page = read_text(client.post(URL, chosen | {"confirme": "oui"}, follow=True))
    assert f"Rien ne change pour {administrator.email} : c’est votre compte. Il reste ouvert" in page
    assert f"{closed.email} : ce compte est déjà fermé." in page
    assert LogEntry.objects.count() == 0


def test_the_history_says_that_an_account_was_closed_and_reopened(client, administrator):
    agent = an_agent()
    client.post(f"{URL}{agent.pk}/change/", make_change_fields(agent))
    client.post(f"{URL}{agent.pk}/change/", make_change_fields(agent, is_active="on", display_name="Autre"))
    page = read_text(client.get(f"{URL}{agent.pk}/history/"))
    assert page.count("Compte fermé") == page.count("Compte rouvert") == 1
    assert "Modification de Nom affiché" in page
    assert "Compte actif" not in page


@pytest.mark.parametrize(
    ("address", "label"),
    [
        (URL, "Ajouter un compte"),
        ("/admin/csirts/csirt/", "Ajouter un centre de réponse (CSIRT)"),
        ("/admin/csirts/coverage/", "Ajouter un territoire couvert"),
    ],
)
def test_the_add_button_of_each_list_is_labelled_in_french_with_an_article(client, administrator, address, label):
    assert f'class="addlink">{label}</a>' in client.get(address).content.decode()


def test_the_administrator_searches_a_body_for_a_new_role(client, administrator):
    body = plouexemple()
    query = {"app_label": "accounts", "model_name": "membership", "field_name": "collectivity", "term": "Plouexem"}
    answer = client.get("/admin/autocomplete/", query).json()
    assert [row["text"] for row in answer["results"]] == [str(body)]
    assert client.get("/admin/autocomplete/", query | {"term": "123456789"}).json()["results"] == []


def test_the_list_says_each_role(client, administrator):
    a_lead(breizh_cyber())
    page = client.get(URL).content.decode()
    assert "responsable d’un CSIRT (Breizh Cyber)" in page
    assert client.get(URL, {"q": "lead-"}).status_code == 200


@pytest.mark.parametrize("make", [a_lead, a_responder], ids=["lead", "responder"])
def test_leads_and_responders_do_not_manage_accounts(client, make):
    client.force_login(make())
    for path in (URL, URL + "add/"):
        assert client.get(path).status_code == 403
    assert PASSWORD not in client.get("/admin/incidents/incident/").content.decode()


def test_the_administrator_corrects_the_region_of_a_body(client, administrator):
    body = plouexemple()
    url = f"/admin/collectivities/collectivity/{body.pk}/change/"
    data = {
        "region_correction": body.region_id,
        "region_correction_note": "essai",
        "region_correction_on": "2026-11-01",
    }
    assert client.post(url, data | {"name": "Autre"}).status_code == 302
    body.refresh_from_db()
    assert (body.region_correction_id, body.name) == (body.region_id, "Plouexemple")
    assert client.get("/admin/collectivities/collectivity/", {"q": "Plouexemple"}).status_code == 200
    assert client.get("/admin/collectivities/collectivity/", {"q": "123456789"}).status_code == 200


def test_a_link_sent_to_the_old_address_no_longer_opens_anything(client, administrator):
    lead = a_lead()
    link = send_link(LinkPurpose.PASSWORD, user=lead, made_by=None)
    client.post(f"{URL}{lead.pk}/change/", make_change_fields(lead, is_active="on", email="ailleurs@demo.example"))
    assert Client().get(f"/acces/{derive_link_token(link)}/").status_code == 404


def test_the_password_page_of_the_admin_redirects_to_the_page_that_sends_a_mail(client):
    """The admin's own page would change the password without sending a mail."""
    client.force_login(a_lead())
    assert client.post("/admin/password_change/").headers["Location"] == "/compte/mot-de-passe/"


def test_the_administrator_undoes_no_password_that_was_chosen_meanwhile(client, administrator, monkeypatch):
    person = a_lead()
    chosen = {"password": make_password("une-autre-phrase-bien-longue"), "session_stamp": uuid4()}
    save = User.save

    def save_after_a_new_password(account, **fields):
        if account.pk == person.pk:
            User.objects.filter(pk=person.pk).update(**chosen)
        save(account, **fields)

    monkeypatch.setattr(User, "save", save_after_a_new_password)
    client.post(f"{URL}{person.pk}/change/", make_change_fields(person, is_active="on", display_name="Un autre nom"))
    assert User.objects.get(pk=person.pk).display_name == "Un autre nom"
    assert User.objects.filter(pk=person.pk).values(*chosen).get() == chosen
