"""The forms of the page of a case that are rendered only when somebody opens them, since most readers open none.

The page shows a button for each form, and htmx replaces the button with the form. Without a script, the button posts
all that is typed on the page, and the page is shown again with that text and the open form (`?ouvrir=`). The view that
refuses a form renders the form open.
"""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.signed_in import get_account
from collectivities.zones import find_zone
from incidents.access import get_incident
from incidents.enums import OPEN, Ability, Status
from incidents.models import Incident, Reading
from incidents.triage.judging.qualify import make_qualify_form
from incidents.triage.judging.severity import make_severity_form
from incidents.triage.library.offered_templates import build_templates_block
from incidents.triage.work.assign import make_assign_form
from incidents.triage.work.tasks import make_task_form


class OpenedForm(NamedTuple):
    """A form that the page of a case renders only once a user opens it. `template` renders it, at the anchor `anchor`.

    `make_context` returns the context of the form, which has the key `block` in the context of the page. The page
    offers the form to users with the ability `ability`, while the case has one of the `statuses`.
    """

    anchor: str
    block: str
    template: str
    ability: Ability
    make_context: Callable[[Incident, User], dict[str, Any]]
    statuses: Collection[str] = tuple(Status)


TEMPLATE_FOLDER = "incidents/triage/parts/"
FORMS = {
    "qualifier": OpenedForm(
        *("qualification", "qualify", f"{TEMPLATE_FOLDER}qualify_form.html", Ability.QUALIFY),
        lambda case, user: {"form": make_qualify_form(case)},
    ),
    "gravite": OpenedForm(
        *("gravite", "severity", f"{TEMPLATE_FOLDER}severity_form.html", Ability.QUALIFY),
        lambda case, user: {"form": make_severity_form(case)},
    ),
    "tache": OpenedForm(
        *("taches", "tasks", f"{TEMPLATE_FOLDER}task_form.html", Ability.WORK),
        lambda case, user: {"form": make_task_form(case)},
        statuses=[Status.ACKNOWLEDGED],
    ),
    "attribution": OpenedForm(
        *("attribution", "assigned", f"{TEMPLATE_FOLDER}assign_form.html", Ability.WORK),
        lambda case, user: {"form": make_assign_form(case)},
        statuses=OPEN,
    ),
    "message-type": OpenedForm(
        "echanges", "ready", f"{TEMPLATE_FOLDER}offered_templates.html", Ability.MESSAGE, build_templates_block
    ),
}


def add_opened_form(context: dict[str, Any], incident: Incident, user: User, name: str) -> None:
    """Add the form `name`, open, to the context of the page. An unknown name adds nothing."""
    if opened := FORMS.get(name):
        context[opened.block] = context.get(opened.block, {}) | opened.make_context(incident, user)


@require_safe
def show_opened_form(request: HttpRequest, reference: str, form: str) -> HttpResponse:
    """Return one form alone, as HTML.

    A user who has not read the page of the case is redirected to it, with the form open. Raises Http404 for a form
    that the page does not offer.
    """
    opened, user = FORMS.get(form), get_account(request)
    if opened is None:
        raise Http404
    incident = get_incident(user, reference, to=opened.ability)
    if incident.erased_at or incident.status not in opened.statuses:
        raise Http404
    # Only the page of the case records the reading and shows what is new.
    if not Reading.objects.filter(incident=incident, user=user, csirt=incident.csirt_id).exists():
        address = reverse("admin:incidents_incident_change", args=[incident.reference], query={"ouvrir": form})
        return redirect(address)
    address = reverse("admin:incidents_incident_change", args=[incident.reference])
    context = {"incident": incident, "zone": find_zone(incident.collectivity), "page_address": address}
    return TemplateResponse(request, opened.template, context | {opened.block: opened.make_context(incident, user)})
