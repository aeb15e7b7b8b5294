"""The queue of a CSIRT: what nobody has taken first, then the worst, then the newest; page by page, never counted."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, F, Min, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.enums import OPEN, TYPE_TERMS, Severity, Status, Verification
from incidents.models import Incident

AFTER, BEFORE = "apres", "avant"
WORST_FIRST = ("status", "severity", "received_at", "id")
NEWEST_FIRST = ("received_at", "id")
# A supplier that at least so many bodies name is one affair, not several.
BODIES_OF_A_GROUP = 3
GROUPS_SHOWN = 5
# Beyond so many open cases that name a supplier, the groups are those of the first in the index: cost stays flat.
CASES_GROUPED = 1000


class StateFilter(SimpleListFilter):
    """Open cases by default; a search looks in all of them."""

    title = _("état")
    parameter_name = "etat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("ouverts", _("ouverts")), ("clos", _("clos")), ("tous", _("tous"))]

    def choices(self, changelist: ChangeList) -> Any:
        now = self.value() or default_state(changelist.query)
        for value, title in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": value == now, "query_string": link, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        match self.value() or default_state(request.GET.get("q", "")):
            case "ouverts":
                return queryset.filter(status__in=OPEN)
            case "clos":
                return queryset.filter(status=Status.CLOSED)
        return None


class VerificationFilter(SimpleListFilter):
    title = _("vérification")
    parameter_name = "verification"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("non", _("non vérifiées"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        return queryset.filter(verification=Verification.UNVERIFIED) if self.value() else None


class TypeFilter(SimpleListFilter):
    title = _("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(TYPE_TERMS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        return queryset.filter(type=self.value()) if self.value() in TYPE_TERMS else None


class SupplierFilter(SimpleListFilter):
    """Reached from the line that groups the bodies of one supplier."""

    title = _("prestataire")
    parameter_name = "prestataire"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(self.value() or "", self.value() or "")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        return queryset.filter(supplier_key=self.value()) if self.value() else None


FILTERS = (StateFilter, VerificationFilter, TypeFilter, SupplierFilter)
PARAMETERS = {each.parameter_name for each in FILTERS}


def default_state(query: str) -> str:
    return "tous" if query.strip() else "ouverts"


class Queue(ChangeList):
    """Django's list without its two COUNTs: a page starts after, or ends before, a reference of another page."""

    def get_filters_params(self, params: Any = None) -> Any:
        kept = super().get_filters_params(params)
        return {name: value for name, value in kept.items() if name not in {AFTER, BEFORE}}

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        return str(super().get_query_string(new_params, [*(remove or []), AFTER, BEFORE]))

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Incident]) -> list[Any]:
        state = request.GET.get(StateFilter.parameter_name) or default_state(self.query)
        self.keys = WORST_FIRST if state == "ouverts" else NEWEST_FIRST
        return [f"-{key}" for key in self.keys]

    def get_results(self, request: HttpRequest) -> None:
        after, before = request.GET.get(AFTER, ""), request.GET.get(BEFORE, "")
        rows = self.rows_beside(before, backwards=True) if before else self.rows_beside(after)
        page, more = rows[: self.list_per_page], len(rows) > self.list_per_page
        self.result_list = page[::-1] if before else page
        self.previous = self.link(BEFORE, self.result_list[0]) if page and (more if before else after) else ""
        self.next = self.link(AFTER, self.result_list[-1]) if page and (more or before) else ""
        # What Django's own templates and actions ask of a list; nothing here is a count.
        self.result_count = self.full_result_count = len(page)
        self.show_full_result_count = self.show_admin_actions = self.can_show_all = self.multi_page = False

    def rows_beside(self, cursor: str, *, backwards: bool = False) -> list[Incident]:
        """One row more than a page, from the one after `cursor` on; backwards, the nearest first."""
        rows = self.queryset.reverse() if backwards else self.queryset
        if bound := self.read_cursor(cursor):
            lookup = TupleGreaterThan if backwards else TupleLessThan
            rows = rows.filter(lookup(Tuple(*(F(key) for key in self.keys)), bound))
        return list(rows[: self.list_per_page + 1])

    def link(self, name: str, incident: Incident) -> str:
        """A cursor keeps the state in which the row was shown: somebody may take it before the next page is asked."""
        cursor = f"{incident.status}.{incident.severity}.{incident.reference}"
        return str(super().get_query_string({name: cursor}, [AFTER, BEFORE]))

    def read_cursor(self, cursor: str) -> tuple[Any, ...] | None:
        """The bound that a cursor names; an altered one starts again from the top."""
        status, _dot, rest = cursor.partition(".")
        severity, _dot, reference = rest.partition(".")
        if status not in Status.values or severity not in map(str, Severity.values):
            return None
        place = self.root_queryset.filter(reference=reference).values_list("received_at", "id").first()
        if place is None:
            return None
        return (status, int(severity), *place) if self.keys == WORST_FIRST else place


def supplier_groups(user: User) -> list[dict[str, Any]]:
    """The suppliers that several bodies name among the open cases, the most named first."""
    named = Incident.objects.filter(csirt__in=user.csirt_ids()).open().exclude(supplier_key="")
    few = named.order_by("csirt", "supplier_key").values("pk")[:CASES_GROUPED]
    groups: Any = (
        Incident.objects.filter(pk__in=few)
        .order_by()
        .values("supplier_key")
        .annotate(bodies=Count("collectivity", distinct=True), name=Min("story__supplier"))
        .filter(bodies__gte=BODIES_OF_A_GROUP)
        .order_by("-bodies", "supplier_key")[:GROUPS_SHOWN]
    )
    return list(groups)
