"""What stands above the queue: how many cases each view holds, and what waits elsewhere. One query in all."""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

from accounts.models import User
from csirts.models import Csirt
from incidents.triage.ending import awakened_rows
from incidents.triage.saved_views import count_rows, said_count
from incidents.triage.together import Columns, Row, read_together
from incidents.triage.transfer import offer_rows


class Desk(NamedTuple):
    """`counted`: by the code of a view. `offers`: transfers to answer. `awakened`: closed, and the declarant wrote."""

    counted: dict[str, str]
    offers: int
    awakened: list[Row]
    without_channel: list[str]


def desk_of(user: User, now: datetime, *, is_narrowed: bool) -> Desk:
    """Of a list that something else narrows, the views are not counted: they would not hold what they say."""
    counted = {} if is_narrowed else count_rows(user, now)
    lists: dict[str, Any] = {f"count_{code.replace('-', '_')}": rows for code, rows in counted.items()}
    found = read_together(
        User.objects.filter(pk=user.pk),
        offers=offer_rows(user),
        awakened=awakened_rows(user),
        silent=silent_rows(user),
        **lists,
    )
    return Desk(
        counted={code: said_count(found[f"count_{code.replace('-', '_')}"]) for code in counted},
        offers=len(found["offers"]),
        awakened=found["awakened"],
        without_channel=[row.name for row in found["silent"]],
    )


def mark_of_desk(desk: Desk) -> str:
    """The same as long as what waits elsewhere is the same; how full the views are changes with their cases."""
    waiting = desk.offers, [(one.reference, one.declarant_wrote_at) for one in desk.awakened]
    return hashlib.sha256(repr(waiting).encode()).hexdigest()[:12]


def silent_rows(user: User) -> Columns:
    """My centres that no mail reaches: said above an empty queue too."""
    silent = Csirt.objects.filter(pk__in=user.csirt_ids(), notification_email="")
    return Columns(silent.order_by("name"), "name")
