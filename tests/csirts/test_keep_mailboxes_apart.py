"""Mails go to the address that a centre's lead has set, never to a published mailbox."""

import re
from pathlib import Path

import pytest

from csirts.models import Csirt

ROOT = Path(__file__).parents[2]
SENDERS = ["notifications", "incidents", "stats", "accounts"]


@pytest.mark.django_db
def test_a_published_mailbox_is_no_notification_address():
    occitanie = Csirt.objects.get(slug="cyber-occ")

    assert occitanie.email == "csirt@cyberocc.fr"
    assert occitanie.notification_email == ""
    assert not Csirt.objects.exclude(notification_email="").exists()


def test_the_code_of_the_directory_sends_no_mail():
    for path in (ROOT / "csirts").rglob("*.py"):
        assert not re.search(r"django\.core\.mail|smtplib|celery", path.read_text()), path


def test_no_application_reads_a_published_mailbox():
    """Outside the directory, nothing reads a centre's `email` or its `Contact` rows."""
    sources = [path for app in SENDERS for path in (ROOT / app).rglob("*.py")]
    assert sources
    for path in sources:
        text = path.read_text()
        assert not re.search(r"csirt\.email\b|\bContactKind\b|csirts\.models import [^\n]*\bContact\b", text), path
