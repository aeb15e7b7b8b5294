"""Pages that belong to no app."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.services.roles import describe_missing_role
from csirts.enums import Level
from csirts.routing import load_directory


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
    return render(request, "pages/privacy_notice.html", {"centres": centres})


@login_not_required
@require_safe
def show_accessibility_statement(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/accessibility.html")


@login_not_required
@require_safe
def show_legal_notice(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/legal_notice.html")
