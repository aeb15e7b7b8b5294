"""The severity that the facts give, and why."""

from collections import defaultdict
from datetime import UTC, date, datetime

import pytest

from incidents.enums import DataCategory, IncidentType, LeakStatus, PersonsBand, PublicService, Severity
from incidents.facts.shapes import Interruption, Leak
from incidents.questions.catalogue import QuestionKind, get_current_version
from incidents.severity import (
    ACKNOWLEDGE_WITHIN,
    ALL_COMPUTERS,
    TOUCHED_COMPUTERS,
    Situation,
    WorryingAnswer,
    assess_situation,
)

EARLY, PAY_TIME = date(2026, 11, 3), date(2026, 11, 24)


def assess(kind=IncidentType.UNKNOWN, *, services=(), leak=None, on=EARLY, **answers):
    interruptions = [
        Interruption(service=service, extent="stopped") if isinstance(service, str) else service
        for service in services
    ]
    return assess_situation(Situation(type=kind, interruptions=interruptions, leak=leak, answers=answers, on=on))


def get_points(assessment):
    return {str(reason.words): reason.points for reason in assessment.reasons}


def test_the_severity_adds_the_points_of_its_reasons():
    assessment = assess(
        IncidentType.RANSOMWARE, services=[PublicService.CIVIL], leak=Leak(), sauvegardes_atteintes="toutes"
    )

    assert assessment.severity == Severity.CRITICAL
    assert get_points(assessment) == {
        "rançongiciel": 4,
        "service essentiel arrêté : état civil": 2,
        "aucune sauvegarde utilisable": 2,
        "données touchées": 1,
    }
    assert assessment.points == 9


@pytest.mark.parametrize("extent", ["", "unknown"])
def test_a_service_is_called_stopped_only_if_the_declarant_said_so(extent):
    """The service counts as stopped, and is not called so."""
    unsaid, stopped = (Interruption(service=PublicService.WATER, extent=value) for value in (extent, "stopped"))
    assert get_points(assess(IncidentType.PHISHING, services=[unsaid])) == {
        "service essentiel arrêté ou ralenti : eau et assainissement": 2
    }
    other = Interruption(service=PublicService.CIVIL, extent="stopped")
    reasons = get_points(assess(IncidentType.PHISHING, services=[unsaid, other]))
    assert list(reasons) == ["service essentiel arrêté ou ralenti : eau et assainissement, état civil"]
    assert list(get_points(assess(IncidentType.PHISHING, services=[stopped]))) == [
        "service essentiel arrêté : eau et assainissement"
    ]


@pytest.mark.parametrize(
    ("kind", "services", "leak", "expected"),
    [
        (IncidentType.PHISHING, [], None, Severity.LOW),
        (IncidentType.MAILBOX, [], None, Severity.MODERATE),
        (IncidentType.MAILBOX, [PublicService.CIVIL], None, Severity.HIGH),
        (IncidentType.DDOS, [PublicService.WEBSITE], None, Severity.MODERATE),
        (IncidentType.RANSOMWARE, [], None, Severity.HIGH),
        (IncidentType.TRANSFER, [], None, Severity.HIGH),
        (IncidentType.LEAK, [], Leak(categories=(DataCategory.CONTACT,)), Severity.MODERATE),
        (IncidentType.LEAK, [], Leak(categories=(DataCategory.HEALTH,)), Severity.HIGH),
        (IncidentType.LEAK, [], Leak(status=LeakStatus.CONFIRMED), Severity.HIGH),
        (
            IncidentType.LEAK,
            [],
            Leak(status=LeakStatus.UNFOUNDED, categories=(DataCategory.HEALTH,)),
            Severity.MODERATE,
        ),
        (IncidentType.UNKNOWN, [], None, Severity.MODERATE),
    ],
)
def test_the_severity_follows_from_the_facts_of_a_declaration(kind, services, leak, expected):
    assert assess(kind, services=services, leak=leak).severity == expected


@pytest.mark.parametrize(
    ("answers", "words", "points"),
    [
        ({"continue": "oui"}, "l’attaque continue", 2),
        ({"rythme": "vagues"}, "l’attaque continue", 2),
        ({"serveurs": ["annuaire", "fichiers"]}, "l’annuaire des comptes est touché", 2),
        ({"serveurs": ["metier"]}, "un serveur central est touché", 1),
        ({"postes": 6, "postes_total": 10}, "la moitié des ordinateurs ou plus", 1),
        ({"sauvegardes_ou": ["aucune"]}, "aucune sauvegarde utilisable", 2),
        ({"sauvegardes_atteintes": "partie"}, "une partie des sauvegardes est touchée", 1),
        ({"reseaux": ["interco"]}, "d’autres réseaux publics y sont reliés", 1),
    ],
)
def test_a_worrying_answer_adds_points(answers, words, points):
    assert get_points(assess(IncidentType.PHISHING, **answers)) == {words: points}


def test_each_answer_that_is_weighed_is_in_the_current_questions():
    questions = [question for section in get_current_version().sections for question in section.questions]
    choices = defaultdict(set)
    for question in questions:
        choices[question.code].update(dict(question.choices))
    for worrying in WorryingAnswer:
        question, codes = worrying.value
        assert codes <= choices[question], worrying
    kinds = {question.code: question.kind for question in questions}
    assert {kinds[code] for code in (TOUCHED_COMPUTERS, ALL_COMPUTERS)} == {QuestionKind.COUNT}


@pytest.mark.parametrize(
    "answers",
    [
        {"continue": "non", "rythme": "fini", "serveurs": ["aucun"], "reseaux": ["aucun"]},
        {"sauvegardes_atteintes": "non", "sauvegardes_ou": ["debranche"]},
        {"postes": 3, "postes_total": 3},
        {"postes": 6, "postes_total": 100},
        {"postes": 6},
        {"postes": 6, "postes_total": None},
    ],
)
def test_a_reassuring_answer_adds_no_points(answers):
    assert assess(IncidentType.PHISHING, **answers).points == 0


def test_a_slowed_service_adds_fewer_points_and_a_resumed_one_none():
    slowed = Interruption(service=PublicService.WATER, extent="degraded")
    resumed = Interruption(service=PublicService.WATER, extent="stopped", ended_at=datetime(2026, 11, 2, tzinfo=UTC))

    assert get_points(assess(IncidentType.PHISHING, services=[slowed])) == {
        "service touché\N{NO-BREAK SPACE}: eau et assainissement": 1
    }
    assert assess(IncidentType.PHISHING, services=[resumed]).points == 0


@pytest.mark.parametrize(("people", "points"), [(999, 0), (1_000, 1), (10_000, 2)])
def test_points_grow_with_the_people_affected(people, points):
    site = Interruption(service=PublicService.WEBSITE, extent="stopped", people_affected=people)

    assert assess(IncidentType.PHISHING, services=[site]).points == 1 + points


@pytest.mark.parametrize(
    ("leak", "points"),
    [
        (Leak(persons=5_001), 2),
        (Leak(persons=5_000), 1),
        (Leak(persons_band=PersonsBand.OVER_5000), 2),
        (Leak(persons=301, categories=(DataCategory.NIR,)), 3),
        (Leak(persons=300, categories=(DataCategory.NIR,)), 2),
    ],
)
def test_points_grow_with_the_persons_and_data_of_a_leak(leak, points):
    assert assess(IncidentType.PHISHING, leak=leak).points == points


@pytest.mark.parametrize(
    ("band", "words"),
    [
        (PersonsBand.OVER_5000, "données de plus de 5 000 personnes"),
        (PersonsBand.UP_TO_5000, "données de 301 à 5 000 personnes"),
    ],
)
def test_the_persons_of_a_leak_are_a_reason_in_french(band, words):
    leak = Leak(persons_band=band, categories=(DataCategory.NIR,))
    assert words in get_points(assess(IncidentType.PHISHING, leak=leak))


def test_a_stopped_payroll_adds_more_points_near_pay_day():
    for day, points in [(EARLY, 2), (PAY_TIME, 3)]:
        assert assess(IncidentType.PHISHING, services=[PublicService.PAYROLL], on=day).points == points


def test_a_worse_severity_has_a_shorter_deadline():
    delays = [ACKNOWLEDGE_WITHIN[severity] for severity in sorted(Severity, reverse=True)]

    assert delays == sorted(delays)
