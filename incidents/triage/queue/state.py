"""The view that the script of the queue calls every twenty seconds, to know whether its page has changed."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.enums import CentreAbility
from accounts.signed_in import get_account
from incidents.models import Incident
from incidents.triage.queue.banners import compute_banner_stamp, list_closed_cases_to_read
from incidents.triage.queue.pages import QueueFilters, load_page_cases, read_queue_page
from incidents.triage.queue.refresh import annotate_line_state, compute_page_stamp
from incidents.triage.transfer.block import count_offers


@never_cache
@require_safe
def report_queue_state(request: HttpRequest) -> HttpResponse:
    """Return as JSON the stamp of the first page of the queue (`mark`) and the references of its cases (`cases`).

    The filters of the query string apply. Raises Http404 for a user who may read the cases of no centre.
    """
    user, now = get_account(request), timezone.now()
    if not user.reads_any_centre:
        raise Http404
    page = read_queue_page(QueueFilters.read(request.GET)._replace(after=None, before=None), user, now)
    cases = Incident.objects.of_centres(user, CentreAbility.READ).only("reference", "status", "due_at")
    above = compute_banner_stamp(count_offers(user), list_closed_cases_to_read(user))
    mark = compute_page_stamp(page, load_page_cases(page, annotate_line_state(cases, user)), now)
    return JsonResponse(
        {"mark": mark + above, "cases": [case.reference for wave in page.waves for case in wave.cases]}
    )
