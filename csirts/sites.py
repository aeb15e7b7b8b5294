"""The host names of the sites that a centre lists as its own."""

import re

# Host names only: « https://mairie.fr@piege.example » would open the host after the @.
SITE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


def split_sites(value: str) -> list[str]:
    """Return the sites of a text in lower case. Spaces, commas or semicolons separate them."""
    return re.sub(r"[,;]", " ", value).lower().split()


def list_sites(value: str) -> list[str]:
    """Return the valid host names in `value`."""
    return [site for site in split_sites(value) if SITE.fullmatch(site)]
