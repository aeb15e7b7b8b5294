"""The search reads what was typed, or refuses it and names the word; nothing else ever comes out."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.triage.search.filters import CONDITIONS
from incidents.triage.search.query import QueryProblem, parse_query
from incidents.triage.search.query_values import KEYS, Days, Range


def test_a_query_is_split_into_words_phrases_exclusions_and_filters():
    query = parse_query('serveur "mot de passe" -exercice type:rançongiciel pop>10000')

    assert query.words == ["serveur"]
    assert query.phrases == ["mot de passe"]
    assert query.excluded_texts == ["exercice"]
    assert [(part.key, part.value) for part in query.filters] == [("type", ("rancon",)), ("pop", Range(10_001, None))]


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("type:rancon", "type", ("rancon",)),
        ("Type : Rançongiciel", "type", ("rancon",)),
        ("type:ranç", "type", ("rancon",)),
        ("type:compromission", "type", ("boite", "admin")),
        ("type:messagerie", "type", ("boite",)),
        ("corps:commune", "corps", ("commune",)),
        ("corps:epci", "corps", ("cc", "ca", "cu", "metropole", "metropole_lyon")),
        ("population:500..2000", "pop", Range(500, 2000)),
        ("pop:..2000", "pop", Range(None, 2000)),
        ("pop:500..", "pop", Range(500, None)),
        ("pop>10 000", "pop", Range(10_001, None)),
        ("pop>=10.000", "pop", Range(10_000, None)),
        ("pop<500", "pop", Range(None, 499)),
        ("pop=500", "pop", Range(500, 500)),
        ("pop:1.000..2 000", "pop", Range(1000, 2000)),
        ("dept:29 100 postes", "dept", ("29",)),
        ("gravite>=3 200 postes", "gravite", Range(3, None)),
        ("etat:ouvert", "etat", ("declared", "acknowledged")),
        ("état:clos", "etat", ("closed",)),
        ("gravité>=3", "gravite", Range(3, 3)._replace(high=None)),
        ("gravite<élevée", "gravite", Range(None, 2)),
        ("nature:incident", "nature", ("incident",)),
        ("resp:moi", "resp", "moi"),
        ('resp:"Camille Exemple"', "resp", "Camille Exemple"),
        ("du:2026-01-01", "du", Days(date(2026, 1, 1), None)),
        ("depuis:2026", "du", Days(date(2026, 1, 1), None)),
        ("au:2026-02", "au", Days(None, date(2026, 2, 28))),
        ("au:31/12/2025", "au", Days(None, date(2025, 12, 31))),
        ("jour:2/2026", "jour", Days(date(2026, 2, 1), date(2026, 2, 28))),
        ("dept:1", "dept", ("01",)),
        ("département:2a", "dept", ("2A",)),
        ("tlp:amber", "tlp", ("amber",)),
        ("tlp:amber+strict", "tlp", ("amber+strict",)),
        ("service:etat-civil", "service", ("civil",)),
        ("données:nsp", "donnees", ("unknown",)),
        ("verifie:oui", "verifie", ("yes",)),
        ("dans:piece", "dans", ("file",)),
        ("dans:pièce", "dans", ("file",)),
        ("technique:t1566.001", "technique", ("T1566.001",)),
    ],
)
def test_each_filter_is_read(text, key, value):
    (part,) = parse_query(text).filters
    assert (part.key, part.value) == (key, value)


def test_each_example_that_is_shown_is_read():
    for key, key_type in KEYS.items():
        (part,) = parse_query(key_type.example).filters
        assert part.key == key


def test_each_typed_filter_is_applied_to_the_cases():
    """« resp » is filtered by a function of its own, which knows who searches."""
    assert set(KEYS) == {*CONDITIONS, "resp"}


@pytest.mark.parametrize(
    "text",
    [
        *["attention : danger", "http://exemple.fr/x?y=1", "12:30", ":", "::", ">", "-", "--", "a - b", ":panne"],
        *["2001:db8::1", ".*", "[a-z]+(", "'; DROP TABLE x; --", "%_\\", "c'est-à-dire", "objet:", "&|!", "\t"],
    ],
)
def test_text_that_is_no_filter_is_searched_as_words(text):
    query = parse_query(text)
    assert not query.filters
    assert query.text == text


def test_stop_words_are_dropped():
    assert parse_query("les fichiers de l’accueil à la mairie").words == ["fichiers", "accueil", "mairie"]
    assert parse_query("le la les").words == []


@pytest.mark.parametrize(
    ("text", "at", "word", "close"),
    [
        ("a gravit:x", 3, "gravit:x", ("gravite:",)),
        ("inconnu:x", 1, "inconnu:x", ()),
        ('x "y', 3, '"y', ()),
        ("tous -etat:rien", 6, "-etat:rien", None),
        ("etat:", 1, "etat:", None),
        ("pop:9..5", 1, "pop:9..5", ()),
        ("pop:..", 1, "pop:..", ()),
        ("pop>99999999999999999999", 1, "pop>99999999999999999999", ()),
        ("type>panne", 1, "type>panne", ()),
        ("du:2026-02-30", 1, "du:2026-02-30", ()),
        ("du:0000", 1, "du:0000", ()),
        ("au>2026", 1, "au>2026", ()),
        ("dept:bretagne", 1, "dept:bretagne", ()),
        ("technique:phishing", 1, "technique:phishing", ()),
        ("gravite:9", 1, "gravite:9", None),
        ("resp:", 1, "resp:", ()),
        ("pop>٣", 1, "pop>٣", ()),
    ],
)
def test_a_query_that_cannot_be_read_names_the_word_and_its_place(text, at, word, close):
    with pytest.raises(QueryProblem) as refusal:
        parse_query(text)

    problem = refusal.value
    assert (problem.at, problem.word) == (at, word)
    assert problem.message
    if close is not None:
        assert problem.close == close


def test_the_error_on_an_unknown_key_lists_the_known_keys():
    with pytest.raises(QueryProblem) as refusal:
        parse_query("auteur:camille")
    assert all(key in refusal.value.message for key in KEYS)


def test_a_query_can_be_written_without_one_of_its_filters():
    query = parse_query("alerte type:panne pop<500")
    assert [query.format_without(part) for part in query.filters] == ["alerte pop<500", "alerte type:panne"]


SIGNS = [":", ">", "<=", "..", '"', "«", "»", "-", " ", "panne", "2026-01", "500", "é", "\u00a0", "\x00", "\ud800"]
PIECES = st.sampled_from([*KEYS, *SIGNS])
TEXTS = st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=60))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS)
def test_any_text_is_parsed_or_refused(text):
    result = read_or_return_problem(text)

    if isinstance(result, QueryProblem):
        assert 1 <= result.at <= len(text)
        assert result.word in text
    else:
        assert all(text[part.start : part.end].strip() for part in result.parts)
        assert bool(result.parts) == bool(text.strip())


def read_or_return_problem(text):
    try:
        return parse_query(text)
    except QueryProblem as problem:
        return problem
