"""A responder previews one message to the declarants of a group, and each gets it once in their own thread."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from csirts.models import Contact
from incidents.enums import ClosingReason
from incidents.models import BulkItem, BulkJob, Message, Story
from incidents.reference import hyphenate
from incidents.services.bulk.jobs import run_due_jobs
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.duplicates.merge import merge_incident
from incidents.services.groups.group import add_to_group
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from tests.cast import a_lead, declare, plouexemple
from tests.incidents.devices import follow_up_url, open_by_link
from tests.incidents.grouping import a_group, copy_case, declare_town, send_letter, url
from tests.reading import NBSP, read_text

pytestmark = pytest.mark.django_db
WORDS = "Coupez l’accès de votre prestataire."


def test_a_message_to_a_group_reaches_each_declarant_in_their_own_case(client, responder, group):
    outside = declare_town(9)
    assert "Chacun reçoit ce message dans son propre dossier" in read_text(client.get(url(group, "message")))
    fields = {"text": f"  {WORDS} ", "key": "k"}
    preview = client.post(url(group, "message"), fields)
    assert "3 déclarants liront" in read_text(preview)
    assert WORDS in read_text(preview)
    assert not BulkJob.objects.exists(), "nothing is sent before the preview"

    for _ in range(2):
        answer = send_letter(client, group, fields)

    assert "Votre message part, à 3 déclarants, l’un après l’autre." in read_text(client.get(answer["Location"]))
    job = BulkJob.objects.get()
    assert run_due_jobs() == 3
    assert run_due_jobs() == 0
    job.refresh_from_db()
    assert (job.state, job.text) == ("done", "")
    assert not outside.messages.exists()
    cases = list(group.cases.all())
    assert [[message.text for message in case.messages.all()] for case in cases] == [[WORDS]] * 3
    for case in cases:
        read = read_text(open_by_link(case).get(follow_up_url(case)))
        assert WORDS in read
        assert not [other for other in cases if other != case and other.collectivity.name in read]
        assert group.title not in read


def test_the_group_shows_what_was_already_written_to_all(client, responder, colleague, group):
    assert "Déjà écrit à tous" not in read_text(client.get(url(group)))
    send_letter(client, group, {"text": WORDS, "key": "k"})
    under_way = read_text(client.get(url(group)))
    assert "en cours : à 0 déclarant sur 3 : « Coupez l’accès de votre prestataire. »" in under_way
    run_due_jobs()
    send_letter(client, group, {"text": "Dossier {reference} : appelez-nous.", "key": "k2"})
    run_due_jobs()

    client.force_login(colleague)
    for response in (client.get(url(group)), client.get(url(group, "message"))):
        page_text = read_text(response)
        assert f"Déjà écrit à tous le plus récent d’abord, heure de Paris {responder} , le" in page_text
        first = group.cases.order_by("pk").first()
        assert f"« Dossier {hyphenate(first.reference)} : appelez-nous. » tel que dans" in page_text
        assert "à 3 déclarants : « Coupez l’accès de votre prestataire. »" in page_text
        assert [letter.text[:7] for letter in response.context["letters"]] == ["Dossier", "Coupez "]


def test_the_record_of_a_message_to_a_group_outlives_its_text(client, responder, group):
    send_letter(client, group, {"text": WORDS, "key": "k"})
    run_due_jobs()
    for incident in group.cases.order_by("pk"):
        assert WORDS in read_text(client.get(url(group)))
        erase_personal_data(reference=incident.reference, actor=a_lead())
    page_text = read_text(client.get(url(group)))
    assert WORDS not in page_text
    assert "à 3 déclarants : mots effacés." in page_text


def test_many_messages_written_since_in_other_cases_hide_no_text(client, responder, group, monkeypatch):
    send_letter(client, group, {"text": WORDS, "key": "k"})
    run_due_jobs()
    monkeypatch.setattr("incidents.services.groups.letters.MESSAGES_SEARCHED", 1)
    write_to_declarant(reference=declare_town(9).reference, actor=responder, letter=Letter(text="Bonjour.", key="a"))
    assert WORDS in read_text(client.get(url(group)))


def test_a_message_to_another_group_is_not_listed(client, responder, group):
    other = a_group(responder, "Ailleurs")
    add_to_group(reference=declare_town(7).reference, group=other.uid, actor=responder)
    send_letter(client, other, {"text": WORDS, "key": "k"})
    run_due_jobs()
    assert "Déjà écrit à tous" not in read_text(client.get(url(group)))


def test_placeholders_are_filled_from_each_case(client, responder, group):
    words = "{centre} à {collectivite}, {reference} : {telephone}, {prenom_nom}. {0} {} { x } {2F1-A}"
    assert "la référence du dossier" in read_text(client.get(url(group, "message")))
    send_letter(client, group, {"text": words, "key": "k"})
    run_due_jobs()

    cases = list(group.cases.all())
    assert len(cases) == 3
    for case in cases:
        number = f"0{NBSP}800{NBSP}200{NBSP}008"
        start = f"Breizh Cyber à {case.collectivity}, {hyphenate(case.reference)} : {number}, {responder}."
        assert case.messages.get().text == f"{start} {{0}} {{}} {{ x }} {{2F1-A}}"


def test_the_preview_shows_the_message_of_the_first_declarant(client, responder, group):
    preview = read_text(
        client.post(url(group, "message"), {"text": "Dossier {reference} de {collectivite}.", "key": "k"})
    )
    first = group.cases.order_by("pk").first()
    assert f"Dossier {hyphenate(first.reference)} de {first.collectivity}." in preview
    assert "sont ici ceux de" in preview
    assert "sont ici ceux de" not in read_text(client.post(url(group, "message"), {"text": WORDS, "key": "k"}))


@pytest.mark.parametrize(("name", "has_phone"), [("bidule", True), ("telephone", False)])
def test_an_unfilled_placeholder_is_refused_and_the_text_is_kept(client, group, name, has_phone):
    if not has_phone:
        Contact.objects.filter(csirt=group.csirt).delete()
    for button in ({}, {"envoyer": "1"}):
        answer = client.post(url(group, "message"), {"text": f"Bonjour {{{name}}} {{reference}}", "key": "k"} | button)
        assert answer.status_code == 422
        assert f"partiraient tels quels : {{{name}}}. Écrivez" in read_text(answer)
        assert answer.context["form"]["text"].value() == f"Bonjour {{{name}}} {{reference}}"
    assert not BulkJob.objects.exists()


def test_a_message_with_a_blank_line_is_refused_and_kept(client, group):
    words = f"{WORDS}\nProchain point : …"
    answer = client.post(url(group, "message"), {"text": words, "key": "k"})
    assert answer.status_code == 422
    assert "Une ligne reste à compléter : « Prochain point : … »" in read_text(answer)
    assert answer.context["form"]["text"].value() == words


def test_a_placeholder_that_lost_its_value_is_not_sent(client, group):
    send_letter(client, group, {"text": "Appelez {telephone}", "key": "k"})
    Contact.objects.filter(csirt=group.csirt).delete()
    run_due_jobs()

    assert not Message.objects.exists()
    assert {(item.outcome, "{telephone}" in item.why) for item in BulkItem.objects.all()} == {("refused", True)}


@pytest.mark.parametrize("changed", [{"text": "Autre chose."}, {"asks_answer": "on"}, {"with_closed": "on"}])
def test_a_message_changed_after_its_preview_must_be_previewed_again(client, group, changed):
    form = client.post(url(group, "message"), {"text": WORDS, "key": "k"}).context["form"]
    fields = {"text": WORDS, "key": "k", "envoyer": "1", "seen": form["seen"].value()} | changed

    answer = client.post(url(group, "message"), fields)
    assert answer.status_code == 409
    assert "Ce qui partirait n’est plus ce que vous aviez lu" in read_text(answer)
    assert fields["text"] in read_text(answer)
    assert not BulkJob.objects.exists()

    assert (
        client.post(url(group, "message"), fields | {"seen": answer.context["form"]["seen"].value()}).status_code
        == 302
    )
    run_due_jobs()
    assert set(Message.objects.values_list("text", flat=True)) == {fields["text"]}


def test_a_message_must_be_previewed_again_when_the_group_grew(client, responder, group):
    preview = client.post(url(group, "message"), {"text": WORDS, "key": "k"})
    for number in (7, 8):
        add_to_group(reference=declare_town(number).reference, group=group.uid, actor=responder)
    fields = {"text": WORDS, "key": "k", "envoyer": "1", "seen": preview.context["form"]["seen"].value()}

    answer = client.post(url(group, "message"), fields)
    assert answer.status_code == 409
    assert "les déclarants ne sont plus les mêmes" in read_text(answer)
    assert "5 déclarants liront" in read_text(answer)
    assert not BulkJob.objects.exists()


def test_a_message_without_a_preview_is_not_sent(client, group):
    answer = client.post(url(group, "message"), {"text": WORDS, "key": "k", "envoyer": "1", "seen": ""})
    assert answer.status_code == 200
    assert "3 déclarants liront" in read_text(answer)
    assert not BulkJob.objects.exists()


def test_a_form_sent_again_with_another_text_or_other_recipients_sends_nothing(client, responder, group):
    fields = {"text": WORDS, "key": "k"}
    send_letter(client, group, fields)
    run_due_jobs()

    changed = send_letter(client, group, fields | {"text": "Autre chose."})
    add_to_group(reference=declare_town(9).reference, group=group.uid, actor=responder)
    to_others = send_letter(client, group, fields)

    job = BulkJob.objects.get()
    for answer in (changed, to_others):
        assert answer.status_code == 409
        assert "Cette page avait déjà envoyé un message, et celui-ci n’est pas parti." in read_text(answer)
        assert f'href="/admin/incidents/incident/actes/{job.uid}/"' in answer.content.decode()
    run_due_jobs()
    assert set(Message.objects.values_list("text", flat=True)) == {WORDS}
    assert Message.objects.count() == 3


def test_a_second_message_typed_on_the_same_page_is_kept_and_may_be_sent(client, group):
    fields = {"text": WORDS, "key": "k"}
    send_letter(client, group, fields)
    form = send_letter(client, group, fields | {"text": "Autre chose.", "asks_answer": "on"}).context["form"]
    assert (form["text"].value(), form["asks_answer"].value()) == ("Autre chose.", True)
    assert form["key"].value() != "k"

    send_letter(client, group, fields | {"text": form["text"].value(), "key": form["key"].value()})
    run_due_jobs()

    assert Message.objects.filter(text="Autre chose.").count() == Message.objects.filter(text=WORDS).count() == 3


@pytest.mark.parametrize("words", ["", "   ", "x" * 10_001])
def test_an_empty_or_too_long_message_is_refused_and_kept(client, group, words):
    for button in ({}, {"envoyer": "1"}):
        answer = client.post(url(group, "message"), {"text": words, "key": "k"} | button)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
        assert words.strip() in answer.content.decode()
    assert not BulkJob.objects.exists()


def test_the_message_goes_to_duplicates_but_to_closed_cases_only_if_ticked(client, responder, group):
    main, closed, other = group.cases.order_by("pk")
    close_incident(reference=closed.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    duplicate = declare(collectivity=main.collectivity)
    add_to_group(reference=duplicate.reference, group=group.uid, actor=responder)
    merge_incident(reference=duplicate.reference, into=main.reference, actor=responder)
    fields = {"text": WORDS, "key": "k"}
    assert "3 déclarants liront" in read_text(client.post(url(group, "message"), fields))
    assert "4 déclarants liront" in read_text(client.post(url(group, "message"), fields | {"with_closed": "on"}))
    send_letter(client, group, fields)
    run_due_jobs()
    assert {message.incident_id for message in Message.objects.all()} == {main.pk, other.pk, duplicate.pk}


def test_the_message_goes_to_a_duplicate_outside_the_group(client, responder, group):
    main = group.cases.earliest("pk")
    duplicate = declare(collectivity=main.collectivity)
    merge_incident(reference=duplicate.reference, into=main.reference, actor=responder)
    fields = {"text": WORDS, "key": "k"}
    assert "4 déclarants liront" in read_text(client.post(url(group, "message"), fields))
    send_letter(client, group, fields)
    run_due_jobs()
    assert duplicate.messages.get().text == WORDS


def test_a_message_that_asks_for_an_answer_waits_in_each_case(client, group):
    send_letter(client, group, {"text": WORDS, "key": "k", "asks_answer": "on"})
    run_due_jobs()
    assert group.cases.filter(awaited_since=None).count() == 0


def test_a_message_to_the_group_leaves_the_question_of_each_case_open(client, group):
    for fields in ({"text": "Qui vous héberge ?", "key": "k", "asks_answer": "on"}, {"text": WORDS, "key": "m"}):
        send_letter(client, group, fields)
        run_due_jobs()
    assert Message.objects.filter(text=WORDS).count() == 3
    assert group.cases.filter(awaited_since=None).count() == 0


def test_a_closed_case_does_not_wait_for_an_answer(client, responder, group):
    main, closed, _other = group.cases.order_by("pk")
    close_incident(reference=closed.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    duplicate = declare(collectivity=main.collectivity)
    add_to_group(reference=duplicate.reference, group=group.uid, actor=responder)
    merge_incident(reference=duplicate.reference, into=main.reference, actor=responder)
    fields = {"text": WORDS, "key": "k", "asks_answer": "on", "with_closed": "on"}
    assert "Chaque dossier ouvert dira" in read_text(client.post(url(group, "message"), fields))
    send_letter(client, group, fields)
    run_due_jobs()
    assert Message.objects.count() == 4
    waiting = group.cases.exclude(awaited_since=None)
    assert not waiting.filter(pk__in=[closed.pk, duplicate.pk]).exists()
    assert waiting.count() == Message.objects.filter(asks_answer=True).count() == 2


def test_a_message_to_an_empty_group_is_refused(client, responder):
    empty = a_group(responder, "Vide")
    assert "Personne à qui écrire" in read_text(client.post(url(empty, "message"), {"text": WORDS, "key": "k"}))
    answer = send_letter(client, empty, {"text": WORDS, "key": "k"})
    assert answer.status_code == 422
    assert WORDS in read_text(answer)
    assert not BulkJob.objects.exists()


@pytest.mark.proof
def test_two_thousand_messages_are_queued_in_few_queries(client, responder, group):
    copy_case(group.cases.first(), group, 2000)
    form = client.post(url(group, "message"), {"text": WORDS, "key": "k"}).context["form"]
    fields = {"text": WORDS, "key": "k", "envoyer": "1", "seen": form["seen"].value()}
    with CaptureQueriesContext(connection) as queries:
        assert client.post(url(group, "message"), fields).status_code == 302
    assert BulkItem.objects.count() == 2003
    assert len(queries) <= 25, len(queries)


@pytest.mark.parametrize(
    "words",
    [
        "Comme à Saint-Exemple-1, coupez l’accès.",
        "Demandez à Dominique Exemple.",
        "Appelez le 02.99.00.00.00.",
        "Écrivez à mairie@plouexemple.example.",
        "Comme à St-Exemple-1, coupez l’accès.",
        "Comme à SAINT EXEMPLE 1, coupez l’accès.",
        "Appelez le 02_99_00_00_00.",
        "Appelez le +33 (0)2 – 99 – 00 – 00 – 00.",
        "Voyez www.saintexemple1.fr.",
        "Voyez mairie-saint-exemple-1.example.",
        "Comme à BREST, coupez l’accès.",
        "Comme à Brest, coupez l’accès.",
        "Voyez https://ville-brest.example/actualites.",
    ],
)
def test_a_message_that_names_a_body_or_a_person_of_the_group_is_refused(client, responder, group, words):
    """Each declarant would learn from the message who else is in the group."""
    brest = declare(collectivity=plouexemple(insee_code="29019", name="Brest"))
    add_to_group(reference=brest.reference, group=group.uid, actor=responder)
    for more in ({}, {"envoyer": "1"}):
        answer = client.post(url(group, "message"), {"text": words, "key": "k"} | more)
        assert answer.status_code == 422
        assert "Ce message désigne quelqu’un du groupe aux autres. Retirez : «" in read_text(answer).replace(
            "\xa0", " "
        )
        assert words in answer.content.decode(), "what was typed stays"
    assert not BulkJob.objects.exists()


def test_a_message_with_the_reference_of_a_case_is_refused(client, responder, group):
    reference = hyphenate(group.cases.first().reference)
    answer = client.post(url(group, "message"), {"text": f"Voir {reference}.", "key": "k"})
    assert reference in read_text(answer)
    assert answer.status_code == 422


def test_a_message_may_name_the_centre_and_its_author(client, responder, group):
    Story.objects.update(contact_name=responder.display_name)
    words = f"Appelez le 0 800 200 008, ou écrivez à garde@breizh.example. {responder.display_name}"
    assert client.post(url(group, "message"), {"text": words, "key": "k"}).status_code == 200


def test_a_message_may_name_the_only_body_of_the_group(client, responder):
    group = a_group(responder)
    for _ in range(2):
        add_to_group(reference=declare_town(1).reference, group=group.uid, actor=responder)
    answer = client.post(url(group, "message"), {"text": "Bonjour Saint-Exemple-1.", "key": "k"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("name", "words", "doubtful"),
    [
        ("Bonjour", "Bonjour, coupez l’accès.", "Bonjour"),
        ("Accueil Mairie", "Bonjour. Mairie ou syndicat, passez par l’Accueil.", "Accueil, Mairie"),
        ("Service informatique", "Voyez avec votre service informatique.", "service informatique"),
        ("Hélène Imaginaire", "Suivez la procédure de HELENE.", "HELENE"),
    ],
)
def test_a_part_of_a_name_is_accepted_once_confirmed_as_a_common_word(client, group, name, words, doubtful):
    Story.objects.update(contact_name=name)
    fields = {"text": words, "key": "k"}
    for button in ({}, {"envoyer": "1"}, {"envoyer": "1", "common": "Autre"}):
        answer = client.post(url(group, "message"), fields | button)
        assert answer.status_code == 422
        assert "désigne peut-être quelqu’un du groupe" in read_text(answer)
        assert f'name="common" value="{doubtful}">' in answer.content.decode()
    assert not BulkJob.objects.exists()
    preview = client.post(url(group, "message"), fields | {"common": doubtful})
    assert f'name="common" value="{doubtful}" checked>' in preview.content.decode()
    assert send_letter(client, group, fields | {"common": doubtful}).status_code == 302
    run_due_jobs()
    assert set(Message.objects.values_list("text", flat=True)) == {words}


def test_a_full_name_or_number_cannot_be_confirmed_as_a_common_word(client, group):
    for words in ("Saint-Exemple-1", "Dominique Exemple", "02 99 00 00 00"):
        assert client.post(url(group, "message"), {"text": words, "key": "k", "common": words}).status_code == 422


def test_common_words_and_public_numbers_are_accepted(client, responder, group):
    sens = declare(collectivity=plouexemple(insee_code="29020", name="Sens"))
    add_to_group(reference=sens.reference, group=group.uid, actor=responder)
    words = "Dans ce sens, par exemple : 12 postes, le 24/11/2026 à 10 h 30. Voyez cyber.gouv.fr ou 0 800 200 008."
    assert client.post(url(group, "message"), {"text": words, "key": "k"}).status_code == 200
