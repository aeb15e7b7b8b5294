"""Who must be told of each event of a batch. The number of queries does not depend on the number of events."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import F, Max

from accounts.enums import COLLECTIVITY_ROLES
from accounts.models import Membership, User
from csirts.models import Csirt
from incidents.models import IncidentEvent, Reading
from notifications.enums import Recipient
from notifications.models import Delivery
from notifications.recipients import TOLD_ONCE, WHO_HEARS, is_held, read_named_centre, wrote_it

# Fifty files in ten minutes are one mail: the later ones are marked as new in the queue.
QUIET = timedelta(minutes=10)


class Hearer(NamedTuple):
    recipient: Recipient
    csirt: Csirt | None = None
    person: User | None = None


class Audience:
    """Answers for each event of the batch, in order. It remembers the recipients that it has already named."""

    def __init__(self, events: Sequence[IncidentEvent]) -> None:
        self.people = people_of(events)
        self.told = find_last_news(events)
        self.read = last_readings(events)
        self.centres = load_named_centres(events)
        self.heard = list_told_people(event for event in events if self.people.get(event.incident.collectivity_id))

    def hearers(self, event: IncidentEvent) -> Iterator[Hearer]:
        for recipient in WHO_HEARS[event.kind]:
            if is_held(recipient, event):
                continue
            if recipient == Recipient.BODY:
                yield from self.of_the_body(event)
            elif not wrote_it(recipient, event) and not self.knows(recipient, event):
                yield Hearer(recipient, self.centre_of(event) if recipient == Recipient.CSIRT else None)

    def centre_of(self, event: IncidentEvent) -> Csirt | None:
        """Return the centre to tell: the one that the event names, or else the one that has the case."""
        slug = read_named_centre(event)
        return event.incident.csirt if slug is None else self.centres.get(slug)

    def of_the_body(self, event: IncidentEvent) -> Iterator[Hearer]:
        """Yield the members of the body, except the author of the event and those who were told
        of this case already.
        """
        for person in self.people[event.incident.collectivity_id]:
            heard = (event.incident_id, person.pk)
            if person.pk != event.actor_id and heard not in self.heard:
                self.heard.add(heard)
                yield Hearer(Recipient.BODY, person=person)

    def knows(self, recipient: str, event: IncidentEvent) -> bool:
        """Tell whether the centre was told of the same kind of news less than QUIET ago and has not
        read the case since.
        """
        if recipient != Recipient.CSIRT or event.kind not in TOLD_ONCE:
            return False
        key = (event.incident_id, event.kind)
        told, read = self.told.get(key), self.read.get(event.incident_id)
        if told and told > event.at - QUIET and (read is None or read < told):
            return True
        self.told[key] = event.at
        return False


def people_of(events: Iterable[IncidentEvent]) -> dict[int, list[User]]:
    """Return the open accounts with a role in the bodies that the events concern, by body. One query, or none."""
    told = [event for event in events if Recipient.BODY in WHO_HEARS[event.kind]]
    known: dict[int, list[User]] = defaultdict(list)
    if not told:
        return known
    bodies = {event.incident.collectivity_id for event in told}
    members = Membership.objects.in_force().filter(
        collectivity__in=bodies, role__in=COLLECTIVITY_ROLES, user__is_active=True
    )
    for member in members.select_related("user").order_by("id"):
        if member.collectivity_id and member.user not in known[member.collectivity_id]:
            known[member.collectivity_id].append(member.user)
    return known


def list_told_people(events: Iterable[IncidentEvent]) -> set[tuple[int, int]]:
    """Return (case, person) for the members of a body who were already told of a case. One query, or none."""
    cases = {event.incident_id for event in events if Recipient.BODY in WHO_HEARS[event.kind]}
    if not cases:
        return set()
    told = Delivery.objects.filter(recipient=Recipient.BODY, announcement__event__incident__in=cases)
    return set(told.values_list("announcement__event__incident", "person"))


def find_last_news(events: Iterable[IncidentEvent]) -> dict[tuple[int, str], datetime]:
    """Return the date of the last announced event by (case, kind), for kinds that are announced once.
    One query, or none.
    """
    quiet = [event for event in events if event.kind in TOLD_ONCE]
    if not quiet:
        return {}
    since = min(event.at for event in quiet) - QUIET
    rows = Delivery.objects.filter(
        recipient=Recipient.CSIRT,
        csirt=F("announcement__event__incident__csirt"),  # not the mails to a former centre of the case
        announcement__event__incident__in={event.incident_id for event in quiet},
        announcement__event__kind__in=TOLD_ONCE,
        announcement__event__at__gt=since,
    ).values_list("announcement__event__incident", "announcement__event__kind", "announcement__event__at")
    return {(incident, kind): at for incident, kind, at in rows.order_by("announcement__event__at")}


def load_named_centres(events: Iterable[IncidentEvent]) -> dict[str, Csirt]:
    """Return the centres that the events name, by slug. One query, or none."""
    slugs = {slug for event in events if (slug := read_named_centre(event))}
    return Csirt.objects.in_bulk(slugs, field_name="slug") if slugs else {}


def last_readings(events: Iterable[IncidentEvent]) -> dict[int, datetime]:
    ids = {event.incident_id for event in events if event.kind in TOLD_ONCE}
    if not ids:
        return {}
    read = Reading.objects.filter(incident__in=ids).order_by().values_list("incident")
    return dict(read.annotate(latest=Max("last_at")))
