"""The first page after signing in: the queue for responders, their own cases for agents, the figures for analysts and
the national coordination.
"""

from typing import Any

from django.urls import reverse

from accounts.enums import COLLECTIVITY_ROLES, Role
from accounts.models import User
from collectivities.models import Region


def find_first_page(user: Any) -> str:
    """Return the URL of the page that this user sees first after signing in. It is the home page for an anonymous
    user.
    """
    if not isinstance(user, User):
        return reverse("home")
    if user.is_staff:
        return reverse("admin:index")
    if user.has_role(*COLLECTIVITY_ROLES):
        return reverse("own_cases")
    return find_figures_page(user) if user.has_role(Role.ANALYST, Role.NATIONAL) else reverse("home")


def find_figures_page(user: User) -> str:
    """Return the URL of the figures that the person may read. National coordination gets the exact figures of the
    nation, and an analyst those of the région.

    An analyst without a written decision gets the published figures of the région, on a page that explains why.
    """
    if user.has_role(Role.NATIONAL):
        return reverse("exact_nation")
    entitled = user.get_exact_region_ids()
    region = Region.objects.filter(pk__in=entitled or user.get_region_ids()).order_by("code").first()
    if region and entitled:
        return reverse("exact_region", args=[region.code])
    return reverse("statistics", query={"region": region.code} if region else {})
