"""Two people complete one case at the same instant: the commits are real, and the second one gets a conflict."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from core.stale import Stale
from incidents.models import Incident
from tests.cast import breizh_cyber, declare
from tests.incidents.completing import answer, make_edit
from tests.incidents.completing_pages import open_by_link, url
from tests.reading import read_text


def test_the_second_of_two_writers_at_once_gets_a_conflict(transactional_db):
    breizh_cyber()
    incident = declare()
    barrier = Barrier(2)
    edits = [make_edit(incident, author=name) for name in ("Camille", "Dominique")]

    def answer_after_barrier(edit):
        barrier.wait()
        try:
            answer(edit, note_texte=edit.author)
        except Stale:
            return "conflict"
        finally:
            connection.close()
        return "written"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(answer_after_barrier, edits)) == ["conflict", "written"]
    assert Incident.objects.get().sheets.filter(section="precisions").count() == 1


def test_a_name_that_is_too_long_is_refused(client, db):
    breizh_cyber()
    incident = declare()
    open_by_link(client, incident)
    refused = client.post(url(incident, "precisions"), {"author": "Camille " * 40})
    assert refused.status_code == 422
    assert "Gardez l’essentiel" in read_text(refused)
