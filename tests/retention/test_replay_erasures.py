"""A restored backup holds again what was erased since. The log, which is kept elsewhere, has it erased again."""

import logging
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from structlog.stdlib import ProcessorFormatter

from accounts.models import User
from accounts.security.erasures import LONGEST_LINE, read_erasures
from incidents.enums import EventKind
from incidents.models import Incident, Story
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.hold import place_hold
from retention.enums import DataKind
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber, declare
from tests.reading import read_text
from tests.retention.purging import purge_now
from tests.superuser import switch_triggers_off

WORDS, ADDRESS, NAME = "Mireille a ouvert le message.", "mireille@demo.example", "Mireille Exemple"


@pytest.fixture
def log(
    db: None,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> Path:
    """Return the log, as another machine keeps it, of a case that its lead erased and an account that the purge closed
    for good.
    """
    breizh_cyber()
    incident, leaver = declare(description=WORDS), a_responder()
    User.objects.filter(pk=leaver.pk).update(is_active=False, email=ADDRESS, display_name=NAME)
    User.objects.filter(pk=leaver.pk).update(closed_at=timezone.now() - timedelta(days=2 * 365))
    caplog.clear()
    with django_capture_on_commit_callbacks(execute=True):
        erase_personal_data(reference=incident.reference, actor=a_lead())
        assert purge_now(DataKind.CLOSED_ACCOUNTS) == 1
    lines = list_lines(caplog)
    path = tmp_path / "journal"
    path.write_text("\n".join(["web-1  | {cut", "a plain line", *(f"web-1  | {line}" for line in lines)]))
    return path


def list_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines of the log as a server of production writes them."""
    handlers = logging.getLogger().handlers
    [formatter] = [row.formatter for row in handlers if isinstance(row.formatter, ProcessorFormatter)]
    return [formatter.format(record) for record in caplog.records]


def restore_rows() -> None:
    """Write the rows back as a backup of the day before held them."""
    with switch_triggers_off():
        Incident.objects.update(erased_at=None)
        Story.objects.update(description=WORDS)
        User.objects.filter(email__endswith=".invalid").update(is_active=True, email=ADDRESS, display_name=NAME)


def replay(log: Path) -> str:
    out = StringIO()
    call_command("purge", "--replay-erasures", str(log), stdout=out)
    return out.getvalue().replace("\N{NO-BREAK SPACE}", " ")


def test_what_the_log_says_is_erased_again_once(log, client):
    restore_rows()
    assert replay(log) == "Effacés de nouveau : 1 dossiers, 1 comptes.\n"
    incident = Incident.objects.get()
    assert (Story.objects.get().description, bool(incident.erased_at)) == ("", True)
    assert not User.objects.filter(email=ADDRESS).exists()
    assert not User.objects.filter(display_name=NAME).exists()
    assert incident.events.filter(kind=EventKind.ERASED).count() == 2
    assert replay(log) == "Effacés de nouveau : 0 dossiers, 0 comptes.\n"
    assert incident.events.filter(kind=EventKind.ERASED).count() == 2
    client.force_login(a_lead())
    page = read_text(client.get(f"/admin/incidents/incident/{incident.reference}/histoire/"))
    assert page.count("Données personnelles effacées") == 2
    assert "une sauvegarde remise les avait encore" in page
    client.force_login(an_agent(incident.collectivity))
    page = read_text(client.get(f"/suivi/{incident.reference}/"))
    assert "revenues avec une sauvegarde, ont été effacées de nouveau" in page


def test_the_log_holds_no_personal_data(log):
    text = log.read_text()
    assert [kind for kind, _key in read_erasures(text.splitlines())] == ["case", "account"]
    assert [word for word in (WORDS, ADDRESS, NAME, "Mireille") if word in text] == []


def test_a_case_that_the_backup_holds_frozen_is_named_and_stays(log):
    restore_rows()
    incident = Incident.objects.get()
    place_hold(reference=incident.reference, motive="Plainte en cours", actor=a_lead())
    with pytest.raises(CommandError, match=incident.reference):
        replay(log)
    assert Story.objects.get().description == WORDS
    assert not User.objects.filter(email=ADDRESS).exists()


def test_an_erasure_that_is_undone_is_not_logged(db, caplog, django_capture_on_commit_callbacks):
    breizh_cyber()
    incident = declare()
    with django_capture_on_commit_callbacks(execute=False):
        erase_personal_data(reference=incident.reference, actor=a_lead())
    assert not list(read_erasures(list_lines(caplog)))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[" * LONGEST_LINE,
        "{" * LONGEST_LINE,
        '{"a": ' + "[" * (LONGEST_LINE - 10),
        '{"event": "erased", "logger": "elsewhere", "kind": "case", "key": "ABCDEFGH"}',
        '{"event": "erased", "logger": "accounts.security.erasures", "kind": "other", "key": null}',
        '{"event": "erased", "logger": "accounts.security.erasures", "kind": "account", "key": "no uid"}',
    ],
    ids=["empty", "brackets", "braces", "deep", "another logger", "another kind", "no uid"],
)
def test_a_strange_line_erases_nothing(db, tmp_path, line):
    path = tmp_path / "journal"
    path.write_text(f"{line}\n")
    assert replay(path) == "Effacés de nouveau : 0 dossiers, 0 comptes.\n"
