"""Guessing a code: slowed for that reference alone; the link, an open device and the telephone are never shut."""

import threading
from contextlib import suppress
from datetime import timedelta

import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from incidents.devices import cookie
from incidents.models import CodeGuess
from incidents.reference import make_reference, spaced
from incidents.services.declarant.access import derive_secret
from incidents.services.declarant.guess import FREE_TRIES, WAITS, MustWait, open_by_code
from tests.cast import declare
from tests.incidents.devices import opened, page
from tests.reading import text

WRONG = "2222-2222-2222"
MINUTE = timedelta(minutes=1)


def secret(incident):
    return derive_secret(incident.accesses.get(revoked_at=None))


def enter(reference, code, client=None):
    return (client or Client()).post("/suivi/", {"reference": reference, "code": code})


def test_a_reference_and_a_code_in_the_place_of_each_other_open_it(incident):
    assert enter(secret(incident), f" {spaced(incident.reference).lower()} ").status_code == 302
    assert enter(secret(incident), WRONG).status_code == 422


def lock(reference):
    for _ in range(FREE_TRIES):
        response = enter(reference, WRONG)
    return response


def test_it_works(incident):
    assert "Trop de codes faux" in text(lock(incident.reference))

    refused = enter(incident.reference, secret(incident))

    assert refused.status_code == 422
    shown = text(refused)
    assert "Trop de codes faux pour cette référence. Réessayez dans 1 min." in shown
    assert "Le téléphone marche toujours" in shown
    assert "Appelez le centre" in shown
    assert cookie.NAME not in refused.cookies
    with time_machine.travel(timezone.now() + MINUTE + timedelta(seconds=1)):
        assert enter(incident.reference, secret(incident)).status_code == 302
    assert CodeGuess.objects.get().wrong == 0


def test_four_wrong_codes_are_free(incident):
    for _ in range(FREE_TRIES - 1):
        assert "Aucun dossier ne s’ouvre" in text(enter(incident.reference, WRONG))
    assert enter(incident.reference, secret(incident)).status_code == 302


def test_the_victim_still_has_the_link_and_the_open_device(incident):
    device = opened(incident)
    lock(incident.reference)
    assert device.get(page(incident)).status_code == 200
    fresh = Client()
    assert fresh.post(f"/suivi/acces/{secret(incident)}/").status_code == 302
    assert fresh.get(page(incident)).status_code == 200


def test_other_references_are_not_shut_from_the_same_address(incident):
    other, client = declare(), Client()
    for _ in range(FREE_TRIES + 2):
        enter(incident.reference, WRONG, client)
    assert enter(other.reference, secret(other), client).status_code == 302


def test_however_it_is_typed_it_is_one_reference(incident):
    for form in (incident.reference, incident.reference.lower(), spaced(incident.reference)) * 2:
        enter(form, WRONG)
    assert "Trop de codes faux" in text(enter(f" {spaced(incident.reference)} ", WRONG))


def test_what_does_not_exist_is_answered_and_counted_alike(incident):
    made_up, pages = make_reference(), set()
    for reference in (incident.reference, made_up):
        first = enter(reference, WRONG)
        last = lock(reference)
        after = enter(reference, WRONG)
        assert "Aucun dossier ne s’ouvre" in text(first)
        assert "Trop de codes faux" in text(last)
        pages.add(text(after).replace(reference, ""))
        assert "Trop de codes faux pour cette référence. Réessayez dans 1 min." in text(after)
    assert len(pages) == 1
    assert list(CodeGuess.objects.values_list("wrong", flat=True)) == [FREE_TRIES] * 2
    assert not CodeGuess.objects.filter(reference_hash__contains=incident.reference).exists()


def test_as_many_queries_for_what_exists_and_what_does_not(incident, django_assert_num_queries):
    for reference in (incident.reference, make_reference()):
        with django_assert_num_queries(7):  # with its savepoint
            open_by_code(reference=reference, code=WRONG)


def test_a_wrong_code_that_comes_while_it_waits_changes_nothing(incident):
    lock(incident.reference)
    before = CodeGuess.objects.values().get()
    for _ in range(20):
        enter(incident.reference, WRONG)
    assert CodeGuess.objects.values().get() == before


def test_the_wait_rises_to_a_quarter_of_an_hour(incident):
    now, waits = timezone.now(), []
    for _ in range(FREE_TRIES + len(WAITS) + 2):
        with time_machine.travel(now, tick=False), suppress(MustWait):
            open_by_code(reference=incident.reference, code=WRONG)
        until = CodeGuess.objects.get().waits_until
        waits.append((until - now) // MINUTE if until else 0)
        now = (until or now) + timedelta(seconds=1)
    assert waits == [0, 0, 0, 0, 1, 2, 5, 10, 15, 15, 15, 15]


def test_a_day_later_it_is_forgotten_and_swept(incident):
    lock(incident.reference)
    lock(make_reference())
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1), tick=False):
        assert open_by_code(reference=incident.reference, code=WRONG) is None
    assert CodeGuess.objects.get().wrong == 1


def test_guesses_made_at_once_come_one_by_one(transactional_db):
    """Sixty codes at one instant are not sixty tries."""
    reference, refused = declare().reference, []

    def guess():
        try:
            open_by_code(reference=reference, code=WRONG)
        except MustWait:
            refused.append(1)
        finally:
            connection.close()

    guesses = [threading.Thread(target=guess) for _ in range(12)]
    for one in guesses:
        one.start()
    for one in guesses:
        one.join()
    assert CodeGuess.objects.get().wrong == FREE_TRIES
    assert len(refused) == 12 - FREE_TRIES + 1  # the one too many hears it too
