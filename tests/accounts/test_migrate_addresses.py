"""Addresses that an older version stored in several spellings get one form."""

import pytest
from django.core.management import call_command

from accounts.models import User
from tests.cast import a_responder

pytestmark = pytest.mark.proof
LONG_S = "\N{LATIN SMALL LETTER LONG S}"


def test_addresses_of_an_older_version_get_one_form(cloned_db):
    account, other = a_responder(), a_responder()
    try:
        call_command("migrate", "accounts", "0006", verbosity=0)
        User.objects.filter(pk=account.pk).update(email=f"Hre{LONG_S}p@Demo.example")
        User.objects.filter(pk=other.pk).update(email="hresp@demo.example")
        with pytest.raises(ValueError, match=f"Hre{LONG_S}p@Demo.example et hresp@demo.example"):
            call_command("migrate", "accounts", verbosity=0)
        User.objects.filter(pk=other.pk).update(email="other@demo.example")
    finally:
        call_command("migrate", verbosity=0)

    account.refresh_from_db()
    assert account.email == "hresp@demo.example"
