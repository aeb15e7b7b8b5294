"""Two declarations of one incident: one is closed as the double of the other, loses no word, and may come back."""

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
from incidents.reference import spaced
from incidents.services.correspondence.correspond import Letter
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.groups.merge import MAX_DOUBLES, unmerge_incident
from incidents.services.handling.reopen import reopen_incident
from incidents.services.handling.severity import set_severity
from incidents.services.handling.triage import acknowledge_incident, close_incident, verify_incident
from incidents.severity import ACKNOWLEDGE_WITHIN
from stats.counting.rollups import fold_all
from stats.models import Rollup
from stats.services import verify_figures
from tests.cast import a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.incidents.devices import case, guest, opened, page
from tests.incidents.devices import send as write_as_declarant
from tests.incidents.merging import MAYOR, again, merge, write
from tests.reading import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def main():
    breizh_cyber()
    return declare()


@pytest.fixture
def double(main):
    return declare(caller=MAYOR, description="Tout est bloqué depuis ce matin.")


def test_it_works(client, responder, main, double):
    compared = text(client.get(case(main, "fusionner"), {"avec": double.reference}))
    assert "Tout est bloqué depuis ce matin." in compared
    assert "Dominique Exemple" in compared

    sent = {"avec": double.reference, "garder": main.reference}
    answer = client.post(case(main, "fusionner"), sent, follow=True)

    closed = again(double)
    assert (closed.status, closed.closing_reason, closed.merged_into) == (Status.CLOSED, ClosingReason.DUPLICATE, main)
    assert again(main).status == Status.DECLARED
    shown = text(answer)
    for words in ("Doubles", "Tout est bloqué depuis ce matin.", "Alix Maire", "aucun message"):
        assert words in shown
    told = [one.events.get(kind=EventKind.MERGED) for one in (double, main)]
    assert [event.data for event in told] == [
        {"main": main.reference, "was": {"status": "declared"}},
        {"double": double.reference},
    ]
    assert f"Double de {spaced(main.reference)}" in text(client.get(case(double)))


def test_a_double_click_is_one_merge(responder, main, double):
    for _ in range(2):
        merge(double, main, responder)
    assert double.events.filter(kind=EventKind.MERGED).count() == 1
    assert main.events.filter(kind=EventKind.MERGED).count() == 1


@pytest.mark.parametrize("taken", [False, True])
def test_it_comes_back_as_it_was(client, responder, main, double, taken):
    if taken:
        acknowledge_incident(reference=double.reference, actor=responder)
        write(double)
    fields = [field.attname for field in Incident._meta.concrete_fields]
    before = Incident.objects.filter(pk=double.pk).values(*fields).get()
    merge(double, main, responder)
    assert again(double).due_for == "nothing"

    answer = client.post(case(double, "defusionner"), follow=True)

    assert "n’est plus un double" in text(answer)
    assert Incident.objects.filter(pk=double.pk).values(*fields).get() == before
    unmerge_incident(reference=double.reference, actor=responder)
    assert [one.events.filter(kind=EventKind.UNMERGED).count() for one in (double, main)] == [1, 1]


def test_a_case_closed_before_is_closed_again_for_its_own_reason(responder, main, double):
    close_incident(reference=double.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    before = again(double)
    merge(double, main, responder)
    assert again(double).closing_reason == ClosingReason.DUPLICATE
    unmerge_incident(reference=double.reference, actor=responder)
    after = again(double)
    assert (after.closing_reason, after.closed_at) == (ClosingReason.RESOLVED, before.closed_at)


def test_a_double_counts_nowhere_and_counts_again_once_undone(responder, main, double):
    for one in (main, double):
        verify_incident(reference=one.reference, actor=responder)
    assert counted() == 2
    merge(double, main, responder)
    assert counted() == 1
    unmerge_incident(reference=double.reference, actor=responder)
    assert counted() == 2


def counted():
    fold_all()
    assert verify_figures().found == []
    return sum(Rollup.objects.filter(measure="declared").values_list("value", flat=True))


def refused(double, main, actor):
    before = list(Incident.objects.order_by("pk").values("status", "merged_into"))
    with pytest.raises(ValidationError) as refusal:
        merge(double, main, actor)
    assert list(Incident.objects.order_by("pk").values("status", "merged_into")) == before
    return refusal.value.message


def test_what_does_not_go_together_is_refused(responder, main, double):
    third, other = declare(), declare(collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
    assert "lui-même" in refused(main, main, responder)
    assert "même collectivité" in refused(other, main, responder)
    merge(double, main, responder)
    assert "déjà un double" in refused(third, double, responder)
    assert "déjà un double" in refused(double, third, responder)
    assert "a lui-même des doubles" in refused(main, third, responder)
    close_incident(reference=third.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=responder)
    assert "est clos" in refused(main, third, responder)


def test_what_its_author_withdrew_is_not_merged(responder, main, double):
    withdraw_incident(reference=double.reference, guest=guest(double), letter=Letter(text="", key="k"))
    assert "retirée" in refused(double, main, responder)


def test_a_case_that_stands_for_others_is_not_withdrawn_by_one_person(responder, main, double):
    merge(double, main, responder)
    withdraw_incident(reference=main.reference, guest=guest(main), letter=Letter(text="", key="k"))
    assert again(main).status == Status.DECLARED
    assert main.messages.get().text.startswith("Nous demandons")


def test_one_page_shows_all_the_doubles(responder, main, double):
    Incident.objects.filter(pk=double.pk).update(status="acknowledged", acknowledged_at=main.received_at)
    for number in range(MAX_DOUBLES):
        merge(declare(key=str(number)), main, responder)
    assert "n’en prend pas plus" in refused(double, main, responder)


def test_another_centre_has_neither(client, main, double):
    other = breizh_cyber()
    other.pk, other.slug, other.name = None, "ailleurs", "Ailleurs"
    other.save()
    stranger = a_responder(other)
    client.force_login(stranger)
    for actor, refusal in ((stranger, Http404), (an_agent(), PermissionDenied)):
        with pytest.raises(refusal):
            merge(double, main, actor)
    assert client.get(case(main, "fusionner"), {"avec": double.reference}).status_code == 404
    client.force_login(a_responder())
    Incident.objects.filter(pk=double.pk).update(csirt=other)
    unknown = client.get(case(main, "fusionner"), {"avec": "ZZZZ-ZZZZ"})
    foreign = client.get(case(main, "fusionner"), {"avec": double.reference})
    assert (unknown.status_code, foreign.status_code) == (404, 404)
    assert "Alix Maire" not in text(foreign)
    assert "Aucun autre dossier de votre centre" in text(foreign)
    assert not Incident.objects.exclude(merged_into=None).exists()


def test_nothing_is_merged_until_one_is_chosen(client, responder, main, double):
    for kept in ("", "ZZZZZZZZ"):
        answer = client.post(case(main, "fusionner"), {"avec": double.reference, "garder": kept})
        assert answer.status_code == 422
        assert "Dites lequel" in text(answer)
    assert again(double).status == Status.DECLARED


# The severity, and the hour by which somebody takes the case


def smaller():
    return declare(key="smaller", type=IncidentType.DEFACEMENT)


def test_the_worse_severity_and_the_earlier_hour_stay(client, responder, main, double):
    kept = smaller()
    set_severity(reference=double.reference, severity=Severity.CRITICAL, motive="Un hôpital.", actor=responder)
    worse = again(double)

    merge(double, kept, responder)

    told = again(kept)
    assert (told.severity, told.severity_found) == (Severity.CRITICAL, Severity.LOW)
    assert told.acknowledge_by == min(worse.acknowledge_by, kept.acknowledge_by)
    assert (told.due_for, told.due_at) == ("acknowledge", told.acknowledge_by)
    assert told.answer_by <= told.received_at + ANSWER_WITHIN[Severity.CRITICAL]
    assert kept.events.get(kind=EventKind.MERGED).data == {"double": double.reference, "severity": [1, 4]}
    page = text(client.get(case(kept)))
    assert f"{spaced(double.reference)}, gravité faible → critique" in page
    assert "de faits d’avant ou d’un double : elle ne baisse jamais seule" in page.replace("\N{NO-BREAK SPACE}", " ")

    unmerge_incident(reference=double.reference, actor=responder)
    assert again(kept).severity == Severity.CRITICAL, "it never falls by itself"
    assert again(double).acknowledge_by == worse.acknowledge_by


def test_the_hour_of_a_double_stays_when_the_severity_is_set(responder, main, double):
    kept, hour = smaller(), timedelta(hours=1)
    Incident.objects.filter(pk=double.pk).update(received_at=double.received_at - hour)
    merge(double, kept, responder)
    set_severity(reference=kept.reference, severity=Severity.CRITICAL, motive="Un hôpital.", actor=responder)
    assert again(kept).acknowledge_by == again(double).received_at + ACKNOWLEDGE_WITHIN[Severity.CRITICAL]


def test_a_double_that_was_closed_does_not_make_the_case_late(responder, main, double):
    kept = smaller()
    close_incident(reference=double.reference, reason=ClosingReason.NOT_AN_INCIDENT, actor=responder)
    Incident.objects.filter(pk=double.pk).update(received_at=double.received_at - timedelta(days=20))
    merge(double, kept, responder)
    set_severity(reference=kept.reference, severity=Severity.HIGH, motive="Un hôpital.", actor=responder)
    assert again(kept).acknowledge_by == kept.received_at + ACKNOWLEDGE_WITHIN[Severity.HIGH]


def test_a_smaller_double_lowers_nothing(responder, main, double):
    before = again(main)
    merge(smaller(), main, responder)
    told = again(main)
    assert (told.severity, told.acknowledge_by) == (before.severity, before.acknowledge_by)
    assert "severity" not in main.events.get(kind=EventKind.MERGED).data


def test_a_double_that_somebody_had_taken_does_not_make_the_case_late(responder, main, double):
    kept = smaller()
    acknowledge_incident(reference=double.reference, actor=responder)
    Incident.objects.filter(pk=double.pk).update(acknowledge_by=timezone.now() - timedelta(hours=1))
    merge(double, kept, responder)
    told, merged = again(kept), kept.events.get(kind=EventKind.MERGED)
    assert told.severity == double.severity
    assert told.acknowledge_by == merged.at + ACKNOWLEDGE_WITHIN[double.severity]


def test_the_hour_of_a_case_that_somebody_has_taken_stays(responder, main, double):
    kept = smaller()
    acknowledge_incident(reference=kept.reference, actor=responder)
    merge(double, kept, responder)
    assert (again(kept).severity, again(kept).acknowledge_by) == (double.severity, kept.acknowledge_by)


# The declarant of the double


def test_the_declarant_of_the_double_is_told_and_names_nobody(responder, main, double):
    device = opened(double)
    merge(double, main, responder)
    shown = text(device.get(page(double)))
    assert "traite votre déclaration avec une autre" in shown
    assert "Ce que vous écrivez ici lui parvient" in shown
    assert "traite cette déclaration avec une autre" in shown, "in its history too"
    assert "Dominique" not in shown
    assert main.reference not in shown
    kept = text(opened(main).get(page(main)))
    assert "avec une autre" not in kept
    assert double.reference not in kept


def test_the_declarant_of_the_double_is_told_of_the_end(responder, main, double):
    device, said = opened(double), "Votre dossier est clos"
    merge(double, main, responder)
    assert said not in text(device.get(page(double)))

    close_incident(reference=main.reference, reason=ClosingReason.HANDED_OVER, actor=responder)

    shown = text(device.get(page(double)))
    assert said in shown
    assert f"{again(main).get_closing_reason_display()}. Ce n’est pas fini" in shown
    assert f"a clos le dossier : {ClosingReason.HANDED_OVER.label}" in shown, "in its history too"
    assert "traite votre déclaration avec une autre" not in shown
    assert "Le centre l’a confié à un autre service." in shown, "in the sentence to read aloud"
    assert main.reference not in shown
    assert double.events.get(kind=EventKind.CLOSED).data == {"reason": "handed_over"}
    assert "L’aide reçue vous a-t-elle été utile ?" in shown
    device.post(f"{page(double)}avis/", {"level": "4", "words": ""})
    assert double.rating.level == 4


def test_it_is_told_that_it_was_not_the_end(responder, main, double):
    device = opened(double)
    merge(double, main, responder)
    close_incident(reference=main.reference, reason=ClosingReason.HANDED_OVER, actor=responder)
    for _ in range(2):
        reopen_incident(reference=main.reference, actor=responder, motive="Il continue.")

    shown = text(device.get(page(double)))

    assert "traite votre déclaration avec une autre" in shown
    assert "utile ?" not in shown
    assert double.events.get(kind=EventKind.REOPENED).data == {"reason": "handed_over"}
    with pytest.raises(ValidationError, match="défaites d’abord la fusion"):
        reopen_incident(reference=double.reference, actor=responder, motive="Il continue.")


def test_a_double_taken_out_of_an_ended_case_goes_on(responder, main, double):
    merge(double, main, responder)
    close_incident(reference=main.reference, reason=ClosingReason.HANDED_OVER, actor=responder)
    unmerge_incident(reference=double.reference, actor=responder)
    assert again(double).status == Status.DECLARED
    assert double.events.get(kind=EventKind.REOPENED).actor == responder
    assert "a reçu votre déclaration" in text(opened(double).get(page(double)))


def test_a_correction_is_not_said_to_come_too_late(responder, main, double):
    merge(double, main, responder)
    asked = f"{page(double)}completer/"
    device = opened(double)
    assert "dites-lui par un message ce qui change" in text(device.get(asked))
    assert "est clos" not in text(device.get(asked))
    close_incident(reference=main.reference, reason=ClosingReason.HANDED_OVER, actor=responder)
    assert "Ce dossier est clos" in text(device.get(asked))


def test_what_is_written_on_a_double_reaches_the_case_that_stands_for_it(client, responder, main, double):
    acknowledge_incident(reference=main.reference, actor=responder)
    merge(double, main, responder)
    client.post(case(main, "message"), {"text": "Nous arrivons.", "key": "r"})
    client.get(case(main))
    assert again(main).answer_by is None

    assert write_as_declarant(opened(double), double, "Le serveur fume.").status_code == 302

    told = again(main)
    assert told.declarant_wrote_at == double.messages.get().written_at
    assert (told.due_for, told.due_at) == ("answer", told.answer_by)
    assert "nouveau" in text(client.get("/admin/incidents/incident/"))
    shown = text(client.get(case(main)))
    assert "Du nouveau depuis votre dernière lecture" in shown
    assert "1 message" in shown
    again(double).events.get(kind=EventKind.MESSAGE)


def test_the_page_costs_the_same_with_many_doubles(client, responder, main):
    costs = []
    for number in (2, 48):
        for each in range(number):
            one = declare(key=f"{number}-{each}")
            merge(one, main, responder)
            write(one)
        client.get(case(main))
        with CaptureQueriesContext(connection) as queries:
            shown = client.get(case(main))
        costs.append(len(queries))
    assert text(shown).count("1 message") == 50
    # From fifty others on, its doubles and its main case are asked for by a query of their own.
    assert costs[1] == costs[0] + 1, costs
