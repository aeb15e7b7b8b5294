"""Every function that parses what a stranger sends, and hostile input for it.

A parser returns or raises the refusal that it documents, within a limit of CPU time and of output. Those that need
rows are given here as far as they do without.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import chain, islice, product
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings as site
from django.core.exceptions import TooManyFieldsSent, ValidationError
from django.core.handlers.wsgi import WSGIRequest
from django.http import QueryDict
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import APIException

from collectivities.mentions import find_mention
from collectivities.reading import list_readings
from collectivities.spelling import list_spellings
from collectivities.telephones import find_phone_problem
from collectivities.wording import normalise_text
from config.api.parsers import BoundedJSONParser
from config.api.problems import describe_error
from config.gate import find_types_problem, parse_length
from core.client_address import find_client_address, get_subscriber_prefix
from core.request_counter import has_waited
from core.telephone import find_dialled_number, format_phone, has_short_number
from core.text import (
    are_same_answers,
    clean_file_name,
    clean_line,
    clean_text,
    defang_links,
    fold_text,
    normalise_address,
)
from incidents.api.serializers import ContactIn, DeclarationIn
from incidents.api.views import is_moment
from incidents.declare.entries import parse_stroke
from incidents.declare.forms import DeclarationForms
from incidents.devices.draft_cookie import PEN_SALT, read_signed_handle
from incidents.enums import ObservableKind
from incidents.evidence.slices import parse_whole_number
from incidents.files.facts import INSPECTED_BYTES, detect_media_type, read_position
from incidents.files.texts import MAX_BYTES, extract_text
from incidents.indicators.observables import TEXT_LIMIT, defang, find_indicators, list_file_names, normalise_value
from incidents.links import OFFICIAL_HOSTS, split_links
from incidents.reference import compact_code, is_reference
from incidents.services.declaring.check import is_mail_address
from incidents.services.declaring.limits import normalise_mailbox
from incidents.triage.search.query import MAX_LENGTH, QueryProblem, parse_query
from tests.bombs import (
    IMAGE_HEADS,
    IMAGE_PIECES,
    JSON_PIECES,
    LONG_TEXT_PIECES,
    MAIL_HEADS,
    MAIL_PIECES,
    TEXT_PIECES,
    TYPE_PIECES,
)
from tests.bounded import limit_cpu

# A bomb of 24 kB was enough for ten seconds. The limit is generous, because machines differ and garbage is collected.
LONGEST, MOST_SECONDS = 24_000, 2.0
BODY = site.DATA_UPLOAD_MAX_MEMORY_SIZE  # bytes of a post, of which one field may be nearly all
WIDEST, HEADING = 20, 2_000  # the most characters of output for each one of input, which has a heading


@dataclass(frozen=True)
class Parser:
    """A parser with the errors that it documents. `pieces` is what its bombs are made of, `heads` how they begin.
    `long_pieces` are those of its longest bombs, of `longest` characters or bytes, the longest input that reaches it.
    """

    parse: Callable[[Any], Any]
    refusals: tuple[type[Exception], ...] = ()
    heads: tuple[Any, ...] = ("",)
    pieces: tuple[Any, ...] = TEXT_PIECES
    longest: int = LONGEST

    @property
    def long_pieces(self) -> tuple[Any, ...]:
        return LONG_TEXT_PIECES if self.pieces is TEXT_PIECES else self.pieces


class RequestIn(DeclarationIn):
    """A declaration in a request, without the body, which is looked for in the database."""

    collectivity = serializers.CharField(required=False, max_length=64)  # type: ignore[assignment]


def parse_api_request(text: str) -> object:
    """Parse and validate a request of the API. Return its errors as the problem document lists them."""
    content = text.encode("utf-8", errors="surrogatepass")
    request = SimpleNamespace(META={"CONTENT_LENGTH": str(len(content))})
    data = BoundedJSONParser().parse(BytesIO(content), "application/json", {"request": request, "encoding": "utf-8"})
    return validate_request(data)


def validate_request(data: object) -> object:
    """Validate a request of the API. Return its errors as the problem document lists them."""
    checked = RequestIn(data=data)
    return None if checked.is_valid() else describe_error(serializers.ValidationError(checked.errors), 400)


def parse_screens(text: str) -> object:
    """Parse one text typed in every input of the declaration. Return the errors."""
    names = [
        *DeclarationForms().form.fields,
        *(f"civil-{name}" for name in ("started_date", "started_time", "people")),
    ]
    data = QueryDict(mutable=True)
    for name in names:
        data.setlist(name, [text[:200]])
    data.setlist("service", ["civil", text])
    declared = DeclarationForms(data)
    return declared.is_valid() or [str(form.errors)[:LONGEST] for form in declared.all_forms]


def parse_form_value(field: forms.Field, text: str) -> object:
    return field.clean(text)


def normalise_each_kind(text: str) -> object:
    values = [(kind, normalise_value(kind, text)) for kind in ObservableKind]
    return [defang(kind, value) for kind, value in values if value]


def extract_page(content: bytes) -> str:
    return extract_text(content, "text/plain").text


def extract_mail(content: bytes) -> str:
    return extract_text(content, "message/rfc822").text


def read_types(text: str) -> object:
    """Read the headers about types as the gate and then Django do."""
    environ = {"CONTENT_TYPE": text, "HTTP_ACCEPT": text, "QUERY_STRING": "a=%ff", "wsgi.input": BytesIO()}
    if find_types_problem(environ):
        return None
    request = WSGIRequest(environ | {"REQUEST_METHOD": "POST"})
    return request.encoding, request.content_params, request.GET, request.accepts("text/html")


def read_query_string(text: str) -> object:
    return list(QueryDict(text.encode("utf-8", errors="surrogatepass")).lists())


BYTES: dict[str, Parser] = {
    "type of a file": Parser(
        detect_media_type,
        heads=(*MAIL_HEADS, *IMAGE_HEADS),
        pieces=(*MAIL_PIECES, *IMAGE_PIECES),
        longest=INSPECTED_BYTES,
    ),
    "position of a photograph": Parser(read_position, heads=IMAGE_HEADS, pieces=IMAGE_PIECES, longest=INSPECTED_BYTES),
    "text of a mail": Parser(extract_mail, heads=MAIL_HEADS, pieces=MAIL_PIECES, longest=MAX_BYTES),
    "text of a page": Parser(extract_page, heads=(b"<",), pieces=MAIL_PIECES, longest=MAX_BYTES),
}
TEXTS: dict[str, Parser] = {
    "indicators": Parser(find_indicators, longest=TEXT_LIMIT),
    "names of files": Parser(list_file_names),
    "value of an indicator": Parser(normalise_each_kind, longest=BODY),
    "text": Parser(partial(clean_text, limit=5_000, field="description"), (ValidationError,), longest=BODY),
    "line": Parser(partial(clean_line, limit=5_000, field="description"), (ValidationError,), longest=BODY),
    "name of a file": Parser(clean_file_name, longest=BODY),
    "links of a text": Parser(lambda text: list(split_links(text, OFFICIAL_HOSTS))),
    "defanged links": Parser(defang_links),
    "folded text": Parser(fold_text),
    "compared answers": Parser(lambda text: are_same_answers({"phone": [text]}, {"phone": [f"{text} "]})),
    "query of the search": Parser(
        lambda text: parse_query(clean_line(text, limit=MAX_LENGTH, field="q")), (QueryProblem, ValidationError)
    ),
    "query for a body": Parser(lambda text: (list_readings(text[:200]), find_mention(text[:200]))),
    "spelling of a name": Parser(lambda text: list_spellings(normalise_text(text)[:24])),
    "telephone": Parser(lambda text: find_phone_problem(text, None)),
    "dialled telephone": Parser(lambda text: (find_dialled_number(text), format_phone(text), has_short_number(text))),
    "mail address": Parser(lambda text: (is_mail_address(text), normalise_mailbox(text), normalise_address(text))),
    "code": Parser(lambda text: (compact_code(text), is_reference(text)), longest=BODY),
    "screens of the declaration": Parser(parse_screens),
    "signed pen": Parser(lambda text: read_signed_handle(text, PEN_SALT), longest=BODY),
    "proof of a wait": Parser(lambda text: has_waited(text, "declare:1"), longest=BODY),
    "stroke": Parser(parse_stroke, longest=BODY),
    "number of a slice": Parser(parse_whole_number, (ValidationError,), longest=BODY),
    "cursor of the API": Parser(is_moment),
    "query string": Parser(read_query_string, (TooManyFieldsSent,), longest=BODY),
    "address of a client": Parser(lambda text: get_subscriber_prefix(find_client_address(text, "192.0.2.1"))),
    "types of a request": Parser(read_types, heads=("", "a/b;"), pieces=TYPE_PIECES),
    "length of a body": Parser(lambda text: parse_length({"CONTENT_LENGTH": text})),
    "request of the API": Parser(parse_api_request, (APIException,), ("", "{", "["), JSON_PIECES, longest=BODY),
}
JSON_NAMES = st.sampled_from(
    [*DeclarationIn().fields, *ContactIn().fields, "service", "started_at", "categories", "x"]
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(JSON_NAMES, inner, max_size=10),
    max_leaves=60,
)
REPEATS = st.sampled_from([1, 1, 2, 7, 60, 500, 3_000, LONGEST])


def make_bombs(parser: Parser, *, empty: Any, any_value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return input made of a head and of runs of a few pieces, each repeated up to thousands of times."""
    pieces = st.sampled_from(parser.pieces) | any_value
    phrase = st.lists(pieces, min_size=1, max_size=4).map(empty.join)
    runs = st.lists(
        st.tuples(phrase, REPEATS).map(lambda run: run[0] * min(run[1], LONGEST // max(len(run[0]), 1))), max_size=4
    )
    return st.tuples(st.sampled_from(parser.heads), runs).map(
        lambda parts: (parts[0] + empty.join(parts[1]))[:LONGEST]
    )


def check_bounded(parser: Parser, value: Any) -> None:
    """Raise AssertionError or TooCostly if the parser fails, costs too much or answers too much for this value."""
    try:
        with limit_cpu(MOST_SECONDS):
            result = parser.parse(value)
    except parser.refusals as refusal:
        result = str(refusal)
    size = len(repr(result)) if not isinstance(result, str | bytes) else len(result)
    given_size = len(value) if isinstance(value, str | bytes) else len(json.dumps(value))
    assert size <= WIDEST * (given_size + HEADING), (size, given_size)


def feed(parser: Parser, values: st.SearchStrategy[Any], *, examples: int) -> None:
    """Check the parser with many invented values. The values of one run are always the same."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(values)
    def check(value: Any) -> None:
        check_bounded(parser, value)

    check()


def list_simple_bombs(parser: Parser, pieces: Iterable[Any], *, length: int, end: Any) -> Iterator[Any]:
    """Yield each head, followed by one piece that is repeated up to this length. Most known bombs are of this kind,
    and chance alone would seldom find them.
    """
    for head, piece in product(parser.heads, pieces):
        yield (head + piece * (length // len(piece)))[: length - len(end)] + end


def feed_parser(name: str, *, examples: int, step: int = 1, is_long: bool = False) -> None:
    """Check the parser of this name in BYTES or TEXTS with invented bombs and with one in `step` of the simple ones.
    If `is_long`, check it with the longest simple bombs too.
    """
    is_bytes = name in BYTES
    parser = BYTES[name] if is_bytes else TEXTS[name]
    end = b"\n\nx" if is_bytes else ""
    bombs = islice(list_simple_bombs(parser, parser.pieces, length=LONGEST, end=end), 0, None, step)
    has_longer = is_long and parser.longest > LONGEST
    long_pieces = parser.long_pieces if has_longer else ()
    for value in chain(bombs, list_simple_bombs(parser, long_pieces, length=parser.longest, end=end)):
        check_bounded(parser, value)
    any_value: st.SearchStrategy[Any] = (
        st.binary(max_size=30) if is_bytes else st.text(st.characters(exclude_categories=()), max_size=20)
    )
    feed(parser, make_bombs(parser, empty=b"" if is_bytes else "", any_value=any_value), examples=examples)
