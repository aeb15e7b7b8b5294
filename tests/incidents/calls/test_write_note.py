"""A responder writes notes and logs calls for colleagues; the declarant never reads a word of them."""

import io

import pypdf
import pytest
from django.core.exceptions import ValidationError
from django.http import Http404
from django.test import Client

from accounts.enums import Role
from accounts.models import Membership
from csirts.models import Csirt
from incidents.enums import EventKind, NoteKind
from incidents.models import Message, Note
from incidents.services.declarant.access import derive_secret
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.notes import write_note
from incidents.services.papers.making import make_due_papers as make_papers
from notifications import dispatch
from notifications.models import Delivery
from tests.cast import a_lead, a_responder, an_agent
from tests.factories.accounts import make_api_token
from tests.incidents.desk import acknowledge_as, reload
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
WORDS = "Le maire hésite à payer, zinzoline."
MARK = "zinzoline"


def post_note(client, incident, **changes):
    return client.post(case_url(incident, "note"), {"kind": "note", "text": WORDS, "key": "k1"} | changes)


def add_note(incident, actor, **fields):
    fields = {"kind": NoteKind.NOTE, "text": WORDS, "key": "k1"} | fields
    return write_note(reference=incident.reference, actor=actor, **fields)


def test_a_responder_writes_an_internal_note(client, responder, incident):
    answer = post_note(client, incident)

    assert (answer.status_code, answer["Location"]) == (302, f"{case_url(incident)}#notes")
    note = incident.notes.get()
    assert (note.kind, note.text, note.author) == ("note", WORDS, responder)
    event = incident.events.get(kind=EventKind.NOTED)
    assert (event.actor, event.data) == (responder, {"note": str(note.uid), "nature": "note", "spoke": False})
    page = read_markup(client.get(case_url(incident)))
    assert "Interne : le déclarant ne lit jamais ceci." in page
    assert WORDS in page
    assert not Message.objects.exists()


def test_a_note_counts_as_work_but_not_as_an_answer(client, responder, incident):
    case = acknowledge_as(responder, incident)
    post_note(client, incident)

    after = reload(incident)
    assert (after.answer_by, after.answered_at) == (case.answer_by, None)
    assert after.worked_at == incident.notes.get().written_at


@pytest.mark.parametrize("kind", ["call_in", "call_out"])
def test_a_call_with_the_declarant_counts_as_an_answer(client, responder, incident, kind):
    acknowledge_as(responder, incident)
    post_note(client, incident, kind=kind)

    after, note = reload(incident), incident.notes.get()
    assert (after.answer_by, after.answered_at) == (None, note.written_at)
    assert incident.events.get(kind=EventKind.NOTED).data["spoke"] is True


def test_a_missed_call_is_noted_but_is_no_answer(client, responder, incident):
    case = acknowledge_as(responder, incident)
    assert post_note(client, incident, kind="missed", text="").status_code == 302

    after, note = reload(incident), incident.notes.get()
    assert (note.kind, note.text) == ("call_out", "Sans réponse.")
    assert (after.answer_by, after.answered_at) == (case.answer_by, None)
    assert "<b>Appel passé, sans réponse</b> par" in read_markup(client.get(case_url(incident)))


def test_a_double_click_records_one_note(client, responder, incident):
    for _ in range(2):
        assert post_note(client, incident).status_code == 302

    assert Note.objects.count() == 1
    assert incident.events.filter(kind=EventKind.NOTED).count() == 1


def test_another_text_under_the_same_key_is_not_lost(client, responder, incident):
    post_note(client, incident)
    post_note(client, incident, text="Autre chose.")
    assert Note.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"text": " \n "}, "Écrivez la note avant"),
        ({"text": "zinzoline " * 1001}, "10"),
        ({"kind": "handover"}, "handover"),
        ({"kind": ""}, "obligatoire"),
    ],
)
def test_a_refused_note_is_given_back_as_typed(client, responder, incident, changes, error):
    answer = post_note(client, incident, **changes)

    assert answer.status_code == 422
    block = answer.context["notes"]["form"]
    assert error in " ".join(message for field in block.errors.values() for message in field)
    assert read_markup(answer).count('role="alert"') == 1
    assert block["text"].value() == changes.get("text", WORDS)
    assert not Note.objects.exists()
    assert not incident.events.filter(kind=EventKind.NOTED).exists()


def test_an_erased_case_loses_its_notes_and_takes_no_new_one(client, responder, incident):
    post_note(client, incident)
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert incident.notes.get().text == ""

    answer = post_note(client, incident, text="Encore.")
    assert answer.status_code == 422
    assert Note.objects.count() == 1


def test_only_the_centre_of_the_case_writes_notes(incident):
    elsewhere = a_responder(Csirt.objects.create(slug="ailleurs", name="Ailleurs"))
    with pytest.raises(Http404):
        add_note(incident, elsewhere)
    agent = Client()
    agent.force_login(an_agent(incident.collectivity))
    assert agent.post(case_url(incident, "note"), {"kind": "note", "text": WORDS}).status_code in (302, 403, 404)
    assert not Note.objects.exists()


def test_a_note_too_long_is_refused_by_the_service_too(responder, incident):
    with pytest.raises(ValidationError) as refusal:
        add_note(incident, responder, text="x" * 10_001)
    assert list(refusal.value.message_dict) == ["text"]


def test_the_declarant_sees_no_text_of_a_note_on_any_page(responder, incident, mailoutbox):
    """Read each page, mail, paper and API answer that a declarant or a colleague of the body can open."""
    acknowledge_as(responder, incident)
    for kind in (NoteKind.NOTE, NoteKind.CALL_IN, NoteKind.CALL_OUT):
        add_note(incident, responder, kind=kind, key=kind)
    holder, agent = Client(), Client()
    person = an_agent(incident.collectivity)
    agent.force_login(person)
    holder.post(f"/suivi/acces/{derive_secret(incident.accesses.get())}/")
    page = f"/suivi/{incident.reference}/"
    holder.post(f"{page}dossier/")
    make_papers()
    dispatch.announce_all_events()
    dispatch.send_due_deliveries()

    texts = (
        read_linked_pages(holder, page) | read_linked_pages(agent, page) | read_linked_pages(agent, "/mes-dossiers/")
    )
    token = {"Authorization": f"Bearer {make_api_token(person)}"}
    api = "/api/v1/incidents/"
    for where in (api, f"{api}{incident.reference}/"):
        texts[where] = get_content(agent.get(where, headers=token))
    assert len(texts) > 10
    assert any(words.startswith("%PDF") for words in texts.values())
    for where, words in texts.items():
        assert MARK not in words, where
    assert mailoutbox
    for mail in mailoutbox:
        assert MARK not in f"{mail.subject} {mail.body}"
    assert not Delivery.objects.filter(announcement__event__kind=EventKind.NOTED).exists()


def read_linked_pages(client, start, most=80):
    """Follow the links from `start` to the declarant's pages; return the text of each page by its address."""
    waiting, texts = [start], {}
    while waiting and len(texts) < most:
        address = waiting.pop()
        if address in texts:
            continue
        response = client.get(address, follow=True)
        texts[address] = get_content(response)
        if response.get("Content-Type", "").startswith("text/html"):
            waiting += list_links(response)
    return texts


def list_links(response):
    addresses = [part.split('"', 1)[0] for part in response.content.decode().split('href="')[1:]]
    doors = ("/suivi/", "/mes-dossiers/", "/ma-collectivite/")
    return [address.partition("#")[0] for address in addresses if address.startswith(doors)]


def get_content(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if not content.startswith(b"%PDF"):
        return content.decode()
    return "%PDF " + "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


@pytest.mark.parametrize("where", ["", "histoire", "messages", "message", "note"])
def test_an_agent_of_the_body_who_works_at_another_centre_reads_no_note(client, incident, where):
    """They may read the case on the follow-up page, but not on the responders' page."""
    write_note(reference=incident.reference, actor=a_responder(), kind=NoteKind.NOTE, text=WORDS, key="k")
    user = an_agent()
    other = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    Membership.objects.create(user=user, csirt=other, role=Role.RESPONDER)
    client.force_login(user)

    if where in ("message", "note"):  # a refused form is given back as it was typed
        page = client.post(case_url(incident, where), {"text": "", "key": "k" * 200})
    else:
        page = client.get(case_url(incident, where) if where else case_url(incident))

    assert page.status_code == 403
    assert MARK not in read_markup(page)
    assert not incident.readings.exists()
