"""Values that reveal nothing about an attack and are not proposed as indicators: the domains of
`data/known-values.json`, private addresses, and values of the body, of the centre and of people of the case.

A responder who disagrees adds the value by hand.
"""

import ipaddress
import json
from collections.abc import Collection
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

from incidents.enums import ObservableKind
from incidents.indicators.observables import Indicator, find_indicator_host

FILE = Path(__file__).parent.parent / "data" / "known-values.json"
# Networks reserved for documentation. They are proposed, so that an exercise looks like a real case.
EXAMPLE_NETWORKS = [
    ipaddress.ip_network(network)
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
]


class KnownDomain(NamedTuple):
    """A domain that reveals nothing about an attack, and the reason."""

    domain: str
    why: str


class KnownList(NamedTuple):
    """The national list of known domains. The entries in `families` also cover their subdomains and mailboxes, while
    the entries in `providers` cover only the bare domain.
    """

    checked_on: str
    source: str
    families: list[KnownDomain]
    providers: list[KnownDomain]

    @property
    def checked_date(self) -> date:
        """Return the date of `checked_on`, on which the list was last checked."""
        return date.fromisoformat(self.checked_on)


@cache
def load_national_list() -> KnownList:
    """Return the national list of known domains, which is read only once from its file."""
    content = json.loads(FILE.read_text(encoding="utf-8"))
    families, providers = ([KnownDomain(**domain) for domain in content[name]] for name in ("families", "providers"))
    return KnownList(content["checked_on"], content["source"], families, providers)


def is_unrelated_to_attack(indicator: Indicator, *, own: Collection[str] = (), persons: Collection[str] = ()) -> bool:
    """Tell whether a value reveals nothing about the attack. `own` contains the domains of the body and of its centre.
    `persons` contains the mailboxes of the people of the case.
    """
    host = find_indicator_host(indicator.kind, indicator.value)
    if not host:
        return False
    if indicator.kind == ObservableKind.EMAIL and indicator.value in persons:
        return True
    if indicator.kind == ObservableKind.DOMAIN and host in {known.domain for known in load_national_list().providers}:
        return True
    return is_reserved(host) or is_within_domains(
        host, [*own, *(known.domain for known in load_national_list().families)]
    )


def is_reserved(host: str) -> bool:
    """Tell whether the host is a private or reserved IP address, which nobody can reach over the Internet. Addresses
    of EXAMPLE_NETWORKS do not count, so that exercises can use them.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not address.is_global and not any(address in network for network in EXAMPLE_NETWORKS)


def is_within_domains(host: str, domains: Collection[str]) -> bool:
    """Tell whether the host is one of the domains or a subdomain of one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def find_own_domain(mailbox: str) -> str:
    """Return the domain of the mailbox. Return "" if the mailbox is empty, or if the domain belongs to a mail
    provider, which many people share.
    """
    domain = mailbox.rpartition("@")[2].lower()
    return "" if domain in {provider.domain for provider in load_national_list().providers} else domain
