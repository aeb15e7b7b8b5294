"""A command of the server gives a person the rights of a responder in one centre, for one hour."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.dispatch import send_due_mails
from accounts.enums import MailKind, Role, TokenScope
from accounts.models import BreakGlass, Membership, PendingMail, User
from csirts.models import Csirt
from incidents.enums import Status
from incidents.models import CaseAccess, Incident
from tests.accounts.lead_pages import make_link_path, post_invitation
from tests.cast import (
    SECRET,
    a_lead,
    a_person,
    a_responder,
    an_agent,
    an_evidence_file,
    breizh_cyber,
    bretagne,
    declare,
    plouexemple,
    signed_in,
)
from tests.factories.accounts import make_api_token, make_break_glass
from tests.incidents.triage_pages import case_url
from tests.reading import read_text
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db
REASON = "Personne du centre ne répond cette nuit"
HOUR = timedelta(hours=1)


def a_neighbour() -> User:
    """Return a responder of another centre."""
    return a_responder(Csirt.objects.get_or_create(slug="ailleurs", defaults={"name": "Ailleurs"})[0])


def break_glass(person: User, reason: str = REASON, csirt: str = "breizh-cyber") -> BreakGlass:
    call_command("break_glass", csirt=csirt, person=person.email, reason=reason)
    return BreakGlass.objects.latest("pk")


def read_status_codes(person: User, case: Incident, evidence: object) -> dict[str, int]:
    """Return what each door of a responder answers to this person, who signs in now."""
    client, bearer = signed_in(Client(), person), {"Authorization": f"Bearer {make_api_token(person)}"}
    return {
        "case": client.get(case_url(case)).status_code,
        "evidence": client.get(f"/triage/{case.reference}/pieces/{evidence.uid}/").status_code,
        "follow-up": client.get(f"/suivi/{case.reference}/").status_code,
        "API": client.get(f"/api/v1/incidents/{case.reference}/", headers=bearer).status_code,
        "act": client.post(case_url(case, "presence")).status_code,
    }


@pytest.mark.parametrize("who", ["responder of another centre", "analyst"])
def test_every_door_of_a_responder_but_the_api_opens_for_one_hour_and_no_longer(who):
    case = declare()
    evidence = an_evidence_file(case)
    person = a_neighbour() if who == "responder of another centre" else a_person(Role.ANALYST, region=bretagne())
    before = read_status_codes(person, case, evidence)
    access = break_glass(person)
    person = User.objects.get(pk=person.pk)
    opened = dict.fromkeys(before, 200) | {"API": before["API"]}
    assert read_status_codes(person, case, evidence) == opened
    assert case.reference in signed_in(Client(), person).get("/admin/incidents/incident/").content.decode()
    assert CaseAccess.objects.filter(incident=case, user=person).exists()

    assert access.ends_at - access.started_at == HOUR
    for moment, is_open in ((access.ends_at - timedelta(seconds=9), True), (access.ends_at, False)):
        with time_machine.travel(moment, tick=False):
            person = User.objects.get(pk=person.pk)
            assert person.works_in_centre(breizh_cyber().pk) is is_open
            assert not person.leads_centre(breizh_cyber().pk)
            codes = read_status_codes(person, case, evidence)
            assert codes == (opened if is_open else before)
    assert 200 not in before.values()


@pytest.mark.parametrize("moment_made", ["before", "within the hour"])
def test_a_token_never_has_the_rights_of_an_access(moment_made):
    """Otherwise a program would read the centre again at the next access, which its person may not expect."""
    case, person = declare(), a_neighbour()
    token = make_api_token(person) if moment_made == "before" else ""
    break_glass(person)
    headers = {"Authorization": f"Bearer {token or make_api_token(person)}"}
    for moment in (timezone.now(), timezone.now() + 2 * HOUR):
        with time_machine.travel(moment, tick=False):
            if not User.objects.get(pk=person.pk).works_in_centre(breizh_cyber().pk):
                break_glass(person)
            assert Client().get("/api/v1/incidents/", headers=headers).json()["results"] == []
            assert Client().get(f"/api/v1/incidents/{case.reference}/", headers=headers).status_code == 404
            act = Client().post(f"/api/v1/incidents/{case.reference}/acknowledge/", headers=headers)
            assert act.status_code == 404


def test_an_access_offers_no_token_and_no_scope():
    analyst = a_person(Role.ANALYST, region=bretagne())
    agent = an_agent()
    TOTP.activate(agent, SECRET)
    breizh_cyber()
    for person in (analyst, agent):
        break_glass(person)
    assert signed_in(Client(), analyst).get("/compte/jetons/nouveau/").status_code == 404
    assert "/compte/jetons/" not in signed_in(Client(), analyst).get("/compte/").content.decode()
    form = signed_in(Client(), agent).get("/compte/jetons/nouveau/").context["form"]
    assert TokenScope.TRIAGE not in dict(form.fields["scopes"].choices)


def test_a_person_who_becomes_administrator_loses_the_access_at_once():
    """Who appoints people reads no case."""
    case, person = declare(), a_person(Role.ANALYST, region=bretagne())
    break_glass(person)
    client = signed_in(Client(), person)
    assert client.get(case_url(case)).status_code == 200
    Membership.objects.create(user=person, role=Role.ADMINISTRATOR)
    assert client.get(case_url(case)).status_code == 404
    assert not User.objects.get(pk=person.pk).reads_centre(breizh_cyber().pk)


def test_a_session_that_is_open_loses_the_rights_with_the_hour():
    case, person = declare(), a_neighbour()
    access = break_glass(person)
    client = signed_in(Client(), person)
    page = case_url(case)
    assert client.get(page).status_code == 200
    with time_machine.travel(access.ends_at):
        assert client.get(page).status_code == 404


def test_the_person_takes_a_case_and_keeps_none():
    """A case that is still hers after the hour is one to take over."""
    case, person = declare(), a_neighbour()
    break_glass(person)
    client = signed_in(Client(), User.objects.get(pk=person.pk))
    client.post(case_url(case, "prendre"))
    assert Incident.objects.get(pk=case.pk).status == Status.ACKNOWLEDGED
    with time_machine.travel(timezone.now() + HOUR):
        queue = signed_in(Client(), a_lead()).get("/admin/incidents/incident/?etat=a-reprendre")
    assert case.reference in queue.content.decode()


def test_all_leads_and_the_person_are_told_at_once(mailoutbox):
    lead, second, person = a_lead(), a_lead(), a_neighbour()
    break_glass(person, reason="Panne\ngénérale «\N{NO-BREAK SPACE}ici\N{NO-BREAK SPACE}» https://piege.example")
    send_due_mails()
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted([lead.email, second.email, person.email])
    for mail in mailoutbox:
        assert "Accès d’urgence aux dossiers de Breizh Cyber" in mail.subject.replace("\N{NO-BREAK SPACE}", " ")
        assert person.email in mail.body
        assert "Panne générale" in mail.body
        assert "https://piege" not in mail.body
    page = read_text(signed_in(Client(), lead).get("/equipe/"))
    assert "Accès d’urgence" in page
    assert f"{person} {person.email}, Breizh Cyber" in page
    assert "Raison : Panne générale" in page
    assert "Accès d’urgence" not in read_text(
        signed_in(Client(), a_lead(Csirt.objects.get(slug="ailleurs"))).get("/equipe/")
    )


def test_the_mailbox_of_a_centre_without_lead_is_told():
    person = a_neighbour()
    breizh_cyber()
    break_glass(person)
    addresses = PendingMail.objects.filter(kind=MailKind.BREAK_GLASS).values_list("to", flat=True)
    assert sorted(addresses) == sorted(["garde@breizh.example", person.email])


def test_the_command_says_until_when_it_holds(capsys):
    with time_machine.travel("2026-11-30 17:00+00:00", tick=False):
        break_glass(a_neighbour_of_breizh_cyber())
    printed = capsys.readouterr().out
    assert "jusqu’au 30 novembre 2026 à 19:00:00 (Europe/Paris)" in printed


def a_neighbour_of_breizh_cyber() -> User:
    breizh_cyber()
    return a_neighbour()


def close_account(person: User) -> User:
    person.is_active = False
    person.save()
    return person


REFUSALS = {
    "no reason": (a_neighbour, {"reason": " \n\N{ZERO WIDTH SPACE}"}, "Donnez une raison"),
    "a long reason": (a_neighbour, {"reason": "x" * 301}, "trop longue"),
    "an unknown centre": (a_neighbour, {"csirt": "nulle-part"}, "Aucun centre"),
    "an unknown person": (lambda: User(email="x@demo.example"), {}, "Aucun compte ouvert"),
    "a closed account": (lambda: close_account(a_neighbour()), {}, "Aucun compte ouvert"),
    "no second factor": (lambda: an_agent(plouexemple()), {}, "second facteur"),
    "the administrator": (lambda: a_person(Role.ADMINISTRATOR), {}, "administre la plateforme"),
    "a responder of the centre": (a_responder, {}, "déjà ces droits"),
    "a lead of the centre": (a_lead, {}, "déjà ces droits"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_the_command_refuses_and_says_why(case):
    make, fields, words = REFUSALS[case]
    breizh_cyber()
    person = make()
    with pytest.raises(CommandError, match=words):
        break_glass(person, **fields)
    assert not BreakGlass.objects.exists()
    assert not PendingMail.objects.exists()


def test_an_open_access_is_not_prolonged_and_may_be_opened_again_afterwards():
    person = a_neighbour_of_breizh_cyber()
    first = break_glass(person)
    with pytest.raises(CommandError, match="déjà ces droits"):
        break_glass(person)
    with time_machine.travel(first.ends_at, tick=False):
        assert break_glass(person).started_at == first.ends_at
    assert BreakGlass.objects.count() == 2


def test_closing_the_account_cuts_the_access():
    person = a_neighbour_of_breizh_cyber()
    case = declare()
    break_glass(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert not Incident.objects.visible_to(User.objects.get(pk=person.pk)).filter(pk=case.pk).exists()


def test_an_access_is_never_changed_in_the_database():
    access = make_break_glass(a_neighbour())
    for act in (
        lambda rows: rows.update(ends_at=timezone.now() + timedelta(days=1)),
        lambda rows: rows.update(csirt=Csirt.objects.get(slug="ailleurs")),
        lambda rows: rows.delete(),
    ):
        with act_as_superuser(), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act(BreakGlass.objects.filter(pk=access.pk))


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"ends_at": timedelta(hours=2)}, "break_glass_lasts_an_hour"),
        ({"ends_at": timedelta(minutes=59)}, "break_glass_lasts_an_hour"),
        ({"reason": "  "}, "break_glass_has_a_reason"),
    ],
)
def test_the_database_takes_an_hour_with_a_reason_and_nothing_else(fields, rule):
    now = timezone.now()
    values = {"started_at": now, "ends_at": now + HOUR, "reason": REASON}
    values |= {name: now + value if name == "ends_at" else value for name, value in fields.items()}
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        BreakGlass.objects.create(user=a_neighbour(), csirt=breizh_cyber(), **values)


def test_the_mark_on_the_account_gives_no_right_without_the_row():
    person = a_neighbour_of_breizh_cyber()
    User.objects.filter(pk=person.pk).update(break_glass_until=timezone.now() + HOUR)
    assert not User.objects.get(pk=person.pk).reads_centre(breizh_cyber().pk)


def test_an_invitation_during_the_hour_gives_a_lasting_role(client, lead):
    person = a_neighbour()
    break_glass(person)
    post_invitation(client, person.email)
    Client().post(make_link_path(PendingMail.objects.get(kind=MailKind.CENTRE_INVITATION).link))
    assert Membership.objects.filter(user=person, csirt=breizh_cyber(), role=Role.RESPONDER).exists()


def test_nobody_without_an_access_costs_a_query_more(django_assert_num_queries):
    person = User.objects.get(pk=a_neighbour().pk)
    with django_assert_num_queries(1):
        assert len(person.memberships) == 1
    make_break_glass(person)
    User.objects.filter(pk=person.pk).update(break_glass_until=timezone.now() + HOUR)
    with django_assert_num_queries(3):
        assert len(User.objects.get(pk=person.pk).memberships) == 2
