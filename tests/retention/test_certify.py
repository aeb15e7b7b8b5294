"""Each night that destroys leaves a certificate, which names nobody and which nobody can change unseen."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.enums import Role
from incidents.models import Incident
from retention.certificates import find_broken_certificate
from retention.enums import DataKind
from retention.models import Destruction
from retention.tasks import purge_short_lived
from tests.cast import a_person, an_agent, breizh_cyber, declare
from tests.reading import read_text
from tests.retention.purging import FIVE_YEARS, close, refuse, run_night
from tests.superuser import switch_triggers_off


@pytest.fixture
def two_nights(db: None) -> list[Destruction]:
    """Return the certificates of two nights that destroyed one case each."""
    breizh_cyber()
    close(declare())
    an_agent()  # is warned in the first night, and the second closes the account, with a certificate of its own
    run_night(after=FIVE_YEARS)
    case = close(declare())
    run_night(after=2 * FIVE_YEARS)
    assert case.events.filter(kind="erased").exists()
    return list(Destruction.objects.filter(kind=DataKind.CASES).order_by("number"))


def change_rows(statement: str) -> None:
    """Change rows as somebody does who turns off the triggers of the database."""
    with switch_triggers_off(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_each_finished_purge_has_a_certificate_in_a_chain(two_nights, client):
    first, second = two_nights
    assert (first.count, second.count) == (1, 1)
    assert first.first_at == first.last_at < first.due_before < first.sealed_at < second.due_before
    assert find_broken_certificate() is None
    client.force_login(a_person(Role.ADMINISTRATOR))
    page = client.get("/admin/retention/destruction/")
    assert "Télécharger l’attestation" in read_text(page)
    download = client.get(f"/admin/retention/destruction/{first.number}/attestation.txt")
    assert download["Content-Disposition"] == f'attachment; filename="attestation-{first.number}.txt"'
    text = download.content.decode()
    assert f"ATTESTATION DE DESTRUCTION n° {first.number}" in text
    assert "dossiers clos\nNombre de lignes" in text
    assert first.digest in text


def test_a_certificate_names_nobody(two_nights, client):
    client.force_login(a_person(Role.ADMINISTRATOR))
    for row in Destruction.objects.all():
        text = client.get(f"/admin/retention/destruction/{row.number}/attestation.txt").content.decode()
        for word in ("Dominique", "Plouexemple", "Camille", *Incident.objects.values_list("reference", flat=True)):
            assert word not in text


def test_the_database_refuses_to_change_or_remove_a_certificate(two_nights):
    for statement in ("UPDATE retention_destruction SET count = 9", "DELETE FROM retention_destruction"):
        refuse(statement)
    assert {row.count for row in Destruction.objects.filter(kind=DataKind.CASES)} == {1}


@pytest.mark.parametrize(
    ("number", "statement"),
    [
        (2, "UPDATE retention_destruction SET count = 9 WHERE number = 2"),
        (2, "UPDATE retention_destruction SET first_at = first_at - interval '1 day' WHERE number = 2"),
        (1, "DELETE FROM retention_destruction WHERE number = 1"),
    ],
)
def test_a_changed_or_missing_certificate_is_found(two_nights, capsys, number, statement):
    call_command("purge", "--verify")
    assert "Les attestations se suivent" in capsys.readouterr().out
    change_rows(statement)
    with pytest.raises(CommandError, match=f"n° {number} manque ou a changé"):
        call_command("purge", "--verify")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO retention_destruction (kind, started_at, due_before, count, parts, first_at, last_at, number,"
        " sealed_at, digest) VALUES ('cases', now(), now(), 1, '{}', now(), now(), 3, now(), repeat('a', 64))",
        "UPDATE retention_destruction SET number = 9, sealed_at = now(), digest = repeat('a', 64) WHERE count = 2",
        "UPDATE retention_destruction SET count = 0 WHERE number IS NULL",
        "UPDATE retention_destruction SET kind = 'uploads' WHERE number IS NULL",
    ],
)
def test_the_database_refuses_a_certificate_that_no_purge_made(two_nights, statement):
    now = timezone.now()
    Destruction.objects.create(kind=DataKind.DRAFTS, due_before=now, first_at=now, last_at=now, count=2)
    refuse(statement)


def test_the_number_and_the_digest_of_each_certificate_are_logged(two_nights, caplog, capsys):
    """The log goes to another machine. It shows that a certificate was removed after the last one that is left."""
    logged = "".join(str(record.msg) for record in caplog.get_records("setup"))
    assert all(f"'number': {row.number}, 'digest': '{row.digest}'" in logged for row in two_nights)
    call_command("purge", "--verify")
    last = Destruction.objects.order_by("-number")[0]
    assert f"n° {last.number}, d’empreinte {last.digest}" in capsys.readouterr().out


def test_a_night_that_destroys_nothing_leaves_no_certificate(db):
    run_night(after=timedelta(0))
    assert not Destruction.objects.exists()


def test_what_the_day_destroyed_is_in_the_certificate_of_the_night(db, client):
    breizh_cyber()
    client.force_login(a_person(Role.NATIONAL))
    with_session = Destruction.objects.filter(kind=DataKind.SESSIONS)
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        purge_short_lived()
        assert (with_session.get().count, with_session.get().number) == (1, None)
    run_night(after=timedelta(days=15))
    assert (with_session.get().count, with_session.get().number) == (1, 1)
