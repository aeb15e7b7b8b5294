"""The pages of the figures of an installation that has published nothing yet."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from core.locks import Lock, hold_lock
from stats.counting import rollups
from stats.enums import AttemptOutcome
from stats.releases.rows import Attempt
from tests.stats.cases import bodies, one_each, paris_time, store
from tests.stats.pages import plain
from tests.stats.public_page import PAGE, read_main, words

pytestmark = pytest.mark.django_db


def test_the_page_says_which_quarter_is_verified_and_which_follow(client, time_machine):
    store(one_each(bodies("53", 6), paris_time(2025, 5, 1)))
    rollups.fold_pending_events()
    time_machine.move_to(paris_time(2026, 2, 15), tick=False)
    waiting = words(read_main(client))
    assert "À vérifier : 2e trimestre 2025. 0 publication sur 3 est faite." in waiting
    assert "à partir de 4 h 30, heure de Paris" in waiting
    assert "Ensuite : 3e trimestre 2025, 4e trimestre 2025." in waiting

    with hold_lock(Lock.PUBLISH, waits=False):
        assert "En cours de vérification : 2e trimestre 2025." in words(read_main(client))
        assert "En cours de vérification : 2e trimestre 2025." in plain(
            " ".join(LexborHTMLParser(client.get("/statistiques/publications/").content).text().split())
        )
    Attempt.objects.create(outcome=AttemptOutcome.FAILED, period="2025-T2", seconds=1)
    assert "Le dernier essai n’a pas abouti." in words(read_main(client))


def test_before_any_declaration_the_page_says_when_the_first_release_is_due(client, time_machine):
    time_machine.move_to(paris_time(2026, 11, 28), tick=False)
    text = words(read_main(client))
    assert "Une publication paraît 30 jours après la fin du trimestre de la première déclaration" in text
    assert "pas avant le 30 janvier 2027" in text


def test_caches_keep_the_progress_of_a_publication_for_seconds_only(client):
    assert "max-age=20" in client.get(PAGE)["Cache-Control"]
    assert "max-age=20" in client.get("/statistiques/publications/")["Cache-Control"]
