"""Download of an evidence file at the CSIRT. A browser never displays or runs the file."""

from collections.abc import Iterator
from itertools import chain
from uuid import UUID

import structlog
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.enums import SecurityEventKind
from accounts.security.record import record_security_event
from accounts.signed_in import get_account
from incidents.access import get_incident
from incidents.enums import Ability, Door
from incidents.files import vault
from incidents.models import Evidence
from incidents.services.evidence.files import CaseErased, get_reading_key
from incidents.services.handling.readings import record_file_opening

logger = structlog.get_logger(__name__)

# Characters that some operating system reads as part of a path, a stream or a wildcard.
UNSAFE_CHARACTERS = str.maketrans(dict.fromkeys('/\\:*?"<>|%', "_"))


@never_cache
@require_safe
def download_evidence(request: HttpRequest, reference: str, uid: UUID) -> HttpResponseBase:
    """Send the file, decrypted while it is sent. The status is 503 for a file that cannot be read, and 410 for a file
    that was taken back or erased.

    A GET is recorded as an opening of the file, which the declarant can see. Raises Http404 for an unknown case or
    file.
    """
    user = get_account(request)
    incident = get_incident(user, reference, to=Ability.EVIDENCE, door=Door.FILES)
    evidence = Evidence.objects.filter(incident=incident, uid=uid).first()
    if evidence is None:
        raise Http404
    if evidence.taken_back_at:
        return render(request, "evidence/taken_back.html", {"piece": evidence}, status=410)
    try:
        content = decrypt_evidence(evidence, get_reading_key(incident))
    except CaseErased:
        return render(request, "evidence/erased.html", status=410)
    except vault.NotReadable:
        logger.error("evidence not readable", evidence=str(uid))  # noqa: TRY400 (its trace says nothing more)
        return render(request, "evidence/not_readable.html", {"piece": evidence, "incident": incident}, status=503)
    if request.method == "GET":
        record_file_opening(evidence=evidence, reader=user)
        record_security_event(SecurityEventKind.EXPORT, csirt_id=incident.csirt_id, detail="evidence")
        logger.info("evidence opened", evidence=str(uid))
    return build_download_response(content, evidence, incident.reference)


def decrypt_evidence(evidence: Evidence, key: bytes) -> Iterator[bytes]:
    """Return the decrypted content of the file. Raises NotReadable at once, before the response begins, if the first
    frame cannot be decrypted.
    """
    frames = vault.read_object(evidence.storage_name, key)
    return chain([next(frames)], frames)


def build_download_response(
    content: Iterator[bytes], evidence: Evidence, reference: str
) -> HttpResponse | StreamingHttpResponse:
    """Return a response that makes the browser save the file. The browser never displays or runs it."""
    response = StreamingHttpResponse(content, content_type="application/octet-stream")
    response["Content-Length"] = str(evidence.size)
    response["Content-Disposition"] = (
        content_disposition_header(True, build_download_name(evidence, reference)) or "attachment"
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def build_download_name(evidence: Evidence, reference: str) -> str:
    """Return the name under which the browser saves the file, such as « T7K49MQX-003-photo.jpg ». The prefix rules out
    hidden files and the device names of Windows.
    """
    return f"{reference}-{evidence.number:03}-{evidence.name.translate(UNSAFE_CHARACTERS)[-150:].rstrip('. ')}"
