"""Who administers the platform takes over no account of a centre alone: its roles there wait first."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.enums import LinkPurpose, MailKind, Role
from accounts.models import AccessLink, Membership, PendingMail, User
from accounts.services.unused import pseudonymise_accounts
from csirts.models import Csirt
from tests.accounts.acts.taking_over import (
    NEW_ADDRESS,
    TAKE_OVERS,
    change_address,
    open_case,
    read_mails,
    reset_factor,
)
from tests.accounts.lead_pages import answer, change_role, make_link_path, post_role, read_plain_markup
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber, declare, signed_in
from tests.reading import read_text

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "girafe tombe lundi matin"
THREE_DAYS = timedelta(days=3)


def prolong_and_move(administration: Client, person: User) -> None:
    """Give the role a last day, then take it off and change the address in one form."""
    role = end_tomorrow(administration, person)
    change_role(administration, role, {"email": NEW_ADDRESS}, ended_on=None)


def prolong_and_reopen(administration: Client, person: User) -> None:
    """Give the role a last day, then take it off and open the account, closed meanwhile, in one form."""
    role = end_tomorrow(administration, person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    change_role(administration, role, ended_on=None)


def end_tomorrow(administration: Client, person: User) -> Membership:
    tomorrow = timezone.localdate() + timedelta(days=1)
    return change_role(administration, Membership.objects.get(user=person), ended_on=tomorrow)


IN_ONE_FORM = {"prolonged": prolong_and_move, "prolonged and reopened": prolong_and_reopen}


# Another lead confirms


def test_the_administrator_alone_gets_into_no_account_of_a_lead(client, lead, administration, mailoutbox):
    case, person = declare(), a_lead()
    change_address(administration, person)
    reset_factor(administration, person)
    administration.post(f"/equipe/{person.uid}/lien/")
    link = AccessLink.objects.get(user=person, purpose=LinkPurpose.PASSWORD)
    assert Client().post(make_link_path(link), {"password": NEW_PASSWORD}).status_code == 200
    person.refresh_from_db()
    assert person.check_password(NEW_PASSWORD)
    assert open_case(person, case) == 302
    assert signed_in(Client(), person).get("/equipe/").status_code == 404

    assert NEW_ADDRESS in read_plain_markup(client.get("/equipe/"))
    answer(client, Membership.objects.filter(user=person).latest("pk"))
    assert open_case(person, case) == 200


@pytest.mark.parametrize("act", TAKE_OVERS)
@pytest.mark.parametrize("make", [a_lead, a_responder])
def test_a_role_whose_account_is_taken_over_awaits_another_lead(client, lead, administration, mailoutbox, make, act):
    case, person = declare(), make()
    TAKE_OVERS[act](administration, person)
    assert open_case(person, case) == 302
    assert "ne donne aucun droit, jusqu’à ce qu’une personne" in read_mails(mailoutbox, lead.email)
    home = read_plain_markup(signed_in(Client(), User.objects.get(pk=person.pk)).get("/"))
    assert "Il comptera quand une personne qui la dirige l’aura confirmé : appelez-la." in home
    assert "Rôles à confirmer" in read_plain_markup(client.get("/equipe/"))
    answer(client, Membership.objects.filter(user=person).latest("pk"))
    assert open_case(person, case) == 200


def test_the_mail_on_the_reset_says_to_its_person_what_the_role_awaits(lead, administration, mailoutbox):
    person = a_responder()
    reset_factor(administration, person)
    assert "Votre rôle dans l’équipe de Breizh Cyber ne compte plus, jusqu’à" in read_mails(mailoutbox, person.email)


def test_no_mail_says_that_a_role_which_counts_waits(client, lead, mailoutbox):
    """A lead resets the factor of her responder, who will lead the centre later."""
    other, person = a_lead(), a_responder()
    in_a_month = timezone.localdate() + timedelta(days=30)
    Membership.objects.create(user=person, role=Role.LEAD, csirt=breizh_cyber(), since_on=in_a_month)
    reset_factor(client, person)
    assert "second facteur" in (about := read_mails(mailoutbox, person.email) + read_mails(mailoutbox, other.email))
    assert "ne compte p" not in about


def test_the_mails_give_no_false_reason_for_a_role_that_begins_later(client, lead, mailoutbox):
    """Nothing is suspended by this lead of both centres, but a role of her responder has not begun."""
    person, elsewhere = a_responder(), Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    Membership.objects.create(user=lead, role=Role.LEAD, csirt=elsewhere)
    tomorrow = timezone.localdate() + timedelta(days=1)
    Membership.objects.create(user=person, role=Role.RESPONDER, csirt=elsewhere, since_on=tomorrow)
    reset_factor(client, person)
    about = read_mails(mailoutbox, person.email)
    assert "ne compte pas avant le" in about
    assert "personne d’autre ne dirige" not in about


def test_the_leads_hear_of_a_reset_that_suspends_a_role_which_has_not_begun(lead, administration, mailoutbox):
    person = a_responder()
    Membership.objects.filter(user=person).update(since_on=timezone.localdate() + timedelta(days=2))
    reset_factor(administration, person)
    assert Membership.objects.get(user=person).awaits_confirmation
    assert "ne donne aucun droit, jusqu’à ce qu’une personne" in read_mails(mailoutbox, lead.email)
    assert PendingMail.objects.filter(kind=MailKind.TEAM_FACTOR_RESET).count() == 1


def test_a_lead_who_resets_a_factor_is_the_second_person(client, lead, mailoutbox):
    case, person = declare(), a_responder()
    assert "ne comptera plus" not in read_text(client.get(f"/equipe/{person.uid}/"))
    reset_factor(client, person)
    assert open_case(person, case) == 200
    assert "ne compte plus" not in read_mails(mailoutbox, person.email)


def test_a_role_in_another_centre_than_that_of_the_lead_awaits(client, lead):
    """A lead assists a person whose role elsewhere has not begun."""
    person, elsewhere = a_responder(), Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    a_lead(elsewhere)
    tomorrow = timezone.localdate() + timedelta(days=1)
    Membership.objects.create(user=person, role=Role.RESPONDER, csirt=elsewhere, since_on=tomorrow)
    reset_factor(client, person)
    awaited = Membership.objects.filter(user=person, awaits_confirmation=True)
    assert [role.csirt for role in awaited] == [elsewhere]


def test_what_else_the_administrator_changes_of_an_account_suspends_nothing(lead, administration):
    person = a_responder()
    change_role(administration, Membership.objects.get(user=person), {"display_name": "Autre Nom"})
    administration.post(f"/equipe/{person.uid}/lien/")
    assert User.objects.get(pk=person.pk).works_in_centre(breizh_cyber().pk)


# Nobody else leads the centre


@pytest.mark.parametrize("act", TAKE_OVERS)
def test_the_role_of_the_only_lead_counts_again_three_days_later(lead, administration, mailoutbox, act):
    case = declare()
    TAKE_OVERS[act](administration, lead)
    assert open_case(lead, case) == 302
    assert "Son rôle ne compte pas avant le " in read_mails(mailoutbox, breizh_cyber().notification_email)
    home = read_plain_markup(signed_in(Client(), User.objects.get(pk=lead.pk)).get("/"))
    assert "Votre rôle dans l’équipe de Breizh Cyber commence le " in home
    with time_machine.travel(timezone.now() + THREE_DAYS):
        assert open_case(lead, case) == 200
        assert User.objects.get(pk=lead.pk).leads_centre(breizh_cyber().pk)
    former, again = Membership.objects.filter(user=lead).order_by("pk")
    assert former.ended_on == timezone.localdate()
    assert again.since_on == timezone.localdate() + THREE_DAYS


@pytest.mark.parametrize("way_round", ["sooner", "given anew", "ended", *IN_ONE_FORM])
def test_the_administrator_does_not_shorten_these_days(lead, administration, way_round):
    case, today = declare(), timezone.localdate()
    IN_ONE_FORM.get(way_round, change_address)(administration, lead)
    lead.refresh_from_db()
    role = Membership.objects.get(user=lead, since_on__gt=today)
    assert role.since_on == today + THREE_DAYS
    ended = {"ended_on": role.since_on}
    changes = {"sooner": {"since_on": today}, "given anew": ended, "ended": ended}
    change_role(administration, role, **changes.get(way_round, {}))
    if way_round == "given anew":
        assert post_role(administration, lead, Role.LEAD, csirt=breizh_cyber()).status_code == 302
    assert open_case(lead, case) == 302
    with time_machine.travel(timezone.now() + THREE_DAYS):
        assert open_case(lead, case) == (302 if way_round == "ended" else 200)


def test_the_role_before_is_not_brought_back_beside_the_one_that_begins_later(lead, administration):
    change_address(administration, lead)
    lead.refresh_from_db()
    refused = post_role(administration, lead, Role.LEAD, csirt=breizh_cyber())
    assert refused.status_code == 200
    assert "Cette personne a déjà ce rôle" in read_text(refused)
    assert not User.objects.get(pk=lead.pk).reads_any_centre


@pytest.mark.parametrize("absence", ["closed", "ended"])
def test_a_lead_appointed_in_place_of_another_begins_three_days_later(lead, administration, absence):
    today, accomplice = timezone.localdate(), an_agent()
    changes = {"ended": {"ended_on": today}}
    change_role(administration, Membership.objects.get(user=lead), **changes.get(absence, {}))
    User.objects.filter(pk=lead.pk).update(is_active=absence != "closed")
    assert post_role(administration, accomplice, Role.LEAD, csirt=breizh_cyber()).status_code == 302
    assert not User.objects.get(pk=accomplice.pk).leads_centre(breizh_cyber().pk)
    assert "Ce rôle compte à partir du" in read_plain_markup(administration.get("/admin/accounts/user/"))
    with time_machine.travel(timezone.now() + THREE_DAYS):
        assert User.objects.get(pk=accomplice.pk).leads_centre(breizh_cyber().pk)


def test_the_two_leads_of_a_centre_are_not_taken_over_one_after_the_other(lead, administration):
    second = a_lead()
    reset_factor(administration, lead)
    reset_factor(administration, second)
    for person in (lead, second):
        assert not User.objects.get(pk=person.pk).reads_any_centre


def test_an_account_that_nobody_opened_is_corrected_and_counts(administration):
    """The administrator mistyped the address of the first lead of a centre."""
    person = User.objects.create_user("alxi@demo.example", display_name="Alix Exemple")
    role = Membership.objects.create(user=person, role=Role.LEAD, csirt=breizh_cyber())
    page = read_plain_markup(administration.get(f"/admin/accounts/user/{person.pk}/change/"))
    assert "ne comptera plus" not in page
    change_role(administration, role, {"email": "alix@demo.example"})
    assert User.objects.get(pk=person.pk).leads_centre(breizh_cyber().pk)


def test_the_page_says_that_the_role_of_a_first_lead_which_has_not_begun_waits(administration):
    person = User.objects.create_user("alxi@demo.example", display_name="Alix Exemple")
    tomorrow = timezone.localdate() + timedelta(days=1)
    Membership.objects.create(user=person, role=Role.LEAD, csirt=breizh_cyber(), since_on=tomorrow)
    page = read_plain_markup(administration.get(f"/admin/accounts/user/{person.pk}/change/"))
    assert "ne comptera plus avant le " in page
    change_address(administration, person)
    assert Membership.objects.get(user=person).since_on == timezone.localdate() + THREE_DAYS


def test_the_account_of_a_successor_is_not_taken_over_before_it_is_opened(lead, administration):
    case, today = declare(), timezone.localdate()
    change_role(administration, Membership.objects.get(user=lead), ended_on=today)
    person = User.objects.create_user("alix@demo.example", display_name="Alix Exemple")
    Membership.objects.create(user=person, role=Role.LEAD, csirt=breizh_cyber(), since_on=today)
    page = read_plain_markup(administration.get(f"/admin/accounts/user/{person.pk}/change/"))
    assert "ne comptera plus avant le " in page
    change_address(administration, person)
    assert open_case(person, case) == 302
    with time_machine.travel(timezone.now() + THREE_DAYS):
        assert open_case(person, case) == 200


def test_a_former_lead_whose_password_was_erased_does_not_count_at_once(lead, administration):
    """An account that was closed for long has lost its password, and would look as if nobody had opened it."""
    User.objects.filter(pk=lead.pk).update(last_login=timezone.now(), is_active=False)
    with transaction.atomic():
        pseudonymise_accounts([lead.pk])
    page = read_plain_markup(administration.get(f"/admin/accounts/user/{lead.pk}/change/"))
    assert "ne comptera plus avant le " in page
    change_address(administration, User.objects.get(pk=lead.pk))
    assert User.objects.get(pk=lead.pk).is_active
    assert not User.objects.get(pk=lead.pk).leads_centre(breizh_cyber().pk)


def test_a_role_that_awaited_a_lead_does_not_count_once_the_lead_is_gone_and_the_address_changed(lead, administration):
    """The account of the accomplice was never opened, as if it were that of a first lead."""
    accomplice = User.objects.create_user("alix@demo.example", display_name="Alix Exemple")
    assert post_role(administration, accomplice, Role.LEAD, csirt=breizh_cyber()).status_code == 302
    Membership.objects.filter(user=lead).update(ended_on=timezone.localdate())
    change_address(administration, accomplice)
    assert not User.objects.get(pk=accomplice.pk).reads_any_centre


def test_a_lead_whose_role_is_prolonged_goes_on_after_a_former_lead(lead, administration):
    former = Membership.objects.get(user=a_lead())
    Membership.objects.filter(pk=former.pk).update(ended_on=timezone.localdate())
    Membership.objects.filter(user=lead).update(ended_on=timezone.localdate() + THREE_DAYS)
    change_role(administration, Membership.objects.get(user=lead), ended_on=None)
    assert User.objects.get(pk=lead.pk).leads_centre(breizh_cyber().pk)


def test_break_glass_opens_the_centre_to_its_only_lead_meanwhile(lead, administration):
    case = declare()
    reset_factor(administration, lead)
    assert open_case(lead, case) == 302
    call_command("break_glass", csirt="breizh-cyber", person=lead.email, reason="Téléphone perdu cette nuit")
    assert open_case(lead, case) == 200


# What the administrator reads before


def test_the_administrator_reads_first_what_the_roles_will_wait_for(lead, administration):
    person = a_responder()
    for page in (f"/equipe/{person.uid}/", f"/admin/accounts/user/{person.pk}/change/"):
        text = read_plain_markup(administration.get(page))
        assert "Son rôle dans l’équipe de Breizh Cyber ne comptera plus, jusqu’à ce qu’une personne" in text
    for page in (f"/equipe/{lead.uid}/", f"/admin/accounts/user/{lead.pk}/change/"):
        text = read_plain_markup(administration.get(page))
        assert "Son rôle dans l’équipe de Breizh Cyber ne comptera plus avant le " in text


def test_the_administrator_reads_that_a_role_which_ends_soon_will_not_count_any_more(lead, administration):
    Membership.objects.filter(user=lead).update(ended_on=timezone.localdate() + timedelta(days=2))
    page = read_plain_markup(administration.get(f"/equipe/{lead.uid}/"))
    assert "Son rôle dans l’équipe de Breizh Cyber ne comptera plus : il se termine le " in page
    change_address(administration, lead)
    page = read_plain_markup(administration.get("/admin/accounts/user/"))
    assert "Ce rôle ne comptera plus : " in page
    assert "Ce rôle compte à partir du" not in page


def test_the_name_of_a_centre_is_no_markup_beside_the_address(lead, administration):
    Csirt.objects.filter(membership__user=lead).update(name="<b>Breizh")
    page = administration.get(f"/admin/accounts/user/{lead.pk}/change/").content.decode()
    assert "l’équipe de &lt;b&gt;Breizh ne comptera plus" in page
    assert "<b>Breizh" not in page


def test_the_former_address_and_the_leads_get_the_mails_as_before(lead, administration):
    person = a_lead()
    former_address = person.email
    change_address(administration, person)
    kinds = PendingMail.objects.order_by("kind").values_list("kind", "to")
    assert list(kinds) == [(MailKind.ADDRESS_CHANGED, former_address), (MailKind.TEAM_ADDRESS_CHANGED, lead.email)]
