"""Upload of a file in slices by the script of the page: short posts, and JSON responses that say where to continue."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.enums import SecurityEventKind
from accounts.security.record import record_refusal
from core.text import clean_file_name
from incidents.devices.visits import find_case, serve_privately
from incidents.enums import Ability
from incidents.evidence.handler import STORE_FULL
from incidents.evidence.views import clean_evidence_author, find_source
from incidents.files import vault
from incidents.models import EvidenceUpload
from incidents.services.evidence.files import CaseErased
from incidents.services.evidence.room import RoomProblem, check_room, count_sent_bytes
from incidents.services.evidence.upload import WrongOffset, finish_upload, get_upload, receive_slice, start_upload

View = Callable[..., JsonResponse]
ERROR_RESPONSES: dict[type[Exception], tuple[int, str]] = {
    vault.StoreRefused: (507, STORE_FULL),
    vault.NotReadable: (422, "Ce qui était arrivé ne se lit plus. Abandonnez cet envoi, puis recommencez."),
    CaseErased: (410, "Les données de ce dossier ont été effacées."),
    Http404: (404, "Cet envoi est abandonné, ou le dossier ne s’ouvre plus ici. Rechargez la page."),
}


def convert_errors_to_json(view: View) -> View:
    """Decorate a view so that its errors become JSON responses with a status code. The script displays their `message`
    unchanged.
    """

    @wraps(view)
    def respond(request: HttpRequest, *args: str, **kwargs: str) -> JsonResponse:
        try:
            return view(request, *args, **kwargs)
        except WrongOffset as wrong_offset:
            return JsonResponse({"recu": wrong_offset.received}, status=409)
        except RoomProblem as problem:
            record_refusal(SecurityEventKind.LIMIT_REACHED)
            body = {"message": str(problem.message)}
            return JsonResponse(body, status=problem.status, headers=problem.headers)
        except ValidationError as refusal:
            return JsonResponse({"message": str(refusal.message)}, status=422)
        except tuple(ERROR_RESPONSES) as error:
            status, message = ERROR_RESPONSES[type(error)]
            return JsonResponse({"message": message}, status=status)

    return respond


@serve_privately
@require_POST
@convert_errors_to_json
def start_upload_view(request: HttpRequest, reference: str) -> JsonResponse:
    """Start an upload and return its state."""
    incident, visitor = find_case(request, reference, to=Ability.COMPLETE)
    check_room(find_source(request, visitor))
    upload = start_upload(
        visitor=visitor,
        reference=incident.reference,
        name=clean_file_name(request.POST.get("nom", "")),
        size=parse_whole_number(request.POST.get("taille", "")),
        author=clean_evidence_author(request.POST.get("auteur", "")),
        first=request.POST.get("debut", "")[:64],
    )
    return JsonResponse(describe_upload(upload), status=201)


@serve_privately
@require_http_methods(["GET", "HEAD", "POST"])
@convert_errors_to_json
def receive_slice_view(request: HttpRequest, reference: str, uid: UUID) -> JsonResponse:
    """Return how many bytes of the file have arrived. On POST, first store the slice that begins at the byte
    `?debut=`.
    """
    incident, visitor = find_case(request, reference, to=Ability.COMPLETE)
    if request.method != "POST":
        return JsonResponse(describe_upload(get_upload(visitor=visitor, reference=incident.reference, uid=uid)))
    source, content = find_source(request, visitor), read_whole_body(request)
    check_room(source)
    received = receive_slice(
        visitor=visitor,
        reference=incident.reference,
        uid=uid,
        offset=parse_whole_number(request.GET.get("debut", "")),
        content=content,
    )
    count_sent_bytes(source, len(content), now=timezone.now())
    return JsonResponse(describe_upload(received))


@serve_privately
@require_POST
@convert_errors_to_json
def finish_upload_view(request: HttpRequest, reference: str, uid: UUID) -> JsonResponse:
    """Record the uploaded file as evidence. Return its number, and whether the case already contained it."""
    incident, visitor = find_case(request, reference, to=Ability.COMPLETE)
    recorded = finish_upload(visitor=visitor, reference=incident.reference, uid=uid)
    return JsonResponse({"numero": recorded.evidence.number, "deja": not recorded.is_new})


def describe_upload(upload: EvidenceUpload) -> dict[str, object]:
    """Return the state of an upload, under the names that the script reads."""
    return {"uid": str(upload.uid), "recu": upload.received, "fini": upload.evidence_id is not None}


def parse_whole_number(text: str) -> int:
    """Return the whole number that the script sent. Raises ValidationError if it is malformed."""
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise ValidationError("Cet envoi n’a pas la forme attendue. Rechargez la page.")
    return int(text)


def read_whole_body(request: HttpRequest) -> bytes:
    """Return the body of the request. Raises ValidationError if the body is shorter than announced.

    A broken connection leaves a short body, and no server reports this.
    """
    body = request.body
    if str(len(body)) != request.META.get("CONTENT_LENGTH"):
        raise ValidationError("Ce morceau n’est pas entier.")
    return body
