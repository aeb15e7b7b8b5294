"""The name of the former commune under which a query found the commune that absorbed it."""

from collections.abc import Iterable
from difflib import SequenceMatcher

from collectivities.enums import Kind
from collectivities.models import Collectivity
from collectivities.reading import list_readings
from collectivities.wording import make_stem
from core.french import curl_apostrophes

# Names that are not former communes: arrondissements of Paris, Lyon and Marseille, and « Ville de … ».
NOT_FORMER_COMMUNES = ("Arrondissement", "Ville de ")


def set_former_names(bodies: Iterable[Collectivity], query: str) -> None:
    """Set `former_name` on each commune that absorbed others: the former name that the query means, or "".

    The caller loads the bodies with `with_former_names`. A query without words sets nothing.
    """
    stems = [reading.stem for reading in list_readings(query)]
    for body in bodies:
        former = [
            name for name in getattr(body, "known_as", ()) if not any(word in name for word in NOT_FORMER_COMMUNES)
        ]
        if stems and former and body.kind == Kind.COMMUNE:
            body.former_name = curl_apostrophes(_find_closest_former_name(body, former, stems))


def _find_closest_former_name(body: Collectivity, former: list[str], stems: list[str]) -> str:
    """Return the former name closest to the stems of the query.

    Return "" if the present name is at least as close.
    """
    own = max(_measure_likeness(body.stem, stem) for stem in stems)
    likeness, name = max(
        (max(_measure_likeness(make_stem(former_name, body.kind), stem) for stem in stems), former_name)
        for former_name in former
    )
    return name if likeness > own else ""


def _measure_likeness(name: str, query: str) -> float:
    """Return how similar a name and a query are, from 0 to 2.

    Equal texts give 2, a name that starts with the query 1.5, and a name that contains the query 1. Any other name
    gives the ratio of common letters.
    """
    if name == query:
        return 2
    if query in name:
        return 1 + name.startswith(query) / 2
    return SequenceMatcher(None, name, query).ratio()
