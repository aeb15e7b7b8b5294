"""A file that is uploaded in slices."""

import hashlib
import http.client
import os
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client

from incidents.models import Incident
from incidents.services.declarant.access import derive_secret
from incidents.services.evidence.upload import SLICE_SIZE
from tests.cast import breizh_cyber, declare
from tests.responses import Response

CONTENT = os.urandom(2 * SLICE_SIZE + 1000)
PARTS = [CONTENT[at : at + SLICE_SIZE] for at in range(0, len(CONTENT), SLICE_SIZE)]


def make_upload_path(incident: Incident) -> str:
    return f"/suivi/{incident.reference}/pieces/envoi/"


def post_upload_start(client: Client, incident: Incident, **fields: str | int) -> Response:
    first = hashlib.sha256(PARTS[0]).hexdigest()
    return client.post(
        make_upload_path(incident), {"nom": "disque.img", "taille": len(CONTENT), "debut": first} | fields
    )


def create_upload(client: Client, incident: Incident, **fields: str | int) -> str:
    """Announce a file to be sent in slices. Return the path of its upload."""
    return make_upload_path(incident) + post_upload_start(client, incident, **fields).json()["uid"] + "/"


def send_slice(client: Client, url: str, part: int, offset: int | None = None) -> Response:
    offset = part * SLICE_SIZE if offset is None else offset
    return client.post(f"{url}?debut={offset}", PARTS[part], "application/octet-stream")


def create_visitor(live_site: str) -> tuple[Incident, Client, dict[str, str]]:
    """Return a case, a client that has opened it by its link, and the headers of that client."""
    breizh_cyber()
    incident = declare()
    client = Client(headers={"host": urlsplit(live_site).netloc})
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    token = "t" * 32
    name = settings.CASE_COOKIE_NAME
    cookies = f"{name}={client.cookies[name].value}; csrftoken={token}; tocsin_csrf={token}"
    return incident, client, {"Cookie": cookies, "X-CSRFToken": token, "Content-Type": "application/octet-stream"}


def send_request(
    live_site: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    line = http.client.HTTPConnection(urlsplit(live_site).netloc, timeout=30)
    line.request(method, path, body, headers or {})
    answer = line.getresponse()
    content = answer.read()
    line.close()
    return answer.status, content
