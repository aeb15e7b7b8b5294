"""Queries for the indicators on one host: a domain finds the addresses, mailboxes and subdomains on it, and an address
or a mailbox finds the domain.

No index leads from a host to these values, so those on a host are read in the newest cases only.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import User
from incidents.enums import ObservableKind
from incidents.indicators.known_values import is_within_domains
from incidents.indicators.observables import Indicator, find_indicator_host, normalise_ip
from incidents.indicators.sightings import match_values
from incidents.models import Incident, Observable
from incidents.querysets import IncidentQuerySet

# The newest cases of which the indicators are read.
CASES_READ = 2000
# The most indicators on a host that are read for all the values of one search.
MAX_READ = 400
# A mailbox is not here: its domain may be a provider's, which many people share.
SEARCHED_KINDS = (ObservableKind.DOMAIN, ObservableKind.IP, ObservableKind.URL)


def list_searched_hosts(values: Iterable[Indicator]) -> list[str]:
    """Return the hosts on which other indicators are searched for these values."""
    hosts = (find_indicator_host(value.kind, value.value) for value in values if value.kind in SEARCHED_KINDS)
    return list(dict.fromkeys(host for host in hosts if host))


def list_enclosing_hosts(value: Indicator) -> list[Indicator]:
    """Return the domain or the IP address of an address or mailbox, and the domains that contain it, without `value`
    itself. A last label alone (« fr ») is left out.
    """
    host = find_indicator_host(value.kind, value.value)
    if normalise_ip(host):
        enclosing = [Indicator(ObservableKind.IP, host)]
    else:
        labels = host.split(".")
        domains = [".".join(labels[start:]) for start in range(len(labels) - 1)]
        enclosing = [Indicator(ObservableKind.DOMAIN, domain) for domain in domains]
    return [indicator for indicator in enclosing if indicator != value]


def match_on_hosts(hosts: Iterable[str]) -> Q:
    """Return the condition that a row is a subdomain of one of the hosts, or an address or a mailbox on it."""
    names = [re.escape(host) for host in hosts]
    if not names:
        return Q(pk__in=())
    either = "|".join(names)
    in_address = "|".join(rf"\[{name}\]" if ":" in name else name for name in names)
    address = Q(kind=ObservableKind.URL, value__regex=rf"^[a-z]+://([^/]*[@.])?({in_address})(:[0-9]+)?/")
    return address | Q(kind__in=[ObservableKind.DOMAIN, ObservableKind.EMAIL], value__regex=rf"[@.]({either})$")


def is_related(row: Observable, value: Indicator) -> bool:
    """Tell whether the row is another indicator on the host of `value`, or the host of `value`."""
    indicator = Indicator(ObservableKind(row.kind), row.value)
    if indicator == value:
        return False
    hosts = list_searched_hosts([value])
    is_on_host = is_within_domains(find_indicator_host(row.kind, row.value), hosts)
    return is_on_host or indicator in list_enclosing_hosts(value)


def list_newest_cases(cases: IncidentQuerySet) -> tuple[list[int], datetime | None]:
    """Return the keys of the CASES_READ newest of these cases, and when the next one was received, or None if there is
    none. Runs one query.

    The keys are read apart: PostgreSQL reads all the indicators of the table if one query also finds the newest cases.
    """
    rows = list(cases.order_by("-received_at", "-id").values_list("pk", "received_at")[: CASES_READ + 1])
    first_unread = rows[CASES_READ][1] if len(rows) > CASES_READ else None
    return [key for key, _at in rows[:CASES_READ]], first_unread


def list_related(values: Sequence[Indicator], user: User) -> QuerySet[Observable]:
    """Return the indicators of the user's centres that are related to these values, the newest first. Those on a host
    are read in the CASES_READ newest cases. Each of both kinds has at most MAX_READ rows. Runs two queries at most,
    before the one of the returned rows.
    """
    own_rows = Observable.objects.filter(incident__csirt__in=user.read_centre_ids).order_by("-incident__received_at")
    enclosing = {host for value in values for host in list_enclosing_hosts(value)}
    found = own_rows.filter(match_values(enclosing)).values_list("pk")[:MAX_READ]
    if hosts := list_searched_hosts(values):
        newest, _unread = list_newest_cases(Incident.objects.filter(csirt__in=user.read_centre_ids))
        on_hosts = own_rows.filter(match_on_hosts(hosts), incident__in=newest)
        found = found.union(on_hosts.values_list("pk")[:MAX_READ])
    rows = Observable.objects.filter(pk__in=[key for (key,) in found])
    return rows.select_related("incident__collectivity__departement").order_by("-incident__received_at", "-id")
