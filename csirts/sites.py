"""The sites that a centre lists as its own: names of hosts, never addresses."""

import re

# « https://mairie.fr@piege.example » would open the second of its names.
SITE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


def split_sites(value: str) -> list[str]:
    return re.sub(r"[,;]", " ", value).lower().split()


def list_sites(value: str) -> list[str]:
    """Return the names of hosts in `value`; what is none is left out."""
    return [site for site in split_sites(value) if SITE.fullmatch(site)]
