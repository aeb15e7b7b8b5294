"""The web process is killed at each step of a declaration, and nothing sent before is lost."""

import html
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.deployment import Deployment, run_deployment
from tests.faults.visitors import Visitor

pytestmark = pytest.mark.proof

BODY = """
    SELECT uid::text FROM collectivities_collectivity
    WHERE kind = 'commune' AND vanished_on IS NULL AND insee_code = '29232'
"""
WORDS = "Rien ne s’ouvre, depuis ce matin."
STEPS = [
    ("/declarer/", {"quoi": "fuite"}, 'value="fuite" aria-current="true"'),
    ("/declarer/qui/", {"collectivite": BODY}, "Quimper"),
    ("/declarer/services/", {"service": "civil", "civil-workaround": "Registre papier."}, 'value="Registre papier."'),
    ("/declarer/donnees/", {"data_concerned": "yes", "categories": "sante"}, 'value="sante" checked'),
    ("/declarer/rappel/", {"description": WORDS, "vers": "donnees"}, WORDS),
]


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with run_deployment(tmp_path) as deployment:
        deployment.web.start()
        deployment.wait_for_web()
        yield deployment


@pytest.fixture
def visitor(deployment: Deployment) -> Iterator[Visitor]:
    visitor = Visitor(deployment.port)
    visitor.begin(1)
    yield visitor
    visitor.hang_up()


def kill_web(deployment):
    deployment.web.kill()
    deployment.web.start()
    deployment.wait_for_web()


def replace_body(deployment, fields):
    return {name: deployment.rows(BODY)[0][0] if value == BODY else value for name, value in fields.items()}


def test_a_draft_survives_a_kill_after_each_screen(deployment, visitor):
    for done, (path, fields, _mark) in enumerate(STEPS, start=1):
        visitor.post(path, **replace_body(deployment, fields))
        kill_web(deployment)
        for earlier, _fields, mark in STEPS[:done]:
            assert mark in html.unescape(visitor.get(earlier)), (path, earlier)
    assert visitor.post(
        "/declarer/rappel/", description=WORDS, contact_phone="02 99 00 00 00", version=read_version(visitor)
    )
    kill_web(deployment)
    assert "est enregistrée" in visitor.get("/declarer/envoyee/") or "transmise" in visitor.get("/declarer/envoyee/")
    assert deployment.rows("SELECT description FROM incidents_story") == [(WORDS,)]
    assert deployment.rows("SELECT service, workaround FROM incidents_serviceinterruption") == [
        ("civil", "Registre papier.")
    ]


def read_version(visitor):
    """Return the version in the hidden field of the last screen."""
    return html.unescape(visitor.get("/declarer/rappel/")).partition('name="version" value="')[2].partition('"')[0]


def test_a_kill_during_each_post_makes_one_case(deployment, visitor):
    """The visitor sends each screen again until it is saved."""
    last = ("/declarer/rappel/", {"contact_phone": "02 99 00 00 00"}, "")
    for wait, (path, fields, _mark) in enumerate([*STEPS[:4], last]):
        values = replace_body(deployment, fields)
        press = threading.Thread(target=visitor.post, args=[path], kwargs=values)
        press.start()
        time.sleep(0.004 * wait)
        kill_web(deployment)
        press.join()
    assert deployment.number("SELECT count(*) FROM incidents_incident") == 1
    assert deployment.number("SELECT count(*) FROM incidents_draft WHERE incident_id IS NOT NULL") == 1
    assert deployment.rows("SELECT type FROM incidents_incident") == [("fuite",)]
