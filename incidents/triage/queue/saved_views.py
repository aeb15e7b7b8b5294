"""The saved views of the queue: which cases they list, how many are counted at most, what an empty view says."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from accounts.models import User
from incidents.enums import Status, Verification
from incidents.triage.queue.order import QueueCase

# One more than the largest number shown, « 99+ ».
COUNT_LIMIT = 100
LEFT_CASES = "a-reprendre"  # pages of accounts link to it


class SavedView(NamedTuple):
    """A view of the queue that responders often need.

    `includes` tells whether the view lists an open case. A view with `database_filter` ignores `includes`: it lists
    the cases that satisfy this filter, closed cases too, newest first.
    """

    code: str
    title: str
    empty: str
    includes: Callable[[QueueCase, User, datetime], bool] = lambda case, user, now: True
    database_filter: Q | None = None
    # Shown where the title does not fit.
    short: str | None = None
    is_first: bool = False

    @property
    def has_only_open_cases(self) -> bool:
        """Tell whether the view lists only open cases. Such a view is in the order of the queue."""
        return self.database_filter is None


ALL_OPEN = SavedView(
    "ouverts",
    "tout",
    "Rien à traiter. Une déclaration de votre territoire apparaît ici dès qu’elle est envoyée.",
    is_first=True,
)
# Those with `is_first` are shown in a row above the queue, the others in the menu of that row.
VIEWS = [
    SavedView(
        "a-prendre",
        "à prendre",
        "Rien à prendre : chaque dossier ouvert a été pris en charge.",
        lambda case, user, now: case.must_be_taken,
        is_first=True,
    ),
    SavedView(
        "miens",
        "les miens",
        "Vous n’avez aucun dossier ouvert. Ceux que vous prenez apparaissent ici.",
        lambda case, user, now: case.holder == user.pk,
        is_first=True,
    ),
    SavedView(
        "a-repondre",
        "attendent une réponse de nous",
        "Aucun déclarant n’attend une réponse de votre centre.",
        lambda case, user, now: case.answer_by is not None,
        short="à répondre",
        is_first=True,
    ),
    SavedView(
        "retard",
        "en retard",
        "Rien n’est en retard.",
        lambda case, user, now: case.is_late(now),
        is_first=True,
    ),
    ALL_OPEN,
    SavedView(
        "sans-responsable",
        "sans responsable",
        "Chaque dossier ouvert a une personne qui le suit.",
        lambda case, user, now: case.holder is None,
    ),
    SavedView(
        LEFT_CASES,
        "à reprendre",
        "Rien à reprendre. Aucun dossier ouvert n’est à une personne qui a quitté le centre.",
        lambda case, user, now: case.is_abandoned,
    ),
    SavedView(
        "non-verifies",
        "non vérifiés",
        "Toutes les déclarations ouvertes sont vérifiées.",
        lambda case, user, now: case.verification == Verification.UNVERIFIED,
    ),
    SavedView(
        "attente",
        "attendent le déclarant",
        "Aucun dossier n’attend une réponse de son déclarant.",
        lambda case, user, now: case.awaited_since is not None,
    ),
    SavedView("clos", "clos", "Aucun dossier n’est clos.", database_filter=Q(status=Status.CLOSED)),
    SavedView("tous", "tous, même clos", "Votre centre n’a encore reçu aucun dossier.", database_filter=Q()),
]
VIEWS_BY_CODE = {view.code: view for view in VIEWS}


def format_counts_by_view(cases: Collection[QueueCase], user: User, now: datetime) -> dict[str, str]:
    """Return the number of cases in each view of open cases, as text, by the code of the view.

    Only the given cases are counted.
    """
    open_views = [view for view in VIEWS if view.has_only_open_cases]
    return {view.code: format_count(sum(view.includes(case, user, now) for case in cases)) for view in open_views}


def format_count(number: int) -> str:
    """Return the number as text, or « 99+ » above 99."""
    return str(number) if number < COUNT_LIMIT else f"{COUNT_LIMIT - 1}+"
