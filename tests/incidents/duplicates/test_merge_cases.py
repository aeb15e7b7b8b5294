"""Of two declarations of one incident, one is closed as the duplicate of the other. It loses no word, and the merge
may be undone.
"""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.due import ANSWER_WITHIN
from incidents.enums import ClosingReason, EventKind, IncidentType, Severity, Status
from incidents.models import Incident
from incidents.reference import hyphenate
from incidents.services.correspondence.correspond import Letter
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.duplicates.merge import MAX_DUPLICATES, unmerge_incident
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.reopen import reopen_incident
from incidents.services.handling.severity import set_severity
from incidents.services.handling.verify import verify_incident
from incidents.severity import ACKNOWLEDGE_WITHIN
from stats.counting.rollups import fold_pending_events
from stats.models import Rollup
from stats.services import verify_figures
from tests.cast import a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.incidents.desk import reload
from tests.incidents.devices import follow_up_url, get_visitor, open_by_link
from tests.incidents.devices import send as write_as_declarant
from tests.incidents.merging import merge, write
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

pytestmark = pytest.mark.django_db


def test_a_responder_merges_a_duplicate_into_its_main_case(client, responder, main, duplicate):
    comparison = read_text(client.get(case_url(main, "fusionner"), {"avec": duplicate.reference}))
    assert "Tout est bloqué depuis ce matin." in comparison
    assert "Dominique Exemple" in comparison

    form = {"avec": duplicate.reference, "garder": main.reference}
    answer = client.post(case_url(main, "fusionner"), form, follow=True)

    closed = reload(duplicate)
    assert (closed.status, closed.closing_reason, closed.merged_into) == (Status.CLOSED, ClosingReason.DUPLICATE, main)
    assert reload(main).status == Status.DECLARED
    page_text = read_text(answer)
    for words in ("Doubles", "Tout est bloqué depuis ce matin.", "Alix Maire", "aucun message"):
        assert words in page_text
    events = [incident.events.get(kind=EventKind.MERGED) for incident in (duplicate, main)]
    assert [event.data for event in events] == [
        {"main": main.reference, "was": {"status": "declared"}},
        {"double": duplicate.reference},
    ]
    assert f"Double de {hyphenate(main.reference)}" in read_text(client.get(case_url(duplicate)))


def test_both_cases_of_a_merge_are_other_cases_of_the_body(client, responder, main, duplicate):
    merge(duplicate, main, responder)
    for opened_case, other, words in (
        (main, duplicate, "double de celui-ci"),
        (duplicate, main, "celui-ci en est le double"),
    ):
        card = read_text(client.get(case_url(opened_case))).partition("Ses autres dossiers")[2]
        assert card.startswith(f" 1 {hyphenate(other.reference)}")
        assert words in card.partition("Référence d’un autre dossier")[0]


def test_a_double_click_is_one_merge(responder, main, duplicate):
    for _ in range(2):
        merge(duplicate, main, responder)
    assert duplicate.events.filter(kind=EventKind.MERGED).count() == 1
    assert main.events.filter(kind=EventKind.MERGED).count() == 1


@pytest.mark.parametrize("is_taken", [False, True])
def test_undoing_a_merge_restores_the_duplicate(client, responder, main, duplicate, is_taken):
    if is_taken:
        acknowledge_incident(reference=duplicate.reference, actor=responder)
        write(duplicate)
    fields = [field.attname for field in Incident._meta.concrete_fields]
    before = Incident.objects.filter(pk=duplicate.pk).values(*fields).get()
    merge(duplicate, main, responder)
    assert reload(duplicate).due_for == "nothing"

    answer = client.post(case_url(duplicate, "defusionner"), follow=True)

    assert "n’est plus un double" in read_text(answer)
    assert Incident.objects.filter(pk=duplicate.pk).values(*fields).get() == before
    unmerge_incident(reference=duplicate.reference, actor=responder)
    assert [incident.events.filter(kind=EventKind.UNMERGED).count() for incident in (duplicate, main)] == [1, 1]


def test_undoing_a_merge_restores_the_reason_of_a_closed_case(responder, main, duplicate):
    close_incident(reference=duplicate.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    before = reload(duplicate)
    merge(duplicate, main, responder)
    assert reload(duplicate).closing_reason == ClosingReason.DUPLICATE
    unmerge_incident(reference=duplicate.reference, actor=responder)
    after = reload(duplicate)
    assert (after.closing_reason, after.closed_at) == (ClosingReason.RESOLVED, before.closed_at)


def test_a_duplicate_is_not_counted_until_the_merge_is_undone(responder, main, duplicate):
    for incident in (main, duplicate):
        verify_incident(reference=incident.reference, actor=responder)
    assert count_declared() == 2
    merge(duplicate, main, responder)
    assert count_declared() == 1
    unmerge_incident(reference=duplicate.reference, actor=responder)
    assert count_declared() == 2


def count_declared():
    fold_pending_events()
    assert verify_figures().differences == []
    return sum(Rollup.objects.filter(measure="declared").values_list("value", flat=True))


def get_refusal(duplicate, main, actor):
    before = list(Incident.objects.order_by("pk").values("status", "merged_into"))
    with pytest.raises(ValidationError) as refusal:
        merge(duplicate, main, actor)
    assert list(Incident.objects.order_by("pk").values("status", "merged_into")) == before
    return refusal.value.message


def test_impossible_merges_are_refused(responder, main, duplicate):
    third, other = declare(), declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
    assert "lui-même" in get_refusal(main, main, responder)
    assert "même collectivité" in get_refusal(other, main, responder)
    merge(duplicate, main, responder)
    assert "déjà un double" in get_refusal(third, duplicate, responder)
    assert "déjà un double" in get_refusal(duplicate, third, responder)
    assert "a lui-même des doubles" in get_refusal(main, third, responder)
    close_incident(reference=third.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    assert "est clos" in get_refusal(main, third, responder)


def test_a_withdrawn_case_is_not_merged(responder, main, duplicate):
    withdraw_incident(reference=duplicate.reference, visitor=get_visitor(duplicate), letter=Letter(text="", key="k"))
    assert "retirée" in get_refusal(duplicate, main, responder)


def test_a_case_with_duplicates_is_not_withdrawn_by_one_declarant(responder, main, duplicate):
    merge(duplicate, main, responder)
    withdraw_incident(reference=main.reference, visitor=get_visitor(main), letter=Letter(text="", key="k"))
    assert reload(main).status == Status.DECLARED
    assert main.messages.get().text.startswith("Nous demandons")


def test_a_case_takes_a_limited_number_of_duplicates(responder, main, duplicate):
    taken = dict.fromkeys(("acknowledged_at", "first_acknowledged_at"), main.received_at)
    Incident.objects.filter(pk=duplicate.pk).update(status="acknowledged", **taken)
    for number in range(MAX_DUPLICATES):
        merge(declare(key=str(number)), main, responder)
    assert "n’en prend pas plus" in get_refusal(duplicate, main, responder)


def test_another_centre_neither_merges_nor_sees_the_cases(client, main, duplicate):
    other = breizh_cyber()
    other.pk, other.slug, other.name, other.notification_email = None, "ailleurs", "Ailleurs", ""
    other.save()
    stranger = a_responder(other)
    client.force_login(stranger)
    for actor, refusal in ((stranger, Http404), (an_agent(), PermissionDenied)):
        with pytest.raises(refusal):
            merge(duplicate, main, actor)
    assert client.get(case_url(main, "fusionner"), {"avec": duplicate.reference}).status_code == 404
    client.force_login(a_responder())
    Incident.objects.filter(pk=duplicate.pk).update(csirt=other)
    unknown = client.get(case_url(main, "fusionner"), {"avec": "ZZZZ-ZZZZ"})
    foreign = client.get(case_url(main, "fusionner"), {"avec": duplicate.reference})
    assert (unknown.status_code, foreign.status_code) == (404, 404)
    assert "Alix Maire" not in read_text(foreign)
    assert "Aucun autre dossier de votre centre" in read_text(foreign)
    assert not Incident.objects.exclude(merged_into=None).exists()


def test_nothing_is_merged_until_the_main_case_is_chosen(client, responder, main, duplicate):
    for choice in ("", "ZZZZZZZZ"):
        answer = client.post(case_url(main, "fusionner"), {"avec": duplicate.reference, "garder": choice})
        assert answer.status_code == 422
        assert "Dites lequel" in read_text(answer)
    assert reload(duplicate).status == Status.DECLARED


# Severity and deadline of the main case


def declare_defacement():
    return declare(key="smaller", type=IncidentType.DEFACEMENT)


def test_the_main_case_takes_the_worse_severity_and_the_earlier_deadline(client, responder, main, duplicate):
    milder = declare_defacement()
    set_severity(reference=duplicate.reference, severity=Severity.CRITICAL, motive="Un hôpital.", actor=responder)
    worse = reload(duplicate)

    merge(duplicate, milder, responder)

    after = reload(milder)
    assert (after.severity, after.severity_found) == (Severity.CRITICAL, Severity.LOW)
    assert after.acknowledge_by == min(worse.acknowledge_by, milder.acknowledge_by)
    assert (after.due_for, after.due_at) == ("acknowledge", after.acknowledge_by)
    assert after.answer_by <= after.received_at + ANSWER_WITHIN[Severity.CRITICAL]
    assert milder.events.get(kind=EventKind.MERGED).data == {"double": duplicate.reference, "severity": [1, 4]}
    page = read_text(client.get(case_url(milder)))
    assert f"{hyphenate(duplicate.reference)}, gravité faible → critique" in page
    assert "de faits d’avant ou d’un double : elle ne baisse jamais seule" in page.replace("\N{NO-BREAK SPACE}", " ")

    unmerge_incident(reference=duplicate.reference, actor=responder)
    assert reload(milder).severity == Severity.CRITICAL, "it never falls by itself"
    assert reload(duplicate).acknowledge_by == worse.acknowledge_by


def test_the_deadline_of_a_duplicate_counts_when_the_severity_is_set(responder, main, duplicate):
    milder, hour = declare_defacement(), timedelta(hours=1)
    Incident.objects.filter(pk=duplicate.pk).update(received_at=duplicate.received_at - hour)
    merge(duplicate, milder, responder)
    set_severity(reference=milder.reference, severity=Severity.CRITICAL, motive="Un hôpital.", actor=responder)
    assert reload(milder).acknowledge_by == reload(duplicate).received_at + ACKNOWLEDGE_WITHIN[Severity.CRITICAL]


def test_a_closed_duplicate_does_not_make_the_main_case_late(responder, main, duplicate):
    milder = declare_defacement()
    close_incident(reference=duplicate.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    Incident.objects.filter(pk=duplicate.pk).update(received_at=duplicate.received_at - timedelta(days=20))
    merge(duplicate, milder, responder)
    set_severity(reference=milder.reference, severity=Severity.HIGH, motive="Un hôpital.", actor=responder)
    assert reload(milder).acknowledge_by == milder.received_at + ACKNOWLEDGE_WITHIN[Severity.HIGH]


def test_a_milder_duplicate_does_not_lower_the_severity(responder, main, duplicate):
    before = reload(main)
    merge(declare_defacement(), main, responder)
    after = reload(main)
    assert (after.severity, after.acknowledge_by) == (before.severity, before.acknowledge_by)
    assert "severity" not in main.events.get(kind=EventKind.MERGED).data


def test_an_acknowledged_duplicate_does_not_make_the_main_case_late(responder, main, duplicate):
    milder = declare_defacement()
    acknowledge_incident(reference=duplicate.reference, actor=responder)
    Incident.objects.filter(pk=duplicate.pk).update(acknowledge_by=timezone.now() - timedelta(hours=1))
    merge(duplicate, milder, responder)
    after, merged = reload(milder), milder.events.get(kind=EventKind.MERGED)
    assert after.severity == duplicate.severity
    assert after.acknowledge_by == merged.at + ACKNOWLEDGE_WITHIN[duplicate.severity]


def test_an_acknowledged_main_case_keeps_its_deadline(responder, main, duplicate):
    milder = declare_defacement()
    acknowledge_incident(reference=milder.reference, actor=responder)
    merge(duplicate, milder, responder)
    assert (reload(milder).severity, reload(milder).acknowledge_by) == (duplicate.severity, milder.acknowledge_by)


# The declarant of the duplicate


def test_the_declarant_of_a_duplicate_reads_of_the_merge_but_no_name(responder, main, duplicate):
    device = open_by_link(duplicate)
    merge(duplicate, main, responder)
    page_text = read_text(device.get(follow_up_url(duplicate)))
    assert "traite votre déclaration avec une autre" in page_text
    assert "Ce que vous écrivez ici lui parvient" in page_text
    assert "traite cette déclaration avec une autre" in page_text, "in its history too"
    assert "Dominique" not in page_text
    assert main.reference not in page_text
    main_text = read_text(open_by_link(main).get(follow_up_url(main)))
    assert "avec une autre" not in main_text
    assert duplicate.reference not in main_text


def test_the_declarant_of_a_duplicate_reads_that_the_main_case_is_closed(responder, main, duplicate):
    device, notice = open_by_link(duplicate), "Votre dossier est clos"
    merge(duplicate, main, responder)
    assert notice not in read_text(device.get(follow_up_url(duplicate)))

    close_incident(reference=main.reference, reason=ClosingReason.HANDED_OVER, handed_to="la DSI", actor=responder)

    page_text = read_text(device.get(follow_up_url(duplicate)))
    assert notice in page_text
    assert f"{reload(main).get_closing_reason_display()} (la DSI). Ce n’est pas fini" in page_text
    assert f"a clos le dossier : {ClosingReason.HANDED_OVER.label}" in page_text, "in its history too"
    assert "traite votre déclaration avec une autre" not in page_text
    assert "Le centre l’a confié à un autre service." in page_text, "in the sentence to read aloud"
    assert main.reference not in page_text
    assert duplicate.events.get(kind=EventKind.CLOSED).data == {"reason": "handed_over"}
    assert "L’aide reçue vous a-t-elle été utile ?" in page_text
    device.post(f"{follow_up_url(duplicate)}avis/", {"level": "4", "words": ""})
    assert duplicate.rating.level == 4


def test_the_declarant_of_a_duplicate_reads_that_the_main_case_is_reopened(responder, main, duplicate):
    device = open_by_link(duplicate)
    merge(duplicate, main, responder)
    close_incident(reference=main.reference, reason=ClosingReason.HANDED_OVER, handed_to="la DSI", actor=responder)
    for _ in range(2):
        reopen_incident(reference=main.reference, actor=responder, motive="Il continue.")

    page_text = read_text(device.get(follow_up_url(duplicate)))

    assert "traite votre déclaration avec une autre" in page_text
    assert "utile ?" not in page_text
    assert duplicate.events.get(kind=EventKind.REOPENED).data == {"reason": "handed_over"}
    with pytest.raises(ValidationError, match="défaites d’abord la fusion"):
        reopen_incident(reference=duplicate.reference, actor=responder, motive="Il continue.")


def test_a_duplicate_taken_out_of_a_closed_case_is_open_again(responder, main, duplicate):
    merge(duplicate, main, responder)
    close_incident(reference=main.reference, reason=ClosingReason.HANDED_OVER, handed_to="la DSI", actor=responder)
    unmerge_incident(reference=duplicate.reference, actor=responder)
    assert reload(duplicate).status == Status.DECLARED
    assert duplicate.events.get(kind=EventKind.REOPENED).actor == responder
    assert "a reçu votre déclaration" in read_text(open_by_link(duplicate).get(follow_up_url(duplicate)))


def test_the_correction_page_of_a_duplicate_is_closed_with_its_main_case(responder, main, duplicate):
    merge(duplicate, main, responder)
    address = f"{follow_up_url(duplicate)}completer/"
    device = open_by_link(duplicate)
    assert "dites-lui par un message ce qui change" in read_text(device.get(address))
    assert "est clos" not in read_text(device.get(address))
    close_incident(reference=main.reference, reason=ClosingReason.HANDED_OVER, handed_to="la DSI", actor=responder)
    assert "Ce dossier est clos" in read_text(device.get(address))


def test_a_message_on_a_duplicate_reaches_the_main_case(client, responder, main, duplicate):
    acknowledge_incident(reference=main.reference, actor=responder)
    merge(duplicate, main, responder)
    client.post(case_url(main, "message"), {"text": "Nous arrivons.", "key": "r"})
    client.get(case_url(main))
    assert reload(main).answer_by is None

    assert write_as_declarant(open_by_link(duplicate), duplicate, "Le serveur fume.").status_code == 302

    after = reload(main)
    assert after.declarant_wrote_at == duplicate.messages.get().written_at
    assert (after.due_for, after.due_at) == ("answer", after.answer_by)
    assert "nouveau" in read_text(client.get("/admin/incidents/incident/"))
    page_text = read_text(client.get(case_url(main)))
    assert "Du nouveau depuis votre dernière lecture" in page_text
    assert "1 message" in page_text
    assert "Le serveur fume." in page_text
    reload(duplicate).events.get(kind=EventKind.MESSAGE)


def test_what_is_new_on_a_duplicate_is_marked_at_the_duplicate(client, responder, main, duplicate):
    merge(duplicate, main, responder)
    client.get(case_url(main))
    client.get(case_url(duplicate))
    write_as_declarant(open_by_link(duplicate), duplicate, "Le serveur fume.")
    page_html = client.get(case_url(main)).content.decode()
    assert '<a href="#doubles">Du nouveau depuis votre dernière lecture</a>' in page_html
    assert '<h2 id="echanges">Échanges avec le déclarant</h2>' in page_html
    assert '<p class="story">Le serveur fume.</p>' in page_html

    client.get(case_url(duplicate))
    write_as_declarant(open_by_link(main), main, "La mairie ferme.")
    page_html = client.get(case_url(main)).content.decode()
    assert '<a href="#echanges">Du nouveau depuis votre dernière lecture</a>' in page_html
    assert (
        '<h2 id="echanges">Échanges avec le déclarant <span class="pill pill--going">nouveau</span></h2>' in page_html
    )
    assert '<p class="story">Le serveur fume.</p>' not in page_html, "it was read"


def test_the_page_costs_one_query_more_with_fifty_duplicates(client, responder, main):
    costs = []
    for number in (2, 48):
        for index in range(number):
            duplicate = declare(key=f"{number}-{index}")
            merge(duplicate, main, responder)
            write(duplicate)
        client.get(case_url(main))
        with CaptureQueriesContext(connection) as queries:
            response = client.get(case_url(main))
        costs.append(len(queries))
    assert read_text(response).count("1 message") == 50
    # From fifty other cases of the body on, one more query loads the duplicates and the main case.
    assert costs[1] == costs[0] + 1, costs
