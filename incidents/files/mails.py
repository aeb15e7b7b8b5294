"""Reading of a hostile mail: the main headers, the file name and the text of each part, in linear time.

The `email` package is trusted with short headers only. The time of its parsers grows with the square of the length of
a header and with the depth of the parts: a mail of 24 kB occupied a thread for ten seconds. Here each byte is read
once at each of MAX_DEPTH levels. What lies beyond a limit is returned as raw text, in which base64 and
quoted-printable stay encoded, and `ExtractedText.is_decoded` says so.
"""

import binascii
import html
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any, NamedTuple

MAX_PARTS, MAX_DEPTH = 50, 20
# The most bytes of headers of one part, and the most characters and parameters that are read of one header that names
# its type or its file.
HEAD_BYTES, HEADER_LIMIT, MAX_PARAMETERS = 64 * 1024, 8_000, 60
# RFC 2046 allows 70 bytes, without line ends. With them, each line of the mail would be compared with many others.
LONGEST_BOUNDARY = 200
HEADERS = ("From", "Reply-To", "Return-Path", "Sender", "Subject", "Message-ID", "X-Originating-IP", "Received")
HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:")
FOLD = re.compile(r"\n(?=[ \t])")
PARAMETER = re.compile(r';\s*([\w*]+)\s*=\s*"?([^";]*)')
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Each repetition is bounded, so that the time is linear. RFC 2047 allows 75 characters and no space, and some programs
# write more.
ENCODED_WORD = re.compile(r"(?i)=\?([a-z0-9_.:-]{1,40})(?:\*[a-z-]{0,20})?\?([bq])\?([^?\r\n]{0,2000})\?=")
BETWEEN_ENCODED_WORDS = re.compile(r"(?<=\?=)\s+(?==\?)")
# The character sets of real mails, in the spelling of `decode_text`. Python loads a codec by the name that a mail
# gives, and some are slow (« idna ») or unknown (« cp9999 »).
CHARSETS = frozenset(
    {
        *("utf-8", "utf8", "utf-7", "utf-16", "utf-16le", "utf-16be", "utf-32", "us-ascii", "ascii"),
        *("latin-1", "latin1", *(f"iso-8859-{part}" for part in range(1, 17) if part != 12)),
        *(f"cp{page}" for page in (437, 850, 852, 855, 858, 862, 866, 874, 932, 949, 950, *range(1250, 1259))),
        *("koi8-r", "koi8-u", "macintosh", "gb2312", "gbk", "gb18030", "big5", "euc-jp", "euc-kr", "shift-jis"),
        *("iso-2022-jp", "ks-c-5601-1987", "tis-620"),
    }
)
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
BASE64_RUN = re.compile(rb"[^=]{2,}")
# Python refuses to read a number of thousands of digits, so that a long reference is left as it is.
LONG_REFERENCE = re.compile(r"&(?=#[xX]?[0-9a-fA-F]{9})")


class ExtractedText(NamedTuple):
    """The text of a file. `is_decoded` is False if a part of a mail was not decoded, because it lies beyond a limit or
    is malformed. Its raw text is there.
    """

    text: str
    is_decoded: bool = True


@dataclass(frozen=True)
class MailPart:
    """One part of a mail, or the whole mail: its headers by name in lower case, and its body as it was sent."""

    headers: dict[str, list[str]]
    body: bytes

    def get_header(self, name: str) -> str:
        return self.headers.get(name, [""])[0]

    @property
    def encoding(self) -> str:
        """The transfer encoding, such as « base64 », or ""."""
        return next(iter(self.get_header("content-transfer-encoding").lower().split()), "")


class ContentType(NamedTuple):
    """The type of a part, such as « text/plain », its file name, and the parameters of its type."""

    name: str
    file_name: str
    parameters: dict[str, str]

    @property
    def family(self) -> str:
        """The first half of the type, such as « text »."""
        return self.name.partition("/")[0]


def extract_mail_text(content: bytes) -> ExtractedText:
    """Return the main headers, the file name and the text of each part of a mail. After MAX_PARTS parts, and in parts
    that are nested more than MAX_DEPTH times, return what remains as raw text.
    """
    texts, is_decoded, waiting = list[str](), True, [(normalise_line_ends(content), 0)]
    for _number in range(MAX_PARTS):
        if not waiting:
            break
        raw, depth = waiting.pop()
        try:
            part_texts, children = read_mail_part(raw)
        except Exception:  # noqa: BLE001 (whatever one part does to its reader, its text stays, and the others are read)
            part_texts, children, is_decoded = [decode_text(raw)], [], False
        texts += part_texts
        if depth < MAX_DEPTH:
            waiting += [(child, depth + 1) for child in reversed(children)]
        elif children:
            texts, is_decoded = [*texts, *map(decode_text, children)], False
    texts += [decode_text(raw) for raw, _depth in reversed(waiting)]
    return ExtractedText("\n".join(texts), is_decoded and not waiting)


def normalise_line_ends(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def read_mail_part(raw: bytes) -> tuple[list[str], list[bytes]]:
    """Return the texts of a part, and the parts that it contains. If there are none, its body is one of the texts."""
    part = parse_mail_part(raw)
    kind = read_content_type(part)
    texts = [*list_header_texts(part), decode_words(kind.file_name)]
    children = list_children(part, kind)
    if not children and kind.family in ("text", "multipart"):
        texts.append(decode_text(decode_transfer(part.body, part.encoding), kind.parameters.get("charset", "")))
    return texts, children


def parse_mail_part(raw: bytes) -> MailPart:
    """Return the part with its headers. The headers end at the first line that is none, and after HEAD_BYTES. A line
    that begins with a space continues the header before it, even if it contains nothing else.
    """
    end, lines = 0, list[bytes]()
    for line in raw[:HEAD_BYTES].splitlines(keepends=True):
        is_continuation = bool(lines) and line.startswith((b" ", b"\t"))
        is_envelope = not lines and line.startswith((b"From ", b">From "))
        if not (is_continuation or is_envelope or HEADER_LINE.match(line)):
            break
        lines.append(line)
        end += len(line)
    headers: dict[str, list[str]] = {}
    for header in re.split(r"\n(?![ \t])", b"".join(lines).decode("utf-8", errors="replace")):
        name, colon, value = header.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(FOLD.sub("", value).strip())
    return MailPart(headers, raw[end:])


def list_header_texts(part: MailPart) -> Iterator[str]:
    """Yield the values of the HEADERS of this part, decoded."""
    for name in HEADERS:
        yield from map(decode_words, part.headers.get(name.lower(), []))


def read_content_type(part: MailPart) -> ContentType:
    """Return the type of the part. As in RFC 2045, a missing or malformed type is « text/plain »."""
    header = part.get_header("content-type")
    name = header.partition(";")[0].strip().lower()
    parameters = parse_parameters(header)
    disposition = parse_parameters(part.get_header("content-disposition"))
    file_name = disposition.get("filename") or parameters.get("name", "")
    return ContentType(name if name.count("/") == 1 else "text/plain", file_name, parameters)


def parse_parameters(header: str) -> dict[str, str]:
    """Return the first MAX_PARAMETERS parameters of a header, by name in lower case. If the `email` package cannot
    read them (RFC 2231), they are read in their simplest form.
    """
    bounded = ";".join(header[:HEADER_LIMIT].split(";")[: MAX_PARAMETERS + 1])
    message = Message()
    message["content-type"] = bounded
    pairs: list[tuple[str, Any]]  # a value that names its character set is a tuple
    try:
        pairs = message.get_params(failobj=[])[1:]
    except Exception:  # noqa: BLE001 (whatever a hostile header does to its reader)
        pairs = PARAMETER.findall(bounded)
    parameters: dict[str, str] = {}
    for name, value in reversed(pairs):
        parameters[name.lower()] = value if isinstance(value, str) else decode_parameter(*value)
    return parameters


def decode_parameter(charset: str | None, _language: str | None, value: str) -> str:
    """Return a parameter that names its character set (RFC 2231). `value` has one character for each byte. The `email`
    package would load any codec of this name, and some are slow.
    """
    return decode_text(value.encode("latin-1", errors="replace"), charset or "")


def list_children(part: MailPart, kind: ContentType) -> list[bytes]:
    """Return the parts inside this part. Text after the last part is a part too. Empty parts are left out.

    A mail inside a mail, or a report about one (message/…), is one part. The last of MAX_PARTS children contains all
    the following ones, raw. A boundary that is long or has control characters counts as none.
    """
    if kind.family == "message":
        inner = normalise_line_ends(decode_transfer(part.body, part.encoding)).lstrip(b"\n")
        return [inner] if inner else []
    boundary = kind.parameters.get("boundary", "").rstrip()
    name = boundary.encode("utf-8", errors="replace")
    if kind.family != "multipart" or not name or len(name) > LONGEST_BOUNDARY or CONTROL.search(boundary):
        return []
    line = re.compile(rb"(?:\A|\n)--" + re.escape(name) + rb"(?:--)?[ \t]*(?=\n|\Z)")
    _before, *children = line.split(part.body, maxsplit=MAX_PARTS)
    return [child.removeprefix(b"\n") for child in children if child.strip()]


def decode_transfer(content: bytes, encoding: str) -> bytes:
    """Return the bytes that were sent in base64 or quoted-printable. Another encoding leaves them unchanged.

    Each run of base64 that ends with padding is decoded by itself, since some programs join several of them.
    """
    if encoding in ("base64", "b"):
        return b"".join(map(decode_base64_run, BASE64_RUN.findall(NOT_BASE64.sub(b"", content))))
    return quopri.decodestring(content) if encoding == "quoted-printable" else content


def decode_base64_run(run: bytes) -> bytes:
    """Return the decoded bytes of a run without padding. A last symbol that stands alone is left out."""
    return binascii.a2b_base64(run[: len(run) - (len(run) % 4 == 1)] + b"==")


def decode_words(text: str) -> str:
    """Return a header with its encoded words decoded (RFC 2047)."""

    def decode_word(match: re.Match[str]) -> str:
        charset, encoding, word = match[1], match[2].lower(), match[3].encode("utf-8", errors="replace")
        is_base64 = encoding == "b"
        content = decode_transfer(word, "base64") if is_base64 else quopri.decodestring(word, header=True)
        return decode_text(content, charset)

    return ENCODED_WORD.sub(decode_word, BETWEEN_ENCODED_WORDS.sub("", text))


def decode_text(content: bytes, charset: str = "") -> str:
    """Return the content as text. If it contains « < », it may be a web page, and HTML entities such as « &amp; » are
    decoded. A character set that is not one of CHARSETS counts as UTF-8.
    """
    codec = charset.strip().lower().replace("_", "-").replace("windows-", "cp")
    text = content.decode(codec if codec in CHARSETS else "utf-8", errors="replace")
    return html.unescape(LONG_REFERENCE.sub("&amp;", text)) if "<" in text else text
