"""Lists of the admin whose cost does not depend on the number of rows: no COUNT, and keyset pagination."""

from __future__ import annotations  # Django's own classes take no [parameter] at run time

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.options import Options
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.text import capfirst

NO_ROWS = Q(pk__in=[])


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """The paginator of autocomplete fields, which counts at most a thousand rows."""

    limit = 1000

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return len(rows.order_by().values_list("pk")[: self.limit])


class BoundedChangeList(ChangeList):
    """An admin list with keyset pages.

    The parameter `p` of the address is the primary key of the last row of the previous page. Django drops `p` when a
    filter changes. The list must be ordered by columns or annotations, not by expressions. `list_editable` is not
    supported.
    """

    next_page: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = capfirst(str(self.opts.verbose_name_plural))

    def get_results(self, request: HttpRequest) -> None:
        last_seen = request.GET.get(PAGE_VAR)
        rows = list(self.list_rows_after(last_seen)[: self.list_per_page + 1])
        self.result_list = rows[: self.list_per_page]
        self.next_page = self.result_list[-1].pk if len(rows) > self.list_per_page else None
        self.is_first_page = not last_seen
        self.result_count = len(self.result_list)
        self.full_result_count = None
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = bool(rows)

    def list_rows_after(self, last_seen: str | None) -> QuerySet[Any]:
        """Return the rows after the one whose primary key is `last_seen`, in the order of the list.

        Return all rows if `last_seen` is empty, or if that row no longer exists.
        """
        rows: QuerySet[Any] = self.queryset
        if not last_seen:
            return rows
        keys = [make_sort_key(self.opts, item) for item in rows.query.order_by]
        try:
            row = self.root_queryset.filter(pk=last_seen).values(*(key.name for key in keys)).first()
        except (ValueError, ValidationError) as error:
            raise IncorrectLookupParameters(error) from error
        return rows.filter(make_filter_after(keys, row)) if row else rows

    def get_next_page_url(self) -> str:
        return self.get_query_string({PAGE_VAR: self.next_page})

    def get_first_page_url(self) -> str:
        return self.get_query_string()


class SortKey(NamedTuple):
    """A column by which a list is sorted."""

    name: str
    descending: bool
    nulls_after: bool
    nullable: bool


def make_sort_key(opts: Options[Any], item: Any) -> SortKey:
    """Return the sort key for an item of `order_by`, which is an OrderBy, an F or a name such as « -created_at »."""
    order: Any = item if isinstance(item, OrderBy) else make_order_by(item)
    name, descending = order.expression.name, order.descending
    nulls_after = bool(order.nulls_last or not (descending or order.nulls_first))
    try:
        nullable = bool(getattr(opts.pk if name == "pk" else opts.get_field(name), "null", True))
    except FieldDoesNotExist:  # an annotation, or a column of a related model
        nullable = True
    return SortKey(name, descending, nulls_after, nullable)


def make_order_by(item: Any) -> OrderBy:
    """Return the OrderBy for an F or for a name such as « -created_at »."""
    if isinstance(item, F):
        return item.asc()
    return OrderBy(F(item.removeprefix("-")), descending=item.startswith("-"))


def make_filter_after(keys: Sequence[SortKey], row: dict[str, Any]) -> Q:
    """Return the condition for the rows after `row` in the order of `keys`."""
    if not keys:
        return NO_ROWS
    key, value = keys[0], row[keys[0].name]
    null = Q(**{f"{key.name}__isnull": True})
    if value is None:
        return (null & make_filter_after(keys[1:], row)) | (NO_ROWS if key.nulls_after else ~null)
    comparison = "lt" if key.descending else "gt"
    further = Q(**{f"{key.name}__{comparison}": value})
    equal = Q(**{key.name: value}) & make_filter_after(keys[1:], row)
    # Logically redundant, but lets PostgreSQL start inside an index.
    bound = Q(**{f"{key.name}__{comparison}e": value})
    after = bound & (further | equal)
    return after | null if key.nullable and key.nulls_after else after
