"""The page from which a person downloads what Tocsin holds about them."""

import json

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.enums import SecurityEventKind
from accounts.reauthentication import ask_identity
from accounts.security.record import record_security_event
from accounts.signed_in import get_account
from retention.own_data import describe_person


@never_cache
@require_safe
@ask_identity
def download_own_data(request: HttpRequest) -> HttpResponse:
    """Send the person's own data as JSON, after a proof of identity: somebody may have found the session open."""
    data = describe_person(get_account(request), request.session)
    record_security_event(SecurityEventKind.EXPORT, detail="own_data")
    text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
    headers = {"Content-Disposition": 'attachment; filename="mes-donnees.json"'}
    return HttpResponse(text, content_type="application/json", headers=headers)
