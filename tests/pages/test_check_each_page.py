"""Each page that a test opens is whole, and a broken page fails the test (tests/page_integrity.py)."""

import pytest
from django.http import HttpResponse

from tests.page_integrity import list_problems

PAGE = "<!doctype html><html><head><title>Page</title></head><body><h1>Page</h1>{}</body></html>"
WHOLE = """
    <p id="aide">Aide</p> <label for="nom">Nom</label> <input id="nom" aria-describedby="aide">
    <a href="#nom">Au champ</a> <a href="/"><img src="/x.svg" alt="Accueil"></a> <button aria-label="Fermer"></button>
    <form action="/declarer/"></form> <form action=""></form> <dl><dd>Aucun</dd></dl>
    <a href="/">{{ settings.SECRET_KEY }}</a>
"""
BROKEN = {
    '<p id="a"></p><p id="a"></p>': "id 'a' is there twice",
    '<a href="#rien">Au champ</a>': "#rien has no id",
    '<label for="rien">Nom</label>': "for='rien' has no id",
    '<input id="a" aria-describedby="a rien">': "aria-describedby='rien' has no id",
    '<section aria-labelledby="rien"></section>': "aria-labelledby='rien' has no id",
    '<button aria-controls="rien">Ouvrir</button>': "aria-controls='rien' has no id",
    '<a href="/"> </a>': '<a href="/"> </a> has no name',
    '<button><img src="/x.svg" alt=""></button>': '<button><img src="/x.svg" alt=""></button> has no name',
    '<input type="checkbox" name="">': '<input type="checkbox" name=""> has an empty name',
    '<a href="">Lire</a>': '<a href="">Lire</a> leads nowhere',
    '<form action="/nulle-part/"></form>': "action='/nulle-part/' has no view",
    '<button formaction="/admin/incidents/incident/AAAA/faute/">Faire</button>': (
        "formaction='/admin/incidents/incident/AAAA/faute/' has no view"
    ),
    "<h1>Autre</h1>": "the page has 2 h1",
    "<dl><dd>le None</dd></dl>": "None is written in <dd>le None</dd>",
    "<table><tr><td>[]</td></tr></table>": "[] is written in <td>[]</td>",
}


def test_a_whole_page_has_no_problem():
    assert list_problems(PAGE.replace("{}", WHOLE).encode()) == []


@pytest.mark.parametrize("markup", BROKEN)
def test_a_broken_page_has_a_problem(markup):
    assert list_problems(PAGE.replace("{}", markup).encode()) == [BROKEN[markup]]


def test_a_page_without_title_or_heading_has_two_problems():
    page = b"<!doctype html><title> </title><p>Page</p>"
    assert list_problems(page) == ["the page has 0 h1", "the page has no title"]


def test_a_fragment_may_refer_to_the_page_that_receives_it():
    assert list_problems(b'<p><a href="#rien">Au champ</a></p>') == []


def test_a_broken_page_fails_the_test_that_opens_it(client, monkeypatch):
    page = PAGE.replace("{}", '<a href="#rien">Au champ</a>')
    monkeypatch.setattr(client.handler, "get_response", lambda request: HttpResponse(page))
    with pytest.raises(AssertionError, match="/: #rien has no id"):
        client.get("/")
