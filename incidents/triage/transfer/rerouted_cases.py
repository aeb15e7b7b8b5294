"""The cases that left the queue of a centre because it no longer covers their territory."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import CharField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from accounts.access import match_centres
from accounts.enums import CentreAbility
from accounts.models import User
from collectivities.zones import PARIS, find_local_day
from core.french import choose_plural
from csirts.models import Csirt
from csirts.wording import format_centre_with_au
from incidents.enums import EventKind, Rerouting
from incidents.models import IncidentEvent

SHOWN_ABOVE_QUEUE = timedelta(days=14)
SHOWN_AMONG_TRANSFERS = timedelta(days=365)


class ReroutedCases(NamedTuple):
    """A number of cases that left the queue of a centre on one day (in Paris), for the same `taker` and reason.

    `taker` is "" if no centre covered their territory. `is_corrected` means that the body of the case or its territory
    was corrected, and that the territory of the centre has not changed.
    """

    on: date
    taker: str
    is_corrected: bool
    number: int

    @property
    def subject(self) -> str:
        """Return the start of a sentence, such as « 3 dossiers sont passés au CSIRT Exemple »."""
        if self.taker:
            passed = choose_plural("%d dossier est passé", "%d dossiers sont passés", self.number) % self.number
            return f"{passed} {format_centre_with_au(self.taker)}"
        left = choose_plural("%d dossier a quitté la file", "%d dossiers ont quitté la file", self.number)
        return left % self.number

    @property
    def reason(self) -> str:
        """Return the second half of the sentence that `subject` begins. It says why the cases left."""
        owner = choose_plural("son", "leur", self.number)
        if self.is_corrected:
            body = choose_plural("sa collectivité", "leur collectivité", self.number)
            return f"{body}, ou son territoire, a été corrigée"
        if self.taker:
            return f"votre centre ne répond plus de {owner} territoire"
        return f"aucun centre ne répondait plus de {owner} territoire"


def list_rerouted_cases(
    user: User, centres: Iterable[Csirt], now: datetime, *, within: timedelta
) -> list[ReroutedCases]:
    """Return how many cases left the user's centres because of a change of territory, by day, taker and reason.

    `centres` are the centres whose cases the user may read. The newest day comes first. Cases that came back are not
    counted. Runs one query, and another one for the names of the takers if a case left.

    Python groups the events, because the queue calls this function at each display and nearly always gets nothing.
    Django would take longer to write the SQL of the groups than everything else here takes.
    """
    own = [centre.slug for centre in centres]
    events = IncidentEvent.objects.filter(kind=EventKind.REROUTED, at__gt=now - within)
    events = events.alias(giver_slug=Cast(KT("data__from"), CharField())).filter(giver_slug__in=own)
    left = events.exclude(match_centres(user, CentreAbility.READ, "incident__csirt"))
    cases: dict[tuple[date, str, bool], set[int]] = {}
    for case, at, data in left.values_list("incident", "at", "data"):
        key = find_local_day(at, PARIS), data["to"], data["why"] == Rerouting.CORRECTED
        cases.setdefault(key, set()).add(case)
    names = dict(Csirt.objects.values_list("slug", "name")) if cases else {}
    groups = [ReroutedCases(day, names.get(to, ""), fixed, len(moved)) for (day, to, fixed), moved in cases.items()]
    return sorted(groups, key=lambda group: (-group.on.toordinal(), not group.taker, group.taker))
