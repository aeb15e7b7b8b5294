"""The address of the client of a request, behind proxies or not."""

from ipaddress import IPv6Address, IPv6Network, ip_address

# The usual delegation of an IPv6 line is a /56 (RFC 6177, RIPE-690), so its addresses count as one subscriber. By
# /64, one line would be 256 of them. Neighbours on smaller delegations are slowed together, and still declare.
SUBSCRIBER_PREFIX_BITS = 56


def find_client_address(forwarded: str, remote: str) -> str:
    """Return the address of the client: the last one of the X-Forwarded-For header, where our own proxy wrote it.

    `forwarded` is the value of this header. If it is empty, return `remote`, the address of the connection.
    """
    return forwarded.rpartition(",")[2].strip() or remote


def get_subscriber_prefix(address: str) -> str:
    """Return the part of an address that identifies a subscriber: the /56 of an IPv6 address, or a whole IPv4 address.
    A text that is not an address is returned unchanged.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed), SUBSCRIBER_PREFIX_BITS), strict=False))
