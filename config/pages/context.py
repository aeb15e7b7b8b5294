"""The context of every page about the installation."""

from django.http import HttpRequest

from accounts.installation import is_demonstration


def describe_installation(request: HttpRequest) -> dict[str, bool]:
    return {"demonstration": is_demonstration()}
