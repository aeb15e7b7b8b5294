"""Several responders write to a group, or to one of its declarants, at the same time."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.enums import CaseFormCode
from incidents.models import BulkJob, UnsentText
from incidents.reference import hyphenate
from incidents.services.handling.readings import record_reading
from incidents.services.handling.unsent_text import Pen, save_unsent_texts
from tests.incidents.grouping import copy_case, declare_town, send_letter, url
from tests.reading import read_text

pytestmark = pytest.mark.django_db
WORDS = "Coupez l’accès de votre prestataire."


def test_a_message_must_be_previewed_again_when_a_colleague_wrote_to_the_group(client, colleague, group):
    other_text = f"{'Gardez tout allumé. ' * 15}NE débranchez PAS le serveur."
    fields = {"text": "Débranchez le serveur.", "key": "k", "envoyer": "1"}
    seen = client.post(url(group, "message"), {"text": fields["text"], "key": "k"}).context["form"]["seen"].value()
    other = Client()
    other.force_login(colleague)
    assert send_letter(other, group, {"text": other_text, "key": "other"}).status_code == 302

    answer = client.post(url(group, "message"), fields | {"seen": seen})
    assert answer.status_code == 409
    assert "ou un autre message est parti au groupe entre-temps : relisez cette page" in read_text(answer)
    assert other_text in read_text(answer), "the other message is shown whole"
    assert BulkJob.objects.count() == 1

    again = fields | {"seen": answer.context["form"]["seen"].value()}
    assert [client.post(url(group, "message"), again).status_code for _ in range(2)] == [302, 302]
    assert BulkJob.objects.count() == 2, "a double click sends one message"


def test_the_preview_names_the_colleagues_who_write_to_a_declarant_of_the_group(client, responder, colleague, group):
    first, second, third = group.cases.order_by("pk")
    outside = declare_town(9)
    for actor, case, minutes in ((colleague, first, 0), (responder, second, 0), (colleague, third, 5)):
        keep_reply(case, actor, minutes)
    keep_reply(outside, colleague)
    words = f"{colleague} écrit en ce moment au déclarant du dossier"
    preview = read_text(client.post(url(group, "message"), {"text": WORDS, "key": "k"}))
    assert f"{words} {hyphenate(first.reference)}" in preview
    assert preview.count("écrit en ce moment") == 1
    assert "Débranchez tout" not in preview


def keep_reply(incident, actor, minutes=0):
    """Store a reply that the actor was typing so many minutes ago."""
    words = {CaseFormCode.REPLY: {"text": ["Débranchez tout."]}}
    save_unsent_texts(reference=incident.reference, actor=actor, values_by_form=words, pen=Pen(name="a", stroke=1))
    saved_at = timezone.now() - timedelta(minutes=minutes)
    UnsentText.objects.filter(incident=incident, user=actor).update(saved_at=saved_at)
    record_reading(incident=incident, reader=actor, at=timezone.now())  # the page is open


@pytest.mark.parametrize("number", [2, 50])
def test_a_preview_costs_as_much_for_many_replies_under_way(client, colleague, group, number):
    for case in copy_case(group.cases.first(), group, number):
        keep_reply(case, colleague)
    with CaptureQueriesContext(connection) as queries:
        assert client.post(url(group, "message"), {"text": WORDS, "key": "k"}).status_code == 200
    assert len(queries) <= 20, [query["sql"][:120] for query in queries]
