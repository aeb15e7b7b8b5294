"""The first page after signing in: the queue for responders, their cases for agents, the figures for the others."""

from typing import Any

from django.urls import reverse

from accounts.enums import COLLECTIVITY_ROLES, Role
from accounts.models import User
from collectivities.models import Region


def first_page(user: Any) -> str:
    if not isinstance(user, User):
        return reverse("home")
    if user.is_staff:
        return reverse("admin:index")
    if user.has_role(*COLLECTIVITY_ROLES):
        return reverse("own_cases")
    return figures_of(user) if user.has_role(Role.ANALYST, Role.NATIONAL) else reverse("home")


def figures_of(user: User) -> str:
    """Return the figures of the analyst's région, or those of the nation for national coordination."""
    region = Region.objects.filter(pk__in=user.region_ids()).order_by("code").first()
    return reverse("statistics", query={"region": region.code} if region else {})
