"""Queries for indicators that are related by their host. A domain or an IP address is related to the URLs, mailboxes
and subdomains on it, and each of these is related to the domain or the IP address.
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
    """Return the hosts of these values, without repeats. The host of a mailbox is left out, because it may belong to a
    mail provider.

    The caller then searches for other indicators on these hosts.
    """
    hosts = (find_indicator_host(value.kind, value.value) for value in values if value.kind in SEARCHED_KINDS)
    return list(dict.fromkeys(host for host in hosts if host))


def list_enclosing_hosts(value: Indicator) -> list[Indicator]:
    """Return the host of `value`, and the domains that contain this host, as indicators. `value` itself and the
    top-level domain (« fr ») are left out.
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
    """Return the condition that an indicator is on one of the hosts. Such an indicator is a subdomain, a URL or a
    mailbox, never the host itself.

    The condition has a form for which PostgreSQL uses the index by host.
    """
    condition = Q(pk__in=())
    for host in hosts:
        is_host = Q(kind__in=[ObservableKind.DOMAIN, ObservableKind.IP], value=host)
        condition |= Q(StartsWith(extract_reversed_host(), f".{host}"[::-1])) & ~is_host
    return condition


def separate_frequent_hosts(hosts: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the ids of the indicators on the rare hosts, and the list of the frequent hosts. A frequent host has more
    than FEW indicators in all centres together. Runs one query, or none without hosts.

    PostgreSQL estimates that every host has a hundredth of all indicators. Without the order by host, it would
    therefore read the cases of the centre from the newest to the oldest. With this order, it uses the index and finds
    the indicators at once.
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


def filter_related_rows(rows: Iterable[Observable], value: Indicator) -> Iterator[Observable]:
    """Yield the rows that are related to `value` by its host. They are the host itself, the domains that contain the
    host, and the other indicators on the host.
    """
    hosts, enclosing = list_searched_hosts([value]), list_enclosing_hosts(value)
    for row in rows:
        indicator = Indicator(ObservableKind(row.kind), row.value)
        is_on_host = is_within_domains(find_indicator_host(row.kind, row.value), hosts)
        if indicator != value and (is_on_host or indicator in enclosing):
            yield row


def list_related_indicators(
    values: Sequence[Indicator], user: User, *, beside: Incident | None = None
) -> QuerySet[Observable]:
    """Return the indicators of the user's centres that are related to these values by their host, newest first.

    Indicators in the case `beside`, and in the cases merged with it, are left out. A host with more than FEW
    indicators gives at most MAX_ON_HOST. All other hosts together give at most MAX_ON_HOSTS. The hosts of the values
    and the domains that contain them give at most MAX_ENCLOSING.

    Runs at most two queries. The returned queryset runs another one when it is read.
    """
    own_rows = list_own_observables(user).order_by("-incident__received_at")
    own_rows = own_rows.exclude(match_same_case(beside)) if beside else own_rows
    enclosing = {host for value in values for host in list_enclosing_hosts(value)}
    related_ids = own_rows.filter(match_values(enclosing)).values_list("pk")[:MAX_ENCLOSING]
    few, frequent_hosts = separate_frequent_hosts(list_searched_hosts(values))
    on_hosts = (own_rows.filter(match_on_hosts([host])).values_list("pk")[:MAX_ON_HOST] for host in frequent_hosts)
    related_ids = related_ids.union(own_rows.filter(pk__in=few).values_list("pk")[:MAX_ON_HOSTS], *on_hosts)
    rows = Observable.objects.filter(pk__in=[key for (key,) in related_ids])
    return rows.select_related("incident__collectivity__departement").order_by("-incident__received_at", "-id")
