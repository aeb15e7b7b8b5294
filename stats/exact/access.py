"""The right to read exact figures.

A lead reads the figures of the centres that they lead. An entitled analyst reads those of the régions that entitle
them. National coordination reads all figures.
"""

from dataclasses import dataclass, replace

from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse

from accounts.access import list_centres, match_centres
from accounts.enums import CentreAbility, Role
from accounts.models import User
from collectivities.models import Region
from csirts.models import Csirt
from csirts.wording import format_region_with_de, format_region_with_en


@dataclass(frozen=True)
class Scope:
    """The centres, the région or the nation whose exact figures are read. The figures of several centres are added
    together.

    The scope is the nation if `csirt_ids` is empty and `region_id` is None. `code` names the scope in file names:
    « region-53 ».
    """

    title: str
    csirt_ids: frozenset[int] = frozenset()
    region_id: int | None = None
    region_code: str = ""
    code: str = ""

    @property
    def row_filter(self) -> Q:
        """The condition that selects the facts, sums and presences of the scope."""
        if self.csirt_ids:
            return Q(csirt__in=self.csirt_ids)
        return Q(region=self.region_id) if self.region_id else Q()

    @property
    def is_nation(self) -> bool:
        return not self.csirt_ids and not self.region_id


@dataclass(frozen=True)
class ExactLink:
    """A link to a page of exact figures."""

    label: str
    url: str


def get_own_scope(user: User) -> Scope:
    """Return the scope of all centres that this person leads. Raises Http404 if they lead none."""
    led = list_centres(user, CentreAbility.LEAD)
    return replace(make_centre_scope(led), code="mon-centre")


def get_centre_scope(user: User, slug: str) -> Scope:
    """Return the scope of the centre with this slug. Raises Http404 if this person may not read its figures.

    A lead may read the centres that they lead. National coordination may read any centre.
    """
    centres = Csirt.objects.filter(slug=slug)
    if not user.has_role(Role.NATIONAL):
        centres = centres.filter(match_centres(user, CentreAbility.LEAD, "pk"))
    return make_centre_scope(centres)


def make_centre_scope(centres: QuerySet[Csirt]) -> Scope:
    """Return the scope of these centres. Raises Http404 if there are none."""
    if not centres:
        raise Http404
    title, slugs = ", ".join(centre.name for centre in centres), "-".join(centre.slug for centre in centres)
    return Scope(title, csirt_ids=frozenset(centre.pk for centre in centres), code=f"centre-{slugs}")


def get_region_scope(user: User, code: str) -> Scope:
    """Return the scope of the région with this code. Raises Http404 if this person may not read its figures.

    An analyst may read the régions that entitle them today. National coordination may read any région.
    """
    region = list_readable_regions(user).filter(code=code).first()
    if region is None:
        raise Http404
    return Scope(
        format_region_with_en(region), region_id=region.pk, region_code=region.code, code=f"region-{region.code}"
    )


def list_readable_regions(user: User) -> QuerySet[Region]:
    """Return the régions whose exact figures this person may read."""
    if user.has_role(Role.NATIONAL):
        return Region.objects.all()
    return Region.objects.filter(pk__in=user.get_exact_region_ids())


def get_nation_scope(user: User) -> Scope:
    """Return the scope of the nation. Raises Http404 unless this person belongs to national coordination."""
    if not user.has_role(Role.NATIONAL):
        raise Http404
    return Scope("en France", code="france")


def list_title_links(user: User, region: Region | None) -> list[ExactLink]:
    """Return the links to exact figures beside the title of a page of published figures.

    They lead to the centres and régions of the reader. For national coordination, one link to the `region` of the page
    replaces the links to régions. This link leads to the nation if `region` is None.
    """
    links = []
    if user.leads_any_centre:
        links.append(ExactLink("Les chiffres exacts de mon centre", reverse("own_statistics")))
    if not user.has_role(Role.NATIONAL):
        regions = list(list_readable_regions(user)) if user.get_exact_region_ids() else []
    elif region is None:
        return [*links, ExactLink("Les chiffres exacts de toute la France", reverse("exact_nation"))]
    else:
        regions = [region]
    return links + [
        ExactLink(
            f"Les chiffres exacts {format_region_with_de(region_row)}", reverse("exact_region", args=[region_row.code])
        )
        for region_row in regions
    ]


def list_unentitled_regions(user: User) -> list[Region]:
    """Return this analyst's régions that do not entitle them today to read exact figures."""
    missing = user.get_region_ids() - user.get_exact_region_ids()
    if not missing or user.has_role(Role.NATIONAL):
        return []
    return list(Region.objects.filter(pk__in=missing).order_by("code"))


def list_exact_links(user: User | None) -> list[ExactLink]:
    """Return the links to all exact pages that this person may open. Runs three queries at most."""
    if user is None:
        return []
    links = []
    is_national = user.has_role(Role.NATIONAL)
    if user.leads_any_centre:
        links.append(ExactLink("Mon centre", reverse("own_statistics")))
    if is_national:
        links.append(ExactLink("Toute la France", reverse("exact_nation")))
    if is_national or user.get_exact_region_ids():
        regions = list_readable_regions(user)
        links += [ExactLink(region.name, reverse("exact_region", args=[region.code])) for region in regions]
    if is_national:
        centres = Csirt.objects.active().order_by("name")
        links += [ExactLink(centre.name, reverse("exact_centre", args=[centre.slug])) for centre in centres]
    return links
