"""A password that can be guessed is refused, offline, with a sentence that says what to take instead."""

import gzip
import random
import string
from unittest.mock import patch

import pytest
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.enums import LinkPurpose, Role
from accounts.models import User
from accounts.passwords import (
    LEAST_GUESSES,
    LONGEST_ESTIMATED,
    StrengthValidator,
    has_guessable_words,
    list_common_words,
)
from accounts.services.links import make_link, send_link
from accounts.tokens import derive_link_token
from tests.cast import PASSWORD, a_lead, a_person, an_agent, plouexemple
from tests.reading import read_text

pytestmark = pytest.mark.django_db

WEAK = [
    *["Bretagne2026!", "Plouexemple35", "motdepasse123", "tocsin2026", "motdepasse12", "M0tdep@sse2026"],
    *["Mairie2026!!", "Azertyuiop123", "Finistère29000!", "ChangeMoi2026!", "plouexempleplouexemple"],
    *["commune-de-plouexemple", "JeanDupont1970", "Soleil2026soleil", "P@ssw0rd1234!", "ÉTÉ2026bretagne"],
    *["mot-de-passe-1", "Tocsin-tocsin-1", "Tocsin2026!Rennes", "Liberte-Egalite-Fraternite", "Mairie 2026 mairie"],
    *["mot-de-passe-1?", "1mot/de/passe/1", "Mot-De-Passe-1@", "2026Tocsin!Rennes", "Mairie@2026-Rennes"],
    *["Soleil-2026-(mairie)", "Liberte/Egalite/Fraternite", "csirt-mairie-2026€", "mot-de-passe-a"],
    *["j'aime la mairie", "L'été-2026-Rennes", "m-o-t-d-e-p-a-s-s-e", "mot-de_passe.1!", "m0t de passe 1"],
    *["lyon-rose-1!", "paris-velo-1!", "bleu metz 75", "le-velo-bleu-1", "lyon#rose#75?", "vive-l-ete-2026"],
    *["anniversaire1975", "vive la france 2026", "Bretagne-Ille-et-Vilaine", "Jesuis1pirate!!", "a1z2e3r4t5y6"],
]
STRONG = [
    *["une phrase assez longue", "girafe tombe lundi matin", "jambon-orage-violon-cave"],
    *["quatre chevaux boivent du cidre", "Le train de 8h12 est encore en retard", "x7$kLq92!mZp"],
    *["soixante-douze pommes vertes", "a#9?x$K2&b@1", "v=z$_)h_hir3", "kT4_Qz-8rW.m"],
    *["un: deux, trois; huit girafes!", "bq<nd)>|rzo`"],
]


@pytest.fixture
def manager() -> User:
    return a_person(Role.MANAGER, collectivity=plouexemple())


@pytest.mark.parametrize("password", WEAK)
def test_a_password_that_is_guessed_is_refused_and_the_page_says_what_to_take(client, manager, password):
    link = send_link(LinkPurpose.PASSWORD, user=manager, made_by=None)

    answer = client.post(f"/acces/{derive_link_token(link)}/", {"password": password})

    assert answer.status_code == 422
    assert "Prenez une phrase de quatre mots" in read_text(answer)
    manager.refresh_from_db()
    assert manager.check_password(PASSWORD)


def is_taken(password: str) -> bool:
    try:
        validate_password(password)
    except ValidationError:
        return False
    return True


def test_the_three_thousand_commonest_passwords_are_refused():
    """Of those that are long enough, all are tried."""
    words = gzip.decompress(CommonPasswordValidator().DEFAULT_PASSWORD_LIST_PATH.read_bytes()).decode().splitlines()
    tried = [word for number, word in enumerate(words) if number < 3000 or len(word) >= 12]
    assert len(tried) > 3100
    assert [word for word in tried if is_taken(word)] == []


def test_a_common_password_that_is_hard_to_guess_is_refused_by_the_page(client, manager):
    """The list of Django has it, and zxcvbn does not call it guessable."""
    link = send_link(LinkPurpose.PASSWORD, user=manager, made_by=None)
    assert client.post(f"/acces/{derive_link_token(link)}/", {"password": "telechargement"}).status_code == 422


@pytest.mark.parametrize("password", STRONG)
def test_a_phrase_of_a_few_words_is_taken(client, manager, password):
    link = send_link(LinkPurpose.PASSWORD, user=manager, made_by=None)
    assert client.post(f"/acces/{derive_link_token(link)}/", {"password": password}).status_code == 200
    manager.refresh_from_db()
    assert manager.check_password(password)


@pytest.mark.parametrize("signs", [string.punctuation, "-", " _-."])
def test_nearly_all_random_passwords_are_taken(signs):
    draw = random.Random(1)
    passwords = ["".join(draw.choices(string.ascii_letters + string.digits + signs, k=12)) for _ in range(300)]
    refused = [password for password in passwords if has_guessable_words(password)]
    assert len(refused) <= 2


def test_the_page_that_changes_a_password_refuses_it_too(client, manager):
    client.force_login(manager)
    fields = {"oldpassword": PASSWORD, "password1": "Bretagne2026!", "password2": "Bretagne2026!"}
    answer = client.post("/compte/mot-de-passe/", fields)
    assert answer.status_code == 422
    assert "Prenez une phrase de quatre mots" in read_text(answer)


OWN_WORDS = ["Zéphyrine-Karadec-7", "kergrist-moelou-22", "zkaradec-kergrist!", "Karadec/7/3/5/9/2"]


@pytest.mark.parametrize("password", OWN_WORDS)
def test_the_words_of_the_person_and_the_body_are_guessed(password):
    body = plouexemple(insee_code="22087", name="Kergrist-Moëlou", stem="kergristmoelou")
    person = a_person(Role.AGENT, collectivity=body, email="zkaradec@kergrist.example")
    person.display_name = "Zéphyrine Karadec"
    validate_password(password, None)  # of somebody else it would do
    with pytest.raises(ValidationError):
        validate_password(password, person)


def test_the_words_of_the_body_to_which_a_person_is_invited_are_guessed():
    body = plouexemple(insee_code="22087", name="Kergrist-Moëlou", stem="kergristmoelou")
    person = a_person(Role.NATIONAL)
    make_link(LinkPurpose.INVITATION, user=person, made_by=an_agent(body), collectivity=body)
    with pytest.raises(ValidationError):
        validate_password("kergrist-moelou-22", person)


def test_the_words_of_a_centre_are_guessed():
    with pytest.raises(ValidationError):
        validate_password("breizh-cyber-2026", a_lead())


def test_the_first_account_of_an_installation_gets_a_strong_password():
    with patch("getpass.getpass", return_value="Bretagne2026!"), pytest.raises(CommandError, match="quatre mots"):
        call_command("create_administrator", "alix@demo.example")
    assert not User.objects.exists()


def test_a_long_text_is_estimated_by_its_beginning():
    """The time of zxcvbn grows with the length: a hundred characters that may all stand for others take a second."""
    validator = StrengthValidator()
    with patch("accounts.passwords.load_library") as load:
        load().zxcvbn.return_value.guesses = LEAST_GUESSES
        validator.validate("é" * 100_000)
    assert load().zxcvbn.call_args.args[0] == "e" * LONGEST_ESTIMATED


def test_the_words_are_written_as_passwords_are_compared():
    """In small letters and without accents."""
    words = list_common_words()
    assert all(word.isascii() and word.isalnum() and word == word.lower() for word in words)
    assert {"tocsin", "bretagne", "motdepasse", "mairie"} <= set(words)
