"""A centre that loses or gains a territory hears of it at once, and keeps its cases for a day after it does."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine as travel
from django.core.management import call_command
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind, MailStatus, Role, SecurityEventKind
from accounts.models import PendingMail, SecurityEvent, User
from accounts.security.pseudonyms import pseudonymise_account
from accounts.services.territories import count_moved_case, format_territories
from collectivities.enums import Kind
from collectivities.models import Collectivity, Region
from config.tasks import run_bounded_turns
from csirts.directory import SHIPPED_DIRECTORY
from csirts.models import Coverage, Csirt
from incidents.models import Incident
from incidents.services.handling.acknowledge import acknowledge_incident
from tests.accounts.acts.directory_forms import make_coverage_fields
from tests.cast import (
    a_lead,
    a_person,
    a_responder,
    breizh_cyber,
    bretagne,
    declare,
    finistere,
    plouexemple,
    signed_in,
)
from tests.incidents.added_bodies import a_ccas

pytestmark = pytest.mark.django_db
MAILBOX, LIST = "garde@breizh.example", "/admin/csirts/coverage/"


@pytest.fixture
def accomplice() -> Csirt:
    """Return a centre that the administrator has just added, with its first lead, who needs nobody's agreement."""
    centre = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    a_lead(centre)
    return centre


def list_recipients(kind: MailKind = MailKind.TERRITORY_CHANGED) -> list[str]:
    return sorted(PendingMail.objects.filter(kind=kind).values_list("to", flat=True))


def list_events() -> set[tuple[int | None, str]]:
    return set(SecurityEvent.objects.filter(kind="territory_changed").values_list("csirt", "detail"))


def list_leads(*centres: Csirt) -> list[str]:
    return list(User.objects.filter(membership__csirt__in=centres).values_list("email", flat=True))


def give_away(administration: Client) -> None:
    """Set the coverage of Bretagne to the other centre, on the page of the coverage."""
    address = f"{LIST}{breizh_cyber().coverages.get().pk}/change/"
    assert administration.post(address, make_coverage_fields()).status_code == 302


def turn(after: timedelta) -> None:
    """Run the turns of the worker so long from now, until the minutes after a change are over too."""
    for minutes in (0, 11):
        with travel.travel(timezone.now() + after + timedelta(minutes=minutes)):
            run_bounded_turns()


def find_centres(cases: list[Incident]) -> set[str]:
    return set(Incident.objects.filter(pk__in=[case.pk for case in cases]).values_list("csirt__slug", flat=True))


def test_both_centres_hear_at_once_who_covers_the_territory_now(administration, accomplice, mailoutbox):
    breizh = breizh_cyber()
    lead = a_lead(breizh)
    give_away(administration)
    assert list_recipients() == sorted([MAILBOX, *list_leads(breizh, accomplice)])
    assert list_events() == {(breizh.pk, "territory_lost"), (accomplice.pk, "territory_gained")}
    administrator = User.objects.get(membership__role=Role.ADMINISTRATOR)
    events = SecurityEvent.objects.filter(kind=SecurityEventKind.TERRITORY_CHANGED)
    assert set(events.values_list("person", flat=True)) == {pseudonymise_account(administrator)}
    send_due_mails()
    [about] = [mail.body.replace("\N{NO-BREAK SPACE}", " ") for mail in mailoutbox if mail.to == [lead.email]]
    assert f"{administrator.display_name}, de l’administration de la plateforme, a changé le centre" in about
    assert "Perdu par votre centre – Bretagne : Ailleurs (toujours)." in about
    [about] = [mail.body for mail in mailoutbox if mail.to == list_leads(accomplice)]
    assert "Gagné par votre centre – Bretagne" in about


def test_no_centre_takes_the_name_of_another(administration):
    """A mail on a lost territory would name the centre that reads it."""
    empty = {f"{name}-{count}": 0 for name in ("contacts", "backups") for count in ("TOTAL_FORMS", "INITIAL_FORMS")}
    fields = {"name": breizh_cyber().name.upper(), "slug": "ailleurs", "level": breizh_cyber().level}
    answer = administration.post("/admin/csirts/csirt/add/", fields | empty)
    assert "Un autre centre a déjà ce nom." in answer.content.decode()
    assert not Csirt.objects.filter(slug="ailleurs").exists()


def add_a_part(administration: Client, other: Csirt) -> None:
    part = {"csirt": other.pk, "region": bretagne().pk, "departement": finistere().pk, "source": "arrêté"}
    administration.post(f"{LIST}add/", part)


def end(administration: Client, other: Csirt, last_on: str = "31/12/2030") -> None:
    fields = make_coverage_fields() | {"csirt": breizh_cyber().pk, "last_on": last_on}
    administration.post(f"{LIST}{breizh_cyber().coverages.get().pk}/change/", fields)


def delete(administration: Client, other: Csirt) -> None:
    administration.post(f"{LIST}{breizh_cyber().coverages.get().pk}/delete/", {"post": "yes"})


def save_centre(administration: Client, *, is_active: bool) -> None:
    forms = {f"{name}-{count}": 0 for name in ("contacts", "backups") for count in ("TOTAL_FORMS", "INITIAL_FORMS")}
    centre = breizh_cyber()
    fields = {"name": centre.name, "slug": centre.slug, "level": centre.level, "is_active": "on" if is_active else ""}
    administration.post(f"/admin/csirts/csirt/{centre.pk}/change/", fields | forms)


def put_out_of_service(administration: Client, other: Csirt) -> None:
    save_centre(administration, is_active=False)


def put_into_service(administration: Client, other: Csirt) -> None:
    save_centre(administration, is_active=True)


ACTS: list[tuple[Callable[[Client, Csirt], None], str]] = [
    (add_a_part, ""),
    (end, ""),
    (delete, "territory_lost"),
    (put_out_of_service, "territory_lost"),
    (put_into_service, "territory_gained"),
]


@pytest.mark.parametrize(("act", "code"), ACTS)
def test_a_centre_hears_of_each_change_of_its_territory(administration, accomplice, act, code):
    breizh = breizh_cyber()
    lead = a_lead(breizh)
    if act == put_into_service:
        Csirt.objects.filter(pk=breizh.pk).update(is_active=False)
    act(administration, accomplice)
    assert {MAILBOX, lead.email} <= set(list_recipients())
    assert (breizh.pk, code) in list_events()


def test_what_changes_no_territory_is_told_to_nobody(administration, accomplice):
    fields = make_coverage_fields() | {"csirt": breizh_cyber().pk, "source": "arrêté"}
    administration.post(f"{LIST}{breizh_cyber().coverages.get().pk}/change/", fields)
    assert breizh_cyber().coverages.get().source == "arrêté"
    assert list_recipients() == []
    assert list_events() == set()


def test_cases_stay_a_day_with_the_centre_that_loses_them_and_it_reads_how_many_leave(
    administration, accomplice, mailoutbox
):
    breizh = breizh_cyber()
    lead, cases = a_lead(breizh), [declare() for _ in range(3)]
    started = declare()
    acknowledge_incident(reference=started.reference, actor=a_responder(breizh))
    Incident.objects.filter(pk=started.pk).update(tlp="green")
    give_away(administration)
    turn(timedelta(hours=23))
    assert find_centres(cases) == {"breizh-cyber"}
    assert not started.transfers.exists()
    turn(timedelta(hours=24, minutes=1))
    assert find_centres(cases) == {"ailleurs"}
    assert started.transfers.exists()
    mails = PendingMail.objects.filter(kind=MailKind.CASES_MOVED)
    assert set(mails.values_list("to", "detail")) == {(MAILBOX, "3"), (lead.email, "3")}


def test_a_change_that_is_undone_within_the_day_moves_no_case(administration, accomplice):
    a_lead(breizh_cyber())
    cases = [declare()]
    give_away(administration)
    turn(timedelta(hours=20))
    with travel.travel(timezone.now() + timedelta(hours=21)):
        give_back()
    turn(timedelta(hours=50))
    assert find_centres(cases) == {"breizh-cyber"}


def correct_body_region(administration: Client, body: Collectivity, code: str | None = "75") -> None:
    """Set the région of this body on its page, or remove the correction. The other région has the other centre."""
    region = Region.objects.get(code=code).pk if code else ""
    fields = {"region_correction": region, "region_correction_note": "arrêté"}
    address = f"/admin/collectivities/collectivity/{body.pk}/change/"
    assert administration.post(address, fields).status_code == 302


@pytest.fixture
def neighbour(accomplice: Csirt) -> Csirt:
    """Return the centre of another région, which has a lead."""
    region, always = Region.objects.get(code="75"), DateRange(None, None)
    Coverage.objects.filter(region=region).delete()
    Coverage.objects.create(csirt=accomplice, region=region, valid=always, source="arrêté")
    return accomplice


def test_both_centres_hear_that_the_region_of_a_body_is_corrected(administration, neighbour, mailoutbox):
    breizh, body = breizh_cyber(), plouexemple()
    lead = a_lead(breizh)
    correct_body_region(administration, body)
    assert list_recipients() == sorted([MAILBOX, *list_leads(breizh, neighbour)])
    assert list_events() == {(breizh.pk, "territory_lost"), (neighbour.pk, "territory_gained")}
    administrator = User.objects.get(membership__role=Role.ADMINISTRATOR)
    persons = SecurityEvent.objects.filter(kind=SecurityEventKind.TERRITORY_CHANGED).values_list("person", flat=True)
    assert set(persons) == {pseudonymise_account(administrator)}
    send_due_mails()
    [about] = [mail.body.replace("\N{NO-BREAK SPACE}", " ") for mail in mailoutbox if mail.to == [lead.email]]
    assert "commune de Plouexemple (Finistère), désormais en Nouvelle-Aquitaine : Ailleurs." in about
    PendingMail.objects.all().delete()
    correct_body_region(administration, body, code=None)
    assert list_recipients() == sorted([MAILBOX, *list_leads(breizh, neighbour)])


def test_a_correction_that_names_the_same_region_is_told_to_nobody(administration, neighbour):
    a_lead(breizh_cyber())
    correct_body_region(administration, plouexemple(), code=bretagne().code)
    assert list_recipients() == []
    assert list_events() == set()


def test_the_only_centre_of_both_regions_reads_that_it_keeps_the_body(administration, accomplice, mailoutbox):
    breizh, always = breizh_cyber(), DateRange(None, None)
    Coverage.objects.filter(region__code="75").delete()
    Coverage.objects.create(csirt=breizh, region=Region.objects.get(code="75"), valid=always, source="arrêté")
    lead = a_lead(breizh)
    correct_body_region(administration, plouexemple())
    assert list_events() == {(breizh.pk, "")}
    assert list_recipients() == sorted([MAILBOX, lead.email])
    send_due_mails()
    [about] = [mail.body.replace("\N{NO-BREAK SPACE}", " ") for mail in mailoutbox if mail.to == [lead.email]]
    body = "commune de Plouexemple (Finistère), désormais en Nouvelle-Aquitaine"
    assert f"\nToujours à votre centre – {body} : Breizh Cyber.\n" in about
    assert "ou répond d’une collectivité dont la région a changé.\n" in about


def test_the_name_that_somebody_gave_to_a_body_while_declaring_is_in_no_such_mail(administration, neighbour):
    breizh_cyber()
    correct_body_region(administration, a_ccas(name="CCAS diffamé"))
    details = set(PendingMail.objects.values_list("detail", flat=True))
    body = "organisme hors de la liste officielle, dont le siège est à Plouexemple (Finistère), désormais "
    assert {f"{change} par votre centre – {body}" for change in ("Perdu", "Gagné")} == {
        detail[: detail.index("désormais ") + len("désormais ")] for detail in details
    }


def test_cases_stay_a_day_after_the_region_of_their_body_is_corrected(administration, neighbour):
    a_lead(breizh_cyber())
    cases = [declare()]
    correct_body_region(administration, plouexemple())
    turn(timedelta(hours=23))
    assert find_centres(cases) == {"breizh-cyber"}
    turn(timedelta(hours=24, minutes=1))
    assert find_centres(cases) == {"ailleurs"}


def breizh_cyber_row() -> Csirt:
    return Csirt.objects.get(slug="breizh-cyber")


def make_coverage_fields_of(coverage: Coverage) -> dict[str, Any]:
    return {"region": coverage.region_id, "source": "exemple.example", "kind": "", "departement": ""}


@pytest.mark.parametrize(("repaired_after", "holder"), [(5, "breizh-cyber"), (55, "breizh-cyber"), (90, "ailleurs")])
def test_what_was_declared_during_a_mistake_goes_back_at_once_if_it_was_short(
    administration, accomplice, repaired_after, holder
):
    start = timezone.now()
    before = declare()
    give_away(administration)
    with travel.travel(start + timedelta(minutes=3)):
        case = declare()
    assert find_centres([case]) == {"ailleurs"}
    with travel.travel(start + timedelta(minutes=repaired_after)):
        give_back()
    turn(timedelta(minutes=repaired_after + 1))
    assert find_centres([case]) == {holder}
    assert find_centres([before]) == {"breizh-cyber"}


@pytest.mark.parametrize(("second", "seen"), [(70, 91), (23 * 60, 23 * 60 + 21), (23 * 60, 24 * 60 + 1)])
def test_changes_in_a_row_do_not_let_all_cases_between_them_go_at_once(administration, accomplice, second, seen):
    """Only a mail that no other precedes within a day opens the hour in which a mistake is repaired, even if the mail
    before it is older than a day by now. Times are minutes after the first change.
    """
    a_lead(breizh_cyber())
    start = timezone.now()
    end(administration, accomplice)
    with travel.travel(start + timedelta(minutes=second)):
        end(signed_in(Client(), a_person(Role.ADMINISTRATOR)), accomplice, last_on="31/12/2031")
    with travel.travel(start + timedelta(minutes=second + 10)):
        case = declare()
    with travel.travel(start + timedelta(minutes=second + 20)):
        give_away(signed_in(Client(), a_person(Role.ADMINISTRATOR)))
    turn(timedelta(minutes=seen))
    assert find_centres([case]) == {"breizh-cyber"}


def give_back() -> None:
    coverage = Coverage.objects.get(region=bretagne())
    fields = make_coverage_fields_of(coverage) | {"csirt": breizh_cyber_row().pk}
    again = signed_in(Client(), a_person(Role.ADMINISTRATOR))
    assert again.post(f"{LIST}{coverage.pk}/change/", fields).status_code == 302


def test_a_centre_added_by_mistake_can_be_deleted_after_it_had_a_territory(administration):
    mistake = Csirt.objects.create(slug="ailleurs", name="Ailleurs")
    a_lead(breizh_cyber())
    give_away(administration)
    give_back()
    assert administration.post(f"/admin/csirts/csirt/{mistake.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Csirt.objects.filter(pk=mistake.pk).exists()
    assert list_events() == {(breizh_cyber().pk, "territory_lost"), (breizh_cyber().pk, "territory_gained")}


def test_one_mail_tells_a_centre_of_all_its_territories(administration, accomplice):
    breizh = breizh_cyber()
    lead = a_lead(breizh)
    for kind in (Kind.COMMUNE, Kind.CCAS):
        Coverage.objects.create(
            csirt=breizh, region=bretagne(), kind=kind, valid=DateRange(None, None), source="arrêté"
        )
    put_out_of_service(administration, accomplice)
    mails = PendingMail.objects.filter(kind=MailKind.TERRITORY_CHANGED)
    assert list_recipients() == sorted([MAILBOX, lead.email])
    assert {mail.detail.count("plus aucun centre pour ce territoire précis") for mail in mails} == {3}
    assert SecurityEvent.objects.filter(kind="territory_changed").count() == 1


def test_territories_for_which_a_mail_has_no_room_are_counted():
    sentences = [f"Territoire {number} : {'a' * 300}" for number in range(13)]
    lines = format_territories(sentences).split("\n")
    assert lines[-1] == "et 10 autres territoires"
    assert [line.split()[1] for line in lines[:-1]] == ["0", "1", "2"]
    assert format_territories(["a" * 900, "b" * 900]).endswith("\net 1 autre territoire")
    assert format_territories(["a" * 1200]) == "a" * 1000


def test_the_mails_of_one_count_begin_again_together(accomplice):
    """The server of one address is down: its mail waits when the others have left."""
    breizh = breizh_cyber()
    lead = a_lead(breizh)
    count_moved_case(breizh)
    mails = PendingMail.objects.filter(kind=MailKind.CASES_MOVED)
    assert mails.values("due_at").distinct().count() == 1
    with travel.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        mails.filter(to=lead.email).update(status=MailStatus.SENT, attempts=1)
        count_moved_case(breizh)
        count_moved_case(breizh)
    assert sorted(mails.values_list("to", "detail")) == sorted(
        (address, number) for address in (MAILBOX, lead.email) for number in ("1", "2")
    )


def test_cases_of_a_centre_out_of_service_leave_after_ten_minutes(administration, accomplice):
    cases = [declare()]
    a_lead(breizh_cyber())
    put_out_of_service(administration, accomplice)
    turn(timedelta(minutes=1))
    assert find_centres(cases) == {None}


def test_the_import_of_another_directory_is_told_too(tmp_path, accomplice, mailoutbox):
    breizh = breizh_cyber()
    lead, directory = a_lead(breizh), json.loads(SHIPPED_DIRECTORY.read_text())
    entries = {entry["slug"]: entry for entry in directory["csirts"]}
    entries["csirt-bfc"]["covers"] += entries["breizh-cyber"]["covers"]
    entries["breizh-cyber"]["covers"] = []
    path = tmp_path / "directory.json"
    path.write_text(json.dumps(directory))
    call_command("import_csirts", source=path, verbosity=0)
    assert list_recipients() == sorted([MAILBOX, lead.email])
    assert list_events() == {(breizh.pk, "territory_lost")}, "nobody of the other centre has an account"
    send_due_mails()
    assert "une mise à jour de l’annuaire, lancée sur le serveur, a changé" in mailoutbox[0].body
    call_command("import_csirts", source=path, verbosity=0)
    assert len(list_recipients()) == 2
