"""An upload that did not finish is abandoned: its quota comes back, at once by a button, else after an hour."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from uuid import uuid4

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from incidents.enums import EventKind
from incidents.models import Evidence, EvidenceUpload, IncidentEvent
from incidents.services.evidence.files import compute_remaining_quota
from incidents.services.evidence.upload import SLICE_SIZE
from tests.cast import a_responder, an_agent, an_upload, declare, plouexemple
from tests.incidents.slices import (
    CONTENT,
    create_upload,
    create_visitor,
    make_upload_path,
    post_upload_start,
    send_request,
    send_slice,
)
from tests.reading import read_text
from tests.responses import Response
from tests.stores import list_stored_objects, store_in_folder

pytestmark = pytest.mark.usefixtures("empty_store")


@pytest.fixture
def abandon(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Callable[[Client, str], Response]:
    """Return a function that presses the button and runs what follows the commit."""

    def press(client: Client, url: str) -> Response:
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url + "abandonner/")

    return press


@pytest.fixture
def disk(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """For the threads of a real server."""
    with store_in_folder(settings, tmp_path):
        yield


def files_url(incident):
    return f"/suivi/{incident.reference}/pieces/"


def count_bytes_left(incident):
    return compute_remaining_quota(incident).byte_count


def test_abandoning_an_upload_frees_its_quota_and_its_bytes(holder, incident, abandon):
    url, free = create_upload(holder, incident), count_bytes_left(incident)
    send_slice(holder, url, 0)
    html = holder.get(files_url(incident)).content.decode()
    assert f'action="{url}abandonner/"' in html
    assert "Abandonner cet envoi" in html

    answer = abandon(holder, url)

    assert (answer.status_code, answer["Location"]) == (302, files_url(incident) + "?abandonne=1")
    assert "L’envoi est abandonné" in read_text(holder.get(answer["Location"]))
    assert "Abandonner cet envoi" not in read_text(holder.get(files_url(incident)))
    assert count_bytes_left(incident) == free + len(CONTENT)
    assert list_stored_objects() == []
    assert not IncidentEvent.objects.exclude(kind=EventKind.DECLARED).exists()


def test_a_second_click_gets_the_same_response(holder, incident, abandon):
    url = create_upload(holder, incident)
    assert abandon(holder, url)["Location"] == abandon(holder, url)["Location"]
    assert holder.get(url + "abandonner/").status_code == 405


def test_a_slice_after_abandoning_is_refused_with_a_reason(holder, incident, abandon):
    url = create_upload(holder, incident)
    abandon(holder, url)
    for late in (send_slice(holder, url, 0), holder.post(url + "fin/"), holder.get(url)):
        assert late.status_code == 404
        assert "Cet envoi est abandonné" in late.json()["message"]
    assert list_stored_objects() == []


def test_abandoning_a_finished_upload_keeps_the_file(holder, incident, abandon):
    url = create_upload(holder, incident)
    for part in range(3):
        send_slice(holder, url, part)
    done = holder.post(url + "fin/").json()
    assert abandon(holder, url).status_code == 302
    assert list_stored_objects() == [Evidence.objects.get().storage_name]
    assert holder.post(url + "fin/").json() == done


def test_only_the_holder_abandons_an_upload(holder, incident, abandon):
    url = create_upload(holder, incident)
    neighbour = plouexemple(insee_code="29998", name="Saint-Exemple", stem="saintexemple")
    other = declare(collectivity=neighbour)
    colleague, responder = Client(), Client()
    colleague.force_login(an_agent(neighbour))
    responder.force_login(a_responder())
    assert abandon(colleague, url).status_code == abandon(Client(), url).status_code == 404
    assert abandon(responder, url).status_code == 403
    # In the colleague's own case, that upload does not exist.
    assert abandon(colleague, url.replace(incident.reference, other.reference)).status_code == 302
    assert abandon(holder, f"{make_upload_path(incident)}{uuid4()}/").status_code == 302
    assert holder.get(url).json()["recu"] == 0


def test_an_upload_without_a_byte_holds_its_quota_for_an_hour(holder, incident):
    free = count_bytes_left(incident)
    unsent, begun = create_upload(holder, incident), create_upload(holder, incident, taille=len(CONTENT))
    send_slice(holder, begun, 0)
    assert count_bytes_left(incident) == free - 2 * len(CONTENT)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert count_bytes_left(incident) == free - len(CONTENT)
        assert read_text(holder.get(files_url(incident))).count("Abandonner cet envoi") == 1
        # An upload that resumes late takes its quota again with its first byte.
        assert send_slice(holder, unsent, 0).json()["recu"] == SLICE_SIZE
        assert count_bytes_left(incident) == free - 2 * len(CONTENT)


def test_a_late_first_byte_is_refused_once_the_quota_is_taken(holder, incident, monkeypatch):
    monkeypatch.setattr("incidents.services.evidence.files.MAX_BYTES", int(1.5 * len(CONTENT)))
    unsent = create_upload(holder, incident)
    assert post_upload_start(holder, incident).status_code == 422
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        taken = create_upload(holder, incident)
        send_slice(holder, taken, 0)
        refused = send_slice(holder, unsent, 0)
        assert (refused.status_code, "près de 2 Go" in refused.json()["message"]) == (422, True)
        assert EvidenceUpload.objects.filter(received__gt=0).count() == 1
        assert len(list_stored_objects()) == 1


@pytest.mark.parametrize("many", [2, 50])
def test_the_page_costs_the_same_with_many_uploads(holder, incident, many, django_assert_max_num_queries):
    for _ in range(many):
        an_upload(incident)
    with django_assert_max_num_queries(10):
        assert read_text(holder.get(files_url(incident))).count("Abandonner cet envoi") == many


def test_abandoning_while_finishing_keeps_the_whole_file_or_nothing(live_site, disk):
    """Two devices act at once: a recorded piece has its bytes, and an unrecorded one leaves none."""
    incident, client, headers = create_visitor(live_site)
    url = create_upload(client, incident)
    for part in range(3):
        send_slice(client, url, part)
    answers, together = {}, Barrier(2)

    def press(act):
        together.wait()
        answers[act] = send_request(live_site, "POST", f"{url}{act}/", b"", headers)[0]

    threads = [Thread(target=press, args=[act]) for act in ("fin", "abandonner")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers["abandonner"] == 302
    assert answers["fin"] == (200 if Evidence.objects.exists() else 404)
    assert list_stored_objects() == [piece.storage_name for piece in Evidence.objects.all()]
    connections.close_all()
