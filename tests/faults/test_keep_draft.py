"""The web process is killed at each step of a declaration: all that was typed up to the last step is there."""

import html
import threading
import time

import pytest

from tests.faults.stage import on_stage
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
def stage(tmp_path):
    with on_stage(tmp_path) as stage:
        stage.web.start()
        stage.wait_for_web()
        yield stage


@pytest.fixture
def visitor(stage):
    visitor = Visitor(stage.port)
    visitor.begin(1)
    yield visitor
    visitor.hang_up()


def kill(stage):
    stage.web.kill()
    stage.web.start()
    stage.wait_for_web()


def said_on(stage, said):
    return {name: stage.rows(BODY)[0][0] if value == BODY else value for name, value in said.items()}


def test_it_works(stage, visitor):
    for done, (path, said, _mark) in enumerate(STEPS, start=1):
        visitor.post(path, **said_on(stage, said))
        kill(stage)
        for earlier, _said, mark in STEPS[:done]:
            assert mark in html.unescape(visitor.get(earlier)), (path, earlier)
    assert visitor.post(
        "/declarer/rappel/", description=WORDS, contact_phone="02 99 00 00 00", version=version(visitor)
    )
    kill(stage)
    assert "est enregistrée" in visitor.get("/declarer/envoyee/") or "transmise" in visitor.get("/declarer/envoyee/")
    assert stage.rows("SELECT description FROM incidents_story") == [(WORDS,)]
    assert stage.rows("SELECT service, workaround FROM incidents_serviceinterruption") == [
        ("civil", "Registre papier.")
    ]


def version(visitor):
    """What the hidden field of the last screen says."""
    return html.unescape(visitor.get("/declarer/rappel/")).partition('name="version" value="')[2].partition('"')[0]


def test_killed_in_the_middle_of_each_post(stage, visitor):
    """The person presses again, as often as needed: each screen is saved and one case is made."""
    last = ("/declarer/rappel/", {"contact_phone": "02 99 00 00 00"}, "")
    for wait, (path, said, _mark) in enumerate([*STEPS[:4], last]):
        values = said_on(stage, said)
        press = threading.Thread(target=visitor.post, args=[path], kwargs=values)
        press.start()
        time.sleep(0.004 * wait)
        kill(stage)
        press.join()
    assert stage.number("SELECT count(*) FROM incidents_incident") == 1
    assert stage.number("SELECT count(*) FROM incidents_draft WHERE incident_id IS NOT NULL") == 1
    assert stage.rows("SELECT type FROM incidents_incident") == [("fuite",)]
