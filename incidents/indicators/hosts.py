"""Queries for the indicators on one host: a domain finds the addresses, mailboxes and subdomains on it, and an address
or a mailbox finds the domain.

No index leads from a host to these values, so those on a host are read in the newest cases only.
"""

import re
from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet

from accounts.models import User
from incidents.enums import ObservableKind
from incidents.indicators.known_values import is_within_domains
from incidents.indicators.observables import Indicator, find_indicator_host, normalise_ip
from incidents.indicators.sightings import match_values
from incidents.models import Incident, Observable

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


def list_related(values: Sequence[Indicator], user: User) -> QuerySet[Observable]:
    """Return the indicators of the user's centres that are related to these values, the newest first. Those on a host
    are read in the CASES_READ newest cases. Each of both kinds has at most MAX_READ rows.
    """
    own_rows = Observable.objects.filter(incident__csirt__in=user.read_centre_ids).order_by("-incident__received_at")
    newest = Incident.objects.filter(csirt__in=user.read_centre_ids).order_by("-received_at", "-id")
    in_newest = Q(incident__in=newest.values("pk")[:CASES_READ])
    on_hosts = own_rows.filter(match_on_hosts(list_searched_hosts(values)), in_newest)
    enclosing = {host for value in values for host in list_enclosing_hosts(value)}
    around = own_rows.filter(match_values(enclosing))
    keys = [rows.values("pk")[:MAX_READ] for rows in (on_hosts, around)]
    rows = Observable.objects.filter(Q(pk__in=keys[0]) | Q(pk__in=keys[1]))
    return rows.select_related("incident__collectivity__departement").order_by("-incident__received_at", "-id")
