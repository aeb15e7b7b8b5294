"""Pages that belong to no app."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.installation import find_accessibility_change, load_notice
from accounts.models import SiteNotice, User
from accounts.services.roles import describe_missing_role
from csirts.enums import Level
from csirts.routing import load_directory
from retention.durations import describe_durations
from retention.lasting import describe_lasting


@login_not_required
@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    missing_role = describe_missing_role(request.user) if isinstance(request.user, User) else ""
    return render(request, "pages/home.html", {"missing_role": missing_role})


@login_not_required
@require_safe
def show_privacy_notice(request: HttpRequest) -> HttpResponse:
    """Show the privacy notice that the GDPR requires. It names the controller of the data, their purpose, their
    recipients, how long they are kept, and the rights of people.
    """
    csirts = load_directory(timezone.localdate()).csirts
    centres = [csirt for csirt in csirts if csirt.level == Level.TERRITORIAL]
    context = {"centres": centres, "durations": describe_durations(), "lasting": describe_lasting()}
    return render_notice(request, load_notice(), "pages/privacy_notice.html", **context)


@login_not_required
@require_safe
def show_accessibility_statement(request: HttpRequest) -> HttpResponse:
    """Show the declaration of accessibility, in the order of the model of the RGAA."""
    notice = load_notice()
    updated_at = find_accessibility_change(notice)
    return render_notice(request, notice, "pages/accessibility.html", updated_at=updated_at)


@login_not_required
@require_safe
def show_legal_notice(request: HttpRequest) -> HttpResponse:
    """Show who publishes and who hosts the site, and how to report a weakness."""
    return render_notice(request, load_notice(), "pages/legal_notice.html")


def render_notice(request: HttpRequest, notice: SiteNotice, template: str, **context: Any) -> HttpResponse:
    """Render a legal page. It tells the administrator which notices of the site are still empty."""
    can_edit = isinstance(request.user, User) and request.user.has_perm("accounts.change_sitenotice")
    empty_notices = notice.list_empty_labels() if can_edit else []
    return render(request, template, {"notice": notice, "empty_notices": empty_notices, **context})
