"""A mail is read in a time that grows with its size alone, whatever it contains, and no text in it is lost."""

import codecs
from base64 import b64encode
from itertools import pairwise
from urllib.parse import unquote

import pytest

from incidents.files.facts import detect_media_type
from incidents.files.mails import CHARSETS, LONGEST_BOUNDARY, MAX_DEPTH, MAX_PARTS, decode_text
from incidents.files.texts import MAX_BYTES, extract_text
from tests.bounded import limit_calls, limit_cpu
from tests.incidents.observing import find_values

HEAD = "From: a@evil.example\nTo: mairie@plouexemple.example\nSubject: RIB\nMIME-Version: 1.0\n"
MULTIPART = "Content-Type: multipart/mixed; boundary={0}\n\n--{0}\n"


def nest(levels: int) -> str:
    return HEAD + "".join(MULTIPART.format(f"b{level}") for level in range(levels))


# With the parsers of Python's own package, the hundred thousand parts took 10 s of CPU time, the encoded words more
# than 400 s.
BOMBS = {
    "nested parts": nest(420),
    "nested parts with lines": nest(300) + "x\n" * 5_000,
    "more levels than Python can call": nest(2_000),
    "mails in mails": HEAD + "Content-Type: message/rfc822\n\n" * 900,
    "a hundred thousand parts": HEAD + MULTIPART.format("b") + "\nx\n--b\n" * 100_000,
    "encoded words": HEAD + "Subject: " + "=?utf-8?q?a?= " * 60_000 + "\n\n",
    "addresses": HEAD + "Reply-To: " + "a@b," * 10_000 + "\n\n",
    "comments in comments": HEAD + "Sender: " + "(" * 12_000 + "\n\n",
    "quotes": HEAD + "Reply-To: " + '"' * 12_000 + "\n\n",
    "words of an address": HEAD + "Reply-To: " + "a " * 12_000 + "\n\n",
    "groups": HEAD + "Reply-To: " + ":a" * 12_000 + "\n\n",
    "dots of a message id": HEAD + "Message-ID: <" + "a." * 12_000 + "@b>\n\n",
    "many headers": HEAD + "Received: from a by b\n" * 40_000,
    "folded header": HEAD + "Subject: a\n" + " b\n" * 20_000,
    "parameters": HEAD + "Content-Type: text/plain; " + "name*0=b; " * 2_000 + "\n\n",
    "boundary of many lines": HEAD
    + "Content-Type: multipart/mixed; boundary*=us-ascii''"
    + "%0A--" * 1_500
    + "x\n\n"
    + "\n--" * 300_000,
    "runs of base64": HEAD + "Content-Transfer-Encoding: base64\n\n" + "=AA" * 100_000,
    "escaped file name": HEAD + 'Content-Disposition: attachment; filename="' + '\\"' * 12_000 + "\n\n",
    "slow character set": HEAD + "Content-Type: text/plain; charset=idna\n\n" + "a." * 12_000,
    "base64 of nothing": HEAD + "Content-Transfer-Encoding: base64\n\n" + "=A" * 12_000,
}


def extract_mail(content: bytes) -> str:
    return extract_text(content, "message/rfc822").text


@pytest.mark.parametrize("mail", BOMBS.values(), ids=BOMBS)
def test_a_bomb_costs_a_few_calls_for_each_line_and_little_time(mail):
    """One call may last long, such as the search for a boundary, so that the time has a limit too."""
    content = mail.encode()
    assert len(content) <= MAX_BYTES
    with limit_calls(20_000 + 12 * (mail.count("\n") + mail.count("=?") + mail.count("=AA"))):
        text = extract_mail(content)
    with limit_cpu(2):
        extract_mail(content)
    assert len(text) <= 2 * len(content)


@pytest.mark.parametrize("boundary", ["b" * (LONGEST_BOUNDARY + 1), "b%0Ab"], ids=["long", "line end"])
def test_a_boundary_that_is_long_or_has_line_ends_counts_as_none(boundary):
    """Each line of the mail would be compared with all of it. The parts stay as raw text."""
    line = f"--{unquote(boundary)}"
    head = f"{HEAD}Content-Type: multipart/mixed; boundary*=us-ascii''{boundary}\n\n"
    assert line in extract_mail(f"{head}{line}\n\nmodèle\n".encode())


def test_a_mail_that_is_nested_too_deeply_keeps_its_text():
    text, is_decoded = extract_text((nest(100) + "\nhttps://evil.example/a\n").encode(), "message/rfc822")
    assert ("url", "https://evil.example/a") in find_values(text)
    assert text.count("boundary=") == 100 - MAX_DEPTH - 1
    assert not is_decoded


def test_a_thread_of_mails_in_mails_is_decoded():
    """Twenty answers that were each forwarded as a file are real. What lies deeper is raw."""
    text = b64encode("évidemment".encode()).decode()
    for levels, is_read in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False)):
        head = HEAD + "Content-Type: message/rfc822\n\n"
        mail = head * levels + HEAD + f"Content-Transfer-Encoding: base64\n\n{text}\n"
        result = extract_text(mail.encode(), "message/rfc822")
        assert ("évidemment" in result.text, result.is_decoded) == (is_read, is_read)


def test_each_part_of_a_mail_with_too_many_parts_keeps_its_text():
    parts = "\n--b\n".join(f"\nhttps://evil.example/{number}" for number in range(3 * MAX_PARTS))
    text, is_decoded = extract_text((HEAD + MULTIPART.format("b") + parts).encode(), "message/rfc822")
    assert {("url", f"https://evil.example/{number}") for number in range(3 * MAX_PARTS)} <= find_values(text)
    assert not is_decoded


def test_text_beyond_the_headers_that_are_read_is_not_lost():
    assert "https://evil.example/a" in extract_mail((HEAD + "X: y\n" * 20_000 + "\nhttps://evil.example/a").encode())


LATIN = b"Content-Type: text/plain; charset=iso-8859-1\n"
ODD_PARAMETER = b"; x*" + b"9" * 5_000 + b"=1"  # Python reads no number of so many digits
INNER_MAIL = b"Subject: =?utf-8?b?w6l0w6k=?=\r\n\r\nx\r\n"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        pytest.param(LATIN + b"\nmod\xe8le", "modèle", id="latin"),
        pytest.param(b"Content-Type: text/plain; charset=WINDOWS-1252\n\n\x93mod\xe8le\x94", "“modèle”", id="windows"),
        pytest.param(b"Content-Type: text/plain; charset=windows-874\n\n\xa1", "ก", id="thai"),
        pytest.param(b"Content-Type: text/plain; charset=nonsense\n\nmod\xc3\xa8le", "modèle", id="unknown"),
        pytest.param(b"Content-Type: text/plain; charset=cp9999\n\nmod\xc3\xa8le", "modèle", id="unknown page"),
        pytest.param(b"Content-Type: text/plain; charset=idna\n\nmod\xc3\xa8le", "modèle", id="no charset"),
        pytest.param(b"Content-Type: text/plain; charset*=a%00''b\n\nmod\xc3\xa8le", "modèle", id="odd charset"),
        pytest.param(
            b"Content-Transfer-Encoding: BASE64\n\n" + b64encode("modèle d’usage".encode()),
            "modèle d’usage",
            id="base64",
        ),
        pytest.param(b"Content-Transfer-Encoding: base64\n\nbW9k*w6hs\nZQ", "modèle", id="noise"),
        pytest.param(
            b"Content-Transfer-Encoding: base64\n\nbW9kw6hsZQ==\nIGQndXNhZ2U=", "modèle d'usage", id="padding"
        ),
        pytest.param(b"Content-Transfer-Encoding: quoted-printable\n\nmod=C3=A8=\nle", "modèle", id="quoted"),
        pytest.param(b"Content-Type: text/html\n\n<a href='?a=1&amp;b=2'>", "?a=1&b=2", id="page"),
        pytest.param(b"Content-Disposition: attachment; filename*=utf-8''mod%C3%A8le.js\n\n", "modèle.js", id="name"),
        pytest.param(
            b"Content-Disposition: attachment; filename*=iso-8859-1'fr'mod%E8le.js\n\n", "modèle.js", id="latin name"
        ),
        pytest.param(
            b"Content-Disposition: attachment; filename*=punycode''evil.js-9ta\n\n", "evil.js-9ta", id="slow name"
        ),
        pytest.param(
            b"Content-Disposition: attachment; filename*0*=utf-8''mod%C3%A8;\n filename*1=le.js\n\n",
            "modèle.js",
            id="name in pieces",
        ),
        pytest.param(
            b'Content-Disposition: attachment; filename="=?utf-8?q?mod=C3=A8le=2Ejs?="\n\n',
            "modèle.js",
            id="encoded name",
        ),
        pytest.param(b"Content-Disposition: attachment; filename*=a%00''evil.js\n\n", "evil.js", id="odd name"),
        pytest.param(
            b"Content-Disposition: attachment; filename=evil.js" + ODD_PARAMETER + b"\n\n",
            "evil.js",
            id="odd parameter",
        ),
        pytest.param(
            b"Content-Type: text/plain" + b"; x=" + b"y" * 7_000 + b"; charset=iso-8859-1\n\nmod\xe8le",
            "modèle",
            id="long type",
        ),
        pytest.param(b"Content-Type: message/rfc822\n\n" + INNER_MAIL, "été", id="mail"),
        pytest.param(
            b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + b64encode(INNER_MAIL),
            "été",
            id="encoded mail",
        ),
        pytest.param(b"Content-Type: message/global\n\n" + INNER_MAIL, "été", id="message of another type"),
        pytest.param(
            b"Content-Type: message/rfc822\n\nSubject: =?utf-8?b?w6l0w6k=?= =?utf-8?q?_20?=",
            "été 20",
            id="encoded words",
        ),
        pytest.param(
            b"Content-Type: message/rfc822\n\nSubject: =?windows-1252:x?q?a?= =?windows-1252?q?mod=E8le un?=",
            "modèle un",
            id="spaces in a word",
        ),
        pytest.param(b"X: a\n \n" + LATIN + b"\nmod\xe8le", "modèle", id="line of a space"),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=c\n\n--c\n\nmod\xc3\xa8le\n--c--", "modèle", id="parts"
        ),
        pytest.param(b"Content-Type: multipart/mixed; boundary=c\n\nmod\xc3\xa8le", "modèle", id="no parts"),
    ],
)
def test_each_form_of_a_part_is_decoded(part, value):
    """Mails have the line ends of any system. The parts around an odd one are decoded as well."""
    other = b"Content-Transfer-Encoding: base64\n\n" + b64encode("à côté".encode())
    content = (HEAD + MULTIPART.format("b")).encode() + part + b"\n--b\n" + other + b"\n--b--\n"
    for line_end in (b"\n", b"\r\n", b"\r"):
        text, is_decoded = extract_text(content.replace(b"\r\n", b"\n").replace(b"\n", line_end), "message/rfc822")
        assert value in text
        assert "à côté" in text
        assert is_decoded


def test_a_part_that_breaks_its_reader_is_raw_and_the_others_are_decoded(monkeypatch):
    def fail(_content: bytes) -> bytes:
        raise ValueError

    monkeypatch.setattr("quopri.decodestring", fail)
    first = "Content-Transfer-Encoding: quoted-printable\n\nmod=C3=A8le"
    second = "Content-Transfer-Encoding: base64\n\n" + b64encode("à côté".encode()).decode()
    mail = HEAD + MULTIPART.format("b") + f"{first}\n--b\n{second}\n--b--"
    text, is_decoded = extract_text(mail.encode(), "message/rfc822")
    assert "mod=C3=A8le" in text
    assert "à côté" in text
    assert not is_decoded


def test_each_character_set_is_known():
    assert [name for name in CHARSETS if not codecs.lookup(name)] == []


def test_numbers_of_thousands_of_digits_in_a_page_are_left_as_they_are():
    """Python refuses to read them, and the page of the file answered 500."""
    page = "<p>&#" + "9" * 5_000 + "; &#38; &amp; &#xE9;"
    assert decode_text(page.encode()) == "<p>&#" + "9" * 5_000 + "; & & é"
    assert extract_text(page.encode(), "text/plain").text.endswith("& & é")


@pytest.mark.parametrize("mail", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_recognised_cheaply(mail):
    with limit_calls(400_000):
        assert detect_media_type(mail.encode()) in ("message/rfc822", "text/plain")


def test_parts_are_read_in_their_order():
    parts = "\n--b\n".join(f"\nnumber {number}." for number in range(40))
    text = extract_mail((HEAD + MULTIPART.format("b") + parts).encode())
    places = [text.index(f"number {number}.") for number in range(40)]
    assert all(first < second for first, second in pairwise(places))
