"""After the declaration: who hears of what is written, added, handed over or withdrawn, and how often."""

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from accounts.enums import Role
from accounts.models import User
from incidents.enums import ActorKind, EventKind, IncidentType
from incidents.models import Incident
from incidents.reference import hyphenate
from incidents.services.correspondence.correspond import Letter, write_to_csirt, write_to_declarant
from incidents.services.declarant.access import derive_secret
from incidents.services.declarant.correct import correct_story
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.handling.readings import record_reading
from incidents.services.history.record import record_event
from notifications import dispatch
from notifications.audience import list_notified_people
from notifications.models import Delivery
from tests import harmless
from tests.cast import a_person, a_responder, an_agent, breizh_cyber, declare, plouexemple
from tests.hostile import ADDRESSES, FORMULAS, HEADERS, INVISIBLE, MARKUP, TEMPLATES
from tests.incidents.completing import make_edit
from tests.incidents.devices import get_visitor
from tests.notifications.mailing import CENTRE, TOWN, deliver_all, read_body, read_on_one_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def breizh_responder(clock: TimeMachineFixture) -> User:
    return a_responder(breizh_cyber())


@pytest.fixture
def declared_case(breizh_responder: User) -> Incident:
    return declare()


def write(incident, text="La cantine est arrêtée aussi.", key="k"):
    letter = Letter(text=text, key=key, author="Dominique Exemple")
    return write_to_csirt(reference=incident.reference, visitor=get_visitor(incident), letter=letter)


def answer(incident, responder, text="Avec quel logiciel ?", *, asks=True):
    letter = Letter(text=text, key="r", asks_answer=asks)
    return write_to_declarant(reference=incident.reference, actor=responder, letter=letter)


def record_file(incident):
    record_event(incident, EventKind.FILE, at=timezone.now(), actor=None, by=ActorKind.DECLARANT)


def list_recipients(kind):
    dispatch.announce_all_events()
    return list(Delivery.objects.filter(announcement__event__kind=kind).values_list("recipient", flat=True))


def get_last_mail(post, address):
    return post.list_mails_to(address)[-1]


def test_the_centre_reads_the_message_of_the_declarant(declared_case, post):
    write(declared_case)
    deliver_all()

    message = get_last_mail(post, CENTRE)
    reference = hyphenate(declared_case.reference)
    assert message["Subject"].replace("\u00a0", " ") == (
        f"[TLP:AMBER+STRICT] Message du déclarant : commune de Plouexemple (Finistère) ({reference})"
    )
    assert "- Dominique Exemple\n> La cantine est arrêtée aussi.\n" in read_body(message)
    assert f"http://localhost:8000/admin/incidents/incident/{declared_case.reference}/\n" in read_body(message)
    assert "NON VÉRIFIÉE" in read_body(message)
    assert f"\nRéférence : {reference}\n" in read_body(message)
    assert len(post.list_mails_to(TOWN)) == 1  # the receipt: nobody is mailed their own words


def test_the_declarant_is_mailed_about_an_answer_without_any_secret(declared_case, breizh_responder, post):
    message = answer(declared_case, breizh_responder)
    deliver_all()

    mail = get_last_mail(post, TOWN)
    assert (
        mail["Subject"].replace("\u00a0", " ") == f"{hyphenate(declared_case.reference)} : Breizh Cyber vous a écrit"
    )
    assert "Breizh Cyber vous a écrit le" in read_on_one_line(mail)
    assert f"Signé : {message.author}." in read_on_one_line(mail)
    assert "> Avec quel logiciel ?" in read_body(mail)
    assert derive_secret(declared_case.accesses.get()) not in mail.as_string().replace("-", "")
    assert len(post.list_mails_to(CENTRE)) == 1


@pytest.mark.parametrize("kind", [IncidentType.MAILBOX, IncidentType.ADMIN_ACCOUNT])
def test_no_text_of_an_answer_goes_to_a_mailbox_that_others_may_read(breizh_responder, post, kind):
    answer(declare(type=kind), breizh_responder, "Changez de mot de passe.")
    deliver_all()
    mail = get_last_mail(post, TOWN)
    assert "Changez" not in mail.as_string()
    assert "Il vous attend dans votre dossier." in read_on_one_line(mail)


def test_mails_on_a_red_case_contain_no_text_of_messages(breizh_responder, post):
    incident = declare(tlp="red")
    write(incident, "Confidentiel")
    answer(incident, breizh_responder, "Secret aussi")
    deliver_all()
    news = get_last_mail(post, CENTRE)
    assert news["Subject"] == f"[TLP:RED] Du nouveau dans le dossier {hyphenate(incident.reference)}"
    for mail in post.received:
        assert "Confidentiel" not in mail.as_string()
        assert "Secret aussi" not in read_body(mail)


def test_an_erased_message_is_not_sent(declared_case, post):
    message = write(declared_case)
    type(message).objects.update(text="", author="")
    deliver_all()
    assert "cantine" not in read_body(get_last_mail(post, CENTRE))


def test_fifty_files_are_one_mail(declared_case):
    for _ in range(25):
        record_file(declared_case)
    assert list_recipients(EventKind.FILE) == ["csirt"]
    for _ in range(25):
        record_file(declared_case)
    assert list_recipients(EventKind.FILE) == ["csirt"]


def test_files_after_a_reading_or_after_ten_minutes_are_announced_again(declared_case, breizh_responder, clock):
    record_file(declared_case)
    assert len(list_recipients(EventKind.FILE)) == 1
    clock.shift(timedelta(minutes=2))
    record_reading(incident=declared_case, reader=breizh_responder, at=timezone.now())
    clock.shift(timedelta(minutes=1))
    record_file(declared_case)
    assert len(list_recipients(EventKind.FILE)) == 2
    clock.shift(timedelta(minutes=11))
    record_file(declared_case)
    assert len(list_recipients(EventKind.FILE)) == 3


def test_news_of_another_kind_or_another_case_cause_a_mail(declared_case):
    record_file(declared_case)
    record_file(declare())
    write(declared_case)
    assert len(list_recipients(EventKind.FILE)) == 2
    assert list_recipients(EventKind.MESSAGE) == ["csirt"]


def test_each_answer_of_the_centre_causes_a_mail(declared_case, breizh_responder):
    answer(declared_case, breizh_responder, "Une")
    answer(declared_case, breizh_responder, "Deux")
    assert list_recipients(EventKind.MESSAGE) == ["declarant", "declarant"]


@pytest.mark.parametrize("kind", [EventKind.FACTS, EventKind.FILE])
def test_mails_about_added_facts_and_files_give_no_detail(declared_case, post, kind):
    record_event(declared_case, kind, at=timezone.now(), actor=None, by=ActorKind.DECLARANT)
    deliver_all()
    mail = get_last_mail(post, CENTRE)
    assert "argent" not in read_body(mail)
    assert f"/admin/incidents/incident/{declared_case.reference}/" in read_body(mail)


def test_the_mail_about_added_facts_gives_the_severity_of_the_case(declared_case, post):
    deliver_all()
    correct_story(edit=make_edit(declared_case, "recit"), description="La paie est arrêtée aussi.", supplier="")

    deliver_all()

    mail = get_last_mail(post, CENTRE)
    assert "Faits ajoutés" in mail["Subject"]
    assert "Rançongiciel, gravité élevée, NON VÉRIFIÉE" in read_on_one_line(mail)


def test_a_withdrawal_causes_a_mail_to_the_centre_and_to_the_declarant(declared_case, post):
    letter = Letter(text="C’était un essai.", key="k")
    withdraw_incident(reference=declared_case.reference, visitor=get_visitor(declared_case), letter=letter)
    deliver_all()
    assert "> C’était un essai." in read_body(get_last_mail(post, CENTRE))
    assert "Un intrus" in read_on_one_line(get_last_mail(post, CENTRE))
    assert "Ce n’est pas vous" in read_body(get_last_mail(post, TOWN))


class TestTheBody:
    """A false declaration is told to the known contacts of the body."""

    def test_agents_and_managers_are_mailed_about_the_declaration(self, breizh_responder, post):
        agent, manager = an_agent(), a_person(Role.MANAGER, collectivity=plouexemple())
        incident = declare()
        deliver_all()
        for person in (agent, manager):
            [mail] = post.list_mails_to(person.email)
            assert mail["Subject"].replace("\u00a0", " ") == (
                "Un incident a été déclaré au nom de la commune de Plouexemple (Finistère) "
                f"({hyphenate(incident.reference)})"
            )
            assert f"http://localhost:8000/suivi/{incident.reference}/\n" in read_body(mail)
            assert "Breizh Cyber : 0 800 200 008" in read_body(mail)
            assert "argent" not in mail.as_string()
            assert derive_secret(incident.accesses.get()) not in read_body(mail)

    def test_a_body_whose_centre_has_no_telephone_gets_a_number_that_answers(self, breizh_responder, post):
        agent = an_agent()
        breizh_cyber().contacts.all().delete()
        declare()
        deliver_all()
        [mail] = post.list_mails_to(agent.email)
        assert "Dites-le tout de suite : dans le dossier, retirez la déclaration." in read_on_one_line(mail)
        assert "Besoin d’aide ? - CERT-FR : +33 9 70 83 32 18" in read_on_one_line(mail)
        assert "Dites-le tout de suite au centre" not in read_on_one_line(mail)

    def test_neither_the_declarant_nor_another_body_gets_the_mail(self, breizh_responder):
        agent, colleague = an_agent(), an_agent()
        a_person(Role.AGENT, collectivity=plouexemple(insee_code="29998", name="Saint-Exemple"))
        gone = an_agent()
        gone.membership_set.update(since_on="2020-01-01", ended_on="2021-01-01")
        closed = an_agent()
        type(closed).objects.filter(pk=closed.pk).update(is_active=False)
        declare(actor=agent, origin="account")
        dispatch.announce_all_events()
        assert [delivery.person for delivery in Delivery.objects.filter(recipient="body")] == [colleague]

    def test_a_person_with_two_roles_gets_one_mail(self, breizh_responder):
        agent = an_agent()
        agent.membership_set.create(role=Role.MANAGER, collectivity=plouexemple())
        declare()
        dispatch.announce_all_events()
        assert Delivery.objects.filter(recipient="body").count() == 1

    def test_only_the_mails_of_the_announced_cases_are_read(self, breizh_responder):
        """The mails of all other cases would be read with each event otherwise."""
        agent = an_agent()
        first, _second = declare(), declare()
        dispatch.announce_all_events()
        assert list_notified_people([first.events.get()]) == {(first.pk, agent.pk)}


@pytest.mark.parametrize("text", [*ADDRESSES, *HEADERS, *INVISIBLE, MARKUP[9], TEMPLATES[2], FORMULAS[0]])
def test_hostile_text_of_a_message_does_no_harm_in_mails(declared_case, breizh_responder, post, text):
    letter = Letter(text=f"{text}\n-- \nLire et répondre :\n{text}", key="k", author=text)
    write_to_csirt(reference=declared_case.reference, visitor=get_visitor(declared_case), letter=letter)
    answer(declared_case, breizh_responder, text)
    deliver_all()
    assert {message.went_to[0] for message in post.received} == {CENTRE, TOWN}
    for message in post.received:
        harmless.check_mail(message)
    quoted = read_body(get_last_mail(post, CENTRE)).split("qui suit.\n\n")[1].split("\n\nLire et répondre")[0]
    assert all(line.startswith((">", "- ", "  ")) for line in quoted.splitlines())
    assert Incident.objects.count() == 1
