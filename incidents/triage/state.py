"""What the script of the queue asks every twenty seconds: has the page changed, and which cases are on it now."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.signed_in import user_of
from incidents.enums import TYPE_TERMS
from incidents.models import Incident
from incidents.querysets import IncidentQuerySet
from incidents.triage.desk import mark_of_waiting
from incidents.triage.ending import list_awakened
from incidents.triage.queue import SupplierFilter, TypeFilter, view_asked
from incidents.triage.refresh import mark_of, with_signs
from incidents.triage.transfer import count_offers

ROWS = 51  # as the page reads: one more than it shows


@never_cache
@require_safe
def queue_state(request: HttpRequest) -> HttpResponse:
    """`mark` changes when the first page of this view would; `cases` are those on it."""
    user = user_of(request)
    if not user.csirt_ids():
        raise Http404
    rows = list(asked_for(request.GET, user)[:ROWS])
    cases = [row.reference for row in rows[: ROWS - 1]]
    now = timezone.now()
    above = mark_of_waiting(count_offers(user), list_awakened(user))
    return JsonResponse({"mark": mark_of(rows, now) + above, "cases": cases})


def asked_for(asked: QueryDict, user: User) -> IncidentQuerySet:
    """The rows of the page at the same address, without their words."""
    cases: IncidentQuerySet = Incident.objects.visible_to(user).filter(csirt__in=user.csirt_ids())
    view = view_asked(asked)
    if (kind := asked.get(TypeFilter.parameter_name, "")) in TYPE_TERMS:
        cases = cases.filter(type=kind)
    if supplier := asked.get(SupplierFilter.parameter_name, ""):
        cases = cases.filter(supplier_key=supplier)
    ordered: IncidentQuerySet = view.narrow(cases, user, timezone.now()).order_by(*view.keys)
    return with_signs(ordered.only("reference", "status", "due_at"), user)
