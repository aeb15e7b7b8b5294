"""Small families of tables for the auditor's tests."""

from collections import Counter
from itertools import combinations

from hypothesis import settings
from hypothesis import strategies as st

from stats.audit import Cap, Family, Link, Node, Sum, audit

K = 5
some_examples = settings(max_examples=60, deadline=None)


def people(**bodies):
    """people(a=3, b="x") → three new bodies with one unit in a, and the body x with one in b."""
    units = {}
    for atom, who in bodies.items():
        for body in who.split() if isinstance(who, str) else [f"{atom}{n}" for n in range(who)]:
            mine = units.setdefault(body, {})
            mine[atom] = mine.get(atom, 0) + 1
    return units


def total(units, atoms):
    return sum(mine.get(atom, 0) for mine in units.values() for atom in atoms)


def family(units, *published, links=(), caps=(), nodes=None):
    """`published`: strings of atoms, "a b" for their sum. Each atom is a node unless `nodes` says otherwise."""
    sums = [Sum(frozenset(atoms.split()), total(units, atoms.split())) for atoms in published]
    atoms = sorted({atom for one in sums for atom in one.atoms})
    nodes = [Node(name, frozenset(name.split())) for name in (atoms if nodes is None else nodes)]
    return Family(sums, links, caps, nodes, units)


def told(found):
    return [(one.name, one.reason, one.lo, one.hi, one.coalition) for one in found]


def judge(tables, **asked):
    return told(audit(tables, **({"k": K, "deadline": 60, "coalitions": ()} | asked)))


def everybody(units):
    return [(body,) for body in units] + list(combinations(units, 2))


# Everything that tiny families can hold

CELLS = "abcde"


@st.composite
def tiny(draw):
    """Up to seven units in five cells, a few sums, perhaps a link and a cap that are true."""
    stands = draw(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(CELLS)), min_size=1, max_size=7))
    units = {}
    for body, atom in stands:
        units.setdefault(body, Counter())[atom] += 1
    some = st.frozensets(st.sampled_from(CELLS), min_size=1, max_size=4)
    sums = [Sum(atoms, total(units, atoms)) for atoms in draw(st.lists(some, min_size=1, max_size=4))]
    covered = frozenset().union(*(one.atoms for one in sums))
    links, caps = [], []
    left, right = (draw(some) & covered for _ in range(2))
    if left and right and total(units, left) <= total(units, right):
        links = [Link(left, right, at_most=total(units, left) != total(units, right) or draw(st.booleans()))]
    if stratum := draw(some) & covered:
        caps = [Cap("stratum", stratum, total(units, stratum) + draw(st.integers(0, 3)))]
    nodes = [
        Node("".join(sorted(atoms)), atoms) for atoms in draw(st.lists(some, min_size=1, max_size=5, unique=True))
    ]
    return Family(sums, links, caps, nodes, units)
