"""The page of a case for its declarant and the declarant's colleagues."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from collectivities.zones import find_zone
from csirts.routing import Route, find_after_hours_fallback, find_route
from incidents.access import CaseVisitor, list_abilities, list_visitor_abilities, speaks_for_body
from incidents.devices import case_cookie
from incidents.devices.signature import read_signature
from incidents.enums import Ability, ClosingReason, EventKind, Status
from incidents.follow_up.forms import LetterForm
from incidents.follow_up.history import list_centre_acts, list_history_lines, load_page_events
from incidents.follow_up.rating import build_rating_block
from incidents.models import Incident, Message, ServiceInterruption
from incidents.progress import CaseProgress, ProgressStep, build_case_progress
from incidents.queries import (
    UsefulSection,
    count_remaining_files,
    list_opened_evidence,
    list_openers,
    list_sheets,
    list_useful_sections,
)
from incidents.sentence import SentenceFacts, ServiceState, list_sentences
from incidents.services.correspondence.correspond import MAX_MESSAGES_SHOWN, list_latest_messages
from incidents.services.declarant.access import is_mail_held
from incidents.services.declarant.complete import find_completion_refusal
from incidents.services.declarant.share import derive_sentence_secret
from incidents.services.duplicates.call_backs import awaits_call
from incidents.services.handling.assign import find_current_assignee
from incidents.services.history.centres import explain_routing, map_centres_by_event
from incidents.services.history.declared import find_leak_judgement, format_leak_judgement_sentence, read_declared_data
from incidents.services.history.declared_sections import list_declared_sections
from incidents.services.history.snapshots import find_leak_row
from incidents.services.library.reflexes import get_reflex_sheet
from incidents.services.papers.duties import list_timed_duties
from incidents.sharing import may_mail_texts_to_csirt, may_share_sentence

# The number of messages that the page shows. Earlier messages are collapsed, except the oldest open question and all
# messages after it.
MAX_LATEST_MESSAGES_SHOWN = 1


def render_case_page(
    request: HttpRequest,
    incident: Incident,
    visitor: CaseVisitor,
    *,
    form: LetterForm | None = None,
    rate: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page of a case. `form` is a refused form of a message, to show again with its errors. `rate` is the
    template context of a refused rating.
    """
    context = (
        build_follow_up_context(incident, visitor)
        | build_acts_context(visitor, incident)
        | build_link_context(request, incident, visitor)
    )
    context |= {
        "form": form or LetterForm(initial={"author": read_signature(request, visitor)}),
        "after_hours": find_after_hours_fallback(incident.csirt, incident.collectivity, timezone.localdate()),
        "signer": visitor.user.display_name if visitor.user else "",
        "rate": rate or build_rating_block(incident, visitor),
    }
    return render(request, "follow_up/case.html", context, status=422 if form else status)


def build_follow_up_context(incident: Incident, visitor: CaseVisitor) -> dict[str, Any]:
    """Return the template context about the case. Only the history in it depends on the visitor."""
    thread, holder = list_latest_messages(incident), find_current_assignee(incident)
    progress = build_case_progress(incident, thread=thread, has_holder=holder is not None)
    collapsed = count_collapsed_messages(thread, progress)
    interruptions, route = load_interruptions(incident), find_new_route(incident)
    pieces, zone = list_opened_evidence(incident), find_zone(incident.collectivity)
    return build_declared_context(incident, visitor, zone) | {
        "incident": incident,
        "zone": zone,
        "now": timezone.now(),
        "why_this_centre": route.reason if route and route.csirt else explain_routing(incident),
        "earlier": thread[:collapsed],
        "latest": thread[collapsed:],
        "has_more": len(thread) == MAX_MESSAGES_SHOWN,
        "progress": progress,
        "is_mail_held": progress.step == ProgressStep.WITHDRAWN and is_mail_held(incident, EventKind.WITHDRAWN),
        "holder": holder,
        "awaits_call": awaits_call(incident),
        "interruptions": interruptions,
        "has_open_interruption": any(interruption.ended_at is None for interruption in interruptions),
        "pieces": pieces[::-1],
        "file_count": count_remaining_files(pieces),
        "openers": list_openers(pieces),
        "is_mailed_to_centre": is_mailed_to_centre(incident),
        "route": route,
        "sentences": list_sentences(build_sentence_facts(incident, progress, interruptions, route)),
        "shared_link": build_shared_link(incident),
    }


def is_mailed_to_centre(incident: Incident) -> bool:
    """Tell whether the centre also receives the declarant's messages by mail."""
    return bool(incident.csirt and incident.csirt.notification_email and may_mail_texts_to_csirt(incident))


def build_declared_context(incident: Incident, visitor: CaseVisitor, zone: str) -> dict[str, Any]:
    """Return the template context about what was declared, the history, the centre's judgement of the leak, and the
    legal duties. Only the history depends on the visitor.
    """
    data, events = read_declared_data(incident), load_page_events(incident)
    centres = map_centres_by_event(events, incident)
    judgement = find_leak_judgement(incident, data, find_leak_row(incident))
    return {
        "declared": list_declared_sections(incident, data, list_centre_acts(incident, events, centres), zone),
        "history": list_history_lines(incident, visitor.user, events, centres),
        "judgement": format_leak_judgement_sentence(incident, judgement),
        "duties": list_timed_duties(incident, zone, data, judgement, at=timezone.now()),
    }


def load_interruptions(incident: Incident) -> list[ServiceInterruption]:
    """Return the interruptions of the case, oldest first, and keep them loaded for other parts of the page."""
    prefetch_related_objects([incident], Prefetch("interruptions", ServiceInterruption.objects.order_by("id")))
    return list(incident.interruptions.all())


def count_collapsed_messages(thread: Sequence[Message], progress: CaseProgress) -> int:
    """Return how many of the oldest messages are collapsed. An open question and all messages after it stay
    visible.
    """
    before_latest = max(len(thread) - MAX_LATEST_MESSAGES_SHOWN, 0)
    return min(before_latest, thread.index(progress.question)) if progress.question else before_latest


def find_new_route(incident: Incident) -> Route | None:
    """Return today's route of an open case that has no centre. Return None, without any query, for any other case.

    If the directory now names a centre, the case goes to this centre some minutes after the change.
    """
    if incident.csirt or incident.status == Status.CLOSED:
        return None
    return find_route(incident.collectivity, on=timezone.localdate())


def build_acts_context(visitor: CaseVisitor, incident: Incident) -> dict[str, Any]:
    """Return the template context of what the visitor may do. It includes the reflex sheet and the questions that are
    still useful to answer.
    """
    useful = [] if find_completion_refusal(incident) else list_visitor_sections(visitor, incident)
    return {
        "abilities": get_offered_abilities(visitor, incident),
        "reflexes": None if incident.status == Status.CLOSED else get_reflex_sheet(incident.type, incident.csirt).text,
        "useful": useful,
        "to_complete": sum(section.is_open for section in useful),
    }


def list_visitor_sections(visitor: CaseVisitor, incident: Incident) -> list[UsefulSection]:
    """Return the sections that the visitor may complete. The list is empty for a person of the CSIRT."""
    return list_useful_sections(incident, list_sheets(incident)) if speaks_for_body(visitor, incident) else []


def get_offered_abilities(visitor: CaseVisitor, incident: Incident) -> set[str]:
    """Return the abilities that the page offers in the present state of the case. The set is empty for a person of the
    CSIRT.
    """
    if not speaks_for_body(visitor, incident):
        return set()
    granted = list_visitor_abilities(visitor, incident)
    if incident.erased_at:
        granted -= {Ability.MESSAGE, Ability.COMPLETE, Ability.WITHDRAW}
    if incident.status == Status.CLOSED:
        granted -= {Ability.WITHDRAW}
    return {ability.value for ability in granted}


def build_link_context(request: HttpRequest, incident: Incident, visitor: CaseVisitor) -> dict[str, bool]:
    """Return the template context about the secret link: whether this device has a valid link, and whether the user
    may claim the declaration or sign in to claim it. A visitor who opened the page with the link has just proved that
    it is valid.
    """
    uid = case_cookie.get_access_uid(request, incident.reference)
    holds = uid is not None and (
        uid == visitor.access_uid or incident.accesses.filter(uid=uid, revoked_at=None).exists()
    )
    user = request.user if isinstance(request.user, User) else None
    is_free = holds and not incident.claimed_at and incident.closing_reason != ClosingReason.WITHDRAWN
    return {
        "holds_link": holds,
        "may_claim": bool(is_free and user and Ability.CLAIM in list_abilities(user, incident)),
        "may_sign_in": is_free and user is None,
    }


def build_sentence_facts(
    incident: Incident, progress: CaseProgress, interruptions: Sequence[ServiceInterruption], route: Route | None
) -> SentenceFacts:
    """Return the facts from which the sentences about the case are built."""
    services = tuple(
        ServiceState(
            label=str(interruption.get_service_display()),
            extent=interruption.extent,
            has_resumed=interruption.ended_at is not None,
        )
        for interruption in interruptions
    )
    return SentenceFacts(
        body=incident.collectivity.label,
        centre=incident.csirt.name if incident.csirt else "",
        new_centre=route.csirt.name if route and route.csirt else "",
        status=incident.status,
        service_stopped=incident.service_stopped,
        closing_reason=progress.ended.closing_reason,
        services=services,
        is_read=progress.first_reader is not None,
        has_channel=bool(incident.csirt and incident.csirt.notification_email),
        waits_for_body=progress.step == ProgressStep.AWAITED,
        is_verified=incident.is_verified,
    )


def build_shared_link(incident: Incident) -> str:
    """Return the address of the page with the shared sentence, or "" if the sentence is not shared, or if the key of
    its link was removed.
    """
    live = incident.shared.filter(revoked_at=None).first()
    secret = derive_sentence_secret(live) if live and may_share_sentence(incident) else ""
    return settings.SITE_URL + reverse("shared_sentence", args=[secret]) if secret else ""
