"""The demonstration's cast, its addresses that reach nobody, and the door that production keeps shut."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.enums import Role
from accounts.installation import (
    forget_demonstration,
    is_demonstration,
    mark_as_demonstration,
    read_demonstration,
    refuse_demonstration,
)
from accounts.models import Membership, User
from config.demonstration import PASSWORD
from csirts.models import Csirt

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget():
    forget_demonstration()
    yield
    forget_demonstration()


def test_it_works(capsys):
    mark_as_demonstration()
    call_command("create_demonstration")

    assert capsys.readouterr().out.split("\n")[:6] == [
        f"{name}@demo.example" for name in ("agent", "responder", "lead", "campus", "national", "admin")
    ]
    assert set(Membership.objects.values_list("role", flat=True)) == set(Role.values) - {Role.MANAGER}
    assert all(user.check_password(PASSWORD) for user in User.objects.all())


def test_twice_changes_nothing():
    mark_as_demonstration()
    call_command("create_demonstration")
    call_command("create_demonstration")

    assert User.objects.count() == Membership.objects.count() == 6


def test_every_address_is_fictitious():
    mark_as_demonstration()
    call_command("create_demonstration")

    addresses = set(Csirt.objects.territorial().values_list("notification_email", flat=True))
    assert addresses
    assert all(address.endswith(".example") for address in addresses)


def test_real_database_gets_no_published_password():
    with pytest.raises(CommandError):
        call_command("create_demonstration")

    assert not User.objects.exists()


def test_every_page_says_it():
    assert "cas et chiffres inventés" not in Client().get("/").content.decode()
    mark_as_demonstration()
    for page in (
        "/",
        "/declarer/",
        "/annuaire/",
        "/statistiques/",
        "/suivi/",
        "/admin/login/",
        "/connexion/",
        "/nulle-part/",
    ):
        assert "cas et chiffres inventés" in Client().get(page).content.decode().replace("\xa0", " "), page


def test_production_refuses_it():
    refuse_demonstration()
    mark_as_demonstration()

    with pytest.raises(ImproperlyConfigured):
        refuse_demonstration()


def test_a_yes_is_remembered_and_a_no_is_asked_again(django_assert_num_queries):
    assert not is_demonstration()
    with django_assert_num_queries(0):
        assert not is_demonstration()
    mark_as_demonstration()
    assert read_demonstration()
    with django_assert_num_queries(0):
        assert is_demonstration()
