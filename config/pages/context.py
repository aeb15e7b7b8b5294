"""The context processor that tells every template whether the database is a demonstration."""

from django.http import HttpRequest

from accounts.installation import is_demonstration


def describe_installation(request: HttpRequest) -> dict[str, bool]:
    """Return the variable that every template gets. `demonstration` tells whether the database is a demonstration."""
    return {"demonstration": is_demonstration()}
