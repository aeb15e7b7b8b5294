"""The responders' pages in the admin: the queue and a case. Nothing is saved but through the services."""

from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import user_of
from incidents.access import get_incident
from incidents.enums import Ability, KeptForm
from incidents.models import Incident
from incidents.querysets import IncidentQuerySet
from incidents.reference import groups
from incidents.services.bodies import StaleBody, correct_body
from incidents.services.correspond import ThreadMoved, write_to_declarant, write_with_doubles
from incidents.services.follow_up import rotate_access, secret_of
from incidents.services.read import save_reading
from incidents.services.severity import StaleSeverity, set_severity
from incidents.triage.acts import ACTS, asks_for_words, carry_out, said
from incidents.triage.body import CorrectionForm
from incidents.triage.desk import desk_of, mark_of_waiting
from incidents.triage.group import list_suppliers
from incidents.triage.lines import lines_of, with_lines
from incidents.triage.moved import told_when_moved
from incidents.triage.page import Route, context_of_case, read_again, refused, render_page, to_case
from incidents.triage.queue import FILTERS, PARAMETERS, Queue, SupplierFilter, ViewFilter
from incidents.triage.refresh import with_signs
from incidents.triage.routes import BESIDE, OF_A_CASE
from incidents.triage.saved_views import VIEWS
from incidents.triage.search_page import to_search
from incidents.triage.severity import SeverityForm, make_severity_form
from incidents.triage.thread import ReplyForm, came_since
from incidents.triage.work.kept import keep_view, keeping_words


@admin.register(Incident)
class IncidentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """Addressed by reference. No add, no change form, no delete, no history page, no bulk action."""

    change_list_template = "incidents/triage/queue.html"
    list_filter = FILTERS
    list_per_page = 50
    actions = None
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_urls(self) -> list[URLPattern]:
        name = "incidents_incident_{}".format
        wrap = self.admin_site.admin_view

        def case(view: Any, form: str = "") -> Any:
            return wrap(told_when_moved(keeping_words(form)(view)))

        of_a_case = [
            *OF_A_CASE,
            Route("message", require_POST(self.message_view), "message", KeptForm.REPLY),
            Route("gravite", require_POST(self.severity_view), "severity", KeptForm.SEVERITY),
            Route("code", require_http_methods(["GET", "HEAD", "POST"])(self.code_view), "code"),
            Route("corriger", require_POST(self.correct_view), "correct", KeptForm.CORRECTION),
        ]
        return [
            path("", wrap(self.changelist_view), name=name("changelist")),
            *[path(f"{each.where}/", wrap(each.view), name=name(each.name)) for each in BESIDE],
            *[
                path(f"<str:reference>/{one.where}/", case(one.view, one.form), name=name(one.name))
                for one in of_a_case
            ],
            path("<str:reference>/", wrap(require_safe(self.case_view)), name=name("change")),
            path("<str:reference>/effacer/demande/", wrap(require_safe(self.ask_erase_view)), name=name("ask_erase")),
            path("<str:reference>/garder/", wrap(told_when_moved(keep_view)), name=name("keep")),
            path("<str:reference>/<slug:act>/", case(require_POST(self.act_view)), name=name("act")),
        ]

    # The queue

    def get_queryset(self, request: HttpRequest) -> IncidentQuerySet:
        """The cases of my CSIRTs. A body's agent who also works here does not triage that body's cases."""
        mine = Incident.objects.visible_to(user_of(request)).filter(csirt__in=user_of(request).csirt_ids())
        return with_signs(with_lines(mine), user_of(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Queue]:
        return Queue

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in PARAMETERS

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.GET.get("q", "").strip():  # as the box of the queue was once, and links of before are
            return to_search(request)
        response = require_safe(super().changelist_view)(request)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            context |= queue_context(request, context["cl"])
        return response

    # A case

    def case_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        began = timezone.now()
        incident = get_incident(user_of(request), reference, to=Ability.WORK)
        context = context_of_case(request, incident)
        if request.method == "GET":  # after the context, which says what is new since the last time
            save_reading(context["thread"]["mine"], incident=incident, reader=user_of(request), at=began)
        return render_page(request, "incidents/triage/case.html", context)

    def message_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """Answers the declarant; a refused message comes back on the page of the case, as it was typed."""
        form = ReplyForm(request.POST)
        incident = get_incident(user_of(request), reference, to=Ability.WORK)
        try:
            if form.is_valid():
                send = write_with_doubles if form.cleaned_data["to_doubles"] else write_to_declarant
                seen = form.what_was_seen()
                send(reference=reference, actor=user_of(request), letter=form.letter(), seen=seen)
                messages.success(request, _("Message envoyé. Le déclarant le lit sur sa page de suivi."))
                return to_case(reference)
        except ThreadMoved as moved:
            return self.moved_view(request, incident, form, moved)
        except ValidationError as error:
            if incident.erased_at:  # its page has no such form any more
                return refused(request, reference, error)
            form.add_error(None, error)
        context = context_of_case(request, incident)
        context["thread"]["form"] = form
        return self.as_typed(request, context)

    def moved_view(
        self, request: HttpRequest, incident: Incident, form: ReplyForm, moved: ThreadMoved
    ) -> HttpResponse:
        """Shows what came and who writes too, before anything is sent: the writer sends again, or edits."""
        context = context_of_case(request, incident)
        came = came_since(context["thread"], form.cleaned_data["seen"])
        form.confirm(moved)
        context["thread"] |= {"form": form, "moved": {"came": came, "writers": moved.writers}}
        return self.as_typed(request, context, status=409)

    def correct_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """Mends what was said of the body; what is refused comes back on the page of the case, as it was typed."""
        form, is_stale = CorrectionForm(request.POST), False
        incident = get_incident(user_of(request), reference, to=Ability.CONFIRM_BODY)
        try:
            correct_body(reference=reference, correction=form.correction(), actor=user_of(request))
        except StaleBody:
            is_stale = True
        except ValidationError as error:
            if not hasattr(error, "error_dict"):
                return refused(request, reference, error)
            form.add_error(None, error)
        else:
            messages.success(request, _("Collectivité corrigée. Le centre qui répond reste le même."))
            return to_case(reference)
        context = context_of_case(request, incident) | {"correction": form, "is_stale": is_stale}
        if is_stale and context["proposed"]:
            read_again(form, context["proposed"].form)
        return self.as_typed(request, context, status=409 if is_stale else 422)

    def severity_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """Sets it; a choice without its motive, or made on a page that is old, comes back as it was made."""
        form, is_stale = SeverityForm(request.POST), False
        incident = get_incident(user_of(request), reference, to=Ability.QUALIFY)
        try:
            if form.is_valid():
                set_severity(reference=reference, actor=user_of(request), **form.cleaned_data)
                messages.success(request, _("Gravité changée. Votre motif reste dans le dossier."))
                return to_case(reference)
        except StaleSeverity:
            is_stale = True
        except ValidationError as error:
            if not hasattr(error, "error_dict"):
                return refused(request, reference, error)
            form.add_error(None, error)
        context = context_of_case(request, incident)
        if is_stale:
            read_again(form, make_severity_form(incident))
        context["weighed"] |= {"form": form, "is_stale": is_stale}
        return self.as_typed(request, context, status=409 if is_stale else 422)

    def act_view(self, request: HttpRequest, reference: str, act: str) -> HttpResponse:
        if act not in ACTS:
            raise Http404
        carry_out(request, reference, act)
        return said(request) if asks_for_words(request) else to_case(reference)

    def ask_erase_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        incident = get_incident(user_of(request), reference, to=Ability.ERASE)
        return render_page(request, "incidents/triage/erase.html", {"incident": incident})

    def code_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """GET says what it breaks. POST shows the new code in the answer itself: it is stored nowhere, so no later
        page could show it.
        """
        if request.method != "POST":
            incident = get_incident(user_of(request), reference, to=Ability.ROTATE)
            return render_page(request, "incidents/triage/code_ask.html", {"incident": incident})
        try:
            secret = secret_of(rotate_access(reference=reference, actor=user_of(request)))
        except ValidationError as error:
            return refused(request, reference, error)
        incident = get_incident(user_of(request), reference, to=Ability.VIEW)
        said = {"reference": groups(incident.reference), "secret": groups(secret)}
        return render_page(request, "incidents/triage/code.html", {"incident": incident} | said)

    def as_typed(self, request: HttpRequest, context: dict[str, Any], *, status: int = 422) -> HttpResponse:
        """The page of the case again, with the form that was refused."""
        return render_page(request, "incidents/triage/case.html", context, status=status)

    # What Django's admin offers and a case does not

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        return False


def queue_context(request: HttpRequest, queue: Queue) -> dict[str, Any]:
    user, now = user_of(request), timezone.now()
    is_narrowed = bool(set(queue.get_filters_params()) - {ViewFilter.parameter_name})
    desk = desk_of(user, now, is_narrowed=is_narrowed)
    if queue.is_first:
        queue.mark += mark_of_waiting(desk.offers, desk.awakened)
    return {
        "title": _("Dossiers"),
        "now": now,
        "lines": lines_of(queue.result_list, now),
        "views": shown_views(queue, desk.counted),
        "narrowed": is_narrowed,
        "key": uuid4(),
        "groups": list_suppliers(user),
        "filters": shown_filters(queue),
        "awakened": desk.awakened,
        "offers": desk.offers,
        "without_channel": desk.without_channel,
    }


def shown_views(queue: Queue, counted: dict[str, str]) -> list[dict[str, Any]]:
    """The saved views as links, with how many cases each holds where nothing else narrows the list."""
    return [
        {
            "view": view,
            "link": queue.get_query_string({ViewFilter.parameter_name: view.code}),
            "is_current": view == queue.view,
            "count": counted.get(view.code, "0" if counted and view.is_counted else ""),
        }
        for view in VIEWS
    ]


def shown_filters(queue: Queue) -> list[tuple[Any, list[Any]]]:
    """Each other filter with its choices as links; the one by supplier only where it is in use."""
    others = [spec for spec in queue.filter_specs if not isinstance(spec, ViewFilter)]
    specs = [spec for spec in others if not isinstance(spec, SupplierFilter) or spec.value()]
    return [(spec.title, list(spec.choices(queue))) for spec in specs]
