"""Records of reading: which responders have the page of a case open, what is new to each, and who opened its files.

Reading does not change the case, so it records no event. `incidents/access.py` records each access to the texts.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from incidents.models import Evidence, Incident, Opening, Reading
from incidents.services.handling.assign import list_centre_responders

# How often the last reading of a person is updated at most, unless the declarant has added something since.
READING_INTERVAL = timedelta(minutes=1)
# A page reports that it is open every twenty seconds; after two missed reports its reader is considered gone.
HEARTBEAT_INTERVAL = timedelta(seconds=20)
PRESENT_FOR = timedelta(seconds=45)


def record_reading(*, incident: Incident, reader: User, at: datetime) -> None:
    """Record that `reader` has read the case as it was at the instant `at`.

    Nothing is recorded if `reader` may not read the cases of the centre that has the case. `at` must precede the
    reading of the rows, so that what arrives meanwhile is still new the next time.
    """
    if not reader.reads_centre(incident.csirt_id):
        return
    readings = Reading.objects.filter(incident=incident, user=reader, csirt=incident.csirt_id)
    earlier = readings.select_related("incident").first()
    save_reading(earlier, incident=earlier.incident if earlier else incident, reader=reader, at=at)


def save_reading(earlier: Reading | None, *, incident: Incident, reader: User, at: datetime) -> None:
    """Record that `reader` has read the case. `reader` must be a responder of the centre that has it.

    `earlier` is the stored reading of this case by this person for this centre, or None. The caller has loaded it.
    """
    readings, csirt = Reading.objects.filter(incident=incident, user=reader), incident.csirt_id
    if earlier is None:
        first = Reading(incident=incident, user=reader, csirt_id=csirt, first_at=at, last_at=at, present_at=at)
        Reading.objects.bulk_create([first], ignore_conflicts=True)
        # The person may have read the case for its former centre.
        readings.exclude(csirt=csirt).update(csirt=csirt, last_at=at, present_at=at)
    elif earlier.last_at < at - READING_INTERVAL or has_news(incident, earlier.last_at):
        readings.update(last_at=at, present_at=at)
    elif earlier.present_at is None or earlier.present_at < at - HEARTBEAT_INTERVAL:
        readings.update(present_at=at)


def record_presence(*, incident: Incident, reader: User) -> None:
    """Record that the page of the case is still open for `reader`, who has read the case before.

    This is not a new reading.
    """
    Reading.objects.filter(incident=incident, user=reader).update(present_at=timezone.now())


def record_departure(*, incident: Incident, reader: User) -> None:
    """Record that `reader` has left the page of the case.

    If the page is also open in another window, that window reports within seconds.
    """
    Reading.objects.filter(incident=incident, user=reader).update(present_at=None)


def list_present_colleagues(incident: Incident, reader: User) -> list[User]:
    """Return the other people of the case's centre who have the case open now, sorted by name. Runs one query."""
    recent = timezone.now() - PRESENT_FOR
    readings = incident.readings.filter(present_at__gte=recent).exclude(user=reader)
    return list(list_centre_responders(incident.csirt_id).filter(pk__in=readings.values("user")))


def record_file_opening(*, evidence: Evidence, reader: User) -> None:
    """Record that `reader` opens the evidence file. A second opening within a minute is not recorded."""
    record_file_openings(pieces=[evidence], reader=reader)


def record_file_openings(*, pieces: list[Evidence], reader: User) -> None:
    """Record that `reader` opens these files, each as `record_file_opening` does. Runs two queries."""
    recent = Opening.objects.filter(evidence__in=pieces, user=reader, at__gt=timezone.now() - READING_INTERVAL)
    opened = set(recent.values_list("evidence", flat=True))
    Opening.objects.bulk_create(Opening(evidence=piece, user=reader) for piece in pieces if piece.pk not in opened)


def has_news(incident: Incident, read_at: datetime | None) -> bool:
    """Tell whether the declarant added something after `read_at`.

    `read_at` is the instant at which a person last read the case, or None if they never did.
    """
    wrote_at = incident.declarant_wrote_at
    return wrote_at is not None and (read_at is None or read_at < wrote_at)
