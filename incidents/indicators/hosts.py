"""Queries for the indicators on one host: a domain finds the addresses, mailboxes and subdomains on it, and an address
or a mailbox finds the domain.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from django.db.models import Q, QuerySet, Value
from django.db.models.lookups import StartsWith

from accounts.models import User
from incidents.enums import ObservableKind
from incidents.indicators.known_values import is_within_domains
from incidents.indicators.observables import Indicator, find_indicator_host, normalise_ip
from incidents.indicators.sightings import list_own_observables, match_same_case, match_values
from incidents.models import Incident, Observable
from incidents.querysets import extract_reversed_host

# A host has many indicators if it has more than FEW in all centres.
FEW = 200
# The most indicators that are read on one host that has many, on all the hosts that have few, and that are themselves
# hosts of the values.
MAX_ON_HOST, MAX_ON_HOSTS, MAX_ENCLOSING = 100, 1_000, 400
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


def split_hosts(hosts: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the keys of the indicators, of all centres, on the hosts that have FEW at most, and the hosts that have
    more. Runs one query, or none without hosts.

    PostgreSQL guesses that a hundredth of the indicators is on any host, and would look for them from the newest case
    of the centre on, to the oldest. In the order of the index it finds them at once.
    """
    rows = Observable.objects.order_by(extract_reversed_host())
    branches = [
        rows.annotate(host=Value(number)).filter(match_on_hosts([host])).values_list("host", "pk")
        for number, host in enumerate(hosts)
    ]
    keys: defaultdict[int, list[int]] = defaultdict(list)
    if branches:
        first, *others = [branch[: FEW + 1] for branch in branches]
        for number, key in first.union(*others, all=True):
            keys[number].append(key)
    few = [key for same_host in keys.values() if len(same_host) <= FEW for key in same_host]
    return few, [host for number, host in enumerate(hosts) if len(keys[number]) > FEW]


def select_related_rows(rows: Iterable[Observable], value: Indicator) -> Iterator[Observable]:
    """Yield the rows that are other indicators on the host of `value`, or the host of `value`."""
    hosts, enclosing = list_searched_hosts([value]), list_enclosing_hosts(value)
    for row in rows:
        indicator = Indicator(ObservableKind(row.kind), row.value)
        is_on_host = is_within_domains(find_indicator_host(row.kind, row.value), hosts)
        if indicator != value and (is_on_host or indicator in enclosing):
            yield row


def list_related(values: Sequence[Indicator], user: User, *, beside: Incident | None = None) -> QuerySet[Observable]:
    """Return the indicators of the user's centres that are related to these values, the newest first: at most
    MAX_ON_HOST on each host that has many, MAX_ON_HOSTS on the other hosts, and MAX_ENCLOSING that are their hosts.
    Those in the case `beside`, and in the cases merged with it, are left out. Runs two queries at most before that of
    the returned rows.
    """
    own_rows = list_own_observables(user).order_by("-incident__received_at")
    own_rows = own_rows.exclude(match_same_case(beside)) if beside else own_rows
    enclosing = {host for value in values for host in list_enclosing_hosts(value)}
    found = own_rows.filter(match_values(enclosing)).values_list("pk")[:MAX_ENCLOSING]
    few, frequent_hosts = split_hosts(list_searched_hosts(values))
    on_hosts = (own_rows.filter(match_on_hosts([host])).values_list("pk")[:MAX_ON_HOST] for host in frequent_hosts)
    found = found.union(own_rows.filter(pk__in=few).values_list("pk")[:MAX_ON_HOSTS], *on_hosts)
    rows = Observable.objects.filter(pk__in=[key for (key,) in found])
    return rows.select_related("incident__collectivity__departement").order_by("-incident__received_at", "-id")
