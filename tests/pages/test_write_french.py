"""Templates write French: the plural begins at two."""

import pytest
from django.template import engines


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
    ("words", "sentence"),
    [("Siège là-bas", "Siège là-bas."), ("Siège là-bas.", "Siège là-bas."), ("Là-bas ? ", "Là-bas ? "), ("", ".")],
)
def test_a_sentence_ends_with_one_full_stop(words, sentence):
    assert engines["django"].from_string("{{ words|full_stop }}").render({"words": words}) == sentence


def test_a_full_stop_leaves_hostile_words_escaped():
    template = engines["django"].from_string("{{ words|full_stop }}")
    assert template.render({"words": "<b>Là</b>"}) == "&lt;b&gt;Là&lt;/b&gt;."
