"""The truth behind printed releases, which only the judge knows: the bodies whose units lie in each unknown."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tests.proofs.countries import Body, Case
from tests.proofs.knowledge import CHANGE, At, Book, Knowledge, Unknown
from tests.proofs.tally import Unit, is_in_period, list_units

# Unknown → body → units
type Truth = dict[Unknown, Counter[Body]]


def list_remainders(case: Case, categories: Iterable[str]) -> Iterator[Unit]:
    """Yield the units of a case that lie in a total but in no printed part of it."""
    when = {"quarter": f"T{(int(case.month[5:]) + 2) // 3}"}
    if case.is_report:
        return
    if not case.leaks:
        yield "no_leak", when
        if not case.unfounded:
            yield "neither", when
    for _persons, _status, own in case.leaks:
        yield from (("leaks_without", {"category": category}) for category in categories if category not in own)


def count_book(book: Book, unknowns: Iterable[Unknown]) -> Truth:
    """Return the units of each body in the unknowns of one book."""
    dims: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for unknown in unknowns:
        dims[unknown.counts].add(tuple(name for name, _code in unknown.at))
    truth: Truth = defaultdict(Counter)
    edition = book.editions[-1]
    quarter = int(book.quarter[1:] or 0)
    cases = [case for case in edition.cases if is_in_period(case, int(book.year), quarter)]
    for case in cases:
        for counts, at in (*list_units(case), *list_remainders(case, book.codes.get("category", ()))):
            for by in dims[counts]:
                truth[Unknown(book.name, counts, tuple((name, at[name]) for name in by))][case.body] += 1
    for counts, place, bodies in count_bodies(cases):
        truth[Unknown(book.name, counts, place)] += bodies
    truth[Unknown(book.name, "late")] += Counter(case.body for case in edition.late)
    return truth


def count_bodies(cases: Iterable[Case]) -> Iterator[tuple[str, At, Counter[Body]]]:
    """Yield the bodies of each stratum, and their incidents after the first one as « repeats »."""
    units = Counter(case.body for case in cases if not case.is_report)
    strata: dict[str, Counter[Body]] = defaultdict(Counter)
    for body in units:
        strata[body.stratum][body] = 1
    listed = Counter({body: 1 for body in units if body.stratum})
    yield "repeats", (), units - listed
    yield from (("bodies", (("stratum", stratum),), bodies) for stratum, bodies in strata.items() if stratum)


def find_truth(knowledge: Knowledge) -> Truth:
    """Return the units of each body in every unknown, also in the changes between two books."""
    truth: Truth = defaultdict(Counter)
    for book in knowledge.books:
        unknowns = [unknown for unknown in knowledge.unknowns if unknown.book == book.name]
        truth |= count_book(book, unknowns)
    names = {book.name for book in knowledge.books}
    for unknown in knowledge.unknowns:
        if unknown.book not in names:
            earlier, later = (unknown._replace(book=name) for name in unknown.book.split(CHANGE))
            truth[unknown] = truth[later] - truth[earlier]
    return truth
