"""A case goes to another centre: proposed, accepted, returned or taken back; one centre has it at any instant."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.stale import Stale
from csirts.models import Csirt
from incidents.enums import ClosingReason, EventKind, TransferState
from incidents.models import Incident, Transfer
from incidents.services.handling.triage import close_incident
from incidents.services.history.erase import erase_personal_data
from incidents.services.transfer.proposal import accept_transfer, withdraw_transfer
from tests import harmless
from tests.cast import a_lead, a_responder, declare
from tests.hostile import MARKUP, TEMPLATES
from tests.incidents.desk import url
from tests.incidents.merging import merge
from tests.incidents.transferring import (
    PROPOSAL,
    QUEUE,
    WHY,
    another_centre,
    as_person,
    events_of,
    offer_url,
    propose_transfer,
)
from tests.reading import text_of

pytestmark = pytest.mark.django_db


def test_it_works(incident, giver, taker, elsewhere):
    ours, theirs = as_person(giver), as_person(taker)

    answer = ours.post(url(incident, "transfert"), PROPOSAL, follow=True)

    assert "Transfert proposé à Loin Cyber" in text_of(answer)
    assert "transfert proposé à Loin Cyber" in text_of(ours.get(QUEUE))
    assert "1 transfert à accepter" in text_of(theirs.get(QUEUE))
    transfer = Transfer.objects.get()
    assert f"transferts/{transfer.uid}/" in text_of(theirs.get(f"{QUEUE}transferts/"))

    answer = theirs.post(offer_url(transfer, "accepter"), follow=True)

    assert answer.redirect_chain == [(url(incident), 302)]
    assert "Reçu de Breizh Cyber" in text_of(answer)
    assert "Les fichiers de l’accueil" in text_of(answer)
    transfer.refresh_from_db()
    assert (transfer.state, transfer.answered_by) == (TransferState.ACCEPTED, taker)
    last = incident.events.get(kind=EventKind.TRANSFERRED)
    assert transfer.last_event == last
    assert last.data == {"from": "breizh-cyber", "to": "loin-cyber", "transfer": str(transfer.uid)}


def test_what_decides_is_shown_and_nothing_else(incident, giver, taker):
    page = text_of(as_person(taker).get(offer_url(propose_transfer(incident, giver))))

    for line in (
        WHY,
        "Commune de Plouexemple",
        "Rançongiciel",
        "élevée",
        "Services arrêtés</dt><dd>ne sait pas",
        "Données touchées</dt><dd>ne sait pas",
    ):
        assert line in page
    for word in ("Les fichiers de l’accueil", "Dominique", "02 99 00 00 00", "mairie@"):
        assert word not in page


def test_while_it_is_proposed_it_stays_ours(incident, giver, taker):
    propose_transfer(incident, giver)
    theirs = as_person(taker)

    assert theirs.get(url(incident)).status_code == 404
    assert incident.reference not in text_of(theirs.get(QUEUE))
    assert as_person(giver).post(url(incident, "prendre")).status_code == 302
    incident.refresh_from_db()
    assert incident.csirt.slug == "breizh-cyber"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"taker": "loin-cyber", "motive": "  "}, "Écrivez pourquoi"),
        ({"taker": "", "motive": WHY}, "Choisissez un centre de la liste"),
        ({"taker": "breizh-cyber", "motive": WHY}, "Sélectionnez un choix valide"),
        ({"taker": "ferme", "motive": WHY}, "Sélectionnez un choix valide"),
        ({"taker": "inconnu\0", "motive": WHY}, ""),
        ({"taker": "loin-cyber", "motive": "x" * 501}, "500 suffisent"),
    ],
)
def test_what_cannot_be_proposed_is_said_and_kept(incident, giver, elsewhere, said, problem):
    Csirt.objects.create(slug="ferme", name="Fermé", is_active=False)

    answer = as_person(giver).post(url(incident, "transfert"), PROPOSAL | said)

    assert answer.status_code == 422
    assert problem in text_of(answer)
    assert said["motive"].strip() in text_of(answer)
    assert not Transfer.objects.exists()
    assert events_of(incident) == ["declared"]


@pytest.mark.parametrize(
    "named", ["Dominique Exemple", "DOMINIQUE", "02 99 00 00 00", "06.39.98.00.12", "+33 6 39 98 00 12", "a@b.example"]
)
def test_a_motive_names_nobody(incident, giver, taker, named):
    """The other centre reads it before the case is its own; the body, which it sees anyway, may be named."""
    ours = as_person(giver)
    answer = ours.post(url(incident, "transfert"), PROPOSAL | {"motive": f"{WHY} Voyez {named} à Plouexemple."})
    assert answer.status_code == 422
    assert "Ce motif désigne quelqu’un. Retirez : «" in text_of(answer).replace("\u00a0", " ")
    assert named in text_of(answer)
    assert not Transfer.objects.exists()
    about = PROPOSAL | {"motive": "Plouexemple est à 12 km, dossier 20261128."}
    assert ours.post(url(incident, "transfert"), about).status_code == 302


def test_a_double_click_is_one_proposal(incident, giver, taker):
    assert propose_transfer(incident, giver) == propose_transfer(incident, giver)
    for _ in range(2):
        accept_transfer(uid=Transfer.objects.get().uid, actor=taker)

    assert events_of(incident) == ["declared", "transfer_asked", "transferred"]


def test_who_proposes_second_is_told_and_keeps_the_words(incident, giver, elsewhere):
    colleague = a_responder()
    propose_transfer(incident, colleague)

    answer = as_person(giver).post(url(incident, "transfert"), PROPOSAL | {"motive": "Un autre motif."})

    assert answer.status_code == 409
    assert f"{colleague} l’a déjà proposé à Loin Cyber" in text_of(answer)
    assert "Un autre motif." in text_of(answer)
    assert Transfer.objects.count() == 1


def test_postgresql_refuses_a_second_proposal(incident, giver, elsewhere):
    first = propose_transfer(incident, giver)
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.create(incident=incident, giver=first.giver, taker=elsewhere, asked_by=giver)


def test_it_is_taken_back_then_proposed_again(incident, giver, taker):
    ours = as_person(giver)
    first = propose_transfer(incident, giver)
    for _ in range(2):
        assert ours.post(url(incident, "transfert", "retirer")).status_code == 302

    assert events_of(incident) == ["declared", "transfer_asked", "transfer_withdrawn"]
    page = text_of(as_person(taker).get(offer_url(first)))
    assert "a retiré sa proposition" in page
    assert "Plouexemple" not in page
    assert as_person(taker).post(offer_url(first, "accepter")).status_code == 409
    assert propose_transfer(incident, giver, seen=str(first.uid)).state == TransferState.ASKED


def test_it_is_returned_with_words(incident, giver, taker):
    transfer = propose_transfer(incident, giver)
    theirs = as_person(taker)

    assert theirs.post(offer_url(transfer, "refuser"), {"answer": " "}).status_code == 422
    for _ in range(2):
        answer = theirs.post(offer_url(transfer, "refuser"), {"answer": "Pas notre territoire."})
        assert answer.status_code == 302

    page = text_of(as_person(giver).get(url(incident)))
    assert "Loin Cyber ne l’a pas pris" in page
    assert "Pas notre territoire." in page
    assert events_of(incident) == ["declared", "transfer_asked", "transfer_returned"]
    assert "Plouexemple" not in text_of(theirs.get(offer_url(transfer)))
    incident.refresh_from_db()
    assert incident.csirt.slug == "breizh-cyber"


def test_an_answer_that_comes_too_late_keeps_its_words(incident, giver, taker, elsewhere):
    transfer = propose_transfer(incident, giver)
    accept_transfer(uid=transfer.uid, actor=a_responder(elsewhere))

    answer = as_person(taker).post(offer_url(transfer, "refuser"), {"answer": "Pas notre territoire."})

    assert answer.status_code == 409
    assert "Pas notre territoire." in text_of(answer)
    assert "l’a accepté" in text_of(answer)


def test_nobody_else_answers(incident, giver, elsewhere):
    transfer = propose_transfer(incident, giver)
    for person in (giver, a_lead(), a_responder(another_centre("tiers", "Tiers"))):
        for part, method in (("", "get"), ("accepter", "post"), ("refuser", "post")):
            address = offer_url(transfer, part) if part else offer_url(transfer)
            assert getattr(as_person(person), method)(address, {"answer": "Non"}).status_code == 404
    assert Transfer.objects.get().state == TransferState.ASKED


def test_a_closed_case_does_not_go(incident, giver, taker):
    transfer = propose_transfer(incident, giver)
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=giver)
    assert "à accepter" not in text_of(as_person(taker).get(QUEUE))
    assert f"transferts/{transfer.uid}/" in text_of(as_person(taker).get(f"{QUEUE}transferts/"))

    answer = as_person(taker).post(offer_url(transfer, "accepter"))

    assert answer.status_code == 409
    assert "Il a été clos depuis" in text_of(answer)
    incident.refresh_from_db()
    assert incident.csirt.slug == "breizh-cyber"
    withdraw_transfer(reference=incident.reference, actor=giver)
    said = PROPOSAL | {"seen": str(transfer.uid)}
    answer = as_person(giver).post(url(incident, "transfert"), said)
    assert (answer.status_code, WHY in text_of(answer)) == (422, True)
    assert Transfer.objects.count() == 1


def test_an_erased_case_does_not_go(incident, giver, taker):
    transfer = propose_transfer(incident, giver)
    erase_personal_data(reference=incident.reference, actor=a_lead())

    answer = as_person(taker).post(offer_url(transfer, "accepter"))

    assert answer.status_code == 409
    assert "effacés" in text_of(answer)
    assert WHY not in text_of(answer)
    incident.refresh_from_db()
    assert incident.csirt.slug == "breizh-cyber"


@pytest.mark.parametrize("is_double", [True, False])
def test_a_case_that_is_merged_does_not_go(incident, giver, taker, is_double):
    other = declare()
    double, kept = (incident, other) if is_double else (other, incident)
    close_incident(reference=double.reference, reason=ClosingReason.DUPLICATE, actor=giver)
    Incident.objects.filter(pk=double.pk).update(merged_into=kept)

    answer = as_person(giver).post(url(incident, "transfert"), PROPOSAL)

    assert answer.status_code == 422
    assert "fusionné avec un autre" in text_of(answer)
    assert not Transfer.objects.exists()
    ours = as_person(giver)
    assert "Proposer à un autre centre" not in text_of(ours.get(url(incident)))
    instead = ours.get(url(incident, "transfert"), follow=True)
    assert instead.redirect_chain == [(url(incident), 302)]
    assert "Défaites la fusion" in text_of(instead)


def test_hostile_words_stay_words(incident, giver, taker):
    words = " ".join([*MARKUP[:6], *TEMPLATES[:3]])[:480]
    transfer = propose_transfer(incident, giver, motive=words)
    for person, address in ((giver, url(incident)), (taker, offer_url(transfer)), (taker, f"{QUEUE}transferts/")):
        harmless.answer(as_person(person).get(address))
    accept_transfer(uid=transfer.uid, actor=taker)
    harmless.answer(as_person(giver).get(offer_url(transfer, "dossier")))
    harmless.answer(as_person(giver).post(url(incident, "message"), {"text": words}))


@pytest.mark.parametrize("number", [2, 50])
def test_lists_cost_the_same_whatever_their_length(giver, taker, number):
    for _ in range(number):
        given, offered, proposed = declare(), declare(), declare()
        accept_transfer(uid=propose_transfer(given, giver).uid, actor=taker)
        mine = accept_transfer(uid=propose_transfer(offered, giver).uid, actor=taker)
        propose_transfer(offered, taker, taker="breizh-cyber", seen=str(mine.uid))
        propose_transfer(proposed, giver)
    ours = as_person(giver)
    ours.get(f"{QUEUE}transferts/")
    with CaptureQueriesContext(connection) as queries:
        page = ours.get(f"{QUEUE}transferts/")

    assert len(page.context["offers"]) == len(page.context["proposed"]) == number
    assert len(page.context["given"]) == min(2 * number, 50)
    assert len(queries) <= 10, [query["sql"][:90] for query in queries]
    assert not [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
    if number == 50:
        more = ours.get(f"{QUEUE}transferts/", {"apres": page.context["next"]})
        seen = {one.pk for one in page.context["given"]}
        assert len({one.pk for one in more.context["given"]} - seen) == 50
        assert more.context["next"] == ""
    assert len(ours.get(f"{QUEUE}transferts/", {"apres": "x' OR 1=1"}).context["given"]) == min(2 * number, 50)


def test_a_case_without_people_at_the_other_end_says_so(incident, giver):
    Csirt.objects.create(slug="vide", name="Vide")
    assert "Vide (personne n’y a de compte ici)" in text_of(as_person(giver).get(url(incident, "transfert")))


def test_a_stale_exception_says_what_is_newest(incident, giver, taker):
    with pytest.raises(Stale) as stale:
        withdraw_transfer(reference=incident.reference, actor=giver)
    assert stale.value.current is None


def test_one_that_stands_for_another_since_is_not_offered(incident, giver, taker):
    page, theirs = offer_url(propose_transfer(incident, giver)), as_person(taker)
    assert "Accepter et prendre en charge" in text_of(theirs.get(page))
    merge(declare(), incident, giver)

    shown = text_of(theirs.get(page))

    assert "Il a été fusionné avec un autre depuis." in shown
    assert "Accepter et prendre en charge" not in shown
