"""The saved views of the queue: which cases, how many at most are counted, what an empty one says."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.enums import Status, Verification
from incidents.triage.queue.order import OpenCase

# One more than is said: « 99+ ».
COUNTED = 100


class SavedView(NamedTuple):
    """`holds` tells whether an open case is in it. One with `among` reads closed cases too, newest first."""

    code: str
    title: Promise
    empty: Promise
    holds: Callable[[OpenCase, User, datetime], bool] = lambda case, user, now: True
    among: Q | None = None
    # Said where the title does not fit.
    short: Promise | None = None
    is_first: bool = False

    @property
    def is_open(self) -> bool:
        return self.among is None


TO_DO = SavedView(
    "ouverts",
    _("tout"),
    _("Rien à traiter. Une déclaration de votre territoire apparaît ici dès qu’elle est envoyée."),
    is_first=True,
)
# The first five stand on the line of views, the others in its menu.
VIEWS = [
    SavedView(
        "a-prendre",
        _("à prendre"),
        _("Rien à prendre : chaque dossier ouvert a été pris en charge."),
        lambda case, user, now: case.is_free,
        is_first=True,
    ),
    SavedView(
        "miens",
        _("les miens"),
        _("Vous n’avez aucun dossier ouvert. Prenez le premier de la file."),
        lambda case, user, now: case.holder == user.pk,
        is_first=True,
    ),
    SavedView(
        "a-repondre",
        _("attendent une réponse de nous"),
        _("Aucun déclarant n’attend une réponse de votre centre."),
        lambda case, user, now: case.answer_by is not None,
        short=_("à répondre"),
        is_first=True,
    ),
    SavedView(
        "retard",
        _("en retard"),
        _("Rien n’est en retard."),
        lambda case, user, now: case.is_late(now),
        is_first=True,
    ),
    TO_DO,
    SavedView(
        "sans-responsable",
        _("sans responsable"),
        _("Chaque dossier ouvert a une personne qui le suit."),
        lambda case, user, now: case.holder is None,
    ),
    SavedView(
        "non-verifies",
        _("non vérifiés"),
        _("Toutes les déclarations ouvertes sont vérifiées."),
        lambda case, user, now: case.verification == Verification.UNVERIFIED,
    ),
    SavedView(
        "attente",
        _("attendent le déclarant"),
        _("Aucun dossier n’attend une réponse de son déclarant."),
        lambda case, user, now: case.awaited_since is not None,
    ),
    SavedView("clos", _("clos"), _("Aucun dossier n’est clos."), among=Q(status=Status.CLOSED)),
    SavedView("tous", _("tous, même clos"), _("Votre centre n’a encore reçu aucun dossier."), among=Q()),
]
BY_CODE = {view.code: view for view in VIEWS}


def count_cases(cases: Collection[OpenCase], user: User, now: datetime) -> dict[str, str]:
    """Return how many of the open cases of my centres each view holds, as it is said."""
    counted = [view for view in VIEWS if view.is_open]
    return {view.code: say_count(sum(view.holds(case, user, now) for case in cases)) for view in counted}


def say_count(number: int) -> str:
    """Up to « 99+ »."""
    return str(number) if number < COUNTED else f"{COUNTED - 1}+"
