"""Guessing a code: slowed for that reference alone; the link, an open device and the telephone are never shut."""

import threading
from contextlib import suppress
from datetime import timedelta

import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from incidents.models import CodeGuess
from incidents.reference import hyphenate, make_reference
from incidents.services.declarant.access import derive_secret
from incidents.services.declarant.guess import FREE_TRIES, GUESS_WAITS, TooManyWrongCodes, find_access_by_code
from tests.cast import declare
from tests.incidents.devices import follow_up_url, open_by_link
from tests.reading import read_text

WRONG = "2222-2222-2222"
MINUTE = timedelta(minutes=1)


def get_code(incident):
    return derive_secret(incident.accesses.get(revoked_at=None))


def submit_code(reference, code, client=None):
    return (client or Client()).post("/suivi/", {"reference": reference, "code": code})


def test_reference_and_code_may_be_swapped(incident):
    assert submit_code(get_code(incident), f" {hyphenate(incident.reference).lower()} ").status_code == 302
    assert submit_code(get_code(incident), WRONG).status_code == 422


def use_up_free_tries(reference):
    for _ in range(FREE_TRIES):
        response = submit_code(reference, WRONG)
    return response


def test_five_wrong_codes_make_the_reference_wait(incident):
    assert "Trop de codes faux" in read_text(use_up_free_tries(incident.reference))

    response = submit_code(incident.reference, get_code(incident))

    assert response.status_code == 422
    page_text = read_text(response)
    assert "Trop de codes faux pour cette référence. Réessayez dans 1 min." in page_text
    assert "Le téléphone marche toujours" in page_text
    assert "Appelez le centre" in page_text
    assert settings.CASE_COOKIE_NAME not in response.cookies
    with time_machine.travel(timezone.now() + MINUTE + timedelta(seconds=1)):
        assert submit_code(incident.reference, get_code(incident)).status_code == 302
    assert CodeGuess.objects.get().wrong == 0


def test_four_wrong_codes_are_free(incident):
    for _ in range(FREE_TRIES - 1):
        assert "Aucun dossier ne s’ouvre" in read_text(submit_code(incident.reference, WRONG))
    assert submit_code(incident.reference, get_code(incident)).status_code == 302


def test_the_victim_still_has_the_link_and_the_open_device(incident):
    device = open_by_link(incident)
    use_up_free_tries(incident.reference)
    assert device.get(follow_up_url(incident)).status_code == 200
    fresh = Client()
    assert fresh.post(f"/suivi/acces/{get_code(incident)}/").status_code == 302
    assert fresh.get(follow_up_url(incident)).status_code == 200


def test_the_same_address_may_still_try_the_code_of_another_reference(incident):
    other, client = declare(), Client()
    for _ in range(FREE_TRIES + 2):
        submit_code(incident.reference, WRONG, client)
    assert submit_code(other.reference, get_code(other), client).status_code == 302


def test_every_spelling_of_a_reference_counts_as_the_same_one(incident):
    for form in (incident.reference, incident.reference.lower(), hyphenate(incident.reference)) * 2:
        submit_code(form, WRONG)
    assert "Trop de codes faux" in read_text(submit_code(f" {hyphenate(incident.reference)} ", WRONG))


def test_an_unknown_reference_is_answered_and_counted_like_a_real_one(incident):
    made_up, pages = make_reference(), set()
    for reference in (incident.reference, made_up):
        first = submit_code(reference, WRONG)
        last = use_up_free_tries(reference)
        after = submit_code(reference, WRONG)
        assert "Aucun dossier ne s’ouvre" in read_text(first)
        assert "Trop de codes faux" in read_text(last)
        pages.add(read_text(after).replace(reference, ""))
        assert "Trop de codes faux pour cette référence. Réessayez dans 1 min." in read_text(after)
    assert len(pages) == 1
    assert list(CodeGuess.objects.values_list("wrong", flat=True)) == [FREE_TRIES] * 2
    assert not CodeGuess.objects.filter(reference_hash__contains=incident.reference).exists()


def test_an_unknown_reference_costs_as_many_queries_as_a_real_one(incident, django_assert_num_queries):
    for reference in (incident.reference, make_reference()):
        with django_assert_num_queries(7):  # including the savepoint
            find_access_by_code(reference=reference, code=WRONG)


def test_a_wrong_code_during_the_wait_does_not_prolong_it(incident):
    use_up_free_tries(incident.reference)
    before = CodeGuess.objects.values().get()
    for _ in range(20):
        submit_code(incident.reference, WRONG)
    assert CodeGuess.objects.values().get() == before


def test_the_wait_rises_to_a_quarter_of_an_hour(incident):
    now, waits = timezone.now(), []
    for _ in range(FREE_TRIES + len(GUESS_WAITS) + 2):
        with time_machine.travel(now, tick=False), suppress(TooManyWrongCodes):
            find_access_by_code(reference=incident.reference, code=WRONG)
        until = CodeGuess.objects.get().waits_until
        waits.append((until - now) // MINUTE if until else 0)
        now = (until or now) + timedelta(seconds=1)
    assert waits == [0, 0, 0, 0, 1, 2, 5, 10, 15, 15, 15, 15]


def test_wrong_codes_are_forgotten_and_removed_after_a_day(incident):
    use_up_free_tries(incident.reference)
    use_up_free_tries(make_reference())
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1), tick=False):
        assert find_access_by_code(reference=incident.reference, code=WRONG) is None
    assert CodeGuess.objects.get().wrong == 1


def test_simultaneous_guesses_are_counted_one_by_one(transactional_db):
    reference, refused = declare().reference, []

    def guess():
        try:
            find_access_by_code(reference=reference, code=WRONG)
        except TooManyWrongCodes:
            refused.append(1)
        finally:
            connection.close()

    guesses = [threading.Thread(target=guess) for _ in range(12)]
    for thread in guesses:
        thread.start()
    for thread in guesses:
        thread.join()
    assert CodeGuess.objects.get().wrong == FREE_TRIES
    assert len(refused) == 12 - FREE_TRIES + 1  # the fifth wrong code is already told to wait
