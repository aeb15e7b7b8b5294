"""Who may do what to an incident, and who was shown its words. The only place that knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.utils import timezone

from accounts.enums import Role
from accounts.models import User
from collectivities.models import Collectivity
from incidents.enums import Ability, ActorKind, Door, TransferState
from incidents.models import Incident, Transfer

RESPONDER_ABILITIES = frozenset(
    {
        *(Ability.VIEW, Ability.ACKNOWLEDGE, Ability.VERIFY, Ability.CLOSE, Ability.ROTATE),
        *(Ability.MESSAGE, Ability.EVIDENCE, Ability.CONFIRM_BODY, Ability.QUALIFY),
        *(Ability.WORK, Ability.LINK, Ability.TRANSFER, Ability.ADVISE, Ability.REOPEN),
    }
)
# What the declarant may do with the secret link, a colleague may do with their account.
MEMBER_ABILITIES = frozenset(
    {Ability.VIEW, Ability.MESSAGE, Ability.COMPLETE, Ability.WITHDRAW, Ability.CLAIM, Ability.RATE}
)
# Claiming takes both: the link, and an account of the body.
LINK_ABILITIES = MEMBER_ABILITIES - {Ability.CLAIM}
# What the same person is shown again through the same door meanwhile is the same access.
ONE_ACCESS = timedelta(minutes=1)
SAVE_ACCESSES = """
    INSERT INTO incidents_caseaccess (incident_id, user_id, csirt_id, door, at, until)
    SELECT opened.incident_id, %(user)s, opened.csirt_id, %(door)s, %(at)s, %(until)s
    FROM unnest(%(incidents)s::bigint[], %(csirts)s::bigint[]) opened(incident_id, csirt_id)
    WHERE NOT EXISTS (
        SELECT FROM incidents_caseaccess earlier
        WHERE earlier.incident_id = opened.incident_id AND earlier.user_id = %(user)s AND earlier.door = %(door)s
          AND earlier.until > %(at)s
    )
"""


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Whoever stands before a case: with its secret link (`access_uid`) or with an account (`user`). Never both."""

    access_uid: UUID | None = None
    user: User | None = None

    @property
    def kind(self) -> ActorKind:
        return ActorKind.USER if self.user else ActorKind.DECLARANT


def abilities(user: User, incident: Incident) -> set[Ability]:
    """What `user` may do to `incident`; nothing if it is not theirs."""
    granted: set[Ability] = set()
    if incident.csirt_id in user.csirt_ids():
        granted |= RESPONDER_ABILITIES
    if incident.csirt_id in user.csirt_ids(Role.LEAD):
        granted.add(Ability.ERASE)
    if incident.collectivity_id in user.collectivity_ids():
        granted |= MEMBER_ABILITIES
    return granted


def get_incident(user: User, reference: str, *, to: Ability, lock: bool = False, door: Door = Door.CASE) -> Incident:
    """The one door to an incident for somebody with an account.

    Raises Http404 when it is not theirs or not there (the two look the same), PermissionDenied when they may see
    it but not do this. `lock` holds the row until the transaction ends, for an act. Without it the case is opened
    with its words, and that somebody of its centre did so through `door` is recorded.
    """
    incidents = Incident.objects.visible_to(user)
    incidents = incidents.select_for_update(of=("self",), no_key=True) if lock else incidents.with_words()
    incident = allowed(user, incidents.filter(reference=reference).first(), to)
    if not lock:
        record_accesses(user, [incident], door)
    return incident


def check_ability(user: User, reference: str, *, to: Ability) -> Incident:
    """Return the case without its words, for an act or a signal that shows none. Raises like `get_incident`."""
    return allowed(user, Incident.objects.visible_to(user).filter(reference=reference).first(), to)


def allowed(user: User, incident: Incident | None, to: Ability) -> Incident:
    if incident is None:
        raise Http404
    if to not in abilities(user, incident):
        raise PermissionDenied
    return incident


def record_accesses(user: User, incidents: Iterable[Incident], door: Door) -> None:
    """Record that `user` is shown words of these cases, of those that are of a centre of theirs. One statement."""
    mine = user.csirt_ids()
    save_accesses(user, [(one.pk, one.csirt_id) for one in incidents if one.csirt_id in mine], door)


def save_accesses(user: User, opened: list[tuple[int, int | None]], door: Door) -> None:
    """Append a row for each (case, centre of `user`) but where an earlier one still stands for it."""
    if not opened:
        return
    at = timezone.now()
    cases, csirts = zip(*opened, strict=True)
    values: dict[str, Any] = {"user": user.pk, "door": door, "at": at, "until": at + ONE_ACCESS}
    with connection.cursor() as cursor:
        cursor.execute(SAVE_ACCESSES, values | {"incidents": list(cases), "csirts": list(csirts)})


def get_followed_incident(access_uid: UUID, *, lock: bool = False) -> Incident:
    """The one door for a declarant without account, who has exchanged the secret for a cookie.

    Raises Http404 when that access was revoked, has expired or never was.
    """
    live = Incident.objects.filter(
        accesses__uid=access_uid, accesses__revoked_at=None, accesses__expires_at__gt=timezone.now()
    )
    live = live.select_for_update(of=("self",), no_key=True) if lock else live.with_words()
    incident = live.first()
    if incident is None:
        raise Http404
    return incident


def get_case(
    guest: Guest, reference: str, *, to: Ability, lock: bool = False, door: Door = Door.FOLLOW_UP
) -> Incident:
    """The one door for pages that a declarant opens by the link and a colleague by an account.

    Raises Http404 and PermissionDenied like the two doors behind it.
    """
    if guest.user:
        return get_incident(guest.user, reference, to=to, lock=lock, door=door)
    if guest.access_uid is None:
        raise Http404
    incident = get_followed_incident(guest.access_uid, lock=lock)
    if incident.reference != reference:
        raise Http404
    if to not in LINK_ABILITIES:
        raise PermissionDenied
    return incident


def abilities_of_guest(guest: Guest, incident: Incident) -> set[Ability]:
    """The same for a page that opens by the link too. `incident` is one that opened to this guest."""
    return abilities(guest.user, incident) if guest.user else set(LINK_ABILITIES)


def speaks_for_body(guest: Guest, incident: Incident) -> bool:
    """Somebody of a CSIRT sees the same page, and does not speak for the declarant."""
    return guest.user is None or incident.collectivity_id in guest.user.collectivity_ids()


def answers_the_telephone(user: User) -> bool:
    """Somebody of a CSIRT may write down what is told on the telephone."""
    return bool(user.csirt_ids())


def may_declare(user: User, collectivity: Collectivity) -> bool:
    """A member declares for their own body through an account; somebody of a CSIRT for any that calls them."""
    return bool(user.csirt_ids()) or collectivity.pk in user.collectivity_ids()


def get_offer(user: User, uid: UUID) -> Transfer:
    """The one door to a transfer for the people of the centre that it is proposed to. Raises Http404 else."""
    return find_transfer(user, uid, taker__in=user.csirt_ids())


def get_given(user: User, uid: UUID) -> Transfer:
    """The one door to what a centre may still read of a case that another one accepted. Raises Http404 else.

    That it was read is recorded, in the name of the former centre.
    """
    given = find_transfer(user, uid, giver__in=user.csirt_ids(), state=TransferState.ACCEPTED)
    save_accesses(user, [(given.incident_id, given.giver_id)], Door.FORMER)
    return given


def find_transfer(user: User, uid: UUID, **mine: object) -> Transfer:
    whole = Transfer.objects.select_related("giver", "taker", "asked_by", "answered_by", "incident__collectivity")
    transfer = whole.filter(uid=uid, **mine).first() if user.is_active else None
    if transfer is None:
        raise Http404
    return transfer


def given_away(user: User, reference: str) -> Transfer | None:
    """The last transfer by which a centre of this person gave that case away, whoever has it now."""
    given = Transfer.objects.filter(
        incident__reference=reference, giver__in=user.csirt_ids(), state=TransferState.ACCEPTED
    )
    return given.select_related("taker", "incident__collectivity").order_by("-answered_at", "-id").first()
