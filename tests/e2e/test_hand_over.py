"""Handing files over from a telephone and a desk, with and without script, with a lost connection."""

import os
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader
from pytest_django import Settings

from config.env import Env, make_evidence_storage
from incidents.access import CaseVisitor
from incidents.models import Evidence, EvidenceUpload, Incident
from incidents.services.declarant.access import derive_secret
from incidents.services.evidence.upload import SLICE_SIZE, receive_slice, start_upload
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.readings import record_file_opening
from tests.browser import find_host, find_violations, measure_overflow, open_page, save_screenshot
from tests.cast import a_lead, a_responder, an_agent, an_evidence_file, declare
from tests.e2e import steps
from tests.hostile import FILE_NAMES
from tests.incidents.evidence_files import make_photograph
from tests.stores import list_stored_objects

NOTE = {"name": "LISEZ-MOI.txt", "mimeType": "text/plain", "buffer": b"YOUR FILES ARE ENCRYPTED"}
MAIL = {
    "name": "facture.eml",
    "mimeType": "message/rfc822",
    "buffer": b"From: a@b.example\r\nTo: x\r\nSubject: y\r\n\r\n",
}
PHOTO = {"name": "IMG_2041.jpg", "mimeType": "image/jpeg", "buffer": make_photograph()}
LARGE = {"name": "disque.img", "mimeType": "application/octet-stream", "buffer": os.urandom(2 * SLICE_SIZE + 9)}


@pytest.fixture
def declared_case(live_site: str, settings: Settings, tmp_path: Path, town_and_centre: None) -> Incident:
    settings.STORAGES = settings.STORAGES | {"evidence": make_evidence_storage(Env({}), tmp_path)}
    return declare()


def enter(page, site, incident):
    page.goto(f"{site}/suivi/acces/{derive_secret(incident.accesses.get(revoked_at=None))}/")
    with page.expect_navigation():
        page.get_by_role("button", name="Ouvrir mon dossier").click()
    page.get_by_role("link", name="Une photo de l’écran ou un fichier").click()
    expect(page.locator("h1")).to_have_text("Remettre des fichiers")


def hand_over(page):
    page.get_by_role("button", name="Remettre à Breizh Cyber").click()


def expect_received(page, words):
    """Wait for this message: each file takes three requests, and the machine may be busy."""
    expect(page.locator("#recus")).to_have_text(words, timeout=60_000)


@pytest.mark.parametrize(
    ("width", "script"),
    [(360, True), *(pytest.param(*screen, marks=pytest.mark.proof) for screen in [(360, False), (1280, True)])],
)
def test_a_declarant_hands_over_files_and_a_photo(live_site, browser, declared_case, width, script):
    page = open_page(browser, width=width, java_script_enabled=script)
    enter(page, live_site, declared_case)
    page.get_by_label("Votre nom").fill("Dominique Exemple")
    page.locator("#fichiers").set_input_files([NOTE, MAIL])
    page.locator("#photo").set_input_files([PHOTO])
    hand_over(page)

    expect_received(page, "3 fichiers sont reçus")
    expect(page.locator(".files li")).to_have_count(3)
    assert list(Evidence.objects.order_by("number").values_list("name", "media_type", "author")) == [
        ("LISEZ-MOI.txt", "text/plain", "Dominique Exemple"),
        ("facture.eml", "message/rfc822", "Dominique Exemple"),
        ("IMG_2041.jpg", "image/jpeg", "Dominique Exemple"),
    ]
    assert Evidence.objects.get(number=3).position["latitude"] == 48.108333
    page.locator("summary").first.click()
    expect(page.locator(".evidence-hash").first).to_contain_text(Evidence.objects.get(number=3).sha256)
    assert page.complaints == []
    assert page.hosts == {find_host(live_site)}


@pytest.mark.proof
def test_an_upload_goes_on_after_a_lost_connection(live_site, browser, declared_case):
    """The second slice fails and the page says so; once the network is back, nothing is sent twice."""
    page = open_page(browser)
    enter(page, live_site, declared_case)
    page.route(f"**/envoi/**debut={SLICE_SIZE}", lambda route: route.abort("internetdisconnected"))
    page.locator("#fichiers").set_input_files([LARGE, NOTE])
    hand_over(page)
    expect(page.locator("[role=status]")).to_contain_text("La ligne est coupée", timeout=30_000)
    save_screenshot(page, "evidence-cut")
    assert EvidenceUpload.objects.get().received == SLICE_SIZE
    page.unroute_all()
    expect_received(page, "2 fichiers sont reçus")
    assert Evidence.objects.get(number=1).size == len(LARGE["buffer"])


@pytest.mark.proof
def test_an_upload_resumes_on_a_new_page(live_site, browser, declared_case):
    page = open_page(browser)
    enter(page, live_site, declared_case)
    page.route(f"**/envoi/**debut={SLICE_SIZE}", lambda route: route.abort())
    page.locator("#fichiers").set_input_files([LARGE])
    hand_over(page)
    expect(page.locator("[role=status]")).to_contain_text("La ligne est coupée", timeout=30_000)
    page.unroute_all()
    steps.reload(page)
    expect(page.locator("#coupes + p + ul")).to_contain_text("disque.img : 524 Ko reçus sur 1,0 Mo")
    offsets = []
    page.on("request", lambda request: offsets.append(request.url.partition("debut=")[2]))
    page.locator("#fichiers").set_input_files([LARGE])
    hand_over(page)
    expect_received(page, "Un fichier est reçu")
    assert "0" not in offsets
    assert EvidenceUpload.objects.get().evidence == Evidence.objects.get()


def start_partial_upload(incident):
    """Start an upload on another device and send only its first slice."""
    visitor = CaseVisitor(access_uid=incident.accesses.get(revoked_at=None).uid)
    case = {"visitor": visitor, "reference": incident.reference}
    upload = start_upload(**case, name="sauvegarde de la mairie.zip", size=3 * SLICE_SIZE, author="", first="")
    return receive_slice(**case, uid=upload.uid, offset=0, content=bytes(SLICE_SIZE))


@pytest.mark.proof
@pytest.mark.parametrize("script", [False, True])
def test_a_declarant_gives_up_an_upload(live_site, browser, declared_case, script):
    page = open_page(browser, java_script_enabled=script)
    enter(page, live_site, declared_case)
    start_partial_upload(declared_case)
    steps.reload(page)
    button = page.get_by_role("button", name="Abandonner cet envoi (sauvegarde de la mairie.zip)")
    expect(button).to_be_visible()
    with page.expect_navigation():
        button.click()
    expect(page.locator("#abandonne")).to_have_text("L’envoi est abandonné")
    assert not EvidenceUpload.objects.exists()
    assert list_stored_objects() == []
    with page.expect_navigation():
        page.go_back()
    assert page.complaints == []


@pytest.mark.proof
def test_the_printed_list_of_files_cuts_no_line(live_site, browser, declared_case):
    """The list starts on the first page, without the screen's navigation, and cuts no file in two."""
    page = open_page(browser, width=1280)
    enter(page, live_site, declared_case)
    page.locator("#fichiers").set_input_files(
        [NOTE | {"name": f"{number}.log", "buffer": str(number).encode()} for number in range(12)]
    )
    hand_over(page)
    expect_received(page, "12 fichiers sont reçus")
    page.goto(f"{live_site}/suivi/{declared_case.reference}/pieces/bordereau/")
    sheets = [sheet.extract_text() for sheet in PdfReader(BytesIO(page.pdf(prefer_css_page_size=True))).pages]
    assert len(sheets) in (2, 3)
    assert all("Fichiers remis" not in sheet and "Annuaire" not in sheet for sheet in sheets)
    for piece in Evidence.objects.all():
        [of_the_piece] = [sheet for sheet in sheets if piece.sha256 in sheet]
        assert piece.seal in of_the_piece
    assert Evidence.objects.get(number=1).sha256 in sheets[0]


def test_the_page_gives_the_name_of_a_refused_file_and_the_reason(live_site, browser, declared_case, monkeypatch):
    monkeypatch.setattr("incidents.services.evidence.upload.MAX_FILE_BYTES", 1000)
    page = open_page(browser)
    enter(page, live_site, declared_case)
    page.locator("#fichiers").set_input_files([LARGE, NOTE])
    hand_over(page)
    status = page.locator("[role=status]")
    expect(status).to_contain_text("Il manque « disque.img » : C’est plus de 100 Mo.")
    expect(status).to_contain_text("1 sur 2 reçus")
    expect(status).to_be_focused()
    assert Evidence.objects.get().name == "LISEZ-MOI.txt"


class StateChecker:
    """Checks each state by the rules of every page, on both screens."""

    def __init__(self, page):
        self.page, self.problems = page, []

    def inspect(self, name):
        self.problems += [(name, complaint) for complaint in self.page.complaints]
        self.page.complaints.clear()
        for width, scheme in ((320, "light"), (1280, "dark")):
            self.page.set_viewport_size({"width": width, "height": 760})
            self.page.emulate_media(color_scheme=scheme)
            self.problems += [(name, scheme, *violation) for violation in find_violations(self.page)]
            if (overflow := measure_overflow(self.page)) > 0:
                self.problems.append((name, width, "overflow", overflow))
            save_screenshot(self.page, name)
        if self.page.locator("h1").count() != 1:
            self.problems.append((name, "titles"))


@pytest.mark.proof
def test_each_state_of_the_files_page_is_accessible(live_site, browser, declared_case):
    page = open_page(browser, reduced_motion="reduce")
    checker = StateChecker(page)
    enter(page, live_site, declared_case)
    checker.inspect("evidence-empty")
    with page.expect_navigation():
        hand_over(page)
    checker.inspect("evidence-nothing-chosen")
    names = [*FILE_NAMES[:2], *FILE_NAMES[6:8], *FILE_NAMES[9:11], *FILE_NAMES[19:21], "a" * 250 + ".eml"]
    files = [NOTE | {"name": name.replace("\0", ""), "buffer": name.encode()} for name in names]
    page.locator("#fichiers").set_input_files([PHOTO, *files])
    hand_over(page)
    expect_received(page, "10 fichiers sont reçus")
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    checker.inspect("evidence-handed-over")
    page.get_by_role("link", name="Liste des fichiers remis").click()
    expect(page.locator("h1")).to_have_text("Liste des fichiers remis (bordereau)")
    checker.inspect("evidence-list")
    page.goto(f"{live_site}/suivi/{declared_case.reference}/")
    checker.inspect("evidence-follow-up")
    erase_personal_data(reference=declared_case.reference, actor=a_lead())
    page.goto(f"{live_site}/suivi/{declared_case.reference}/pieces/")
    page.context.clear_cookies()
    page.goto(f"{live_site}/mes-dossiers/")
    steps.sign_in(page, an_agent(declared_case.collectivity))
    for path in ("pieces/", "pieces/bordereau/"):
        page.goto(f"{live_site}/suivi/{declared_case.reference}/{path}")
        checker.inspect("evidence-erased-" + path.strip("/").replace("/", "-"))
    assert not checker.problems, "\n".join(map(str, checker.problems))


@pytest.mark.proof
def test_unfinished_uploads_and_openings_are_accessible(live_site, browser, declared_case):
    page = open_page(browser, reduced_motion="reduce")
    checker = StateChecker(page)
    start_partial_upload(declared_case)
    piece = an_evidence_file(declared_case)
    for _ in range(2):
        record_file_opening(evidence=piece, reader=a_responder())
    page.goto(f"{live_site}/suivi/acces/{derive_secret(declared_case.accesses.get(revoked_at=None))}/")
    with page.expect_navigation():
        page.get_by_role("button", name="Ouvrir mon dossier").click()
    page.goto(f"{live_site}/suivi/{declared_case.reference}/pieces/")
    checker.inspect("evidence-unfinished")
    with page.expect_navigation():
        page.get_by_role("button", name="Abandonner cet envoi").click()
    checker.inspect("evidence-given-up")
    assert not checker.problems, "\n".join(map(str, checker.problems))


def test_a_responder_downloads_a_file(live_site, browser, declared_case):
    page = open_page(browser, width=1280)
    enter(page, live_site, declared_case)
    page.locator("#photo").set_input_files([PHOTO])
    hand_over(page)
    expect_received(page, "Un fichier est reçu")
    desk = open_page(browser, width=1280)
    steps.open_admin(desk, live_site, a_responder())
    desk.goto(f"{live_site}/admin/incidents/incident/{declared_case.reference}/")
    desk.locator("#pieces > summary").click()
    expect(desk.locator(".pieces")).to_contain_text("Photo prise à 48.108333, -4.100000")
    save_screenshot(desk, "evidence-triage")
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Télécharger la pièce 1").click()
    assert download.value.suggested_filename == f"{declared_case.reference}-001-IMG_2041.jpg"
    assert download.value.path().read_bytes() == PHOTO["buffer"]
    assert find_violations(desk, "serious", "critical") == []
