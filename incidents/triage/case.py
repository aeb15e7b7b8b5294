"""All that the page of one case shows, in a bounded number of queries."""

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from collectivities.enums import Kind
from collectivities.models import Collectivity, Grouping
from collectivities.zones import zone_of
from incidents.access import abilities
from incidents.enums import Ability, Certainty, ClosingReason, DataCategory, PersonCategory, Status
from incidents.models import INSTANTS, Incident
from incidents.triage import wording
from incidents.triage.answers import answers_of
from incidents.triage.emergency import emergency_contacts
from incidents.triage.evidence import evidence_block
from incidents.triage.severity import severity_block
from incidents.triage.thread import thread_context

INSTANT_LABELS = {
    "occurred": _("survenu"),
    "detected": _("détecté"),
    "attack_known": _("attaque connue"),
    "breach_known": _("violation de données connue"),
}
EVENTS_SHOWN = 200
OTHERS_SHOWN = 10


def case_context(incident: Incident, user: User, now: datetime) -> dict[str, Any]:
    return facts_context(incident, now) | {
        "incident": incident,
        "now": now,
        "zone": zone_of(incident.collectivity),
        "term": wording.term(incident),
        "can": {ability.value for ability in abilities(user, incident)} - outdated(incident),
        "events": [
            (event, wording.detail(event))
            for event in incident.events.select_related("actor").order_by("-id")[:EVENTS_SHOWN]
        ],
        "groups": groups_of(incident.collectivity),
        "others": others(incident, user),
        "waiting": wording.waiting(incident, now),
        "late": wording.lateness(incident, now),
        "reasons": ClosingReason.choices,
        "thread": thread_context(incident, user),
        "evidence": evidence_block(incident),
        "emergency": emergency_contacts(incident),
    }


def facts_context(incident: Incident, now: datetime) -> dict[str, Any]:
    """What is known of the incident, and how much it weighs."""
    interruptions = list(incident.interruptions.order_by("started_at", "id"))
    leaks = list(incident.leaks.order_by("id"))
    answers = answers_of(incident)
    return {
        "instants": list(instants(incident)),
        "unknown_instants": [INSTANT_LABELS[name] for name in INSTANTS if not getattr(incident, f"{name}_at")],
        "interruptions": interruptions,
        "services": wording.stopped(incident, interruptions),
        "data": wording.data(incident, leaks),
        "leaks": [
            (leak, labels(DataCategory, leak.categories), labels(PersonCategory, leak.person_categories))
            for leak in leaks
        ],
        "answers": answers,
        "weighed": severity_block(incident, now, interruptions=interruptions, leaks=leaks, answers=answers),
    }


def groups_of(body: Collectivity) -> list[Collectivity]:
    """Only communes are members of an intercommunality."""
    if body.kind != Kind.COMMUNE:
        return []
    return [one.group for one in Grouping.objects.filter(member=body).select_related("group")]


def outdated(incident: Incident) -> set[str]:
    """Abilities that have no more object in this state: their buttons would only be refused."""
    past = {
        Ability.ACKNOWLEDGE: incident.status != Status.DECLARED,
        Ability.VERIFY: incident.is_verified or incident.collectivity.is_unconfirmed,
        Ability.CLOSE: incident.status == Status.CLOSED,
        Ability.QUALIFY: incident.erased_at is not None,
        Ability.ERASE: incident.erased_at is not None,
        Ability.ROTATE: incident.erased_at is not None,
        Ability.MESSAGE: incident.erased_at is not None,
    }
    return {ability.value for ability, is_past in past.items() if is_past}


def instants(incident: Incident) -> Any:
    """(label, moment or None, how certain) of each of the four instants."""
    for name in INSTANTS:
        certainty = getattr(incident, f"{name}_certainty")
        yield INSTANT_LABELS[name], getattr(incident, f"{name}_at"), certainty == Certainty.APPROXIMATE


def others(incident: Incident, user: User) -> list[Incident]:
    """The latest other cases of the same body, among those that this person may see."""
    same_body = Incident.objects.visible_to(user).filter(collectivity=incident.collectivity_id)
    return list(same_body.exclude(pk=incident.pk).order_by("-received_at", "-id")[:OTHERS_SHOWN])


def labels(choices: type[models.TextChoices], codes: list[str]) -> list[str]:
    return [str(choices(code).label) for code in codes]
