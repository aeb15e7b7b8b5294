"""Traces of an attack in what people write: found, defanged or not, in one spelling. Hostile text is bounded."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.enums import ObservableKind
from incidents.files.texts import extract_text
from incidents.indicators import observables
from incidents.indicators.known_values import find_own_domain, is_unrelated_to_attack, load_national_list
from incidents.indicators.observables import (
    MAX_BRACKETS,
    TEXT_LIMIT,
    VALUE_LIMIT,
    Indicator,
    defang,
    find_indicators,
    normalise_value,
)
from tests.incidents.observing import find_values

MD5, SHA512 = "d41d8cd98f00b204e9800998ecf8427e", "ab" * 64
IBAN = "FR7630006000011234567890189"


def test_indicators_are_found_in_a_message_defanged_or_not():
    words = (
        "Le mail de comptable[at]fournisseur(dot)example mène à hxxps://Banque[.]example/Payer?id=1, sur 192.0.2[.]1 "
        f"et 2001:DB8:0::1. Il porte facture.pdf.exe ({MD5.upper()}). IBAN FR76 3000 6000 0112 3456 7890 189."
    )

    assert find_values(words) == {
        ("email", "comptable@fournisseur.example"),
        ("url", "https://banque.example/Payer?id=1"),
        ("ip", "192.0.2.1"),
        ("ip", "2001:db8::1"),
        ("file", "facture.pdf.exe"),
        ("hash", MD5),
        ("iban", IBAN),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(https://evil.com/q).", {("url", "https://evil.com/q")}),
        ("«https://evil.com/a,b»", {("url", "https://evil.com/a,b")}),
        ("HTTP://EVIL.COM:80", {("url", "http://evil.com/")}),
        ("http://moi:mdp@evil.com:8080/a(b)", {("url", "http://moi:mdp@evil.com:8080/a(b)")}),
        ("http://[2001:db8::1]/x", {("url", "http://[2001:db8::1]/x")}),
        ("evil [point] com", {("domain", "evil.com")}),
        ("mechant [arobase] evil [dot] com", {("email", "mechant@evil.com")}),
        ("www.evil.co.uk et www.evil.example", {("domain", "www.evil.co.uk"), ("domain", "www.evil.example")}),
        ("Bücher.example", {("domain", "xn--bcher-kva.example")}),
        ("evil\N{ZERO WIDTH SPACE}.com", {("domain", "evil.com")}),
        ("C:\\Users\\Public\\Run.EXE", {("file", "run.exe")}),
        ("dossier photos.zip reçu", {("file", "photos.zip")}),
        (f"{'a' * 40} {'b' * 64} {SHA512}", {("hash", "a" * 40), ("hash", "b" * 64), ("hash", SHA512)}),
        ("FR76-3000-6000-0112-3456-7890-189 DU 3 MAI", {("iban", IBAN)}),
        ("FR76 3000 6000 0112 3456 7890 188", set()),
        ("à 12:30:45, le 12.11.2026, version 2.4", set()),
        ("fin de phrase.Le début. M.le maire, p.ex. ici", set()),
        ("javascript:piege=1 data:text/html,x", set()),
        ("", set()),
    ],
)
def test_each_spelling_of_an_indicator_is_found(text, expected):
    assert find_values(text) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("ip", " 2001:0db8:0000::0001 ", "2001:db8::1"),
        ("ip", "192.0.2.256", None),
        ("ip", "fe80::1%eth0", None),
        ("domain", "Evil.Example.", "evil.example"),
        ("domain", "evil", None),
        ("domain", "evil..com", None),
        ("domain", "a" * 64 + ".com", None),
        ("url", "https://Evil.com:443/A%2f?B#C", "https://evil.com/A%2f?B#C"),
        ("url", "https://evil.com?x", "https://evil.com/?x"),
        ("url", "http://[::1", None),
        ("url", "http://evil.com:99999/", None),
        ("url", "javascript:alert(1)", None),
        ("url", "https://evil.com/" + "a" * VALUE_LIMIT, None),
        ("email", "Bob@Evil.COM", "bob@evil.com"),
        ("email", "bob@", None),
        ("email", "a b@evil.com", None),
        ("hash", MD5.upper(), MD5),
        ("hash", MD5[1:], None),
        ("iban", "fr76 3000 6000 0112 3456 7890 189", IBAN),
        ("iban", "FR7630006000011234567890188", None),
        ("iban", "XX7630006000011234567890189", None),
        ("file", "..\\tmp\\Run.EXE", "run.exe"),
        ("file", "/", None),
        ("file", "a\0b.exe", "ab.exe"),
    ],
)
def test_a_value_is_normalised_to_one_spelling(kind, value, expected):
    assert normalise_value(kind, value) == expected


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,20}(-[a-z0-9]{1,5})?", fullmatch=True)
DOMAINS = st.builds("{}.{}".format, NAMES, st.sampled_from(["com", "fr", "example", "co.uk"]))
PATHS = st.from_regex(r"(/[A-Za-z0-9_~%=-]{1,10}){0,3}", fullmatch=True)
SCHEMES = st.sampled_from(["http", "https", "ftp", "ftps"])
VALUES = st.one_of(
    st.tuples(st.just(ObservableKind.DOMAIN), DOMAINS),
    st.tuples(st.just(ObservableKind.EMAIL), st.builds("{}@{}".format, NAMES, DOMAINS)),
    st.tuples(st.just(ObservableKind.URL), st.builds("{}://{}{}".format, SCHEMES, DOMAINS, PATHS)),
    st.tuples(st.just(ObservableKind.IP), st.ip_addresses().map(str)),
)


@given(VALUES)
def test_a_defanged_value_is_found_again(value):
    """A defanged value is normalised to the same value, and a normalised value to itself."""
    kind, raw = value
    spelt = normalise_value(kind, raw)
    assert normalise_value(kind, defang(kind, spelt)) == spelt == normalise_value(kind, spelt)
    if kind != ObservableKind.IP:  # among words, « :: » alone could be a smile
        assert (kind, spelt) in find_indicators(f"Voir {defang(kind, spelt)} ici")


@pytest.mark.parametrize("scheme", ["https", "HTTP", "ftp"])
def test_an_address_inside_another_address_is_defanged_too(scheme):
    whole = f"https://filtre.example/?url={scheme}://evil.example/x.php&id=1"
    defanged = defang(ObservableKind.URL, whole)
    assert defanged == f"hxxps://filtre[.]example/?url={scheme}[:]//evil.example/x.php&id=1"
    assert normalise_value(ObservableKind.URL, defanged) == whole


@given(st.sampled_from(ObservableKind.values), st.text(max_size=60))
def test_no_text_breaks_the_search(kind, text):
    spelt = normalise_value(kind, text)
    assert spelt is None or normalise_value(kind, spelt) == spelt
    find_indicators(text)


HOSTILE = ["(", "[", "[.]", "(a", "a@", "a@b.", "a.", "at ", "FR76", "FR76 ", ":", "abcd:", "http://", "1.1.1.1.", "é"]


@pytest.mark.parametrize("bait", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_takes_no_more_than_its_length(bait):
    """Four times the length takes about four times as long; a quadratic search would take sixteen times."""
    short, long = (bait * (size // len(bait)) for size in (10_000, 40_000))
    spent = []
    for text in (short, long):
        start = time.process_time()
        find_indicators(text)
        spent.append(time.process_time() - start)
    assert spent[1] < 10 * spent[0] + 0.5


def test_a_million_characters_are_read_to_the_limit():
    assert find_indicators("x " * (TEXT_LIMIT // 2) + "evil.com" + " y" * 500_000) == []
    assert find_indicators("evil.com " + "(a[" * 350_000)[0] == ("domain", "evil.com")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("ip", value) for value in ("10.0.0.1", "192.168.1.1", "127.0.0.1", "fe80::1", "::", "169.254.1.1")),
        *(("domain", value) for value in ("gmail.com", "gouv.fr", "17cyber.gouv.fr", "plouexemple.example")),
        *(("url", value) for value in ("https://www.cnil.fr/x", "http://192.168.1.1/", "https://www.gouv.fr/")),
        *(("email", value) for value in ("maire@plouexemple.example", "moi@gmail.com", "x@finances.gouv.fr")),
    ],
)
def test_common_values_are_not_proposed_as_indicators(kind, value):
    own, persons = ["plouexemple.example"], ["moi@gmail.com"]
    assert is_unrelated_to_attack(Indicator(ObservableKind(kind), value), own=own, persons=persons)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("ip", value) for value in ("192.0.2.1", "2001:db8::1", "1.1.1.1")),
        *(("domain", value) for value in ("gouv.fr.evil.com", "evilgouv.fr", "mail.gmail.com")),
        *(("url", value) for value in ("https://gmail.com/x", "https://www.cnil.fr.evil.com/")),
        ("email", "escroc@gmail.com"),
        ("hash", MD5),
        ("iban", IBAN),
        ("file", "run.exe"),
    ],
)
def test_suspect_values_are_proposed_as_indicators(kind, value):
    assert not is_unrelated_to_attack(Indicator(ObservableKind(kind), value), own=["plouexemple.example"])


def test_the_national_list_is_dated_and_says_why():
    national_list = load_national_list()
    assert national_list.checked_date.year >= 2026
    assert national_list.source
    assert all(
        entry.why and normalise_value("domain", entry.domain) == entry.domain
        for entry in national_list.families + national_list.providers
    )
    assert find_own_domain("mairie@wanadoo.fr") == find_own_domain("") == ""


@pytest.mark.parametrize("bracket", "[](){}")
def test_a_value_of_brackets_is_refused_before_the_library_reads_it(bracket, monkeypatch):
    """It compares each bracket with the rest of the value: 2 000 took 0.3 seconds, and a form has many values."""
    monkeypatch.setattr(observables, "refang_text", None)
    assert normalise_value("domain", "evil.example" + bracket * (MAX_BRACKETS + 1)) is None


MAIL = b"""From: Escroc <escroc@evil.example>
To: mairie@plouexemple.example
Subject: Facture
Message-ID: <1@evil.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PGEgaHJlZj0iaHR0cHM6Ly9ldmlsLmV4YW1wbGUvP2E9MSZhbXA7Yj0yIj48L2E+
--x
Content-Type: application/octet-stream; name="facture.js"
Content-Disposition: attachment; filename="facture.js"

x
--x--
"""


def test_a_mail_is_read_part_by_part():
    values = find_values(extract_text(MAIL, "message/rfc822").text)
    assert {
        ("url", "https://evil.example/?a=1&b=2"),
        ("file", "facture.js"),
        ("email", "escroc@evil.example"),
    } <= values


@pytest.mark.parametrize("content", [b"", b"\xff\xfe evil.com", MAIL.replace(b"utf-8", b"inconnu"), MAIL[:300] * 50])
def test_a_broken_file_is_read_as_it_is(content):
    for kind in ("text/plain", "message/rfc822"):
        assert isinstance(extract_text(content, kind).text, str)
