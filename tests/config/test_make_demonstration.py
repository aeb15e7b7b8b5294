"""The demonstration's cast, its addresses that reach nobody, and production's refusal to serve it."""

import re
from pathlib import Path

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.enums import SECOND_FACTOR_ROLES, Role
from accounts.installation import (
    is_demonstration,
    is_marked_as_demonstration,
    mark_as_demonstration,
    refuse_demonstration,
)
from accounts.models import Membership, User
from collectivities.models import Region
from config.demo.accounts import CAST, DOMAIN, PASSWORD, REGION
from csirts.models import Csirt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unread_demonstration_answer")]

README = Path(__file__).resolve().parents[2] / "README.md"
ADDRESSES = {name: f"{name}@{DOMAIN}" for name in CAST}
WITH_FACTOR = {ADDRESSES[name] for name, (_display_name, role, _scope) in CAST.items() if role in SECOND_FACTOR_ROLES}


def test_demonstration_has_one_account_for_each_role(capsys):
    mark_as_demonstration()
    call_command("create_demonstration")

    assert capsys.readouterr().out.split("\n")[: len(CAST)] == [*ADDRESSES.values()]
    assert set(Membership.objects.values_list("role", flat=True)) == set(Role.values)
    assert all(user.check_password(PASSWORD) for user in User.objects.all())


def test_making_the_demonstration_twice_changes_nothing():
    mark_as_demonstration()
    call_command("create_demonstration")
    call_command("create_demonstration")

    assert User.objects.count() == Membership.objects.count() == len(CAST)


def test_the_analyst_reads_the_exact_figures_of_its_region():
    mark_as_demonstration()
    call_command("create_demonstration")
    analyst = User.objects.get(email="campus@demo.example")
    assert analyst.get_exact_region_ids() == {Region.objects.get(code=REGION).pk}


def test_each_account_opens_the_pages_that_the_readme_names_beside_it(client):
    mark_as_demonstration()
    call_command("create_demonstration")
    pages_by_address = dict(re.findall(rf"^\| `(\w+@{DOMAIN})` \| (.+?) \|", README.read_text(), re.MULTILINE))
    assert set(pages_by_address) == set(ADDRESSES.values())
    for address, pages in pages_by_address.items():
        client.force_login(User.objects.get(email=address))
        for page in re.findall(r"`(/[^`]*)`", pages):
            response = client.get(page, follow=True)
            assert response.status_code == 200, (address, page)
            assert not response.wsgi_request.path.startswith(("/connexion/", "/compte/")), (address, page)


def test_the_demonstration_page_shows_the_current_codes_of_the_accounts(client):
    mark_as_demonstration()
    call_command("create_demonstration")
    page = client.get("/demonstration/")

    assert 1 <= int(page["Refresh"]) <= 30
    codes = {account.user.email: account.code for account in page.context["accounts"]}
    assert set(codes) == set(ADDRESSES.values())
    assert {email for email, code in codes.items() if code} == WITH_FACTOR
    assert len({codes[email] for email in WITH_FACTOR}) == len(WITH_FACTOR)
    for email in WITH_FACTOR:
        client.post("/connexion/", {"login": email, "password": PASSWORD})
        assert "nouvel onglet" in client.get("/connexion/code/").content.decode()
        assert client.post("/connexion/code/", {"code": codes[email]}).status_code == 302
        client.post("/deconnexion/")


def test_each_demonstration_draws_its_own_secrets_and_keeps_them():
    mark_as_demonstration()
    call_command("create_demonstration")
    before = {factor.pk: factor.data for factor in Authenticator.objects.all()}
    call_command("create_demonstration")
    assert {factor.pk: factor.data for factor in Authenticator.objects.all()} == before
    decrypt = get_adapter().decrypt
    Authenticator.objects.all().delete()
    call_command("create_demonstration")
    after = {decrypt(factor.data["secret"]) for factor in Authenticator.objects.all()}
    assert len(after) == len(WITH_FACTOR)
    assert not after & {decrypt(data["secret"]) for data in before.values()}


def test_a_real_installation_has_no_demonstration_page(client):
    assert client.get("/demonstration/").status_code == 404


def test_every_address_is_fictitious():
    mark_as_demonstration()
    call_command("create_demonstration")

    addresses = set(Csirt.objects.territorial().values_list("notification_email", flat=True))
    assert addresses
    assert all(address.endswith(".example") for address in addresses)


def test_a_real_database_gets_no_published_password():
    with pytest.raises(CommandError):
        call_command("create_demonstration")

    assert not User.objects.exists()


def test_every_page_says_that_it_is_a_demonstration():
    assert "cas et chiffres inventés" not in Client().get("/").content.decode()
    mark_as_demonstration()
    for page in (
        "/",
        "/declarer/",
        "/annuaire/",
        "/statistiques/",
        "/suivi/",
        "/connexion/",
        "/nulle-part/",
    ):
        assert "cas et chiffres inventés" in Client().get(page).content.decode().replace("\xa0", " "), page


def test_production_refuses_a_demonstration():
    refuse_demonstration()
    mark_as_demonstration()

    with pytest.raises(ImproperlyConfigured):
        refuse_demonstration()


def test_whether_it_is_a_demonstration_is_cached(django_assert_num_queries):
    assert not is_demonstration()
    with django_assert_num_queries(0):
        assert not is_demonstration()
    mark_as_demonstration()
    assert is_marked_as_demonstration()
    assert is_demonstration()
    with django_assert_num_queries(0):
        assert is_demonstration()
