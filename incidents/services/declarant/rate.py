"""The declarant's rating of the help, which is asked for once the case is closed. The rating may be changed."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from core.stale import Stale
from core.text import clean_text
from incidents.access import CaseVisitor, get_case, speaks_for_body
from incidents.enums import Ability, ClosingReason, EventKind, Satisfaction, Status
from incidents.models import Incident, Rating
from incidents.services.history.record import record_event

WORDS_LIMIT = 500
# The reasons for closing after which a rating is asked for. The declarant of a duplicate rates the help once the main
# case is closed.
RATED_CLOSING_REASONS = (ClosingReason.RESOLVED, ClosingReason.HANDED_OVER, ClosingReason.NOT_AN_INCIDENT)


def can_be_rated(incident: Incident) -> bool:
    """Tell whether the declarant is asked to rate the help. The rating of a duplicate waits until its main case is
    closed.
    """
    ended = incident.merged_into or incident
    return ended.status == Status.CLOSED and ended.closing_reason in RATED_CLOSING_REASONS and not incident.erased_at


def stamp_rating(rating: Rating | None) -> str:
    """Return a version stamp of the rating, which changes each time the rating is saved."""
    return rating.given_at.isoformat() if rating else "none"


@transaction.atomic
def rate_help(*, reference: str, visitor: CaseVisitor, level: int, words: str = "", seen: str = "") -> Rating:
    """Save the declarant's rating of the help. Giving the same rating again changes nothing.

    `seen` is what `stamp_rating` returned for the rating that the page showed, or "" if there was no page. Raises
    Http404, PermissionDenied for a person who does not speak for the body, Stale, and ValidationError: by field, or
    without a field if no rating is asked for.
    """
    incident = get_case(visitor, reference, to=Ability.RATE, lock=True)
    if not speaks_for_body(visitor, incident):
        raise PermissionDenied
    if not can_be_rated(incident):
        raise ValidationError("Ce dossier n’attend pas d’avis : il n’est pas clos, ou il a été retiré.")
    if level not in Satisfaction.values:
        raise ValidationError({"level": "Choisissez une réponse."})
    clean = clean_text(words, limit=WORDS_LIMIT, field="words")
    earlier = Rating.objects.filter(incident=incident).first()
    if earlier and (earlier.level, earlier.words) == (level, clean):
        return earlier
    if seen and seen != stamp_rating(earlier):
        raise Stale
    return save_rating(incident, visitor, level, clean)


def save_rating(incident: Incident, visitor: CaseVisitor, level: int, words: str) -> Rating:
    """Save the rating in place of an earlier rating, and record the event. The caller has locked the case."""
    now = timezone.now()
    values = {"level": level, "words": words, "actor_kind": visitor.kind, "actor": visitor.user, "given_at": now}
    rating, _is_new = Rating.objects.update_or_create(incident=incident, defaults=values)
    record_event(incident, EventKind.RATED, at=now, actor=visitor.user, by=visitor.kind, level=int(level))
    return rating
