"""The recipients of each event of a batch. The number of queries does not depend on the number of events."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import F, Max, Q

from accounts.enums import COLLECTIVITY_ROLES
from accounts.models import Membership, User
from csirts.models import Csirt
from incidents.enums import ActorKind
from incidents.models import IncidentEvent, Reading
from incidents.services.declaring.limits import BURST_WINDOW, MAX_BURST_MAILS
from notifications.enums import Recipient
from notifications.models import CASE_PATH, Delivery
from notifications.recipients import ANNOUNCED_ONCE, RECIPIENTS, get_named_centre_slug, is_author, is_mail_held_back

# Fifty files within this time cause one mail to the centre. The queue marks the later files as new.
QUIET_TIME = timedelta(minutes=10)


class Addressee(NamedTuple):
    """A recipient of an event, with the centre or the account if the recipient is one."""

    recipient: Recipient
    csirt: Csirt | None = None
    person: User | None = None


class Audience:
    """The recipients of each event of a batch.

    The events must be passed in order, because the recipient of one event may be left out of a later event.
    """

    def __init__(self, events: Sequence[IncidentEvent]) -> None:
        self.members = load_body_members(events)
        self.notified_at_by_kind = find_last_news_times(events)
        self.read_at_by_case = find_last_reading_times(events)
        self.centres = load_named_centres(events)
        self.burst_mails = list_burst_mails(events)
        self.notified_people = list_notified_people(
            event for event in events if self.members.get(event.incident.collectivity_id)
        )

    def list_addressees(self, event: IncidentEvent) -> Iterator[Addressee]:
        """Yield the recipients of an event, and remember them for the later events of the batch."""
        for recipient in RECIPIENTS[event.kind]:
            if is_mail_held_back(recipient, event) or is_author(recipient, event):
                continue
            match recipient:
                case Recipient.BODY:
                    yield from self.mark_members_notified(event)
                case Recipient.CSIRT:
                    if not self.exceeds_burst_mails(event) and not self.was_notified_recently(event):
                        self.count_burst_mail(event)
                        yield Addressee(recipient, self.find_centre(event))
                case _:
                    yield Addressee(recipient)

    def find_centre(self, event: IncidentEvent) -> Csirt | None:
        """Return the centre to notify: the centre that the event names, or else the centre that has the case."""
        slug = get_named_centre_slug(event)
        return event.incident.csirt if slug is None else self.centres.get(slug)

    def mark_members_notified(self, event: IncidentEvent) -> Iterator[Addressee]:
        """Yield the members of the body to notify, and remember that they are notified.

        The author of the event is left out, and so are members who were already notified of this case.
        """
        for person in self.members[event.incident.collectivity_id]:
            key = (event.incident_id, person.pk)
            if person.pk != event.actor_id and key not in self.notified_people:
                self.notified_people.add(key)
                yield Addressee(Recipient.BODY, person=person)

    def exceeds_burst_mails(self, event: IncidentEvent) -> bool:
        """Tell whether the centre gets no mail about this event, because the event is burst news and the centre got
        MAX_BURST_MAILS about such events in the BURST_WINDOW before. Other mails are not counted.
        """
        if not is_burst_news(event):
            return False
        mails = self.burst_mails[event.incident.csirt_id]
        return sum(event.at - BURST_WINDOW < at <= event.at for at in mails) >= MAX_BURST_MAILS

    def count_burst_mail(self, event: IncidentEvent) -> None:
        """Remember that the centre gets a mail about this event, if the event is burst news."""
        if is_burst_news(event):
            self.burst_mails[event.incident.csirt_id].append(event.at)

    def was_notified_recently(self, event: IncidentEvent) -> bool:
        """Tell whether the centre was recently notified of an event of this kind and has not read the case since.

        The earlier event is recent if it was less than QUIET_TIME before this one. If the result is False, this event
        is remembered as the latest of its kind. Kinds that are not announced once always give False.
        """
        if event.kind not in ANNOUNCED_ONCE:
            return False
        key = (event.incident_id, event.kind)
        notified_at, read_at = self.notified_at_by_kind.get(key), self.read_at_by_case.get(event.incident_id)
        if notified_at and notified_at > event.at - QUIET_TIME and (read_at is None or read_at < notified_at):
            return True
        self.notified_at_by_kind[key] = event.at
        return False


def load_body_members(events: Iterable[IncidentEvent]) -> dict[int, list[User]]:
    """Return the people to notify of these events, by body id.

    They are the open accounts with a role in the body. Runs one query, or none.
    """
    announced = [event for event in events if Recipient.BODY in RECIPIENTS[event.kind]]
    members_by_body: dict[int, list[User]] = defaultdict(list)
    if not announced:
        return members_by_body
    bodies = {event.incident.collectivity_id for event in announced}
    members = Membership.objects.in_force().filter(
        collectivity__in=bodies, role__in=COLLECTIVITY_ROLES, user__is_active=True
    )
    for member in members.select_related("user").order_by("id"):
        if member.collectivity_id and member.user not in members_by_body[member.collectivity_id]:
            members_by_body[member.collectivity_id].append(member.user)
    return members_by_body


def list_notified_people(events: Iterable[IncidentEvent]) -> set[tuple[int, int]]:
    """Return a pair (case id, account id) for each member of a body who was already notified of one of these cases.

    Runs one query, or none.
    """
    cases = {event.incident_id for event in events if Recipient.BODY in RECIPIENTS[event.kind]}
    if not cases:
        return set()
    deliveries = Delivery.objects.filter(recipient=Recipient.BODY, announcement__event__incident__in=cases)
    return set(deliveries.values_list("announcement__event__incident", "person"))


def is_burst_news(event: IncidentEvent) -> bool:
    """Tell whether somebody without an account caused this event on a case of a centre that was declared in a burst,
    before anybody acknowledged it: the declaration itself, a message, facts, a file or a withdrawal.
    """
    incident = event.incident
    acknowledged_at = incident.first_acknowledged_at
    is_untaken = acknowledged_at is None or event.at < acknowledged_at
    is_anonymous = event.actor_kind == ActorKind.DECLARANT
    return bool(incident.burst and incident.csirt_id) and is_anonymous and is_untaken


def list_burst_mails(events: Iterable[IncidentEvent]) -> dict[int | None, list[datetime]]:
    """Return the times of the burst news that were mailed to each centre, by centre id, since BURST_WINDOW before the
    first of these events. Runs one query, or none.
    """
    times: dict[int | None, list[datetime]] = defaultdict(list)
    news = [event for event in events if is_burst_news(event)]
    if not news:
        return times
    since = min(event.at for event in news) - BURST_WINDOW
    acknowledged_at = f"{CASE_PATH}__first_acknowledged_at"
    mails = (
        Delivery.objects.due_after(since)
        .filter(
            Q(**{acknowledged_at: None}) | Q(**{f"{acknowledged_at}__gt": F("announcement__event__at")}),
            recipient=Recipient.CSIRT,
            csirt__in={event.incident.csirt_id for event in news},
            announcement__event__actor_kind=ActorKind.DECLARANT,
            announcement__event__at__gt=since,
        )
        .exclude(**{f"{CASE_PATH}__burst": ""})
    )
    for centre, at in mails.values_list("csirt", "announcement__event__at"):
        times[centre].append(at)
    return times


def find_last_news_times(events: Iterable[IncidentEvent]) -> dict[tuple[int, str], datetime]:
    """Return the time of the last event that was announced to the centre of a case, by case id and kind.

    Only the kinds that are announced once are included, and only recent events. Runs one query, or none.
    """
    announced_once = [event for event in events if event.kind in ANNOUNCED_ONCE]
    if not announced_once:
        return {}
    since = min(event.at for event in announced_once) - QUIET_TIME
    rows = Delivery.objects.filter(
        recipient=Recipient.CSIRT,
        csirt=F("announcement__event__incident__csirt"),  # not the mails to a former centre of the case
        announcement__event__incident__in={event.incident_id for event in announced_once},
        announcement__event__kind__in=ANNOUNCED_ONCE,
        announcement__event__at__gt=since,
    ).values_list("announcement__event__incident", "announcement__event__kind", "announcement__event__at")
    return {(incident, kind): at for incident, kind, at in rows.order_by("announcement__event__at")}


def load_named_centres(events: Iterable[IncidentEvent]) -> dict[str, Csirt]:
    """Return the centres that the events name, by slug. Runs one query, or none."""
    slugs = {slug for event in events if (slug := get_named_centre_slug(event))}
    return Csirt.objects.in_bulk(slugs, field_name="slug") if slugs else {}


def find_last_reading_times(events: Iterable[IncidentEvent]) -> dict[int, datetime]:
    """Return the time at which the centre of each case last read it, by case id. Runs one query, or none.

    Only cases with an event of a kind that is announced once are included, and of these only cases that were read.
    """
    ids = {event.incident_id for event in events if event.kind in ANNOUNCED_ONCE}
    if not ids:
        return {}
    readings = Reading.objects.filter(csirt=F("incident__csirt"), incident__in=ids).order_by().values_list("incident")
    return dict(readings.annotate(latest=Max("last_at")))
