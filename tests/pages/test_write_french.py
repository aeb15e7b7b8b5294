"""Templates write French: the plural begins at two, and the first day of a month is « 1er »."""

from datetime import UTC, date, datetime

import pytest
from django.template import engines

from tests.stats.cases import PARIS


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 point"),
        (1, "1 point"),
        (2, "2 points"),
        (1.5, "1,5 point"),
        ([], "[] point"),
        (["a", "b"], "[&#x27;a&#x27;, &#x27;b&#x27;] points"),
    ],
)
def test_zero_takes_the_singular(number, words):
    template = engines["django"].from_string("{{ number }} point{{ number|pluralize }}")
    assert template.render({"number": number}) == words


@pytest.mark.parametrize(("number", "verb"), [(0, "lira"), (1, "lira"), (2, "liront")])
def test_zero_takes_the_singular_of_two_given_forms(number, verb):
    template = engines["django"].from_string('{{ number|pluralize:"lira,liront" }}')
    assert template.render({"number": number}) == verb


@pytest.mark.parametrize(
    ("day", "form", "text"),
    [
        (date(2026, 11, 1), "j F Y", "1er novembre 2026"),
        (date(2026, 11, 11), "j F Y", "11 novembre 2026"),
        (date(2026, 11, 1), "d/m/Y", "01/11/2026"),
        (datetime(2026, 11, 11, 1, 1, tzinfo=PARIS), "j F Y à G \\h i", "11 novembre 2026 à 1 h 01"),
        # In Paris the month has begun.
        (datetime(2026, 10, 31, 23, 30, tzinfo=UTC), "l j F Y à H:i", "dimanche 1er novembre 2026 à 00:30"),
        (None, "j F Y", ""),
    ],
)
def test_the_first_day_of_a_month_is_an_ordinal(day, form, text):
    template = engines["django"].from_string("{{ day|date:form }}")
    assert template.render({"day": day, "form": form}) == text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [("Siège là-bas", "Siège là-bas."), ("Siège là-bas.", "Siège là-bas."), ("Là-bas ? ", "Là-bas ? "), ("", ".")],
)
def test_a_sentence_ends_with_one_full_stop(words, sentence):
    assert engines["django"].from_string("{{ words|full_stop }}").render({"words": words}) == sentence


def test_a_full_stop_leaves_hostile_words_escaped():
    template = engines["django"].from_string("{{ words|full_stop }}")
    assert template.render({"words": "<b>Là</b>"}) == "&lt;b&gt;Là&lt;/b&gt;."
