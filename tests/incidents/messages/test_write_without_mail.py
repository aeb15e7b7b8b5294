"""A declarant without a mail address hears of nothing by mail, and the pages of the responder say so: telephone."""

from dataclasses import replace

import pytest

from accounts.models import User
from csirts.models import Csirt
from incidents.models import Incident
from incidents.reference import hyphenate
from incidents.services.groups.group import add_to_group
from incidents.services.handling.erase import erase_personal_data
from tests.cast import CALLER, a_lead, a_responder, declare, plouexemple
from tests.incidents.devices import follow_up_url, open_by_link, sign_in_as
from tests.incidents.grouping import a_group, declare_town, send_letter
from tests.incidents.grouping import url as group_url
from tests.incidents.merging import merge
from tests.incidents.transferring import offer_url, propose_transfer
from tests.incidents.triage_pages import case_url
from tests.reading import read_text

pytestmark = pytest.mark.django_db
BY_PHONE = replace(CALLER, email="")
CALL = "Le déclarant n’a pas de mail : appelez-le."
WORDS = "Débranchez le réseau."


@pytest.fixture
def case_without_mail(responder: User) -> Incident:
    return declare(caller=BY_PHONE)


def close(client, incident):
    return client.post(case_url(incident, "cloture"), {"reason": "not_an_incident"}, follow=True)


def reopen(client, incident):
    return client.post(case_url(incident, "rouvrir"), {"motive": "Cela recommence."}, follow=True)


def write(client, incident, **fields):
    return client.post(case_url(incident, "message"), {"text": WORDS, "key": "k"} | fields, follow=True)


def test_taking_closing_and_reopening_say_to_telephone(client, case_without_mail):
    taken = read_text(client.post(case_url(case_without_mail, "prendre"), follow=True))
    assert f"Vous avez pris ce dossier en charge. {CALL}" in taken
    closed = read_text(close(client, case_without_mail))
    assert f"Dossier clos. {CALL}" in closed
    assert f"le déclarant ne la lit pas. {CALL}" in closed
    assert f"Dossier rouvert : vous l’avez. {CALL}" in read_text(reopen(client, case_without_mail))


def test_taking_closing_and_reopening_say_that_the_mail_leaves(client, responder):
    incident = declare()
    assert "en charge. Le déclarant le voit." in read_text(client.post(case_url(incident, "prendre"), follow=True))
    assert "Dossier clos. Le déclarant en est averti." in read_text(close(client, incident))
    assert "vous l’avez. Le déclarant en est averti." in read_text(reopen(client, incident))


def test_closing_an_erased_case_does_not_claim_that_a_mail_leaves(client, responder):
    incident = declare()
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert "Dossier clos. Ses coordonnées sont effacées" in read_text(close(client, incident))


def test_the_reply_box_says_that_no_mail_leaves(client, case_without_mail):
    assert "Pas de mail : il ne sera pas prévenu. Téléphonez-lui." in read_text(
        client.get(case_url(case_without_mail))
    )
    assert "Pas de mail" not in read_text(client.get(case_url(declare(collectivity=plouexemple(name="Autre")))))
    assert f"Message envoyé. {CALL}" in read_text(write(client, case_without_mail))


def test_a_reply_to_duplicates_counts_those_without_mail(client, responder):
    main, duplicate = declare(), declare(caller=BY_PHONE)
    merge(duplicate, main, responder)
    assert "chacun le lit dans son propre dossier ; 1 sans mail, à appeler" in read_text(client.get(case_url(main)))
    answer = read_text(write(client, main, to_doubles="on"))
    assert "Le déclarant peut le lire sur sa page de suivi. Le déclarant d’un double n’a pas de mail" in answer


def test_closing_and_reopening_name_the_duplicates_to_call(client, responder):
    main, duplicate = declare(), declare(caller=BY_PHONE)
    merge(duplicate, main, responder)
    to_call = f"Le déclarant d’un double n’a pas de mail : appelez-le ({hyphenate(duplicate.reference)}, 02 "
    assert f"Dossier clos. Le déclarant en est averti. {to_call}" in read_text(close(client, main))
    assert f"Le déclarant en est averti. {to_call}" in read_text(reopen(client, main))
    closed = client.post(case_url(main, "clore"), {"raison": "not_an_incident"}, follow=True)
    assert f"Le déclarant en est averti. {to_call}" in read_text(closed)


def test_closing_without_report_says_to_telephone(client, case_without_mail):
    closed = client.post(case_url(case_without_mail, "clore"), {"raison": "not_an_incident"}, follow=True)
    assert f". {CALL}" in read_text(closed)


@pytest.mark.parametrize(
    ("callers", "preview", "confirmation"),
    [
        (
            [BY_PHONE] * 3,
            "À 3 déclarants : Débranchez le réseau. Aucun n’a de mail : personne ne sera prévenu. Téléphonez-leur.",
            "l’un après l’autre. Aucun n’a de mail : personne ne sera prévenu.",
        ),
        (
            [CALLER, BY_PHONE, BY_PHONE],
            "1 sera prévenu par mail. 2 n’ont pas de mail et ne le seront pas : téléphonez-leur.",
            "l’un après l’autre. 1 sera prévenu par mail. 2 n’ont pas de mail",
        ),
        ([CALLER] * 3, "3 déclarants liront : Débranchez le réseau. Un mail prévient chacun.", "Un mail prévient"),
        ([BY_PHONE], "À 1 déclarant : Débranchez le réseau. Il n’a pas de mail", "à un déclarant. Il n’a pas de mail"),
    ],
)
def test_a_message_to_a_group_says_how_many_are_notified(client, responder, callers, preview, confirmation):
    group = a_group(responder)
    for number, caller in enumerate(callers):
        add_to_group(reference=declare_town(number, caller=caller).reference, group=group.uid, actor=responder)
    fields = {"text": WORDS, "key": "k"}
    assert preview in read_text(client.post(group_url(group, "message"), fields))
    assert confirmation in read_text(client.get(send_letter(client, group, fields)["Location"]))


def test_a_transfer_promises_no_mail_to_a_declarant_without_address(client, case_without_mail, taker):
    assert f"plus rien d’après. {CALL}" in read_text(client.get(case_url(case_without_mail, "transfert")))
    assert "Le déclarant est prévenu." in read_text(client.get(case_url(declare(), "transfert")))
    transfer, taker_client = propose_transfer(case_without_mail, a_responder()), sign_in_as(taker)
    assert "Le déclarant en est prévenu s’il a donné un mail." in read_text(taker_client.get(offer_url(transfer)))
    answer = taker_client.post(offer_url(transfer, "accepter"), follow=True)
    assert f"vous l’avez pris en charge. {CALL}" in read_text(answer)


@pytest.mark.parametrize(
    ("channel", "sentence"),
    [("garde@breizh.example", "qui est prévenu."), ("", "qui ne reçoit pas nos mails : téléphonez-lui.")],
)
def test_a_returned_offer_says_whether_its_centre_is_notified(case_without_mail, giver, taker, channel, sentence):
    transfer = propose_transfer(case_without_mail, giver)
    Csirt.objects.filter(pk=transfer.giver_id).update(notification_email=channel)
    answer = sign_in_as(taker).post(offer_url(transfer, "refuser"), {"answer": "Pas chez nous."}, follow=True)
    assert f"Dossier laissé à Breizh Cyber, {sentence}" in read_text(answer)


@pytest.mark.parametrize(
    ("channel", "before", "after"),
    [
        ("garde@breizh.example", "Breizh Cyber en sera averti", "C’est définitif, et Breizh Cyber en est averti."),
        ("", "Breizh Cyber le trouvera clos", "C’est définitif. C’était une erreur"),
    ],
)
def test_a_withdrawal_says_whether_the_centre_is_notified(case_without_mail, channel, before, after):
    Csirt.objects.filter(slug="breizh-cyber").update(notification_email=channel)
    declarant = open_by_link(case_without_mail)
    assert before in read_text(declarant.get(follow_up_url(case_without_mail, "retirer")))
    declarant.post(follow_up_url(case_without_mail, "retirer"), {"text": "", "author": "Dominique", "key": "k"})
    assert after in read_text(declarant.get(follow_up_url(case_without_mail)))
