"""The forms of the page of a case that are drawn once they are opened: most readings open none of them.

Each stands on the page as a link. htmx puts the form in the place of the link; without a script the link leads to the
page with the form open (`?ouvrir=`). A form that was refused is drawn by the view that refused it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.signed_in import user_of
from collectivities.zones import zone_of
from incidents.access import get_incident
from incidents.enums import Ability
from incidents.models import Incident
from incidents.triage.qualify import make_qualify_form
from incidents.triage.severity import make_severity_form
from incidents.triage.work.tasks import make_task_form


class OpenedForm(NamedTuple):
    """`block` of the context of the page holds it, under « form »; `template` draws it, open."""

    block: str
    template: str
    to: Ability
    make: Callable[[Incident, datetime], Form]


PARTS = "incidents/triage/parts/"
FORMS = {
    "qualifier": OpenedForm("qualify", f"{PARTS}qualify_form.html", Ability.QUALIFY, make_qualify_form),
    "gravite": OpenedForm("weighed", f"{PARTS}severity_form.html", Ability.QUALIFY, make_severity_form),
    "tache": OpenedForm("tasks", f"{PARTS}task_form.html", Ability.WORK, make_task_form),
}


def open_form(context: dict[str, Any], incident: Incident, name: str, now: datetime) -> None:
    """Add the form that the address names to the context of the page; an unknown name adds nothing."""
    if opened := FORMS.get(name):
        context[opened.block]["form"] = opened.make(incident, now)


@require_safe
def form_view(request: HttpRequest, reference: str, form: str) -> HttpResponse:
    """One form alone, without the page around it. Raises Http404 for one that the page of the case does not offer."""
    opened = FORMS.get(form)
    if opened is None:
        raise Http404
    incident = get_incident(user_of(request), reference, to=opened.to)
    if incident.erased_at:
        raise Http404
    block = {"form": opened.make(incident, timezone.now())}
    context = {"incident": incident, "zone": zone_of(incident.collectivity), opened.block: block}
    return TemplateResponse(request, opened.template, context)
