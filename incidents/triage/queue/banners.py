"""The banners above the queue, which announce what waits on other pages."""

import hashlib
from typing import Any, NamedTuple

from django.utils import timezone

from accounts.access import get_centres
from accounts.enums import CentreAbility
from accounts.models import User
from csirts.models import Csirt
from csirts.queries import StoppedCentre, list_stopped_centres
from incidents.models import Incident
from incidents.triage.transfer.block import count_offers
from incidents.triage.transfer.rerouted_cases import SHOWN_ABOVE_QUEUE, ReroutedCases, list_rerouted_cases

MAX_CLOSED_CASES_SHOWN = 5


class QueueBanners(NamedTuple):
    """The content of the banners above the queue of a user.

    `offers` is the number of transfers that the user's centres must answer. `closed_to_read` are the closed cases that
    `list_closed_cases_to_read` returns. `without_channel` lists the user's centres without a notification address, as
    (centre, whether the user leads it). `stopped` are the user's centres that are out of service. `rerouted` counts
    the cases that left a centre of the user together with their territory.
    """

    offers: int
    closed_to_read: list[dict[str, Any]]
    without_channel: list[tuple[Csirt, bool]]
    stopped: list[StoppedCentre]
    rerouted: list[ReroutedCases]


def load_banners(user: User) -> QueueBanners:
    """Return the content of the banners above the queue of this user."""
    centres = get_centres(user, CentreAbility.READ)
    return QueueBanners(
        offers=count_offers(user),
        closed_to_read=list_closed_cases_to_read(user),
        without_channel=[
            (centre, user.leads_centre(centre.pk)) for centre in centres if not centre.notification_email
        ],
        stopped=list_stopped_centres(centres),
        rerouted=list_rerouted_cases(user, centres, timezone.now(), within=SHOWN_ABOVE_QUEUE),
    )


def list_closed_cases_to_read(user: User) -> list[dict[str, Any]]:
    """Return the closed cases of the user's centres to which the declarant added something that nobody has answered.

    Each case is a dict with `reference` and `declarant_wrote_at`. The newest addition comes first, and at most
    `MAX_CLOSED_CASES_SHOWN` cases are returned. The rule is that of `with_addition_since_closing`.
    """
    closed_cases = Incident.objects.of_centres(user, CentreAbility.READ).with_addition_since_closing()
    newest = closed_cases.order_by("-declarant_wrote_at")[:MAX_CLOSED_CASES_SHOWN]
    return [dict(case) for case in newest.values("reference", "declarant_wrote_at")]


def compute_banner_stamp(offers: int, closed_to_read: list[dict[str, Any]]) -> str:
    """Return a short hash that changes when `offers` or `closed_to_read` changes."""
    waiting = offers, [(case["reference"], case["declarant_wrote_at"]) for case in closed_to_read]
    return hashlib.sha256(repr(waiting).encode()).hexdigest()[:12]
