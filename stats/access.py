"""Who may read exact figures, and of what: a lead its centres, the coordination everything, an entitled analyst."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.enums import Role
from accounts.models import User
from collectivities.models import Region
from csirts.models import Csirt
from csirts.wording import at
from stats.reach import Reach


@dataclass(frozen=True)
class Link:
    label: str
    url: str


def own_centres(user: User) -> Reach:
    """The centres that this person leads. Raises Http404 for everybody else."""
    led = Csirt.objects.filter(pk__in=user.csirt_ids(Role.LEAD)).order_by("name")
    return reach_of_centres(list(led))


def centre_for(user: User, slug: str) -> Reach:
    """Any centre for the coordination, one of theirs for a lead. Raises Http404."""
    centres = Csirt.objects.filter(slug=slug)
    if not user.has_role(Role.NATIONAL):
        centres = centres.filter(pk__in=user.csirt_ids(Role.LEAD))
    return reach_of_centres(list(centres))


def reach_of_centres(centres: Collection[Csirt]) -> Reach:
    if not centres:
        raise Http404
    return Reach(", ".join(one.name for one in centres), csirts=frozenset(one.pk for one in centres))


def region_for(user: User, code: str) -> Reach:
    """Any région for the coordination, those that have entitled them today for an analyst. Raises Http404."""
    region = regions_for(user).filter(code=code).first()
    if region is None:
        raise Http404
    return Reach(at(region), region=region.pk, region_code=region.code)


def regions_for(user: User) -> QuerySet[Region]:
    if user.has_role(Role.NATIONAL):
        return Region.objects.all()
    return Region.objects.filter(pk__in=user.exact_region_ids())


def nation_for(user: User) -> Reach:
    """For the coordination. Raises Http404."""
    if not user.has_role(Role.NATIONAL):
        raise Http404
    return Reach(_("en France"))


def links_for(user: User | None) -> list[Link]:
    """Every exact page that this person may open; for most people none. Three queries at most."""
    if user is None:
        return []
    links = []
    if user.has_role(Role.LEAD):
        links.append(Link(_("Mon centre"), reverse("own_statistics")))
    if user.has_role(Role.NATIONAL):
        links.append(Link(_("Toute la France"), reverse("exact_nation")))
    if user.has_role(Role.NATIONAL) or user.exact_region_ids():
        links += [Link(one.name, reverse("exact_region", args=[one.code])) for one in regions_for(user)]
    if user.has_role(Role.NATIONAL):
        centres = Csirt.objects.active().order_by("name")
        links += [Link(one.name, reverse("exact_centre", args=[one.slug])) for one in centres]
    return links
