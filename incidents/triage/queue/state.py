"""What the script of the queue asks every twenty seconds: has the page changed, and which cases are on it now."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.signed_in import get_account
from incidents.triage.case.ending import list_awakened
from incidents.triage.queue.desk import mark_of_waiting
from incidents.triage.queue.order import cases_of_centres
from incidents.triage.queue.pages import Asked, read_page, rows_of
from incidents.triage.queue.refresh import mark_of, with_signs
from incidents.triage.transfer.block import count_offers


@never_cache
@require_safe
def queue_state(request: HttpRequest) -> HttpResponse:
    """`mark` changes when the first page of this view would; `cases` are those on it, in waves too."""
    user, now = get_account(request), timezone.now()
    if not user.read_centre_ids:
        raise Http404
    page = read_page(Asked.read(request.GET)._replace(after=None, before=None), user, now)
    shown = cases_of_centres(user).only("reference", "status", "due_at")
    above = mark_of_waiting(count_offers(user), list_awakened(user))
    mark = mark_of(page, rows_of(page, with_signs(shown, user)), now)
    return JsonResponse(
        {"mark": mark + above, "cases": [case.reference for wave in page.waves for case in wave.cases]}
    )
