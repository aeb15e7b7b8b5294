"""Queries for the indicators on one host: a domain finds the addresses, mailboxes and subdomains on it, and an address
or a mailbox finds the domain.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet
from django.db.models.lookups import StartsWith

from accounts.models import User
from incidents.enums import ObservableKind
from incidents.indicators.known_values import is_within_domains
from incidents.indicators.observables import Indicator, find_indicator_host, normalise_ip
from incidents.indicators.sightings import match_values
from incidents.models import Observable
from incidents.querysets import extract_reversed_host

# The most indicators that are read on one host, and the most hosts of all the values of one search.
MAX_ON_HOST, MAX_ENCLOSING = 100, 400
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
    """Return the condition that a row is a subdomain of one of the hosts, or an address or a mailbox on it, in a form
    for which PostgreSQL uses the index by host. Only an IP address itself ends with this address.
    """
    condition = Q(pk__in=())
    for host in hosts:
        is_host = Q(kind__in=[ObservableKind.DOMAIN, ObservableKind.IP], value=host)
        condition |= Q(StartsWith(extract_reversed_host(), f".{host}"[::-1])) & ~is_host
    return condition


def is_related(row: Observable, value: Indicator) -> bool:
    """Tell whether the row is another indicator on the host of `value`, or the host of `value`."""
    indicator = Indicator(ObservableKind(row.kind), row.value)
    if indicator == value:
        return False
    hosts = list_searched_hosts([value])
    is_on_host = is_within_domains(find_indicator_host(row.kind, row.value), hosts)
    return is_on_host or indicator in list_enclosing_hosts(value)


def list_related(values: Sequence[Indicator], user: User) -> QuerySet[Observable]:
    """Return the indicators of the user's centres that are related to these values, the newest first: at most
    MAX_ON_HOST on each of their hosts, and MAX_ENCLOSING that are their hosts. Runs one query before that of the
    returned rows.
    """
    own_rows = Observable.objects.filter(incident__csirt__in=user.readable_centre_ids).order_by(
        "-incident__received_at"
    )
    enclosing = {host for value in values for host in list_enclosing_hosts(value)}
    found = own_rows.filter(match_values(enclosing)).values_list("pk")[:MAX_ENCLOSING]
    # PostgreSQL plans each branch: it reads the index for a rare host, and the newest cases for a frequent one.
    on_hosts = (own_rows.filter(match_on_hosts([host])).values_list("pk") for host in list_searched_hosts(values))
    found = found.union(*(rows[:MAX_ON_HOST] for rows in on_hosts))
    rows = Observable.objects.filter(pk__in=[key for (key,) in found])
    return rows.select_related("incident__collectivity__departement").order_by("-incident__received_at", "-id")
