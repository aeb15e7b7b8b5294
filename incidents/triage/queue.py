"""The queue of a CSIRT: what nobody has taken first, then what is due first; page by page, never counted."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.signed_in import user_of
from incidents.enums import TYPE_TERMS, TransferState
from incidents.models import Incident, Transfer
from incidents.reference import is_reference
from incidents.triage.refresh import mark_of
from incidents.triage.saved_views import DUE_FIRST, VIEWS, SavedView, view_named

AFTER, BEFORE = "apres", "avant"
SHOWN_AT = "%Y%m%dT%H%M%S%f"


class ViewFilter(SimpleListFilter):
    """The saved views. What is to be done by default; a search looks in all cases."""

    title = _("vue")
    parameter_name = "etat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(view.code, view.title) for view in VIEWS]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        return view_asked(request.GET).narrow(queryset, user_of(request), timezone.now())


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


FILTERS = (ViewFilter, TypeFilter, SupplierFilter)
PARAMETERS = {each.parameter_name for each in FILTERS}


def view_asked(asked: QueryDict) -> SavedView:
    return view_named(asked.get(ViewFilter.parameter_name, ""), asked.get("q", ""))


def given_by(centres: Iterable[int]) -> Exists:
    given = Transfer.objects.filter(incident=OuterRef("pk"), giver__in=centres, state=TransferState.ACCEPTED)
    return Exists(given)


class Queue(ChangeList):
    """Django's list without its two COUNTs: a page starts after, or ends before, a reference of another page."""

    def get_filters_params(self, params: Any = None) -> Any:
        kept = super().get_filters_params(params)
        return {name: value for name, value in kept.items() if name not in {AFTER, BEFORE}}

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        return str(super().get_query_string(new_params, [*(remove or []), AFTER, BEFORE]))

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Incident]) -> list[Any]:
        self.view = view_asked(request.GET)
        return list(self.view.keys)

    def get_results(self, request: HttpRequest) -> None:
        self.centres = user_of(request).csirt_ids()
        after, before = request.GET.get(AFTER, ""), request.GET.get(BEFORE, "")
        rows = self.rows_beside(before, backwards=True) if before else self.rows_beside(after)
        page, more = rows[: self.list_per_page], len(rows) > self.list_per_page
        self.is_first = not (after or before)
        self.start = self.get_query_string()
        self.mark = mark_of(rows, timezone.now()) if self.is_first else ""
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
            rises = not self.view.keys[0].startswith("-")
            lookup = TupleLessThan if rises == backwards else TupleGreaterThan
            rows = rows.filter(lookup(Tuple(*(F(key.removeprefix("-")) for key in self.view.keys)), bound))
        return list(rows[: self.list_per_page + 1])

    def link(self, name: str, incident: Incident) -> str:
        """A cursor keeps how the row was shown: it may be taken, or due later, before the next page is asked."""
        cursor = f"{incident.is_taken:d}.{incident.due_at.astimezone(UTC):{SHOWN_AT}}.{incident.reference}"
        return str(super().get_query_string({name: cursor}, [AFTER, BEFORE]))

    def read_cursor(self, cursor: str) -> tuple[Any, ...] | None:
        """The bound that a cursor names; an altered one starts again from the top."""
        is_taken, _dot, rest = cursor.partition(".")
        shown_at, _dot, reference = rest.partition(".")
        try:
            due_at = datetime.strptime(shown_at, SHOWN_AT).replace(tzinfo=UTC)
        except ValueError:
            return None
        if is_taken not in ("0", "1") or not is_reference(reference):
            return None
        named = Incident.objects.filter(reference=reference).values_list("received_at", "id")
        # Ours, or given away since the page was shown.
        place = named.filter(csirt__in=self.centres).first() or named.filter(given_by(self.centres)).first()
        if place is None:
            return None
        return (is_taken == "1", due_at, place[1]) if self.view.keys == DUE_FIRST else place
