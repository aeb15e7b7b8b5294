"""Brakes on machines that fill the form. They only ask an honest person to press one more button, never refuse."""

from django.http import HttpRequest, QueryDict

from incidents.burst import is_burst

TRAP = "site_web"  # people never see this field
MANY = 10
WITHIN_SECONDS = 600
CONFIRMED = "confirme"


def must_confirm(request: HttpRequest, data: QueryDict) -> bool:
    """Whether this post looks like a machine's and nobody has confirmed it yet."""
    if CONFIRMED in data:
        return False
    return bool(data.get(TRAP)) or is_burst(request, "declare", many=MANY, within_seconds=WITHIN_SECONDS)
