"""Nothing is destroyed on the word of a clock alone, and much more than usual needs the administrator's consent."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.enums import MailKind, Role
from accounts.models import PendingMail, SecurityEvent, User
from csirts.models import Csirt
from incidents.models import Incident
from retention import guard
from retention.enums import DataKind
from retention.guard import is_purge_stopped
from retention.models import PurgeState
from retention.tasks import purge_by_night, purge_short_lived, warn_by_night
from tests.cast import a_lead, a_person, breizh_cyber, declare
from tests.reading import read_text
from tests.retention.purging import FIVE_YEARS, close, close_at, continue_purge

DURATIONS = "/admin/retention/retentionchoice/"
CONSENT = DURATIONS + "confirmer/"


@pytest.fixture
def old_case(db: None) -> Incident:
    breizh_cyber()
    case = close(declare())
    close_at([case], timezone.now() - FIVE_YEARS)
    return case


@pytest.fixture
def administrator(db: None) -> Client:
    client = Client()
    client.force_login(a_person(Role.ADMINISTRATOR))
    return client


def is_erased(case: Incident) -> bool:
    return Incident.objects.filter(pk=case.pk, erased_at__isnull=False).exists()


def run_nights(first: int, last: int) -> None:
    """Run the purge each night, from so many days after today on."""
    for day in range(first, last + 1):
        with time_machine.travel(timezone.now() + timedelta(days=day)):
            purge_by_night()


def list_announced() -> dict[str, str]:
    """Return the sentence of each mail that announces a destruction, by its recipient."""
    return dict(PendingMail.objects.filter(kind=MailKind.COMING_PURGE).values_list("to", "detail"))


def test_the_first_month_destroys_nothing_and_the_leads_know_why(old_case):
    lead = a_lead(old_case.csirt)
    run_nights(0, 29)
    assert not is_erased(old_case)
    sentence = list_announced()[lead.email]
    assert (
        "après l’accord de l’administration si c’est beaucoup plus que d’habitude. 1 dossier clos de votre" in sentence
    )
    run_nights(30, 31)
    assert is_erased(old_case)


def test_a_consent_shortens_the_first_month_to_a_week_and_the_leads_hear_of_it(old_case, administrator):
    lead = a_lead(old_case.csirt)
    run_nights(0, 1)
    page = read_text(administrator.get(DURATIONS))
    assert "n’est pas détruit avant le" in page
    assert "Dossiers clos 1" in page
    PendingMail.objects.all().delete()
    assert "Les centres sont prévenus." in read_text(administrator.post(CONSENT, {"acte": "detruire"}, follow=True))
    sentence = list_announced()[lead.email]
    assert "1 dossier clos arrivé à son terme sera effacé. 1 dossier clos de votre centre est concerné." in sentence
    assert "Ce qui est échu sera détruit à partir du" in read_text(administrator.get(DURATIONS))
    run_nights(2, 6)
    assert not is_erased(old_case)
    run_nights(7, 8)
    assert is_erased(old_case)
    assert SecurityEvent.objects.filter(kind="retention_decided", detail="purge").count() == 1


def test_a_decision_for_which_nothing_waits_changes_nothing(administrator):
    continue_purge()
    before = PurgeState.objects.values().get()
    for act in ("detruire", "heure", "autre"):
        page = read_text(administrator.post(CONSENT, {"acte": act}, follow=True))
        assert "Rien n’a été fait : la purge n’attend pas cette décision." in page
    assert PurgeState.objects.values().get() == before
    assert not PendingMail.objects.exists()


def test_what_lasts_days_ends_from_the_first_run_on(administrator):
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        purge_short_lived()
    assert not PurgeState.objects.get().problems
    assert administrator.get(DURATIONS).status_code == 302


@pytest.mark.parametrize("days", [4_000, -4_000])
def test_a_clock_that_jumps_destroys_nothing_for_a_week(administrator, client, days):
    breizh_cyber()
    case = close(declare())
    continue_purge()
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        purge_by_night()
        purge_short_lived()
        warn_by_night()
    assert not is_erased(case)
    assert not User.objects.filter(unused_warned_at__isnull=False).exists()
    purge_short_lived()  # the clock is right again
    assert client.get("/sante/").json()["purge"] is False
    assert "La purge ne détruit rien avant le" in read_text(administrator.get(DURATIONS))
    run_nights(1, 7)
    assert PurgeState.objects.get().begins_at < timezone.now() + timedelta(days=31)
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=5)):
        assert is_purge_stopped(timezone.now()) is False


def test_a_week_end_without_power_is_no_jump(old_case):
    continue_purge()
    run_nights(4, 4)
    assert is_erased(old_case)


def test_the_administrator_ends_a_pause_once_the_clock_is_checked(old_case, administrator):
    continue_purge()
    run_nights(6, 6)
    with time_machine.travel(timezone.now() + timedelta(days=6, minutes=5)):
        administrator.force_login(a_person(Role.ADMINISTRATOR))
        assert "La purge reprend." in read_text(administrator.post(CONSENT, {"acte": "heure"}, follow=True))
    run_nights(7, 7)
    assert is_erased(old_case)


def test_much_more_than_usual_waits_for_a_consent(old_case, administrator, client, monkeypatch):
    monkeypatch.setattr(guard, "USUAL_NUMBER", 0)
    continue_purge()
    purge_by_night()
    assert not is_erased(old_case)
    assert PurgeState.objects.get().problems == {DataKind.CASES: "too_many"}
    assert client.get("/sante/").json()["purge"] is False
    assert "Dossiers clos beaucoup plus que d’habitude : à confirmer 1" in read_text(administrator.get(DURATIONS))
    with pytest.raises(CommandError, match="beaucoup plus que d’habitude"):
        call_command("purge")
    administrator.post(CONSENT, {"acte": "detruire"})
    run_nights(1, 6)
    assert not is_erased(old_case)
    run_nights(7, 8)
    assert is_erased(old_case)
    assert PurgeState.objects.get().problems == {}


@pytest.mark.parametrize(("first", "last"), [(7, 8), (14, 15)], ids=["more is due", "a week later"])
def test_a_consent_is_for_the_number_that_was_due_and_for_a_week(old_case, administrator, monkeypatch, first, last):
    monkeypatch.setattr(guard, "USUAL_NUMBER", 0)
    continue_purge()
    purge_by_night()
    administrator.post(CONSENT, {"acte": "detruire"})
    if first == 7:
        close_at([close(declare())], timezone.now() - FIVE_YEARS)
    run_nights(1, 4)
    run_nights(first, last)
    assert not is_erased(old_case)


def test_a_consent_is_used_up(old_case, administrator, monkeypatch):
    monkeypatch.setattr(guard, "USUAL_NUMBER", 0)
    continue_purge()
    purge_by_night()
    administrator.post(CONSENT, {"acte": "detruire"})
    run_nights(4, 4)
    run_nights(7, 8)
    assert is_erased(old_case)
    another = close(declare())
    close_at([another], timezone.now() - FIVE_YEARS)
    run_nights(9, 9)
    assert not is_erased(another)


def test_leads_of_a_centre_out_of_service_hear_of_a_consent_about_their_cases(old_case, administrator):
    lead = a_lead(old_case.csirt)
    purge_by_night()
    PendingMail.objects.all().delete()
    Csirt.objects.filter(pk=old_case.csirt_id).update(is_active=False)
    for _click in range(2):
        administrator.post(CONSENT, {"acte": "detruire"})
    assert PendingMail.objects.filter(kind=MailKind.COMING_PURGE, to=lead.email).count() == 1


def test_an_unsent_announcement_does_not_stop_the_first_run(old_case, monkeypatch):
    monkeypatch.setattr(guard, "announce_purge", Mock(side_effect=ValueError))
    purge_by_night()
    assert PurgeState.objects.exists()


def test_a_small_share_of_many_rows_needs_no_consent(old_case, monkeypatch):
    monkeypatch.setattr(guard, "USUAL_NUMBER", 0)
    monkeypatch.setattr(guard, "USUAL_SHARE", 0.5)
    for _each in range(2):
        close(declare())
    continue_purge()
    purge_by_night()
    assert is_erased(old_case)


def test_nobody_but_the_administration_consents(old_case):
    client = Client()
    client.force_login(a_lead())
    assert client.post(CONSENT, {"acte": "detruire"}).status_code == 403
    client.force_login(a_person(Role.ADMINISTRATOR))
    assert client.get(CONSENT).status_code == 405
    assert not PurgeState.objects.exists()
