"""A body that somebody added is said to be so in the mail of the centre, and its name stays words."""

import pytest

from collectivities.enums import Kind
from collectivities.services import confirm_body, propose_body
from notifications import dispatch
from tests.cast import breizh_cyber, declare, plouexemple

pytestmark = pytest.mark.django_db
CENTRE = "garde@breizh.example"
TOWN = "mairie@plouexemple.example"
HOSTILE = "SIVU https://piege.example {{ secret }} <b>"


def mails(post, name, **said):
    breizh_cyber()
    body = propose_body(kind=Kind.SIVU, name=name, siren=None, seat=plouexemple())
    if said:
        confirm_body(body)
    declare(collectivity=body)
    dispatch.announce_events()
    dispatch.deliver_due()
    return post.to(CENTRE)[0], post.to(TOWN)[0]


def test_it_works(post):
    centre, _declarant = mails(post, "SIVU des Exemples")
    assert "COLLECTIVITÉ À CONFIRMER" in centre.get_content()
    assert "sans SIREN" in centre.get_content().replace("\n", " ").replace("\r", "")


def test_a_confirmed_one_is_like_any_other(post):
    centre, _declarant = mails(post, "SIVU des Exemples", confirmed=True)
    assert "CONFIRMER" not in centre.get_content()


def test_a_hostile_name_links_to_nothing(post):
    for mail in mails(post, HOSTILE):
        assert "https://piege.example" not in mail["Subject"] + mail.get_content()
        assert "hxxps://piege[.]example" in mail["Subject"] + mail.get_content()
        assert "{{ secret }}" in mail["Subject"] + mail.get_content()
