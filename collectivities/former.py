"""Naming a found commune as it was asked for: by its own name or that of a former commune that it absorbed."""

from collections.abc import Iterable
from difflib import SequenceMatcher

from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.reading import readings_of
from collectivities.wording import stem_of

# Names that are not former communes: arrondissements of Paris, Lyon and Marseille, and « Ville de … ».
NOT_FORMER = ("Arrondissement", "Ville de ")


def set_former_names(found: Iterable[Collectivity], query: str) -> None:
    """Set `former_name` on the communes that `query` names by a former commune. They must
    be loaded with `known_as`.
    """
    stems = [reading.stem for reading in readings_of(query)]
    for body in found:
        former = [name for name in getattr(body, "known_as", ()) if not any(word in name for word in NOT_FORMER)]
        if stems and former and body.kind == Kind.COMMUNE:
            body.former_name = _closest(body, former, stems).replace("'", "’")


def _closest(body: Collectivity, former: list[str], stems: list[str]) -> str:
    """Return the former name that resembles the query more than the present name does, or an empty string."""
    own = max(_likeness(body.stem, stem) for stem in stems)
    likeness, name = max((max(_likeness(stem_of(one, body.kind), stem) for stem in stems), one) for one in former)
    return name if likeness > own else ""


def _likeness(name: str, asked: str) -> float:
    """Return 2 for equal names, 1.5 if `name` starts with `asked`, 1 if it contains it, else the
    ratio of common letters.
    """
    if name == asked:
        return 2
    if asked in name:
        return 1 + name.startswith(asked) / 2
    return SequenceMatcher(None, name, asked).ratio()
