"""Search engines index the public pages, and nothing that belongs to a case, a person or a demonstration."""

import re

import pytest
from django.urls import resolve, reverse

from accounts.installation import mark_as_demonstration
from config.pages.robots import INDEXED_PATHS
from tests.permission_matrix import MATRIX

pytestmark = pytest.mark.django_db

NOINDEX = "noindex, nofollow"
# Values for the places of a route; those of the others are numbers.
PLACES = dict.fromkeys(("uid", "key", "body_uid", "person"), "00000000-0000-4000-8000-000000000000")
INDEXED = ["/", "/declarer/", "/annuaire/", "/reflexes/", "/reflexes/rancon/", "/statistiques/", "/mentions-legales/"]
QUERY = "/statistiques/?region=53"


def may_crawl(rules, path):
    """Tell whether these rules let an engine read the path. The longest that matches decides (RFC 9309, 2.2.2)."""
    matching = [
        (len(pattern), verb == "Allow")
        for verb, pattern in re.findall(r"^(Allow|Disallow): (\S+)$", rules, re.MULTILINE)
        if re.match(re.escape(pattern).replace(r"\$", "$"), path)
    ]
    return max(matching, default=(0, True))[1]


def test_the_public_pages_are_indexed_and_the_private_ones_are_not(client):
    rules = client.get("/robots.txt").content.decode()
    assert rules.startswith("User-agent: *\n")
    for path in [*INDEXED, QUERY]:
        assert may_crawl(rules, path), path
        assert "X-Robots-Tag" not in client.get(path), path
    for path in ("/suivi/", "/suivi/acces/2222-2222-2222/", "/admin/", "/mails/", "/phrase/2222/", "/connexion/"):
        assert not may_crawl(rules, path), path
        assert client.get(path)["X-Robots-Tag"] == NOINDEX, path


def test_robots_txt_allows_each_indexed_route_and_no_other_page(client):
    """The files of a release lie under its page: engines may read them, and the header keeps them out of the index."""
    rules = client.get("/robots.txt").content.decode()
    indexed, allowed = set(), set()
    for method, route, *codes in MATRIX:
        if method == "get":
            path = "/" + re.sub(r"\{(\w+)\}", lambda place: PLACES.get(place[1], "1"), route)
            name = resolve(path).view_name
            indexed |= {name} & INDEXED_PATHS.keys()
            allowed |= {name} if may_crawl(rules, path) else set()
            assert name not in INDEXED_PATHS or len(codes) == 1, f"{route} does not open to everybody"
    assert indexed == INDEXED_PATHS.keys()
    assert allowed - indexed == {"security_txt", "stats_release_file", "stats_report", "stats_report_file"}


def test_each_path_is_that_of_its_route():
    for name, path in INDEXED_PATHS.items():
        if path.endswith("$"):
            assert reverse(name) == path.removesuffix("$")


@pytest.mark.usefixtures("unread_demonstration_answer")
def test_nothing_of_a_demonstration_is_indexed(client):
    mark_as_demonstration()
    rules = client.get("/robots.txt").content.decode()
    for path in INDEXED:
        assert not may_crawl(rules, path)
        assert client.get(path)["X-Robots-Tag"] == NOINDEX
