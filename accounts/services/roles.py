"""The roles that people receive and lose: which roles one person may not have together, and who gave or ended each
role.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils import timezone

from accounts.enums import COLLECTIVITY_ROLES, CSIRT_ROLES, Role, SecurityEventKind
from accounts.models import Membership, User
from accounts.security.record import record_security_event
from collectivities.models import Collectivity
from core.french import curl_apostrophes, format_day
from csirts.wording import format_centre_with_du

READING_ROLES = (*COLLECTIVITY_ROLES, *CSIRT_ROLES)
# The name of the user who wrote a line of the history, as `User.__str__` writes it.
AUTHOR = Coalesce(NullIf("user__display_name", Value("")), "user__email", output_field=TextField())


# Roles that exclude each other: the administrator, who manages the accounts, reads no case


def can_get_reading_role(person: User) -> bool:
    """Tell whether this person may get a role that reads cases. The administrator of the platform may not. Runs one
    query.
    """
    return not has_incompatible_roles([*person.membership_set.all(), Membership(role=Role.AGENT)])


def has_incompatible_roles(roles: Iterable[Membership]) -> bool:
    """Tell whether one person cannot have these roles together. The person would administer the platform and read
    cases on the same day, today or later.
    """
    roles = list(roles)
    administration = [role for role in roles if role.role == Role.ADMINISTRATOR]
    reading = [role for role in roles if role.role in READING_ROLES]
    return any(share_a_day(first, second) for first in administration for second in reading)


def share_a_day(first: Membership, second: Membership) -> bool:
    """Tell whether both roles are in force on the same day, today or later."""
    ends = first.ended_on or date.max, second.ended_on or date.max
    return max(first.since_on, second.since_on, timezone.localdate()) < min(ends)


# Who gave or ended a role, in the history of the account that the admin shows


def describe_role(role: Membership, detail: str = "") -> str:
    """Return a role with its scope: « intervenant d’un CSIRT (Breizh Cyber) », « administration de la plateforme ».
    `detail` is added to the scope.
    """
    place = describe_body(role.collectivity) if role.collectivity else str(role.csirt or role.region or "")
    details = ", ".join(filter(None, [place, detail]))
    return f"{role.get_role_display()} ({details})" if details else role.get_role_display()


def describe_body(body: Collectivity) -> str:
    """Return the name of a body with its département: « Plouexemple, Finistère »."""
    return ", ".join(filter(None, [curl_apostrophes(body.name), body.departement_hint]))


def describe_missing_role(person: User) -> str:
    """Return a sentence that tells a person without any role why they have none: a role in a centre awaits a
    confirmation or begins later, or a role has ended. Return "" for a person who has a role, will have one elsewhere,
    or never had one. Runs four queries at most.
    """
    if person.memberships:
        return ""
    waiting = Q(awaits_confirmation=True) | Q(since_on__gt=timezone.localdate())
    roles = person.membership_set.not_ended().filter(waiting, csirt__isnull=False).select_related("csirt")
    role = roles.order_by("-awaits_confirmation", "since_on", "pk").first()
    return describe_waiting_role(role) if role else describe_former_role(person)


def describe_waiting_role(role: Membership) -> str:
    """Return the sentence for the person of a role in a centre that a lead has not confirmed yet, or begins later."""
    team = format_centre_with_du(role.csirt.name if role.csirt else "")
    if not role.awaits_confirmation:
        return f"Votre rôle dans l’équipe {team} commence le {format_day(role.since_on)}."
    return (
        f"L’administration vous a donné un rôle dans l’équipe {team}, ou a changé votre adresse ou remis à zéro votre "
        "second facteur. Il comptera quand une personne qui la dirige l’aura confirmé\N{NO-BREAK SPACE}: appelez-la. "
        "Un mail vous le dira."
    )


def describe_former_role(person: User) -> str:
    """Return a sentence about the role that ended last, for a person without any role in force: « Vous n’êtes plus de
    l’équipe de Breizh Cyber, depuis le 28 novembre 2026. » Return "" for a person who will have a role, or never had
    one. Runs two queries at most.
    """
    if person.membership_set.not_ended().filter(since_on__gt=timezone.localdate(), awaits_confirmation=False).exists():
        return ""
    ended = person.membership_set.filter(ended_on__lte=timezone.localdate())
    # One that ended on its first day, perhaps before it began, says less than one that counted for longer.
    is_short = Case(When(ended_on=F("since_on"), awaits_confirmation=False, then=Value(True)), default=Value(False))
    ended = ended.order_by(is_short, "-ended_on", "awaits_confirmation", "-pk")
    role = ended.select_related("collectivity__departement", "csirt", "region").first()
    if role is None or role.ended_on is None:
        return ""
    day = format_day(role.ended_on)
    if role.awaits_confirmation:
        return (
            f"Le centre n’a pas confirmé votre rôle, qui a pris fin le {day}\N{NO-BREAK SPACE}: {describe_role(role)}."
        )
    if role.csirt:
        return f"Vous n’êtes plus de l’équipe {format_centre_with_du(role.csirt.name)}, depuis le {day}."
    return f"Votre rôle a pris fin le {day}\N{NO-BREAK SPACE}: {describe_role(role)}."


def record_given_role(role: Membership, giver: User | None) -> None:
    """Record who gave this role, in the history of the role and in that of the account. Do nothing if
    `giver` is None.
    """
    if giver:
        log_given_roles([role], giver)
        log_on_account(role, giver, f"Rôle donné\N{NO-BREAK SPACE}: {describe_role(role)}")


def record_ended_roles(roles: Iterable[Membership], actor: User) -> None:
    """Record who ended these roles, in the history of each role and in that of its account."""
    roles = list(roles)
    log_ended_roles(roles, actor)
    for role in roles:
        log_on_account(role, actor, f"Rôle terminé\N{NO-BREAK SPACE}: {describe_role(role)}")


def log_given_roles(roles: Iterable[Membership], giver: User) -> None:
    """Record in the history of each role, and as a security event, that `giver` gave it."""
    roles = list(roles)
    LogEntry.objects.log_actions(giver.pk, roles, ADDITION)
    record_role_events(SecurityEventKind.ROLE_GIVEN, roles, giver)


def log_ended_roles(
    roles: Iterable[Membership], actor: User, *, kind: SecurityEventKind = SecurityEventKind.ROLE_ENDED
) -> None:
    """Record in the history of each role, and as a security event of this kind, that `actor` ended it."""
    roles = list(roles)
    LogEntry.objects.log_actions(actor.pk, roles, CHANGE)
    record_role_events(kind, roles, actor)


def record_role_events(kind: SecurityEventKind, roles: Iterable[Membership], actor: User) -> None:
    """Record a security event for each of these roles, which `actor` has changed."""
    for role in roles:
        record_security_event(kind, person=role.user, actor=actor, csirt_id=role.csirt_id, detail=role.role)


def log_on_account(role: Membership, actor: User, text: str) -> None:
    """Record this text in the history of the account that has the role."""
    LogEntry.objects.log_actions(actor.pk, [role.user], CHANGE, text, single_object=True)


def annotate_authors(roles: QuerySet[Membership]) -> QuerySet[Membership]:
    """Annotate each role with `given_by`, `given_at`, `ended_by` and `ended_at`, from the history of the admin. What
    the history does not contain is None. If a role was ended several times, the latest time is used.
    """
    lines = LogEntry.objects.filter(content_type__app_label="accounts", content_type__model="membership")
    lines = lines.filter(object_id=Cast(OuterRef("pk"), TextField())).order_by("-pk")
    lines = lines.annotate(author=AUTHOR)
    giving, ending = (lines.filter(action_flag=flag) for flag in (ADDITION, CHANGE))
    return roles.annotate(
        given_by=Subquery(giving.values("author")[:1]),
        given_at=Subquery(giving.values("action_time")[:1]),
        ended_by=Subquery(ending.values("author")[:1]),
        ended_at=Subquery(ending.values("action_time")[:1]),
    )


def describe_authors(role: Membership) -> str:
    """Return who gave a role, confirmed it and ended it: « Donné par Camille Exemple, le 3 novembre 2026. » The text
    may be empty, because what the history does not contain is left out. The caller has called `annotate_authors`
    and selected `confirmed_by`, so that no query runs.
    """
    confirming = format_role_author("Confirmé", str(role.confirmed_by or ""), role.confirmed_at)
    ending = format_role_author("Terminé", getattr(role, "ended_by", None), getattr(role, "ended_at", None))
    return " ".join(filter(None, [describe_giver(role), confirming, ending if role.ended_on else ""]))


def describe_giver(role: Membership) -> str:
    """Return who gave a role, and when, or "" if the history does not say. The caller has called
    `annotate_authors`.
    """
    return format_role_author("Donné", getattr(role, "given_by", None), getattr(role, "given_at", None))


def format_role_author(verb: str, author: str | None, moment: datetime | None) -> str:
    """Return a sentence such as « Donné par Camille Exemple, le 3 novembre 2026. », which begins with `verb`. Return
    "" if the author or the moment is None.
    """
    return f"{verb} par {author}, le {format_day(timezone.localtime(moment))}." if author and moment else ""
