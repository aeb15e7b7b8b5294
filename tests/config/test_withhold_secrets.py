"""Each service works with the secrets that docker-compose.yml gives it, and fails when it reads another one."""

import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
import yaml
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from celery import Task
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone
from django.utils.module_loading import import_string
from pytest_django import Settings

from accounts.dispatch import send_due_mails
from accounts.enums import LinkPurpose, Role
from accounts.models import AccessLink, SecurityEvent
from accounts.services.links import request_password_link, send_link
from accounts.services.recovery_codes import use_recovery_code
from accounts.services.tokens import make_token
from accounts.tasks import send_mails
from accounts.tokens import derive_link_token, find_live_token
from config.celery import app
from config.checks import check_all_secrets_are_given, check_former_keys, check_keys_are_apart
from config.clock import SCHEDULE
from config.env import WITHHOLDABLE, Env
from config.queues import HEAVY, URGENT
from core.secrets import Key, KeyUse
from incidents.enums import PaperState
from incidents.models import Paper
from incidents.services.declarant.access import derive_secret, find_access
from incidents.services.evidence.files import get_reading_key
from incidents.services.papers.making import make_due_papers, request_answer_pack
from retention.models import PurgeState
from retention.tasks import purge_by_night
from tests.backend import ROOT
from tests.cast import a_person, a_responder, an_agent, an_evidence_file, breizh_cyber, code_of, declare
from tests.incidents.devices import get_visitor, open_by_link, sign_in_as
from tests.incidents.evidence_files import evidence_url, hand_over
from tests.notifications.mailing import deliver_all
from tests.retention.purging import continue_purge
from tests.stats.releases import is_intact, save_first_release

MIGRATION = import_module("accounts.migrations.0019_hashed_recovery_codes")

SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


@pytest.fixture(autouse=True)
def _give_each_use_its_key(settings: Settings) -> None:
    """Give each use a key of its own: one that is derived from SECRET_KEY is withheld from nobody."""
    settings.KEYS_BY_USE = {use.value: [os.urandom(32)] for use in KeyUse}


def become(settings, service):
    """Take away what this service is not given, as config/settings/prod.py does."""
    withheld = Env(SERVICES[service]["environment"]).read_withheld_secrets("WITHHELD_SECRETS")
    settings.WITHHELD_SECRETS = withheld
    settings.KEYS_BY_USE = {use: keys for use, keys in settings.KEYS_BY_USE.items() if use not in withheld}
    if "EVIDENCE_KEY" in withheld:
        del settings.EVIDENCE_KEYS
    if "EMAIL_URL" in withheld:
        settings.EMAIL_BACKEND = "core.mails.refuse_to_send"


def list_errors(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record.msg for record in caplog.records if record.levelno >= logging.ERROR]


def test_the_site_takes_and_shows_cases_without_the_secrets_of_the_workers(db, settings):
    become(settings, "web")
    incident, responder, agent = declare(), a_responder(), an_agent()
    piece = hand_over(open_by_link(incident), incident, b"piece")
    assert b"".join(sign_in_as(responder).get(evidence_url(piece))) == b"piece"
    assert Authenticator.objects.get(user=responder, type="totp").wrap().validate_code(code_of(responder))
    assert find_live_token(make_token(actor=agent, name="essai", key="k", scopes=["read"]))
    send_link(LinkPurpose.PASSWORD, user=agent, made_by=None)
    assert SecurityEvent.objects.exists()
    assert sign_in_as(responder).get("/statistiques/").status_code == 200
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL"):
        send_due_mails()
    with pytest.raises(KeyError, match="RELEASE_KEY"):
        save_first_release()


def test_the_urgent_worker_sends_codes_and_links_without_the_keys_of_files_and_factors(db, settings):
    breizh_cyber()
    incident = declare()
    an_evidence_file(incident)
    code = derive_secret(incident.accesses.get())
    link = send_link(LinkPurpose.PASSWORD, user=an_agent(), made_by=None)
    become(settings, "urgent")
    deliver_all()
    send_due_mails()
    texts = [message.body for message in mail.outbox]
    assert any(code in text.replace("-", "").replace(" ", "") for text in texts), texts
    assert any(derive_link_token(link) in text for text in texts)
    with pytest.raises(AttributeError):  # there is no such setting
        get_reading_key(incident)


def test_the_urgent_worker_answers_who_lost_the_password(db, settings):
    agent = an_agent()
    request_password_link(agent.email)
    become(settings, "urgent")
    send_mails()
    [message] = mail.outbox
    assert derive_link_token(AccessLink.objects.get()) in message.body
    assert SecurityEvent.objects.get().detail == "sent_password"


def test_a_service_without_the_key_of_events_goes_on_and_logs_what_it_does_not_record(db, settings, caplog):
    agent = an_agent()
    del settings.KEYS_BY_USE[KeyUse.EVENT]
    send_link(LinkPurpose.PASSWORD, user=agent, made_by=None)
    [line] = list_errors(caplog)
    assert (line["event"], line["kind"], line["error"]) == ("security event not recorded", "password_link", "KeyError")
    assert (AccessLink.objects.count(), SecurityEvent.objects.count()) == (1, 0)


def test_migrations_hash_the_recovery_codes_of_before(db, settings):
    agent = an_agent()
    codes = RecoveryCodes.activate(agent).get_unused_codes()
    become(settings, "migrate")
    read = note_reads(settings)
    MIGRATION.hash_codes(apps, None)
    assert read == WITHHOLDABLE - settings.WITHHELD_SECRETS
    assert use_recovery_code(agent, codes[3])


def test_the_other_worker_makes_documents_and_releases_without_codes_and_factors(db, settings):
    breizh_cyber()
    incident = declare()
    request_answer_pack(visitor=get_visitor(incident), reference=incident.reference)
    person = a_person(Role.NATIONAL)
    call_command("break_glass", csirt="breizh-cyber", person=person.email, reason="Personne ne répond")
    become(settings, "worker")
    assert make_due_papers() == 1
    assert Paper.objects.get().state == PaperState.MADE
    assert is_intact(save_first_release())
    continue_purge()
    purge_by_night()
    assert PurgeState.objects.get().problems == {}
    with pytest.raises(KeyError, match="FOLLOW_UP_KEY"):
        find_access("ABCD-EFGH-JKLM")
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL"):
        deliver_all()


@pytest.mark.parametrize("service", ["migrate", "web", "urgent", "worker"])
def test_what_judges_or_replaces_keys_runs_where_all_are_given(settings, service):
    become(settings, service)
    [error] = check_all_secrets_are_given()
    assert all(secret in error.msg for secret in settings.WITHHELD_SECRETS)
    assert check_keys_are_apart() == check_former_keys() == []
    with pytest.raises(CommandError, match="docker compose run --rm manage rotate_keys"):
        call_command("rotate_keys")


def test_all_secrets_are_given_to_the_commands(settings):
    become(settings, "manage")
    assert check_all_secrets_are_given() == []


def test_a_wrong_name_withholds_nothing_and_is_refused():
    with pytest.raises(ImproperlyConfigured, match="RELASE_KEY"):
        Env({"WITHHELD_SECRETS": "EMAIL_URL,RELASE_KEY"}).read_withheld_secrets("WITHHELD_SECRETS")


class NotedKeys(dict[str, list[Key]]):
    """Keys by use, which note the uses whose keys are read."""

    def __init__(self, keys: dict[str, list[Key]], read: set[str]) -> None:
        super().__init__(keys)
        self.read = read

    def __getitem__(self, use: str) -> list[Key]:
        self.read.add(str(use))
        return super().__getitem__(use)


class NotedEvidenceKeys(list[bytes]):
    """Keys of evidence, which note that they are read."""

    def __init__(self, keys: list[bytes], read: set[str]) -> None:
        super().__init__(keys)
        self.read = read

    def __getitem__(self, place: Any) -> Any:
        self.read.add("EVIDENCE_KEY")
        return super().__getitem__(place)

    def __iter__(self) -> Iterator[bytes]:
        self.read.add("EVIDENCE_KEY")
        return super().__iter__()


def note_reads(settings: Settings) -> set[str]:
    """Return the set that gets each key that is read from now on."""
    read: set[str] = set()
    settings.KEYS_BY_USE = NotedKeys(settings.KEYS_BY_USE, read)
    if hasattr(settings, "EVIDENCE_KEYS"):
        settings.EVIDENCE_KEYS = NotedEvidenceKeys(settings.EVIDENCE_KEYS, read)
    return read


def leave_work_for_all_tasks() -> None:
    """Do what makes tasks send codes, links and mails, make documents and releases, and record events."""
    breizh_cyber()
    incident = declare()
    hand_over(open_by_link(incident), incident, b"piece")
    request_answer_pack(visitor=get_visitor(incident), reference=incident.reference)
    request_password_link(an_agent().email)
    person = a_person(Role.NATIONAL)
    call_command("break_glass", csirt="breizh-cyber", person=person.email, reason="Personne ne répond")


def list_tasks_of(queue: str) -> list[Any]:
    """Return the tasks of this queue that the clock or an event starts."""
    names = {entry["task"] for entry in SCHEDULE.values()} | set(settings.EVENT_CONSUMERS.values())
    return [import_string(name) for name in sorted(names) if app.amqp.router.route({}, name)["queue"].name == queue]


def run_tasks(tasks: list[Any]) -> None:
    """Run each task: now, when a break-glass access has ended, and when a release is due and data have come to their
    term.
    """
    for later in (timedelta(), timedelta(minutes=61), timedelta(days=300)):
        with time_machine.travel(timezone.now() + later, tick=False):
            continue_purge()
            for task in tasks:
                task()


@pytest.mark.parametrize(("service", "queue"), [("urgent", URGENT), ("worker", HEAVY)])
def test_the_tasks_of_a_worker_read_the_secrets_that_it_is_given_and_no_others(
    db, settings, monkeypatch, caplog, service, queue
):
    monkeypatch.setattr(Task, "apply_async", lambda task, args=(), **_options: task(*args))
    tasks = list_tasks_of(queue)
    assert len(tasks) > 4
    leave_work_for_all_tasks()
    become(settings, service)
    read = note_reads(settings)
    caplog.clear()
    run_tasks(tasks)
    assert list_errors(caplog) == []
    if mail.outbox:
        read.add("EMAIL_URL")
    assert read == WITHHOLDABLE - settings.WITHHELD_SECRETS
