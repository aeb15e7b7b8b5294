"""/.well-known/security.txt, which says to whom a weakness of this site is reported (RFC 9116)."""

from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.installation import is_demonstration, load_notice

POLICY_ANCHOR = "#signaler-une-faille"  # in config/templates/pages/legal_notice.html


@login_not_required
@require_safe
def show_security_contact(request: HttpRequest) -> HttpResponse:
    """Show the contact that the administrator gave, until when it holds, and where the rules are.

    Raises Http404 while one of them is missing: a report that nobody reads is worse than none.
    """
    notice = load_notice()
    if not notice.security_contact or not notice.security_expires_on:
        raise Http404
    end = datetime.combine(notice.security_expires_on + timedelta(days=1), time.min)
    expires = timezone.make_aware(end).astimezone(UTC)
    lines = [
        *(["# Démonstration : adresses inventées."] if is_demonstration() else []),
        f"Contact: {notice.security_contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: fr, en",
        f"Canonical: {settings.SITE_URL}{reverse('security_txt')}",
        f"Policy: {settings.SITE_URL}{reverse('legal_notice')}{POLICY_ANCHOR}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
