"""The search of a case or a body by what a caller says on the telephone. It costs as much as a search in the official
list.
"""

import re
import unicodedata

from collectivities.search import find_body_by_code, find_body_ids
from incidents.reference import ALPHABET, REFERENCE_LENGTH, compact_code, is_reference

# Many bodies share a name (« Saint-Martin »), so this is more than a page of suggestions, yet only a few index
# look-ups.
BODIES_TRIED = 60
# Fewer symbols are in too many references.
SHORTEST_PART = 4
PART_OF_REFERENCE = re.compile(r"[a-z0-9]+(?:[ -]+[a-z0-9]+)*-?", re.IGNORECASE)


def list_references(query: str) -> list[str]:
    """Return the case references that `query` may mean.

    A reference may be typed (« t7k4 9mqx ») or spelled out by first letters (« Thérèse, 7, Kléber, 4 … »).
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", query) if not unicodedata.combining(c))
    words = re.findall(r"[^\W_]+", bare)
    spelled = "".join(word[0] for word in words) if len(words) == REFERENCE_LENGTH else ""
    return [text for text in {compact_code(bare), spelled.upper()} if is_reference(text)]


def read_reference_part(query: str) -> str:
    """Return `query` as the beginning or end of a reference (« t7k4 », « 4-9mqx »), or "" if it cannot be one."""
    part = compact_code(query) if PART_OF_REFERENCE.fullmatch(query.strip()) else ""
    return part if SHORTEST_PART <= len(part) < REFERENCE_LENGTH and set(part) <= set(ALPHABET) else ""


def list_matching_bodies(query: str) -> list[int]:
    """Return the primary keys of the bodies that `query` names, by code or by name."""
    if body := find_body_by_code(compact_code(query)):
        return [body.pk]
    return find_body_ids(query, BODIES_TRIED, unconfirmed=True)
