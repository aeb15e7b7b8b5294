"""Rules on who may see an incident and act on it, and the record of each access. All other code calls this module for
such a decision.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q
from django.http import Http404
from django.utils import timezone

from accounts.access import is_member, match_centres
from accounts.enums import CentreAbility, SecurityEventKind, SecurityOutcome
from accounts.models import User
from accounts.security.record import record_security_event
from collectivities.models import Collectivity
from incidents.enums import Ability, ActorKind, Door, TransferState
from incidents.models import Incident, Transfer
from incidents.querysets import IncidentQuerySet

READER_ABILITIES = frozenset({Ability.VIEW, Ability.READ, Ability.EVIDENCE})
RESPONDER_ABILITIES = frozenset(
    {
        *(Ability.ACKNOWLEDGE, Ability.VERIFY, Ability.CLOSE, Ability.ROTATE),
        *(Ability.MESSAGE, Ability.CONFIRM_BODY, Ability.QUALIFY),
        *(Ability.WORK, Ability.LINK, Ability.TRANSFER, Ability.ADVISE, Ability.REOPEN),
    }
)
LEAD_ABILITIES = frozenset({Ability.ERASE, Ability.EXPORT, Ability.HOLD})
# What a colleague of the declarant may do with an account of the body.
MEMBER_ABILITIES = frozenset(
    {Ability.VIEW, Ability.MESSAGE, Ability.COMPLETE, Ability.WITHDRAW, Ability.CLAIM, Ability.RATE}
)
# Claiming a case takes both the link and an account of the body.
LINK_ABILITIES = MEMBER_ABILITIES - {Ability.CLAIM}
# How long one recorded access lasts: when the person opens the case again through the same door within this time,
# no new access is recorded.
ACCESS_DURATION = timedelta(minutes=1)
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
class CaseVisitor:
    """A person who opens the follow-up pages of one case, either with its secret link (`access_uid`) or with an
    account (`user`). The account is that of a member of the body or of a person of the centre.
    """

    access_uid: UUID | None = None
    user: User | None = None

    @property
    def kind(self) -> ActorKind:
        """Return the kind of actor that events record for this visitor."""
        return ActorKind.USER if self.user else ActorKind.DECLARANT


class UnseenCase(Http404):
    """A person with an account asked for a case that does not exist, or that they may not see. Where the response is
    made, after the transaction, `record_unseen_case` records it.
    """

    def __init__(self, reference: str) -> None:
        super().__init__()
        self.reference = reference


def record_unseen_case(user: User, reference: str) -> None:
    """Record that this person asked for a case that they may not see. The event tells whether the case exists. The
    statements are the same either way, so that the time of the response does not tell.
    """
    case = Incident.objects.filter(reference=reference).only("csirt").first()
    detail, csirt_id = ("foreign", case.csirt_id) if case else ("unknown", None)
    record_security_event(
        SecurityEventKind.CASE_REFUSED,
        outcome=SecurityOutcome.REFUSED,
        person=user,
        csirt_id=csirt_id,
        detail=detail,
    )


def list_abilities(user: User, incident: Incident) -> set[Ability]:
    """Return the abilities of `user` on `incident`. The set is empty if the incident belongs to no centre and to no
    body of the user.
    """
    granted: set[Ability] = set()
    if user.reads_centre(incident.csirt_id):
        granted |= READER_ABILITIES
    if user.works_in_centre(incident.csirt_id):
        granted |= RESPONDER_ABILITIES
    if user.leads_centre(incident.csirt_id):
        granted |= LEAD_ABILITIES
    if incident.collectivity_id in user.get_collectivity_ids():
        granted |= MEMBER_ABILITIES
    return granted


def get_incident(user: User, reference: str, *, to: Ability, lock: bool = False, door: Door = Door.CASE) -> Incident:
    """Return the incident for a person with an account. The API and the pages that require an account call this
    function.

    Raises UnseenCase, a 404, if the incident does not exist or if the person may not see it, so that nobody can tell
    the two apart. Raises PermissionDenied if the person may see the incident but lacks the ability `to`.

    With `lock`, the row is locked until the transaction ends, so that an act can change it. Without `lock`, the
    incident comes with the rows that pages display, and the access through `door` is recorded for a person of its
    centre.
    """
    incidents = Incident.objects.visible_to(user)
    incidents = incidents.select_for_update(of=("self",), no_key=True) if lock else incidents.with_displayed_rows()
    incident = check_allowed(user, incidents, reference, to)
    if not lock:
        record_accesses(user, [incident], door)
    return incident


def check_ability(user: User, reference: str, *, to: Ability) -> Incident:
    """Return the case if `user` has the ability `to`. Raises the same errors as `get_incident`. No access is recorded,
    so the request must display none of the texts of the case.
    """
    return check_allowed(user, Incident.objects.visible_to(user), reference, to)


def check_allowed(user: User, visible: IncidentQuerySet, reference: str, to: Ability) -> Incident:
    """Return the case with this reference among those that `user` may see. Raises UnseenCase if it is not among them,
    and PermissionDenied if `user` lacks the ability `to`.
    """
    incident = visible.filter(reference=reference).first()
    if incident is None:
        raise UnseenCase(reference)
    if to not in list_abilities(user, incident):
        raise PermissionDenied
    return incident


def record_accesses(user: User, incidents: Iterable[Incident], door: Door) -> None:
    """Record that a page displays texts of these cases to `user`. Cases that belong to none of the user's centres are
    ignored. Runs at most one statement.
    """
    own_centres = user.readable_centre_ids
    save_accesses(
        user, [(incident.pk, incident.csirt_id) for incident in incidents if incident.csirt_id in own_centres], door
    )


def save_accesses(user: User, cases_and_centres: list[tuple[int, int | None]], door: Door) -> None:
    """Record one access of `user` for each pair of a case and a centre, unless an earlier record still covers this
    access. Runs one statement, or none without pairs.
    """
    if not cases_and_centres:
        return
    at = timezone.now()
    cases, csirts = zip(*cases_and_centres, strict=True)
    values: dict[str, Any] = {"user": user.pk, "door": door, "at": at, "until": at + ACCESS_DURATION}
    with connection.cursor() as cursor:
        cursor.execute(SAVE_ACCESSES, values | {"incidents": list(cases), "csirts": list(csirts)})


def get_followed_incident(access_uid: UUID, *, lock: bool = False) -> Incident:
    """Return the incident for a declarant without account, whose cookie contains `access_uid` in place of the secret.
    With `lock`, the row is locked until the transaction ends.

    Raises Http404 if the access was revoked, has expired or never existed.
    """
    live = Incident.objects.filter(
        accesses__uid=access_uid, accesses__revoked_at=None, accesses__expires_at__gt=timezone.now()
    )
    live = live.select_for_update(of=("self",), no_key=True) if lock else live.with_displayed_rows()
    incident = live.first()
    if incident is None:
        raise Http404
    return incident


def get_case(
    visitor: CaseVisitor, reference: str, *, to: Ability, lock: bool = False, door: Door = Door.FOLLOW_UP
) -> Incident:
    """Return the incident for a follow-up page, which a visitor opens with the secret link or with an account.

    Raises the same errors as `get_incident`.
    """
    if visitor.user:
        return get_incident(visitor.user, reference, to=to, lock=lock, door=door)
    if visitor.access_uid is None:
        raise Http404
    incident = get_followed_incident(visitor.access_uid, lock=lock)
    if incident.reference != reference:
        raise Http404
    if to not in LINK_ABILITIES:
        raise PermissionDenied
    return incident


def list_visitor_abilities(visitor: CaseVisitor, incident: Incident) -> set[Ability]:
    """Return the abilities of the visitor on `incident`, which must come from `get_case` for this visitor."""
    return list_abilities(visitor.user, incident) if visitor.user else set(LINK_ABILITIES)


def speaks_for_body(visitor: CaseVisitor, incident: Incident) -> bool:
    """Tell whether the visitor acts for the declarant's body. A person of the centre may open the same page, but does
    not act for the body.
    """
    return visitor.user is None or incident.collectivity_id in visitor.user.get_collectivity_ids()


def may_declare_for_callers(user: User) -> bool:
    """Tell whether the person may write a declaration for a caller. Every responder of a CSIRT may."""
    return user.works_in_any_centre


def may_declare(user: User, collectivity: Collectivity) -> bool:
    """Tell whether the person may declare for this body with their account. A member may declare for their own body,
    and a responder for any body.
    """
    return user.works_in_any_centre or is_member(user, collectivity)


def get_proposed_transfer(user: User, uid: UUID) -> Transfer:
    """Return a transfer for a person of the centre to which it was proposed. Raises Http404 for anybody else."""
    return get_matching_transfer(user, uid, match_centres(user, CentreAbility.READ, "taker"))


def get_given_transfer(user: User, uid: UUID) -> Transfer:
    """Return an accepted transfer for a person of the centre that gave the case. Raises Http404 for anybody else.

    This person may still read the case as it was when the other centre accepted it. Records an access in the name of
    the former centre.
    """
    transfer = get_matching_transfer(
        user, uid, match_centres(user, CentreAbility.READ, "giver"), state=TransferState.ACCEPTED
    )
    save_accesses(user, [(transfer.incident_id, transfer.giver_id)], Door.FORMER)
    return transfer


def get_matching_transfer(user: User, uid: UUID, of_centre: Q, **conditions: object) -> Transfer:
    """Return the transfer that has this uid and meets `of_centre` and the other conditions.

    Raises Http404 if there is none, or if the account of `user` is inactive.
    """
    transfers = Transfer.objects.select_related("giver", "taker", "asked_by", "answered_by", "incident__collectivity")
    transfer = transfers.filter(of_centre, uid=uid, **conditions).first() if user.is_active else None
    if transfer is None:
        raise Http404
    return transfer


def find_given_transfer(user: User, reference: str) -> Transfer | None:
    """Return the latest accepted transfer in which a centre of this person gave the case away, or None. The case may
    have moved again since.
    """
    transfers = Transfer.objects.filter(
        match_centres(user, CentreAbility.READ, "giver"), incident__reference=reference, state=TransferState.ACCEPTED
    )
    return transfers.select_related("taker", "incident__collectivity").order_by("-answered_at", "-id").first()
