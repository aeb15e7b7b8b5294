"""Merging, undoing, writing and answering at one instant, with real commits, cause no deadlock."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.core.exceptions import ValidationError
from django.db import connection

from incidents.models import Incident
from incidents.services.correspondence.correspond import Letter, write_to_case_and_duplicates, write_to_declarant
from incidents.services.duplicates.merge import unmerge_incident
from tests.cast import a_responder, declare
from tests.incidents.merging import merge, write


def run_together(*acts):
    barrier = Barrier(len(acts))

    def run(act):
        barrier.wait()
        try:
            act()
        except ValidationError:
            return "refused"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(run, acts))


def test_merging_two_cases_into_each_other_leaves_one_duplicate(transactional_db):
    first_actor, second_actor = a_responder(), a_responder()
    for _ in range(5):
        first, second = declare(), declare()
        outcome = run_together(lambda: merge(first, second, first_actor), lambda: merge(second, first, second_actor))  # noqa: B023
        assert outcome == ["done", "refused"]
        merged = Incident.objects.filter(pk__in=[first.pk, second.pk]).values_list("merged_into", flat=True)
        assert sum(main is None for main in merged) == 1


def test_messages_are_kept_while_a_merge_is_undone_and_done_again(transactional_db):
    responder, main, duplicate = a_responder(), declare(), declare()
    merge(duplicate, main, responder)

    def part_and_meet():
        for _ in range(6):
            unmerge_incident(reference=duplicate.reference, actor=responder)
            merge(duplicate, main, responder)

    def write_some():
        for number in range(12):
            write(duplicate, f"Numéro {number}")

    def answer_some(act):
        for number in range(12):
            act(reference=main.reference, actor=responder, letter=Letter(text=f"{act} {number}", key="k"))

    acts = (
        part_and_meet,
        write_some,
        lambda: answer_some(write_to_declarant),
        lambda: answer_some(write_to_case_and_duplicates),
    )
    assert run_together(*acts) == ["done"] * 4
    assert duplicate.messages.filter(is_from_csirt=False).count() == 12
    assert main.messages.count() == 24
