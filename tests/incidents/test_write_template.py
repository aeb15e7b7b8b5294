"""A lead writes the messages that the centre sends often; a case fills them; a person reads them before they go."""

from datetime import timedelta

import pytest
from django.utils import timezone

from csirts.models import Csirt
from incidents.catalogues.message_templates import NATIONAL, PLACEHOLDERS, fill_placeholders, list_unknown_placeholders
from incidents.enums import IncidentType, Nature
from incidents.models import Message, MessageTemplate
from incidents.reference import spaced
from incidents.services.correspondence.templates import MAX_TEMPLATES, TEXT_LIMIT, withdraw_template
from incidents.services.handling.qualify import classify_incident
from incidents.triage.work.delays import build_delays_block
from tests.cast import a_lead, a_responder, breizh_cyber, declare, plouexemple
from tests.incidents.desk import CASE, again, taken_by, url
from tests.reading import text_of

pytestmark = pytest.mark.django_db
LIST = f"{CASE}/messages-types/"
NEW = f"{LIST}breizh-cyber/nouveau/"
TEXT = "Bonjour {collectivite}, dossier {reference} ({type}). {prenom_nom}, {centre}, {telephone}"


@pytest.fixture
def lead(client):
    lead = a_lead()
    client.force_login(lead)
    return lead


def write(client, page=NEW, **said):
    return client.post(page, {"title": "Premier mot", "text": TEXT} | said)


def page_of(row):
    return f"{LIST}breizh-cyber/{row.uid}/"


def test_it_works(client, lead):
    assert write(client)["Location"] == LIST
    row = MessageTemplate.objects.get()
    assert (row.title, row.text, row.version, row.author) == ("Premier mot", TEXT, 1, lead)
    assert "Premier mot" in text_of(client.get(LIST))
    incident = taken_by(lead, declare())

    page = client.get(f"{url(incident)}?modele={row.uid}")

    said = (
        f"Bonjour {incident.collectivity}, dossier {spaced(incident.reference)} (Nos fichiers ne s’ouvrent plus). "
        f"{lead}, Breizh Cyber, 0 800 200 008"
    )
    assert page.context["thread"]["form"]["text"].value() == said
    assert f'<option value="{row.uid}" data-text="{said}" selected>' in text_of(page)
    assert not Message.objects.exists(), "a person reads it before it goes"


def test_without_a_known_name_the_reply_is_empty(client, lead):
    incident = declare()
    for odd in ("", "x", "\0"):
        page = client.get(url(incident), {"modele": odd})
        assert not page.context["thread"]["form"]["text"].value()


def offered_on(client, incident):
    return client.get(url(incident), {"ouvrir": "message-type"}).context["ready"]["messages"]


def test_the_national_messages_are_offered_by_type(client, lead):
    incident = declare()
    offered = [one.code for one in offered_on(client, incident)]
    assert offered == [one.code for one in NATIONAL if not one.types]
    wire = declare(type="virement")
    assert "comptable" in [one.code for one in offered_on(client, wire)]


def test_a_message_of_the_centre_takes_the_place_of_the_national_one(client, lead):
    national = NATIONAL[0]
    start = client.get(NEW, {"modele": national.code}).context["form"]
    assert (start["title"].value(), start["text"].value()) == (national.title, national.text)
    write(client, title=national.title, types=["boite"])
    write(client, title="Pour les boîtes", types=["boite"])
    titles = [one.title for one in offered_on(client, declare(type="boite"))]
    assert titles[:2] == [" ".join(national.title.split()), "Pour les boîtes"]
    assert len(titles) == len(set(titles))
    elsewhere = [one.title for one in offered_on(client, declare())]
    assert "Pour les boîtes" not in elsewhere


def test_names_are_replaced_once_and_never_evaluated():
    values = {"collectivite": "{centre} {0.__class__} {{ 7|add:7 }}", "centre": "Breizh Cyber"}
    assert (
        fill_placeholders("À {collectivite}, {autre} %s", values)
        == "À {centre} {0.__class__} {{ 7|add:7 }}, {autre} %s"
    )
    assert fill_placeholders("{telephone}", {"telephone": ""}) == "{telephone}"
    assert list_unknown_placeholders("{collectivite} {x.y} {0} {} {{centre}}") == ["x.y", "0", ""]


def test_a_hostile_body_stays_words(client, lead):
    body = plouexemple(insee_code="29998", name="<script>piege=1</script>{centre}", stem="p")
    page = client.get(f"{url(declare(collectivity=body))}?modele=accuse").content.decode()
    assert "<script>piege" not in page
    assert "&lt;script&gt;piege=1&lt;/script&gt;{centre}" in page


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 81}, "title"),
        ({"text": "\n"}, "text"),
        ({"text": "x" * (TEXT_LIMIT + 1)}, "text"),
        ({"text": "Bonjour {nom}"}, "text"),
        ({"text": "Bonjour {centre.pk}"}, "text"),
        ({"types": ["x"]}, "types"),
    ],
)
def test_what_is_refused_names_the_field_and_keeps_the_words(client, lead, said, field):
    answer = write(client, **said)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert form["text"].value() == said.get("text", TEXT)
    assert not MessageTemplate.objects.exists()


def test_an_unknown_name_is_named(client, lead):
    assert "{nom}, {0}" in text_of(write(client, text="{nom} {centre} {0}"))


@pytest.mark.parametrize("name", ["telephone", "bidule"])
def test_a_reply_with_a_name_left_in_braces_does_not_leave(client, lead, name):
    incident = taken_by(lead, declare())
    words = f"Appelez {{{name}}} ou {{0}}, {{ x }}"
    answer = client.post(url(incident, "message"), {"text": words, "key": "k"})

    assert answer.status_code == 422
    assert f"partiraient tels quels : {{{name}}}. Écrivez" in text_of(answer)
    assert answer.context["thread"]["form"]["text"].value() == words
    assert not Message.objects.exists()
    mended = words.replace(f"{{{name}}}", "le standard")
    assert client.post(url(incident, "message"), {"text": mended, "key": "k"}).status_code == 302
    assert Message.objects.get().text == mended


def test_a_reply_that_cannot_be_read_is_refused_like_any_other(client, lead):
    incident = taken_by(lead, declare())
    for words in ("a\0b", "", "{"):
        answer = client.post(url(incident, "message"), {"text": words, "key": "k"})
        assert answer.status_code == (302 if words == "{" else 422)


def test_the_type_is_said_to_be_the_one_of_today(client, lead):
    write(client, text="{type}")
    incident = taken_by(lead, declare())
    classify_incident(reference=incident.reference, actor=lead, nature=Nature.INCIDENT, type=IncidentType.DDOS)
    page = client.get(url(incident), {"modele": str(MessageTemplate.objects.get().uid)})

    assert page.context["thread"]["form"]["text"].value() == IncidentType.DDOS.label
    assert "d’après le type que le dossier a aujourd’hui" in text_of(client.get(NEW))
    assert "ce que le déclarant a dit" not in text_of(client.get(NEW))


def test_a_double_click_is_one_message_and_a_title_is_taken_once(client, lead):
    for _ in range(2):
        assert write(client).status_code == 302
    assert MessageTemplate.objects.count() == 1
    assert write(client, text="Autre").status_code == 422


def test_each_change_is_a_version_and_the_second_writer_is_told(client, lead):
    write(client)
    row = MessageTemplate.objects.get()
    assert write(client, page_of(row), text="Un", seen="1").status_code == 302
    late = write(client, page_of(row), text="Deux", seen="1")
    assert late.status_code == 409
    page = text_of(late)
    assert "Quelqu’un a changé ce message" in page
    assert "Un</p>" in page
    assert late.context["form"]["text"].value() == "Deux"
    again = {"text": "Deux", "seen": late.context["form"]["seen"].value()}
    assert write(client, page_of(row), **again).status_code == 302
    row.refresh_from_db()
    assert (row.version, row.text) == (3, "Deux")


def test_withdrawn_it_is_offered_no_more(client, lead):
    write(client)
    row = MessageTemplate.objects.get()
    assert write(client, page_of(row), retirer="1", seen="7").status_code == 409
    assert write(client, page_of(row), retirer="1", seen="1")["Location"] == LIST
    assert client.get(page_of(row)).status_code == 404
    assert "Premier mot" not in text_of(client.get(LIST))
    assert write(client).status_code == 302, "its title is free again"


def test_a_second_withdrawal_changes_nothing(client, lead):
    write(client)
    row = MessageTemplate.objects.get()
    withdrawn = []
    for seen in (1, 1, 7):
        withdraw_template(csirt_slug="breizh-cyber", actor=lead, uid=row.uid, seen=seen)
        row.refresh_from_db()
        withdrawn.append(row.withdrawn_at)
    assert withdrawn[0] is not None
    assert withdrawn == withdrawn[:1] * 3


def test_what_was_typed_in_one_that_was_withdrawn_meanwhile_may_be_another(client, lead):
    write(client)
    row = MessageTemplate.objects.get()
    write(client, page_of(row), retirer="1", seen="1")

    late = write(client, page_of(row), text="Deux pages de conseils.", seen="1")

    assert late.status_code == 409
    assert late.context["form"]["text"].value() == "Deux pages de conseils."
    assert f'action="{NEW}"' in text_of(late)
    assert write(client, text="Deux pages de conseils.", seen="1")["Location"] == LIST
    assert MessageTemplate.objects.get(withdrawn_at=None).text == "Deux pages de conseils."
    assert write(client, page_of(row), retirer="1", seen="1").status_code == 404


def test_a_centre_has_so_many(client, lead):
    row = {"csirt": breizh_cyber(), "text": "x", "author": lead}
    MessageTemplate.objects.bulk_create(MessageTemplate(title=f"{one}", **row) for one in range(MAX_TEMPLATES))
    assert write(client).status_code == 422


def test_a_responder_reads_and_does_not_write_and_no_other_centre_sees_it(client, lead):
    write(client)
    row = MessageTemplate.objects.get()
    client.force_login(a_responder())
    assert "Premier mot" in text_of(client.get(LIST))
    assert [client.get(NEW).status_code, write(client).status_code, client.get(page_of(row)).status_code] == [404] * 3
    client.force_login(a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    assert "Premier mot" not in text_of(client.get(LIST))
    assert client.get(page_of(row)).status_code == 404
    assert client.get(f"{LIST}ailleurs/{row.uid}/").status_code == 404


def test_national_messages_use_known_names_alone():
    assert len(NATIONAL) >= 6
    for one in NATIONAL:
        assert list_unknown_placeholders(one.text) == []
        assert len(one.text) <= TEXT_LIMIT
    assert {name for name in PLACEHOLDERS if any(f"{{{name}}}" in one.text for one in NATIONAL)} >= {"centre"}


# Beside it, the targets that a case keeps or misses


def test_delays_are_said(client, lead):
    incident = declare()
    now = incident.acknowledge_by + timedelta(hours=3)
    late = build_delays_block(incident, now)
    assert (late["taking"].late, late["first_answer"]) == (timedelta(hours=3), None)
    assert late["answer"].by == incident.answer_by
    assert "Délais du centre" in text_of(client.get(url(incident)))

    case = taken_by(lead, incident)
    client.post(url(incident, "message"), {"text": "Bonjour", "key": "k"})
    case = again(case)
    kept = build_delays_block(case, timezone.now())
    assert (kept["taking"].late, kept["taking"].took) == (None, case.acknowledged_at - case.received_at)
    assert (kept["first_answer"].at, kept["answer"]) == (case.answered_at, None)


def test_no_national_message_promises_what_the_follow_up_does_not_show():
    (delays,) = [one.text for one in NATIONAL if "deux délais" in one.title]
    assert "Le dossier de réponse, à imprimer depuis votre page de suivi, rappelle ces délais" in delays
    assert "prépare les éléments" not in delays
