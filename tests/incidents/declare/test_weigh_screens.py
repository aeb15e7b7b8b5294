"""The screens of a declaration cost few queries, and weigh little on a bad connection."""

import gzip
import re

import pytest

from accounts.installation import is_demonstration
from tests.incidents.journeys import WHERE, begin

pytestmark = pytest.mark.django_db

EVERYTHING = {
    "service_stopped": "yes",
    "service": ["civil", "paie", "eau"],
    "data_concerned": "yes",
    "categories": ["sante"],
}


def test_pages_cost_few_queries(client, django_assert_max_num_queries):
    is_demonstration()
    begin(client)
    for where in [*WHERE.values(), WHERE["qui"] + "?q=saint", "/declarer/reprendre/"]:
        with django_assert_max_num_queries(10):
            assert client.get(where).status_code == 200
    for screen in ("services", "donnees", "rappel"):
        with django_assert_max_num_queries(20):
            fields = {"contact_phone": "02 99 00 00 00"} | EVERYTHING
            assert client.post(WHERE[screen], fields).status_code == 303
    with django_assert_max_num_queries(20):
        assert client.get("/declarer/envoyee/").status_code == 200


def test_pages_are_light(client, settings):
    """Page and its own assets, compressed: under 60 kB."""
    begin(client)
    for where in [*WHERE.values(), WHERE["qui"] + "?q=saint", "/declarer/reprendre/"]:
        page = client.get(where).content
        weight = len(gzip.compress(page))
        for asset in set(re.findall(rb'(?:href|src)="/static/([^"]+)"', page)):
            folders = [*settings.STATICFILES_DIRS, settings.BASE_DIR / "incidents" / "static"]
            asset_file = next(folder / asset.decode() for folder in folders if (folder / asset.decode()).exists())
            weight += len(gzip.compress(asset_file.read_bytes()))
        assert weight < 60_000
        assert page.count(b"<script") <= 1  # the script that keeps the typed words
        assert b" style=" not in page
