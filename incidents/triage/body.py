"""The body of a case that no list carries and nobody has confirmed: what it may be, for a responder to say."""

from dataclasses import dataclass

from accounts.models import User
from collectivities.duplicates import Likely, likely_doubles
from collectivities.models import Collectivity
from collectivities.search import SearchProblem, find_collectivities
from incidents.access import abilities
from incidents.enums import Ability
from incidents.models import Incident

FOUND = 10


@dataclass(frozen=True)
class ProposedBody:
    """`found` answers `query`, typed to look further than the doubles; `problem` says why nothing could."""

    body: Collectivity
    doubles: list[Likely]
    query: str = ""
    found: tuple[Collectivity, ...] = ()
    problem: str = ""


def proposed_body(incident: Incident, user: User, query: str = "") -> ProposedBody | None:
    """None where there is nothing to confirm, or nothing that this person may confirm. Four queries."""
    body = incident.collectivity
    if not body.is_unconfirmed or Ability.CONFIRM_BODY not in abilities(user, incident):
        return None
    problem, found = "", list[Collectivity]()
    try:
        found = find_collectivities(query, limit=FOUND, unconfirmed=True) if query.strip() else []
    except SearchProblem as error:
        problem = str(error)
    body.seat = Collectivity.objects.with_territory().filter(hosted=body).first()
    doubles = [] if query.strip() else likely_doubles(body)
    others = tuple(one for one in found if one.pk != body.pk)
    return ProposedBody(body, doubles, query.strip(), others, problem)
