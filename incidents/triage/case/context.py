"""The context of the page of a case. Its number of queries depends on its blocks, not on the number of rows."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.models import User
from collectivities.models import Collectivity, Grouping
from collectivities.zones import find_zone
from incidents.access import list_abilities
from incidents.enums import Ability, Certainty, ClosingReason, Status
from incidents.facts.shapes import INSTANTS
from incidents.models import Incident
from incidents.services.duplicates.call_backs import awaits_call
from incidents.services.handling.close import format_last_addition
from incidents.services.handling.hold import find_hold
from incidents.triage import wording
from incidents.triage.case.answers import list_section_blocks
from incidents.triage.case.data import build_data_context
from incidents.triage.case.emergency import find_official_number, list_emergency_contacts, list_numbers_to_call
from incidents.triage.case.ending import build_ending_block, may_be_reopened
from incidents.triage.case.evidence import build_evidence_block
from incidents.triage.case.next_act import find_next_act, list_displayed_deadlines
from incidents.triage.case.other_cases import build_other_cases_block
from incidents.triage.case.rows import CaseRows, read_case_rows
from incidents.triage.case.thread import build_thread_context, choose_news_anchor
from incidents.triage.case.timeline import index_texts, list_timeline_events
from incidents.triage.groups.block import build_group_block
from incidents.triage.indicators.observables import build_observables_block
from incidents.triage.judging.qualify import build_qualify_block
from incidents.triage.judging.severity import build_severity_block
from incidents.triage.judging.verify import VerifyForm
from incidents.triage.partners.failed_advices import list_failed_advices
from incidents.triage.transfer.block import build_transfer_block
from incidents.triage.work.blocks import build_work_context

# How many events the page shows; the whole history has its own page.
MAX_EVENTS_SHOWN = 8


def build_case_context(incident: Incident, user: User, now: datetime) -> dict[str, Any]:
    """Return all blocks of the page of a case that depend on the case and on the user's rights."""
    rows = read_case_rows(incident)
    thread = build_thread_context(incident, user, rows.readings)
    evidence = build_evidence_block(incident, rows.evidence, rows.history)
    work = build_work_context(incident, user, now, rows)
    is_abandoned = work["assigned"]["is_abandoned"]
    context = (
        build_facts_context(incident, now, rows)
        | build_history_context(incident, now, thread, evidence, rows)
        | build_other_cases_block(incident, user, now)
        | work
        | build_status_context(incident, user, now, is_abandoned=is_abandoned)
        | build_phones_context(incident)
        | {
            "thread": thread,
            "evidence": evidence,
            "transfers": build_transfer_block(incident, rows.transfers),
            "failed_advices": list_failed_advices(rows.events),
            "awaits_call": awaits_call(incident),
        }
    )
    thread["news_at"] = choose_news_anchor(thread, rows.events, context["duplicates"])
    clocks = list_displayed_deadlines(incident, context["tasks"], now, is_abandoned=is_abandoned)
    return context | {"next": find_next_act(context, is_abandoned=is_abandoned), "clocks": clocks}


def build_status_context(incident: Incident, user: User, now: datetime, *, is_abandoned: bool) -> dict[str, Any]:
    """Return the state of the case, its group, and what the user may do with the case.

    `is_abandoned` is true if somebody must take over the case.
    """
    hold = find_hold(incident)
    return {
        "incident": incident,
        "hold": hold,
        "now": now,
        "zone": find_zone(incident.collectivity),
        "term": wording.get_type_term(incident),
        "abilities": {ability.value for ability in list_abilities(user, incident)}
        - list_hidden_abilities(incident, is_abandoned=is_abandoned, is_held=hold is not None),
        "groups": list_group_names(incident.collectivity),
        "group": build_group_block(incident, user),
        "waiting": wording.compute_waiting_time(incident, now),
        "late": wording.compute_taking_lateness(incident, now),
        "reasons": [(value, label) for value, label in ClosingReason.choices if value != ClosingReason.HANDED_OVER],
        "last_word": format_last_addition(incident),
        "page_address": reverse("admin:incidents_incident_change", args=[incident.reference]),
        "ending": build_ending_block(incident),
        "observables": build_observables_block(incident, user),
    }


def build_phones_context(incident: Incident) -> dict[str, Any]:
    """Return the telephone numbers of the body, and the form that records a call back. Runs two queries."""
    emergency = list_emergency_contacts(incident)
    official = find_official_number(incident, emergency)
    return {
        "emergency": emergency,
        "official": official,
        "calls": list_numbers_to_call(incident, official),
        "verify": {"form": VerifyForm(proposed=official)},
    }


def build_history_context(
    incident: Incident,
    now: datetime,
    thread: dict[str, Any],
    evidence: dict[str, Any],
    rows: CaseRows,
) -> dict[str, Any]:
    """Return the latest events. Their texts come from rows that the page has already loaded."""
    message_texts = [(message.uid, message.text) for message, _is_new in thread["messages"]]
    file_names = [(piece.evidence.uid, piece.evidence.name) for piece in evidence["pieces"]]
    note_texts = [(note.uid, note.text) for note in rows.notes]
    task_titles = [(task.uid, task.title) for task in rows.tasks]
    words, zone = (
        index_texts([*message_texts, *file_names, *note_texts, *task_titles]),
        find_zone(incident.collectivity),
    )
    moments = list_timeline_events(rows.events[:MAX_EVENTS_SHOWN], words=words, zone=zone, now=now)
    return {"moments": moments, "has_earlier": len(rows.events) > MAX_EVENTS_SHOWN}


def build_facts_context(incident: Incident, now: datetime, rows: CaseRows) -> dict[str, Any]:
    """Return the known facts of the incident and its severity."""
    interruptions, leaks = rows.interruptions, rows.leaks
    answers = list_section_blocks(incident)
    return {
        "story_lines": wording.list_story_lines(incident.story),
        "instants": list(list_instants(incident)),
        "instants_unknown": list_missing_instants(incident, Certainty.UNKNOWN),
        "instants_missing": list_missing_instants(incident, ""),
        "interruptions": interruptions,
        "services": wording.format_stopped_services(incident, interruptions),
        **build_data_context(incident, leaks, rows.history),
        "answers": answers,
        "qualify": build_qualify_block(incident),
        "severity": build_severity_block(
            incident,
            now,
            interruptions=interruptions,
            leaks=leaks,
            answers=answers,
        ),
    }


def list_group_names(body: Collectivity) -> list[str]:
    """Return the names of the groups to which the body belongs, such as its EPCI."""
    groups = Grouping.objects.filter(member=body).order_by("group__sort_key")
    return list(groups.values_list("group__name", flat=True))


def list_hidden_abilities(incident: Incident, *, is_abandoned: bool, is_held: bool) -> set[str]:
    """Return the abilities whose buttons the page hides.

    The acts of these buttons make no sense in the present state of the case.
    """
    past = {
        Ability.ACKNOWLEDGE: incident.status == Status.CLOSED
        or not (is_abandoned or incident.status == Status.DECLARED),
        Ability.VERIFY: incident.is_verified or incident.collectivity.is_unconfirmed,
        Ability.CLOSE: incident.status == Status.CLOSED,
        Ability.QUALIFY: incident.erased_at is not None,
        Ability.ERASE: incident.erased_at is not None or is_held,
        Ability.HOLD: incident.erased_at is not None and not is_held,
        Ability.EXPORT: incident.erased_at is not None,
        Ability.ROTATE: incident.erased_at is not None,
        Ability.MESSAGE: incident.erased_at is not None,
        Ability.REOPEN: not may_be_reopened(incident),
    }
    return {ability.value for ability, is_past in past.items() if is_past}


def list_instants(incident: Incident) -> Any:
    """Yield (label, moment, is_approximate) for each of the four INSTANTS. An unknown moment is None."""
    for name, fact in INSTANTS.items():
        certainty = getattr(incident, f"{name}_certainty")
        yield fact.term, getattr(incident, f"{name}_at"), certainty == Certainty.APPROXIMATE


def list_missing_instants(incident: Incident, certainty: str) -> list[Any]:
    """Return the labels of the instants whose moment is unknown and whose certainty is `certainty`.

    The certainty "" means that the declarant said nothing about the instant.
    """
    missing = [name for name in INSTANTS if not getattr(incident, f"{name}_at")]
    return [INSTANTS[name].term for name in missing if getattr(incident, f"{name}_certainty") == certainty]
