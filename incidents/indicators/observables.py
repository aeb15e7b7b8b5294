"""Detection of indicators in texts, their normalisation, and their defanging for display.

All input may be hostile. Text is read in short chunks, so that the time grows linearly with its length.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from stdnum import iban
from stdnum.exceptions import ValidationError as BadNumber

from core.libraries import load_library
from incidents.enums import ObservableKind

# The number of characters that are read of one text. The page says so if the text is longer.
TEXT_LIMIT = 50_000
VALUE_LIMIT = 500
# The library compares each bracket with the rest of the chunk, so chunks are short and have few brackets.
CHUNK = 2_000
MAX_BRACKETS = 60
HASH_LENGTHS = {32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}
DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21, "ftps": 990}
KINDS_BY_LIBRARY_NAME = {
    "ipv4s": ObservableKind.IP,
    "domains": ObservableKind.DOMAIN,
    "md5s": ObservableKind.HASH,
    "sha1s": ObservableKind.HASH,
    "sha256s": ObservableKind.HASH,
    "sha512s": ObservableKind.HASH,
}

LINE_ENDS, INVISIBLE_CATEGORIES = "\n\r\t", ("Cc", "Cf", "Cs")
DOT = re.compile(r"(?i) ?[\[({] {0,2}(?:\.|point|dot) {0,2}[\])}] ?")
AT = re.compile(r"(?i) ?[\[({] {0,2}(?:@|at|arobase|chez) {0,2}[\])}] ?")
BRACKETS = re.compile(r"[\[\](){}]")
URL = re.compile(r"(?i)(?<![a-z])(?:https?|ftps?)://[^\s<>\"«»“”‹›\\^`{|}]+")
IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:][0-9A-Fa-f:.]{1,44}(?![\w:])")
# The library knows only domains that exist. The ending « .example » is reserved for exercises, so it is recognised
# here.
EXERCISE_DOMAIN = re.compile(r"(?i)(?<![\w.@-])(?:[^\W_][\w-]{0,62}\.){1,8}example(?![\w-])")
EMAIL = re.compile(r"(?i)(?<![\w.+@-])[\w.+-]{1,64}@(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,63}(?![\w@-])")
# Each repetition consumes one letter or digit, so that a text that is no IBAN is abandoned at once.
IBAN = re.compile(r"(?i)(?<![^\W_])[a-z]{2}\d{2}(?:[ \u00a0\u202f.-]?[a-z0-9]){11,30}(?![^\W_])")
# File endings of programs, scripts, and the archives that carry them past a filter.
SUSPICIOUS_ENDINGS = (
    "exe|scr|pif|cmd|bat|ps1|psm1|vbs|vbe|js|jse|wsf|wsh|hta|lnk|url|msi|msix|appx|dll|cpl|jar|apk|sh|py|reg|chm|one|"
    "docm|dotm|xlsm|xlsb|xltm|xlam|pptm|ppam|iso|img|vhd|vhdx|cab|ace|arj|rar|7z|zip|gz|tgz"
)
FILE = re.compile(rf"(?i)(?<![\w.@/-])[^\W_][\w.-]{{0,150}}\.(?:{SUSPICIOUS_ENDINGS})(?![\w-])(?!\.\w)")
NAME_SEPARATORS = re.compile(r"[\s\"'’«»“”<>|*?,;:/\\()\[\]]+")
NAMES_LIMIT = 1_000
# Endings that are also top-level domains, although in a sentence they more often end the name of a file.
FILE_LIKE_ENDINGS = re.compile(r"(?i)\.(?:zip|py|one|apk|url)$")
DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})")
LOCAL_PART = re.compile(r"[^\s@<>()\[\]\"',;:\\]{1,64}")


class Indicator(NamedTuple):
    """An indicator in a text, with its normalised value."""

    kind: ObservableKind
    value: str


# Normalising


def normalise_value(kind: str, value: str) -> str | None:
    """Return the value in its normalised form. Return None if the value is too long, has more than MAX_BRACKETS
    brackets or is not of this kind. The value may be defanged.
    """
    bare = strip_invisible(value.strip()[: VALUE_LIMIT * 4])
    if count_brackets(bare) > MAX_BRACKETS:
        return None
    clean = NORMALISERS[ObservableKind(kind)](refang_text(bare))
    return clean if clean and len(clean) <= VALUE_LIMIT else None


def normalise_ip(value: str) -> str | None:
    """Return the IP address in its shortest form. Return None if the value is no IP address, or has a zone index."""
    try:
        address = ipaddress.ip_address(value.strip("[]"))
    except ValueError:
        return None
    return None if "%" in str(address) else address.compressed


def normalise_domain(value: str) -> str | None:
    """Return the domain in lower case and in ASCII, or None if it is not a domain. In ASCII, letters that look alike
    become distinguishable.
    """
    bare = value.rstrip(".").lower()
    if len(bare) > 253:
        return None
    try:
        ascii_name = bare if bare.isascii() else bare.encode("idna").decode()
    except UnicodeError:
        return None
    return ascii_name if DOMAIN.fullmatch(ascii_name) else None


def normalise_url(value: str) -> str | None:
    """Return the URL, or None if it is not one. Its scheme and host are normalised, and a default port is removed. The
    rest is unchanged.
    """
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    name = normalise_ip(host) or normalise_domain(host)
    if parts.scheme not in DEFAULT_PORTS or name is None or any(character.isspace() for character in value):
        return None
    who, at, _where = parts.netloc.rpartition("@")
    shown_host = f"[{name}]" if ":" in name else name
    shown_port = f":{port}" if port and port != DEFAULT_PORTS[parts.scheme] else ""
    rest = value[len(parts.scheme) + 3 + len(parts.netloc) :]
    path = rest if rest.startswith("/") else f"/{rest}"
    return f"{parts.scheme}://{who}{at}{shown_host}{shown_port}{path}"


def normalise_email(value: str) -> str | None:
    """Return the mail address in lower case, with its domain in ASCII, or None if it is not one."""
    local, _at, host = value.rpartition("@")
    name = normalise_domain(host)
    return f"{local.lower()}@{name}" if name and LOCAL_PART.fullmatch(local) else None


def normalise_hash(value: str) -> str | None:
    """Return the hash in lower case, or None if its length is not that of a known hash function."""
    bare = value.lower()
    return bare if len(bare) in HASH_LENGTHS and re.fullmatch("[0-9a-f]+", bare) else None


def normalise_iban(value: str) -> str | None:
    """Return the IBAN, or None if its check digits or the structure for its country are wrong."""
    try:
        return iban.validate(re.sub(r"[\s.-]", "", value), check_country=False)
    except BadNumber:
        return None


def normalise_file_name(value: str) -> str | None:
    """Return the last component of the path in lower case, or None if it is too short or too long. The file systems
    that matter here ignore case.
    """
    name = unicodedata.normalize("NFC", " ".join(value.replace("\\", "/").rsplit("/", 1)[-1].split())).lower()
    return name if 1 < len(name) <= 255 else None


NORMALISERS: dict[ObservableKind, Callable[[str], str | None]] = {
    ObservableKind.IP: normalise_ip,
    ObservableKind.DOMAIN: normalise_domain,
    ObservableKind.URL: normalise_url,
    ObservableKind.EMAIL: normalise_email,
    ObservableKind.HASH: normalise_hash,
    ObservableKind.IBAN: normalise_iban,
    ObservableKind.FILE: normalise_file_name,
}


def find_indicator_host(kind: str, value: str) -> str:
    """Return the domain or the IP address that a normalised value contains, or "" if there is none."""
    if kind == ObservableKind.URL:
        return urlsplit(value).hostname or ""
    return value.rpartition("@")[2] if kind in (ObservableKind.EMAIL, ObservableKind.DOMAIN, ObservableKind.IP) else ""


def defang(kind: str, value: str) -> str:
    """Return the value with its scheme and dots broken, so that no program turns it into a link. Examples:
    « hxxp://exemple[.]fr », « 192[.]0[.]2[.]1 ».
    """
    if kind == ObservableKind.URL:
        scheme, _sign, rest = value.partition("://")
        netloc = re.split(r"[/?#]", rest, maxsplit=1)[0]
        start = scheme.replace("http", "hxxp") + "://" if scheme.startswith("http") else f"{scheme}[:]//"
        # A URL may contain another URL, as the URLs of filters and redirections do.
        path = rest[len(netloc) :].replace("://", "[:]//")
        return f"{start}{netloc.replace('.', '[.]')}{path}"
    if kind in (ObservableKind.IP, ObservableKind.DOMAIN, ObservableKind.EMAIL):
        return value.replace(".", "[.]").replace(":", "[:]").replace("@", "[@]")
    return value


# Finding


def find_indicators(text: str) -> list[Indicator]:
    """Return the indicators of the text, without repeats. Only the first TEXT_LIMIT characters are read."""
    matches: dict[Indicator, None] = {}
    for chunk in split_chunks(strip_invisible(text[:TEXT_LIMIT])):
        for kind, raw in find_indicator_candidates(refang_text(strip_brackets(chunk))):
            if value := normalise_value(kind, raw):
                matches[Indicator(kind, value)] = None
    return list(matches)


def list_file_names(text: str) -> list[str]:
    """Return up to NAMES_LIMIT words of the text that may be file names, normalised and without repeats. Any ending is
    accepted.
    """
    words = (word.strip(".!") for word in NAME_SEPARATORS.split(strip_invisible(text[:TEXT_LIMIT])))
    names = (normalise_file_name(word) for word in words if "." in word)
    return list(dict.fromkeys(name for name in names if name))[:NAMES_LIMIT]


def strip_invisible(text: str) -> str:
    """Return the text without invisible characters, which can hide a name from programs but not from readers. Line
    ends and tabs stay.
    """
    return "".join(
        character
        for character in text
        if character in LINE_ENDS or unicodedata.category(character) not in INVISIBLE_CATEGORIES
    )


def split_chunks(text: str) -> Iterator[str]:
    """Yield the text in chunks of at most CHUNK characters. A chunk ends between two words if possible."""
    at = 0
    while at < len(text):
        end = at + CHUNK
        if end < len(text):
            cut = max(text.rfind(character, at + CHUNK // 2, end) for character in " \n\t")
            end = cut if cut > at else end
        yield text[at:end]
        at = end


def strip_brackets(chunk: str) -> str:
    """Return the chunk without its brackets if it has more than MAX_BRACKETS, and unchanged otherwise. Dots and at
    signs that brackets defang are restored first.
    """
    if count_brackets(chunk) <= MAX_BRACKETS:
        return chunk
    return BRACKETS.sub(" ", AT.sub("@", DOT.sub(".", chunk)))


def count_brackets(text: str) -> int:
    return sum(map(text.count, "[](){}"))


def refang_text(text: str) -> str:
    """Return the text with its defanged addresses restored."""
    return str(load_library("ioc_fanger").fang(AT.sub("@", DOT.sub(".", text))))


def find_indicator_candidates(text: str) -> Iterator[tuple[ObservableKind, str]]:
    """Yield each part of the text that looks like an indicator, with its kind. `normalise_value` then decides whether
    it is one.
    """
    for match in URL.finditer(text):
        yield ObservableKind.URL, strip_punctuation(match[0])
    rest = URL.sub(" ", text)
    yield from ((ObservableKind.FILE, match[0]) for match in FILE.finditer(rest))
    yield from ((ObservableKind.IP, match[0].rstrip(".")) for match in IPV6.finditer(rest) if match[0].count(":") > 1)
    yield from (
        (ObservableKind.IBAN, number) for match in IBAN.finditer(rest) for number in list_possible_ibans(match[0])
    )
    yield from ((ObservableKind.EMAIL, match[0]) for match in EMAIL.finditer(rest))
    rest = EMAIL.sub(" ", FILE.sub(lambda match: " " if FILE_LIKE_ENDINGS.search(match[0]) else match[0], rest))
    yield from ((ObservableKind.DOMAIN, match[0]) for match in EXERCISE_DOMAIN.finditer(rest))
    yield from find_with_library(rest.replace("@", " "))


def find_with_library(text: str) -> Iterator[tuple[ObservableKind, str]]:
    """Yield the IPv4 addresses, domains and hashes that `ioc_finder` finds."""
    matches = load_library("ioc_finder").find_iocs(
        text, included_ioc_types=list(KINDS_BY_LIBRARY_NAME), parse_unicode_iocs=True
    )
    for name, kind in KINDS_BY_LIBRARY_NAME.items():
        for value in sorted(matches.get(name, []), key=text.find):
            yield kind, value


def strip_punctuation(address: str) -> str:
    """Return the URL without the punctuation of the sentence around it: « https://exemple.fr). » becomes
    « https://exemple.fr ».
    """
    bare = address.rstrip(".,;:!?'’*…")
    while bare and bare[-1] in ")]" and bare.count("([".__getitem__(")]".index(bare[-1]))) < bare.count(bare[-1]):
        bare = bare[:-1].rstrip(".,;:!?'’*…")
    return bare


def list_possible_ibans(candidate: str) -> Iterator[str]:
    """Yield the beginnings of the matched text that have the length of an IBAN, longest first. A word after an IBAN
    may look like its end: « FR76 … 189 DU 3 ».
    """
    groups = re.split(r"[ \u00a0\u202f.-]", candidate)
    for last in range(len(groups), 0, -1):
        number = "".join(groups[:last])
        if 15 <= len(number) <= 34:
            yield number
