"""Who of the CSIRT has the page of a case before their eyes, what is new to them, and who opened its pieces.

It changes nothing of the case, so it is no event. Each access to its words is recorded by `access.py`.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from incidents.models import Evidence, Incident, Opening, Reading
from incidents.services.assign import people_of

# Turning pages for an hour is one reading: a row is written at most so often, or when there is news.
WRITTEN_EVERY = timedelta(minutes=1)
# A page says every twenty seconds that it is open; two that were missed, and its reader has gone.
SAID_EVERY = timedelta(seconds=20)
PRESENT_FOR = timedelta(seconds=45)


def note_reading(*, incident: Incident, reader: User, at: datetime) -> None:
    """`reader` has the case before their eyes, as it was `at`: a moment taken before the first row of it was read, so
    that what arrives meanwhile is still new the next time. Nobody but a responder of its CSIRT counts.
    """
    if incident.csirt_id is None or incident.csirt_id not in reader.csirt_ids():
        return
    earlier = Reading.objects.filter(incident=incident, user=reader).select_related("incident").first()
    save_reading(earlier, incident=earlier.incident if earlier else incident, reader=reader, at=at)


def save_reading(earlier: Reading | None, *, incident: Incident, reader: User, at: datetime) -> None:
    """The same for a caller that has read the earlier reading of `reader`, a responder of the centre of the case."""
    mine = Reading.objects.filter(incident=incident, user=reader)
    if earlier is None:
        first = Reading(incident=incident, user=reader, first_at=at, last_at=at, present_at=at)
        Reading.objects.bulk_create([first], ignore_conflicts=True)
    elif earlier.last_at < at - WRITTEN_EVERY or has_news(incident, earlier.last_at):
        mine.update(last_at=at, present_at=at)
    elif earlier.present_at is None or earlier.present_at < at - SAID_EVERY:
        mine.update(present_at=at)


def note_presence(*, incident: Incident, reader: User) -> None:
    """The page of the case is still open before `reader`, who has read it before. It is no reading anew."""
    Reading.objects.filter(incident=incident, user=reader).update(present_at=timezone.now())


def others_present(incident: Incident, reader: User) -> list[User]:
    """Who else of its centre has the case open now, by name. One query."""
    recent = timezone.now() - PRESENT_FOR
    there = incident.readings.filter(present_at__gte=recent).exclude(user=reader)
    return list(people_of(incident.csirt_id).filter(pk__in=there.values("user")))


def note_opening(*, piece: Evidence, reader: User) -> None:
    """`reader` is given the bytes of `piece`. Again within a minute is the same opening: a double click."""
    recent = Opening.objects.filter(evidence=piece, user=reader, at__gt=timezone.now() - WRITTEN_EVERY)
    if not recent.exists():
        Opening.objects.create(evidence=piece, user=reader)


def has_news(incident: Incident, read_at: datetime | None) -> bool:
    """Whether the declarant added something since `read_at`, the last time that this person read the case."""
    wrote_at = incident.declarant_wrote_at
    return wrote_at is not None and (read_at is None or read_at < wrote_at)
