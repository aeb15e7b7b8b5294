"""The responders' pages in the admin: the queue and the cases. They save nothing except through services."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.enums import CentreAbility
from accounts.reauthentication import check_identity
from accounts.signed_in import get_account
from core.admin import BoundedModelAdmin
from incidents.access import get_incident
from incidents.enums import Ability
from incidents.models import Incident
from incidents.querysets import IncidentQuerySet
from incidents.services.handling.hold import check_not_held
from incidents.services.handling.readings import save_reading
from incidents.triage.acts import ACTS, POWERFUL_ACTS, carry_out_act, is_sent_by_queue_script, make_messages_response
from incidents.triage.case.page import build_page_context, redirect_to_case, render_page, report_refusal
from incidents.triage.queue.list_page import render_queue
from incidents.triage.routes import CASE_ROUTES, OTHER_ROUTES
from incidents.triage.search.page import redirect_to_search
from incidents.triage.transfer.moved_case import explain_moved_case
from incidents.triage.work.unsent_text import save_posted_text, save_unsent_text_view


@admin.register(Incident)
class IncidentAdmin(BoundedModelAdmin):
    """The pages of the queue and of each case. The address of a page about a case contains its reference.

    These pages replace Django's pages that list, add, change and delete rows. Django's bulk actions are turned off.
    """

    actions = None

    def get_urls(self) -> list[URLPattern]:
        name = "incidents_incident_{}".format
        wrap = self.admin_site.admin_view

        def wrap_case_view(view: Any, form: str = "") -> Any:
            """Return the view of a case with what all such views share.

            The view requires a login to the admin. A post saves the text that was typed. `form` is the code of the
            posted form. If the case has gone to another centre, the response to a post names that centre.
            """
            return wrap(explain_moved_case(save_posted_text(form)(view)))

        return [
            path("", wrap(self.changelist_view), name=name("changelist")),
            *[path(f"{route.path}/", wrap(route.view), name=name(route.name)) for route in OTHER_ROUTES],
            *[
                path(f"<str:reference>/{route.path}/", wrap_case_view(route.view, route.form), name=name(route.name))
                for route in CASE_ROUTES
            ],
            path("<str:reference>/", wrap(require_safe(self.case_view)), name=name("change")),
            path("<str:reference>/effacer/demande/", wrap(require_safe(self.ask_erase_view)), name=name("ask_erase")),
            path("<str:reference>/garder/", wrap(explain_moved_case(save_unsent_text_view)), name=name("keep")),
            path("<str:reference>/<slug:act>/", wrap_case_view(require_POST(self.act_view)), name=name("act")),
        ]

    # The queue

    def get_queryset(self, request: HttpRequest) -> IncidentQuerySet:
        return Incident.objects.of_centres(get_account(request), CentreAbility.READ)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return require_safe(self.queue_view)(request)

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        """Show the queue. An old link with `?q=` is redirected to the search page."""
        if request.GET.get("q", "").strip():  # old links use the former search box of the queue
            return redirect_to_search(request)
        if not self.has_view_permission(request):
            raise PermissionDenied
        return render_queue(request)

    # A case

    def case_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """Show the page of a case, and record that the user read the case."""
        began = timezone.now()
        incident = get_incident(get_account(request), reference, to=Ability.READ)
        context = build_page_context(request, incident)
        if request.method == "GET":  # after the context, which compares with the previous reading
            save_reading(context["thread"]["own_reading"], incident=incident, reader=get_account(request), at=began)
        return render_page(request, "incidents/triage/case.html", context)

    def act_view(self, request: HttpRequest, reference: str, act: str) -> HttpResponse:
        """Carry out the act of a button, then redirect to the page of the case or return the messages as JSON."""
        if act not in ACTS:
            raise Http404
        if act in POWERFUL_ACTS:
            check_identity(request)
        carry_out_act(request, reference, act)
        return make_messages_response(request) if is_sent_by_queue_script(request) else redirect_to_case(reference)

    def ask_erase_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """Ask the user to confirm that the case is to be erased, after a proof of identity."""
        check_identity(request)
        incident = get_incident(get_account(request), reference, to=Ability.ERASE)
        try:
            check_not_held(incident)
        except ValidationError as refusal:
            return report_refusal(request, reference, refusal)
        return render_page(request, "incidents/triage/erase.html", {"incident": incident})

    # Permissions of Django's admin that nobody has on a case

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        return False
