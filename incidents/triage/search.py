"""Finding a case from what somebody says on the telephone: its reference, or who they are."""

import re
import unicodedata

from collectivities.search import collectivity_by_code, ids_named
from incidents.querysets import IncidentQuerySet
from incidents.reference import LENGTH, compact, is_reference

# Homonyms are many (« Saint-Martin »): more than a page of suggestions, still a handful of index look-ups.
BODIES_TRIED = 60


def matching(incidents: IncidentQuerySet, query: str) -> IncidentQuerySet:
    """The cases among `incidents` that `query` names. Its cost follows the official list, never the stored cases."""
    for reference in references_in(query):
        if incidents.filter(reference=reference).exists():
            return incidents.filter(reference=reference)
    return incidents.filter(collectivity__in=bodies_named(query))


def references_in(query: str) -> list[str]:
    """`query` as a reference: typed (« t7k4 9mqx ») or spelled out (« Thérèse, 7, Kléber, 4 … »)."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", query) if not unicodedata.combining(c))
    words = re.findall(r"[^\W_]+", bare)
    spelled = "".join(word[0] for word in words) if len(words) == LENGTH else ""
    return [text for text in {compact(bare), spelled.upper()} if is_reference(text)]


def bodies_named(query: str) -> list[int]:
    if body := collectivity_by_code(compact(query)):
        return [body.pk]
    return ids_named(query, BODIES_TRIED, unconfirmed=True)
