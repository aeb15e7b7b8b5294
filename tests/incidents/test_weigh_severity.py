"""The first sorting of the queue."""

import pytest

from incidents.enums import DataCategory, IncidentType, LeakStatus, PublicService, Severity
from incidents.severity import ACKNOWLEDGE_WITHIN, severity_of


def test_it_works():
    severity = severity_of(
        IncidentType.RANSOMWARE, services=[PublicService.CIVIL], leak=LeakStatus.SUSPECTED, categories=[]
    )

    assert severity == Severity.CRITICAL


@pytest.mark.parametrize(
    ("kind", "services", "leak", "categories", "expected"),
    [
        (IncidentType.PHISHING, [], None, [], Severity.LOW),
        (IncidentType.MAILBOX, [], None, [], Severity.MODERATE),
        (IncidentType.MAILBOX, [PublicService.CIVIL], None, [], Severity.HIGH),
        (IncidentType.DDOS, [PublicService.WEBSITE], None, [], Severity.MODERATE),
        (IncidentType.RANSOMWARE, [], None, [], Severity.HIGH),
        (IncidentType.LEAK, [], LeakStatus.SUSPECTED, [DataCategory.CONTACT], Severity.MODERATE),
        (IncidentType.LEAK, [], LeakStatus.SUSPECTED, [DataCategory.HEALTH], Severity.HIGH),
        (IncidentType.LEAK, [], LeakStatus.CONFIRMED, [], Severity.HIGH),
        (IncidentType.LEAK, [], LeakStatus.UNFOUNDED, [DataCategory.HEALTH], Severity.MODERATE),
        (IncidentType.UNKNOWN, [], None, [], Severity.MODERATE),
    ],
)
def test_severity(kind, services, leak, categories, expected):
    assert severity_of(kind, services=services, leak=leak, categories=categories) == expected


def test_the_worse_the_sooner():
    delays = [ACKNOWLEDGE_WITHIN[severity] for severity in sorted(Severity, reverse=True)]

    assert delays == sorted(delays)
