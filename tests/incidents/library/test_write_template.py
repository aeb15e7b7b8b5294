"""A lead writes templates of frequent messages; a case fills them in, and a responder reads them before sending."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from csirts.models import Csirt
from incidents.catalogues.message_templates import (
    NATIONAL_TEMPLATES,
    PLACEHOLDERS,
    fill_placeholders,
    list_unknown_placeholders,
)
from incidents.enums import IncidentType, Nature
from incidents.models import Message, MessageTemplate
from incidents.reference import hyphenate
from incidents.services.handling.assign import assign_incident
from incidents.services.handling.qualify import classify_incident
from incidents.services.library.templates import MAX_TEMPLATES, TEXT_LIMIT, withdraw_template
from incidents.services.transfer.proposal import accept_transfer
from incidents.triage.work.delays import build_delays_block
from tests.cast import a_lead, a_responder, breizh_cyber, declare, plouexemple
from tests.incidents.desk import CASE, acknowledge_as, reload
from tests.incidents.devices import follow_up_url, open_by_link, sign_in_as
from tests.incidents.transferring import propose_transfer
from tests.incidents.triage_pages import case_url
from tests.reading import NBSP, read_markup, read_text

pytestmark = pytest.mark.django_db
LIST = f"{CASE}/messages-types/"
NEW = f"{LIST}breizh-cyber/nouveau/"
TEXT = "Bonjour {collectivite}, dossier {reference} ({type}). {prenom_nom}, {centre}, {telephone}"


def post_template(client, page=NEW, **changes):
    return client.post(page, {"title": "Premier mot", "text": TEXT} | changes)


def template_url(row):
    return f"{LIST}breizh-cyber/{row.uid}/"


def test_a_template_of_the_centre_fills_in_the_reply(client, lead):
    assert post_template(client)["Location"] == LIST
    row = MessageTemplate.objects.get()
    assert (row.title, row.text, row.version, row.author) == ("Premier mot", TEXT, 1, lead)
    assert "Premier mot" in read_markup(client.get(LIST))
    incident = acknowledge_as(lead, declare())

    page = client.get(f"{case_url(incident)}?modele={row.uid}")

    filled_text = (
        f"Bonjour {incident.collectivity}, dossier {hyphenate(incident.reference)} (Nos fichiers ne s’ouvrent plus). "
        f"{lead}, Breizh Cyber, 0{NBSP}800{NBSP}200{NBSP}008"
    )
    assert page.context["thread"]["form"]["text"].value() == filled_text
    assert f'<option value="{row.uid}" data-text="{filled_text.replace(NBSP, " ")}" selected>' in read_markup(page)
    assert not Message.objects.exists(), "a person reads it before it is sent"


def test_an_unknown_template_leaves_the_reply_empty(client, lead):
    incident = declare()
    for odd in ("", "x", "\0"):
        page = client.get(case_url(incident), {"modele": odd})
        assert not page.context["thread"]["form"]["text"].value()


def test_national_messages_refer_only_to_parts_that_the_declarant_sees(incident):
    page_text = read_text(open_by_link(incident).get(follow_up_url(incident)))
    names = {name for message in NATIONAL_TEMPLATES for name in re.findall("«\u00a0(.+?)\u00a0»", message.text)}
    assert names == {"Fichiers remis"}
    assert [name for name in names if name not in page_text] == []


def list_offered_templates(client, incident):
    return client.get(case_url(incident), {"ouvrir": "message-type"}).context["ready"]["messages"]


def test_national_templates_are_offered_by_type(client, lead):
    incident = declare()
    offered = [template.code for template in list_offered_templates(client, incident)]
    assert offered == [template.code for template in NATIONAL_TEMPLATES if not template.types]
    wire = declare(type="virement")
    assert "comptable" in [template.code for template in list_offered_templates(client, wire)]


def test_a_template_of_the_centre_replaces_the_national_one_of_the_same_title(client, lead):
    national = NATIONAL_TEMPLATES[0]
    start = client.get(NEW, {"modele": national.code}).context["form"]
    assert (start["title"].value(), start["text"].value()) == (national.title, national.text)
    post_template(client, title=national.title, types=["boite"])
    post_template(client, title="Pour les boîtes", types=["boite"])
    titles = [template.title for template in list_offered_templates(client, declare(type="boite"))]
    assert titles[:2] == [" ".join(national.title.split()), "Pour les boîtes"]
    assert len(titles) == len(set(titles))
    elsewhere = [template.title for template in list_offered_templates(client, declare())]
    assert "Pour les boîtes" not in elsewhere


def test_placeholders_are_replaced_once_and_never_evaluated():
    values = {"collectivite": "{centre} {0.__class__} {{ 7|add:7 }}", "centre": "Breizh Cyber"}
    assert (
        fill_placeholders("À {collectivite}, {autre} %s", values)
        == "À {centre} {0.__class__} {{ 7|add:7 }}, {autre} %s"
    )
    assert fill_placeholders("{telephone}", {"telephone": ""}) == "{telephone}"
    assert list_unknown_placeholders("{collectivite} {x.y} {0} {} {{centre}}") == ["x.y", "0", ""]


def test_a_hostile_body_name_is_escaped(client, lead):
    body = plouexemple(insee_code="29998", name="<script>piege=1</script>{centre}", stem="p")
    page = client.get(f"{case_url(declare(collectivity=body))}?modele=accuse").content.decode()
    assert "<script>piege" not in page
    assert "&lt;script&gt;piege=1&lt;/script&gt;{centre}" in page


@pytest.mark.parametrize(
    ("changes", "field"),
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
def test_an_invalid_template_names_its_field_and_keeps_its_text(client, lead, changes, field):
    answer = post_template(client, **changes)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert form["text"].value() == changes.get("text", TEXT)
    assert not MessageTemplate.objects.exists()


def test_unknown_placeholders_are_listed(client, lead):
    assert "{nom}, {0}" in read_markup(post_template(client, text="{nom} {centre} {0}"))


@pytest.mark.parametrize("name", ["telephone", "bidule"])
def test_a_reply_with_an_unfilled_placeholder_is_not_sent(client, lead, name):
    incident = acknowledge_as(lead, declare())
    words = f"Appelez {{{name}}} ou {{0}}, {{ x }}"
    answer = client.post(case_url(incident, "message"), {"text": words, "key": "k"})

    assert answer.status_code == 422
    assert f"partiraient tels quels : {{{name}}}. Écrivez" in read_markup(answer)
    assert answer.context["thread"]["form"]["text"].value() == words
    assert not Message.objects.exists()
    mended = words.replace(f"{{{name}}}", "le standard")
    assert client.post(case_url(incident, "message"), {"text": mended, "key": "k"}).status_code == 302
    assert Message.objects.get().text == mended


def test_a_reply_with_blank_lines_of_a_template_is_not_sent(client, lead):
    incident = acknowledge_as(lead, declare())
    words = client.get(f"{case_url(incident)}?modele=point").context["thread"]["form"]["text"].value()
    answer = client.post(case_url(incident, "message"), {"text": words, "key": "k"})

    assert answer.status_code == 422
    assert "4 lignes restent à compléter : « - ce qui est fait : … », « - ce qui est en cours : … »" in read_text(
        answer
    )
    assert answer.context["thread"]["form"]["text"].value() == words
    assert not Message.objects.exists()
    for blank in ("…", "- …", "Prochain point : ...", "Prochain point:…"):
        answer = client.post(case_url(incident, "message"), {"text": f"Bonjour,\n{blank}\nMerci.", "key": "k"})
        assert f"Une ligne reste à compléter : « {blank} »." in read_text(answer), blank
    mended = "Nous avançons… Point fait : pare-feu coupé, sauvegarde en cours…\nProchain point : lundi."
    assert client.post(case_url(incident, "message"), {"text": mended, "key": "k"}).status_code == 302


def test_an_empty_or_binary_reply_is_refused_without_an_error(client, lead):
    incident = acknowledge_as(lead, declare())
    for words in ("a\0b", "", "{"):
        answer = client.post(case_url(incident, "message"), {"text": words, "key": "k"})
        assert answer.status_code == (302 if words == "{" else 422)


def test_the_type_placeholder_gives_the_current_type(client, lead):
    post_template(client, text="{type}")
    incident = acknowledge_as(lead, declare())
    classify_incident(reference=incident.reference, actor=lead, nature=Nature.INCIDENT, type=IncidentType.DDOS)
    page = client.get(case_url(incident), {"modele": str(MessageTemplate.objects.get().uid)})

    assert page.context["thread"]["form"]["text"].value() == IncidentType.DDOS.label
    assert "d’après le type que le dossier a aujourd’hui" in read_markup(client.get(NEW))
    assert "ce que le déclarant a dit" not in read_markup(client.get(NEW))


def test_a_double_click_makes_one_template_and_titles_are_unique(client, lead):
    for _ in range(2):
        assert post_template(client).status_code == 302
    assert MessageTemplate.objects.count() == 1
    assert post_template(client, text="Autre").status_code == 422


def test_each_change_makes_a_version_and_the_second_writer_gets_a_conflict(client, lead):
    post_template(client)
    row = MessageTemplate.objects.get()
    assert post_template(client, template_url(row), text="Un", seen="1").status_code == 302
    late = post_template(client, template_url(row), text="Deux", seen="1")
    assert late.status_code == 409
    page = read_markup(late)
    assert "Quelqu’un a changé ce message" in page
    assert "Un</p>" in page
    assert late.context["form"]["text"].value() == "Deux"
    again = {"text": "Deux", "seen": late.context["form"]["seen"].value()}
    assert post_template(client, template_url(row), **again).status_code == 302
    row.refresh_from_db()
    assert (row.version, row.text) == (3, "Deux")


def test_a_withdrawn_template_is_no_longer_offered(client, lead):
    post_template(client)
    row = MessageTemplate.objects.get()
    assert post_template(client, template_url(row), retirer="1", seen="7").status_code == 409
    assert post_template(client, template_url(row), retirer="1", seen="1")["Location"] == LIST
    assert client.get(template_url(row)).status_code == 404
    assert "Premier mot" not in read_markup(client.get(LIST))
    assert post_template(client).status_code == 302, "its title is free again"


def test_a_second_withdrawal_changes_nothing(client, lead):
    post_template(client)
    row = MessageTemplate.objects.get()
    withdrawn = []
    for version in (1, 1, 7):
        withdraw_template(csirt_slug="breizh-cyber", actor=lead, uid=row.uid, seen=version)
        row.refresh_from_db()
        withdrawn.append(row.withdrawn_at)
    assert withdrawn[0] is not None
    assert withdrawn == withdrawn[:1] * 3


def test_a_change_to_a_template_withdrawn_meanwhile_can_be_saved_as_a_new_one(client, lead):
    post_template(client)
    row = MessageTemplate.objects.get()
    post_template(client, template_url(row), retirer="1", seen="1")

    late = post_template(client, template_url(row), text="Deux pages de conseils.", seen="1")

    assert late.status_code == 409
    assert late.context["form"]["text"].value() == "Deux pages de conseils."
    assert f'action="{NEW}"' in read_markup(late)
    assert post_template(client, text="Deux pages de conseils.", seen="1")["Location"] == LIST
    assert MessageTemplate.objects.get(withdrawn_at=None).text == "Deux pages de conseils."
    assert post_template(client, template_url(row), retirer="1", seen="1").status_code == 404


def test_a_centre_has_a_limited_number_of_templates(client, lead):
    fields = {"csirt": breizh_cyber(), "text": "x", "author": lead}
    MessageTemplate.objects.bulk_create(MessageTemplate(title=f"{i}", **fields) for i in range(MAX_TEMPLATES))
    assert post_template(client).status_code == 422


def test_a_responder_only_reads_templates_and_other_centres_do_not_see_them(client, lead):
    post_template(client)
    row = MessageTemplate.objects.get()
    client.force_login(a_responder())
    assert "Premier mot" in read_markup(client.get(LIST))
    assert [
        client.get(NEW).status_code,
        post_template(client).status_code,
        client.get(template_url(row)).status_code,
    ] == [404] * 3
    client.force_login(a_lead(Csirt.objects.create(slug="ailleurs", name="Ailleurs")))
    assert "Premier mot" not in read_markup(client.get(LIST))
    assert client.get(template_url(row)).status_code == 404
    assert client.get(f"{LIST}ailleurs/{row.uid}/").status_code == 404


def test_national_templates_use_known_placeholders_only():
    assert len(NATIONAL_TEMPLATES) >= 6
    for template in NATIONAL_TEMPLATES:
        assert list_unknown_placeholders(template.text) == []
        assert len(template.text) <= TEXT_LIMIT
    assert {
        name for name in PLACEHOLDERS if any(f"{{{name}}}" in template.text for template in NATIONAL_TEMPLATES)
    } >= {"centre"}


# The delays that a case meets or misses


def test_the_time_limits_of_a_case_are_shown(client, lead):
    incident = declare()
    now = incident.acknowledge_by + timedelta(hours=3)
    late = build_delays_block(incident, now)
    assert (late["taking"].late, late["first_answer"]) == (timedelta(hours=3), None)
    assert late["answer"].due_at == incident.answer_by
    assert "Délais du centre" in read_markup(client.get(case_url(incident)))

    case = acknowledge_as(lead, incident)
    client.post(case_url(incident, "message"), {"text": "Bonjour", "key": "k"})
    case = reload(case)
    delays = build_delays_block(case, timezone.now())
    assert (delays["taking"].late, delays["taking"].took) == (None, case.acknowledged_at - case.received_at)
    assert (delays["first_answer"].at, delays["answer"]) == (case.answered_at, None)


def test_the_delay_ends_when_the_case_was_first_taken(incident, giver, taker, time_machine):
    """The other centre accepts a case that nobody had taken, puts it back and takes it again."""
    time_machine.move_to(incident.received_at + timedelta(hours=2), tick=False)
    accept_transfer(uid=propose_transfer(incident, giver).uid, actor=taker)
    time_machine.shift(timedelta(days=20))
    assign_incident(reference=incident.reference, actor=taker, assignee=None)
    assert "Prise en charge à prendre avant" in read_text(sign_in_as(taker).get(case_url(incident)))
    acknowledge_as(taker, incident)
    assert "Prise en charge en 2 h Première réponse" in read_text(sign_in_as(taker).get(case_url(incident)))


def test_national_templates_promise_only_what_the_follow_up_page_shows():
    (delays,) = [template.text for template in NATIONAL_TEMPLATES if "deux délais" in template.title]
    assert "Le dossier de réponse, à imprimer depuis votre page de suivi, rappelle ces délais" in delays
    assert "prépare les éléments" not in delays
