"""The page of a case and its history page list its events, with the words and whether the mails arrived."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.access import CaseVisitor
from incidents.enums import ActorKind, EventKind
from incidents.models import IncidentEvent
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.tasks import NewTask, TaskState, add_task, set_task_state
from incidents.triage.case import history
from notifications.dispatch import announce_all_events
from notifications.enums import DeliveryStatus, Trouble
from notifications.models import Delivery
from tests import harmless
from tests.cast import a_responder, an_evidence_file, declare
from tests.hostile import MARKUP
from tests.incidents.triage_pages import case_url
from tests.reading import read_markup

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("responder")]

OFFICIAL = "https://www.cybermalveillance.gouv.fr/"


def write_as_declarant(incident, text):
    visitor = CaseVisitor(access_uid=incident.accesses.get().uid)
    return write_to_csirt(reference=incident.reference, visitor=visitor, letter=Letter(text=text, key="essai"))


def test_the_history_shows_texts_mails_and_actions_newest_first(client, responder, incident):
    acknowledge_incident(reference=incident.reference, actor=responder)
    write_as_declarant(incident, "Voir https://piege.example/rancon.exe")
    announce_all_events()

    page = read_markup(client.get(case_url(incident)))

    assert "Message</b> par le déclarant" in page
    assert '<p class="events__words">Voir hxxps://piege[.]example/rancon[.]exe</p>' in page
    assert page.count("Mail, le centre de réponse : à envoyer") == 2
    assert f"Pris en charge</b> par {responder}" in page
    assert page.index("Message</b> par") < page.index("Pris en charge</b> par") < page.index("Déclaré</b> par")


def write_as_centre(incident, responder, text):
    write_to_declarant(reference=incident.reference, actor=responder, letter=Letter(text=text, key="centre"))


def test_a_message_of_the_centre_has_the_same_links_in_the_history_and_the_exchanges(client, responder, incident):
    """A responder who copies it from either place copies what the declarant received."""
    write_as_declarant(incident, f"Voir {OFFICIAL}")
    write_as_centre(incident, responder, f"Lisez {OFFICIAL}, pas https://piege.example/")

    link = f'<a href="{OFFICIAL}" rel="external noreferrer">{OFFICIAL}</a>'
    words = f"Lisez {link}, pas https://piege.example/</p>"
    page = read_markup(client.get(case_url(incident)))
    whole_history = read_markup(client.get(case_url(incident, "histoire")))
    for text in (page, read_markup(client.get(case_url(incident, "messages")))):
        assert f'<p class="story">{words}' in text
    for text in (page, whole_history):
        assert f'<p class="events__words">{words}' in text
        assert '<p class="events__words">Voir hxxps://www[.]cybermalveillance[.]gouv[.]fr/</p>' in text


def test_an_excerpt_of_a_message_never_ends_within_an_address(client, responder, incident):
    """The start of an address would be a link to another page."""
    write_as_centre(incident, responder, f"{'Bonjour. ' * 14}Lisez {OFFICIAL}tous-nos-contenus/fiches-reflexes")

    page = read_markup(client.get(case_url(incident, "histoire")))
    assert "Bonjour. Lisez …</p>" in page
    assert OFFICIAL not in page


def test_a_mail_that_did_not_arrive_is_highlighted(client, incident):
    announce_all_events()
    Delivery.objects.filter(recipient="declarant").update(status=DeliveryStatus.REFUSED, last_error=Trouble.REFUSED)

    page = read_markup(client.get(case_url(incident)))

    assert (
        '<p class="events__mail events__mail--stuck">Mail, le déclarant : refusé '
        "(refusé par le serveur du destinataire)</p>" in page
    )


def test_the_history_names_a_file(client, incident):
    piece = an_evidence_file(incident)
    type(piece).objects.filter(pk=piece.pk).update(name="releve.pdf")
    IncidentEvent.objects.create(
        incident=incident,
        kind=EventKind.FILE,
        actor_kind=ActorKind.DECLARANT,
        data={"evidence": str(piece.uid), "sha256": piece.sha256},
    )

    for where in (case_url(incident), case_url(incident, "histoire")):
        assert '<p class="events__words">releve[.]pdf</p>' in read_markup(client.get(where))


def test_the_history_names_the_new_assignee_and_the_task_done(client, responder, incident):
    colleague = a_responder()
    task = add_task(
        reference=incident.reference, actor=responder, new_task=NewTask(title="Appeler Orange", due_at=None)
    )
    set_task_state(reference=incident.reference, uid=task.uid, actor=responder, state=TaskState.DONE)
    assign_incident(reference=incident.reference, actor=responder, assignee=colleague)
    assign_incident(reference=incident.reference, actor=responder, assignee=None)

    for where in (case_url(incident), case_url(incident, "histoire")):
        page = read_markup(client.get(where))
        assert f"</b> (à {colleague}) par {responder}" in page
        assert f"</b> (à personne) par {responder}" in page
        done = page.index("Tâche faite</b>")
        assert "Appeler Orange" in page[done : done + 200]


def test_hostile_text_is_escaped_in_the_history(client, responder, incident):
    write_as_declarant(incident, MARKUP[0])
    write_to_declarant(reference=incident.reference, actor=responder, letter=Letter(text=MARKUP[1], key="b"))

    harmless.check_response(client.get(case_url(incident, "histoire")))


def test_a_long_history_is_paged_at_a_constant_cost(client, incident, monkeypatch):
    monkeypatch.setattr(history, "EVENTS_PER_PAGE", 40)
    costs, listed = [], []
    IncidentEvent.objects.bulk_create(
        IncidentEvent(incident=incident, kind=EventKind.SHARED, actor_kind=ActorKind.DECLARANT) for _ in range(1000)
    )
    where = ""
    while where is not None:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(case_url(incident, "histoire") + where)
        costs.append(len(queries))
        listed += [moment.event.pk for moment in page.context["moments"]]
        where = f"?avant={page.context['earlier']}" if page.context["earlier"] else None

    assert listed == list(incident.events.order_by("-id").values_list("pk", flat=True))
    assert len(listed) == 1001
    assert max(costs) <= 10
    assert "Toute l’histoire" in read_markup(client.get(case_url(incident)))


@pytest.mark.parametrize("before", ["x", "00000000-0000-4000-8000-000000000000"])
def test_an_altered_page_cursor_shows_the_newest_events(client, incident, before):
    events = [event.pk for event in incident.events.order_by("-id")]
    for cursor in (before, declare().events.get().uid):
        page = client.get(case_url(incident, "histoire"), {"avant": cursor})
        assert [moment.event.pk for moment in page.context["moments"]] == events
