"""The responders' pages in the admin: the queue and the cases. They save nothing except through services."""

from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import get_account
from core.stale import Stale
from incidents.access import get_incident
from incidents.enums import TYPE_TERMS, Ability, CaseFormCode
from incidents.models import Incident
from incidents.querysets import IncidentQuerySet
from incidents.reference import split_groups
from incidents.services.correspondence.correspond import ThreadMoved, write_to_case_and_duplicates, write_to_declarant
from incidents.services.declarant.access import derive_secret, rotate_access
from incidents.services.declaring.bodies import correct_body
from incidents.services.handling.readings import save_reading
from incidents.services.handling.severity import set_severity
from incidents.triage.acts import ACTS, carry_out_act, make_messages_response, wants_messages_only
from incidents.triage.case.body import BodyCorrectionForm
from incidents.triage.case.page import (
    build_page_context,
    rebase_form,
    redirect_to_case,
    render_page,
    report_refusal,
)
from incidents.triage.case.thread import ReplyForm, list_messages_since
from incidents.triage.judging.severity import SeverityForm, make_severity_form
from incidents.triage.notice import format_sent_confirmation
from incidents.triage.queue.banners import compute_banner_stamp, load_banners
from incidents.triage.queue.lines import load_line_columns
from incidents.triage.queue.order import get_centre_cases
from incidents.triage.queue.pages import PERSON, TYPE, VIEW, QueueFilters, QueuePage, load_rows, read_queue_page
from incidents.triage.queue.refresh import annotate_line_state, compute_page_stamp
from incidents.triage.queue.saved_views import VIEWS
from incidents.triage.queue.wave_lines import build_rows
from incidents.triage.routes import CASE_ROUTES, OTHER_ROUTES, PageRoute
from incidents.triage.search.page import redirect_to_search
from incidents.triage.transfer.block import MAX_OFFERS_COUNTED
from incidents.triage.transfer.moved_case import explain_moved_case
from incidents.triage.work.unsent_text import save_posted_text, save_unsent_text_view


@admin.register(Incident)
class IncidentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """The pages of the queue and of the cases, which are addressed by reference.

    They replace Django's own pages, which add, change and delete a row and show its history. Django's bulk actions are
    turned off.
    """

    actions = None

    def get_urls(self) -> list[URLPattern]:
        name = "incidents_incident_{}".format
        wrap = self.admin_site.admin_view

        def wrap_case(view: Any, form: str = "") -> Any:
            return wrap(explain_moved_case(save_posted_text(form)(view)))

        of_a_case = [
            *CASE_ROUTES,
            PageRoute("message", require_POST(self.message_view), "message", CaseFormCode.REPLY),
            PageRoute("gravite", require_POST(self.severity_view), "severity", CaseFormCode.SEVERITY),
            PageRoute("code", require_http_methods(["GET", "HEAD", "POST"])(self.code_view), "code"),
            PageRoute("corriger", require_POST(self.correct_view), "correct", CaseFormCode.CORRECTION),
        ]
        return [
            path("", wrap(self.changelist_view), name=name("changelist")),
            *[path(f"{route.path}/", wrap(route.view), name=name(route.name)) for route in OTHER_ROUTES],
            *[
                path(f"<str:reference>/{route.path}/", wrap_case(route.view, route.form), name=name(route.name))
                for route in of_a_case
            ],
            path("<str:reference>/", wrap(require_safe(self.case_view)), name=name("change")),
            path("<str:reference>/effacer/demande/", wrap(require_safe(self.ask_erase_view)), name=name("ask_erase")),
            path("<str:reference>/garder/", wrap(explain_moved_case(save_unsent_text_view)), name=name("keep")),
            path("<str:reference>/<slug:act>/", wrap_case(require_POST(self.act_view)), name=name("act")),
        ]

    # The queue

    def get_queryset(self, request: HttpRequest) -> IncidentQuerySet:
        return get_centre_cases(get_account(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return require_safe(self.queue_view)(request)

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        if request.GET.get("q", "").strip():  # old links use the former search box of the queue
            return redirect_to_search(request)
        if not self.has_view_permission(request):
            raise PermissionDenied
        return render_queue(request)

    # A case

    def case_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        began = timezone.now()
        incident = get_incident(get_account(request), reference, to=Ability.READ)
        context = build_page_context(request, incident)
        if request.method == "GET":  # after the context, which compares with the previous reading
            save_reading(context["thread"]["mine"], incident=incident, reader=get_account(request), at=began)
        return render_page(request, "incidents/triage/case.html", context)

    def message_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """Send a message to the declarant. If it is refused, show it on the page of the case as it was typed."""
        form = ReplyForm(request.POST)
        incident = get_incident(get_account(request), reference, to=Ability.WORK)
        try:
            if form.is_valid():
                send = write_to_case_and_duplicates if form.cleaned_data["to_doubles"] else write_to_declarant
                letter, with_duplicates = form.make_letter(), form.cleaned_data["to_doubles"]
                send(reference=reference, actor=get_account(request), letter=letter, seen=form.read_seen())
                messages.success(request, format_sent_confirmation(incident, letter, with_duplicates=with_duplicates))
                return redirect_to_case(reference)
        except ThreadMoved as moved:
            return self.render_moved_thread(request, incident, form, moved)
        except ValidationError as error:
            if incident.erased_at:  # the page of an erased case has no such form
                return report_refusal(request, reference, error)
            form.add_error(None, error)
        context = build_page_context(request, incident)
        context["thread"]["form"] = form
        return self.render_case(request, context)

    def render_moved_thread(
        self, request: HttpRequest, incident: Incident, form: ReplyForm, moved: ThreadMoved
    ) -> HttpResponse:
        """Show the page of the case with the new messages, and with the colleagues who are writing.

        The reply is not sent yet, so that the responder can edit it or send it again.
        """
        context = build_page_context(request, incident)
        new_messages = list_messages_since(context["thread"], form.cleaned_data["seen"])
        form.update_seen(moved)
        context["thread"] |= {"form": form, "moved": {"came": new_messages, "writers": moved.writers}}
        return self.render_case(request, context, status=409)

    def correct_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """Correct the unconfirmed body. If the form is refused, show it on the page of the case as it was typed."""
        form, is_stale = BodyCorrectionForm(request.POST), False
        incident = get_incident(get_account(request), reference, to=Ability.CONFIRM_BODY)
        try:
            correct_body(reference=reference, correction=form.make_correction(), actor=get_account(request))
        except Stale:
            is_stale = True
        except ValidationError as error:
            if not hasattr(error, "error_dict"):
                return report_refusal(request, reference, error)
            form.add_error(None, error)
        else:
            messages.success(request, "Collectivité corrigée. Le centre qui répond reste le même.")
            return redirect_to_case(reference)
        context = build_page_context(request, incident) | {"correction": form, "is_stale": is_stale}
        if is_stale and context["proposed"]:
            rebase_form(form, context["proposed"].form)
        return self.render_case(request, context, status=409 if is_stale else 422)

    def severity_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """Set the severity. If no reason is given or the page was outdated, show the choice again as it was made."""
        form, is_stale = SeverityForm(request.POST), False
        incident = get_incident(get_account(request), reference, to=Ability.QUALIFY)
        try:
            if form.is_valid():
                set_severity(reference=reference, actor=get_account(request), **form.cleaned_data)
                messages.success(request, "Gravité changée. Votre motif reste dans le dossier.")
                return redirect_to_case(reference)
        except Stale:
            is_stale = True
        except ValidationError as error:
            if not hasattr(error, "error_dict"):
                return report_refusal(request, reference, error)
            form.add_error(None, error)
        context = build_page_context(request, incident)
        if is_stale:
            rebase_form(form, make_severity_form(incident))
        context["weighed"] |= {"form": form, "is_stale": is_stale}
        return self.render_case(request, context, status=409 if is_stale else 422)

    def act_view(self, request: HttpRequest, reference: str, act: str) -> HttpResponse:
        if act not in ACTS:
            raise Http404
        carry_out_act(request, reference, act)
        return make_messages_response(request) if wants_messages_only(request) else redirect_to_case(reference)

    def ask_erase_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        incident = get_incident(get_account(request), reference, to=Ability.ERASE)
        return render_page(request, "incidents/triage/erase.html", {"incident": incident})

    def code_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """Replace the follow-up code of the declarant.

        GET asks for a confirmation. The response to the POST shows the new code, because it is stored nowhere and no
        later page could show it.
        """
        if request.method != "POST":
            incident = get_incident(get_account(request), reference, to=Ability.ROTATE)
            return render_page(request, "incidents/triage/code_ask.html", {"incident": incident})
        try:
            secret = derive_secret(rotate_access(reference=reference, actor=get_account(request)))
        except ValidationError as error:
            return report_refusal(request, reference, error)
        incident = get_incident(get_account(request), reference, to=Ability.VIEW)
        secrets = {"reference": split_groups(incident.reference), "secret": split_groups(secret)}
        return render_page(request, "incidents/triage/code.html", {"incident": incident} | secrets)

    def render_case(self, request: HttpRequest, context: dict[str, Any], *, status: int = 422) -> HttpResponse:
        """Return the page of the case with the form that was refused, which `context` contains."""
        return render_page(request, "incidents/triage/case.html", context, status=status)

    # Permissions of Django's admin that nobody has on a case

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        return False


def render_queue(request: HttpRequest) -> HttpResponse:
    user, now = get_account(request), timezone.now()
    page = read_queue_page(QueueFilters.read(request.GET), user, now)
    filters = page.filters
    incidents = load_rows(page, annotate_line_state(load_line_columns(get_centre_cases(user)), user))
    banners = load_banners(user)
    waiting = compute_banner_stamp(banners.offers, banners.closed_to_read)
    context = {
        "title": "Dossiers",
        "now": now,
        "asked": filters,
        "page": page,
        "rows": build_rows(page, incidents, now),
        "mark": compute_page_stamp(page, incidents, now) + waiting if filters.is_first else "",
        "views": list_view_links(page),
        "types": list_type_links(filters),
        "everybody": filters.make_link(**{PERSON: ""}),
        "key": uuid4(),
        "me": user.pk,
        "works": bool(user.work_centre_ids),
        "max_offers": MAX_OFFERS_COUNTED,
    }
    return render_page(request, "incidents/triage/queue.html", context | banners._asdict())


def list_view_links(page: QueuePage) -> list[dict[str, Any]]:
    """Return the saved views as links, each with its number of cases if no other filter is set."""
    return [
        {
            "view": view,
            "link": page.filters.make_link(**{VIEW: view.code}),
            "is_current": view == page.filters.view,
            "count": page.counted.get(view.code, ""),
        }
        for view in VIEWS
    ]


def list_type_links(filters: QueueFilters) -> list[tuple[str, str, bool]]:
    """Return (link, label, is_current) for each type. The first one shows all types."""
    types = [("", "tous"), *TYPE_TERMS.items()]
    return [(filters.make_link(**{TYPE: code}), str(term), code == filters.type) for code, term in types]
