"""A case goes to another centre: proposed, accepted, returned or taken back; one centre has it at any instant."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.enums import CENTRE_ABILITIES, CentreAbility, Role
from core.stale import Stale
from csirts.models import Csirt
from incidents.enums import ClosingReason, EventKind, TransferState
from incidents.models import Incident, Transfer
from incidents.services.correspondence.correspond import Letter
from incidents.services.declarant.withdraw import withdraw_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.transfer.proposal import accept_transfer, withdraw_transfer
from incidents.triage.transfer import pages
from tests import harmless
from tests.cast import a_lead, a_responder, declare
from tests.hostile import MARKUP, TEMPLATES
from tests.incidents.devices import QUEUE, get_visitor, sign_in_as
from tests.incidents.merging import merge
from tests.incidents.transferring import (
    AGREED,
    PROPOSAL,
    WHY,
    create_other_centre,
    list_event_kinds,
    offer_url,
    propose_transfer,
)
from tests.incidents.triage_pages import case_url
from tests.reading import list_descriptions, read_markup

pytestmark = pytest.mark.django_db


def test_a_transfer_is_proposed_and_accepted(incident, giver, taker, elsewhere):
    giver_client, taker_client = sign_in_as(giver), sign_in_as(taker)

    answer = giver_client.post(case_url(incident, "transfert"), PROPOSAL, follow=True)

    assert "Transfert proposé à Loin Cyber" in read_markup(answer)
    assert "transfert proposé à Loin Cyber" in read_markup(giver_client.get(QUEUE))
    assert "1 transfert à accepter" in read_markup(taker_client.get(QUEUE))
    transfer = Transfer.objects.get()
    assert f"transferts/{transfer.uid}/" in read_markup(taker_client.get(f"{QUEUE}transferts/"))

    answer = taker_client.post(offer_url(transfer, "accepter"), follow=True)

    assert answer.redirect_chain == [(case_url(incident), 302)]
    assert "Reçu de Breizh Cyber" in read_markup(answer)
    assert "Les fichiers de l’accueil" in read_markup(answer)
    transfer.refresh_from_db()
    assert (transfer.state, transfer.answered_by) == (TransferState.ACCEPTED, taker)
    last = incident.events.get(kind=EventKind.TRANSFERRED)
    assert transfer.last_event == last
    assert last.data == {"from": "breizh-cyber", "to": "loin-cyber", "transfer": str(transfer.uid)}


def test_the_other_centre_is_named_with_its_article(incident, giver, taker, elsewhere):
    Csirt.objects.filter(pk=elsewhere.pk).update(name="CSIRT Loin")
    page = sign_in_as(giver).post(case_url(incident, "transfert"), PROPOSAL, follow=True)
    assert "Dossier proposé au CSIRT Loin" in read_markup(page)


def test_the_head_of_the_case_says_that_its_transfer_is_proposed(incident, giver, taker):
    giver_client = sign_in_as(giver)
    assert "Transfert proposé" not in read_markup(giver_client.get(case_url(incident)))
    propose_transfer(incident, giver)
    page = read_markup(giver_client.get(case_url(incident)))
    head = page[page.index('class="case__state"') : page.index('class="case__marks"')]
    assert '<a href="#ailleurs"><b>Transfert proposé à Loin Cyber</b></a>, sans réponse.' in head
    withdraw_transfer(reference=incident.reference, actor=giver)
    assert "sans réponse." not in read_markup(giver_client.get(case_url(incident)))


def test_a_reason_that_ends_with_a_full_stop_gets_no_second_one(incident, giver, taker):
    transfer = propose_transfer(incident, giver)
    proposed = read_markup(sign_in_as(giver).get(case_url(incident)))
    assert f"{WHY} Accord du déclarant : {AGREED} Le dossier reste" in proposed
    sign_in_as(taker).post(offer_url(transfer, "refuser"), {"answer": "Pas notre territoire."})
    for page in (sign_in_as(giver).get(case_url(incident)), sign_in_as(taker).get(offer_url(transfer))):
        assert "Pas notre territoire.<" in read_markup(page)
        assert ".." not in read_markup(page).replace("…", "")


def test_the_offer_shows_what_is_needed_to_decide_and_no_personal_data(incident, giver, taker):
    page = read_markup(sign_in_as(taker).get(offer_url(propose_transfer(incident, giver))))

    for line in (
        WHY,
        "Commune de Plouexemple",
        "Rançongiciel",
        "élevée",
        "Services arrêtés ou ralentis</dt><dd>ne sait pas",
        "Données touchées</dt><dd>ne sait pas",
    ):
        assert line in page
    for word in ("Les fichiers de l’accueil", "Dominique", "02 99 00 00 00", "mairie@"):
        assert word not in page


def test_the_case_stays_at_its_centre_while_the_transfer_is_proposed(incident, giver, taker):
    propose_transfer(incident, giver)
    taker_client = sign_in_as(taker)

    assert taker_client.get(case_url(incident)).status_code == 404
    assert incident.reference not in read_markup(taker_client.get(QUEUE))
    assert sign_in_as(giver).post(case_url(incident, "prendre")).status_code == 302
    incident.refresh_from_db()
    assert incident.csirt.slug == "breizh-cyber"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"taker": "loin-cyber", "motive": "  "}, "Écrivez pourquoi"),
        ({"taker": "", "motive": WHY}, "Choisissez un centre de la liste"),
        ({"taker": "breizh-cyber", "motive": WHY}, "Sélectionnez un choix valide"),
        ({"taker": "ferme", "motive": WHY}, "Sélectionnez un choix valide"),
        ({"taker": "inconnu\0", "motive": WHY}, ""),
        ({"taker": "loin-cyber", "motive": "x" * 501}, "500 suffisent"),
    ],
)
def test_an_impossible_proposal_is_refused_and_keeps_its_text(incident, giver, elsewhere, changes, problem):
    Csirt.objects.create(slug="ferme", name="Fermé", is_active=False)

    answer = sign_in_as(giver).post(case_url(incident, "transfert"), PROPOSAL | changes)

    assert answer.status_code == 422
    assert problem in read_markup(answer)
    assert changes["motive"].strip() in read_markup(answer)
    assert not Transfer.objects.exists()
    assert list_event_kinds(incident) == ["declared"]


def test_the_reason_and_the_agreement_of_a_proposal_are_described_by_their_help(incident, giver, taker):
    descriptions = list_descriptions(sign_in_as(giver).get(case_url(incident, "transfert")))
    assert descriptions == {"motive": ["motif-aide"], "agreement": ["accord-aide"]}


@pytest.mark.parametrize(
    "identifier",
    ["Dominique Exemple", "DOMINIQUE", "02 99 00 00 00", "06.39.98.00.12", "+33 6 39 98 00 12", "a@b.example"],
)
def test_a_reason_with_personal_data_is_refused(incident, giver, taker, identifier):
    """The other centre reads the reason before it has the case. The body may be named, since the offer shows it."""
    client = sign_in_as(giver)
    answer = client.post(
        case_url(incident, "transfert"), PROPOSAL | {"motive": f"{WHY} Voyez {identifier} à Plouexemple."}
    )
    assert answer.status_code == 422
    assert "Ce motif désigne quelqu’un. Retirez : «" in read_markup(answer).replace("\u00a0", " ")
    assert identifier in read_markup(answer)
    assert not Transfer.objects.exists()
    fields = PROPOSAL | {"motive": "Plouexemple est à 12 km, dossier 20261128."}
    assert client.post(case_url(incident, "transfert"), fields).status_code == 302


def test_a_double_click_makes_one_proposal(incident, giver, taker):
    assert propose_transfer(incident, giver) == propose_transfer(incident, giver)
    for _ in range(2):
        accept_transfer(uid=Transfer.objects.get().uid, actor=taker)

    assert list_event_kinds(incident) == ["declared", "transfer_asked", "transferred"]


def test_the_second_of_two_proposals_conflicts_and_keeps_its_text(incident, giver, elsewhere):
    colleague = a_responder()
    propose_transfer(incident, colleague)

    answer = sign_in_as(giver).post(case_url(incident, "transfert"), PROPOSAL | {"motive": "Un autre motif."})

    assert answer.status_code == 409
    assert f"{colleague} l’a déjà proposé à Loin Cyber" in read_markup(answer)
    assert "Un autre motif." in read_markup(answer)
    assert Transfer.objects.count() == 1


def test_postgresql_refuses_a_second_proposal(incident, giver, elsewhere):
    first = propose_transfer(incident, giver)
    with pytest.raises(IntegrityError), transaction.atomic():
        Transfer.objects.create(incident=incident, giver=first.giver, taker=elsewhere, asked_by=giver)


def test_a_transfer_is_withdrawn_then_proposed_again(incident, giver, taker):
    giver_client = sign_in_as(giver)
    first = propose_transfer(incident, giver)
    for _ in range(2):
        assert giver_client.post(case_url(incident, "transfert", "retirer")).status_code == 302

    assert list_event_kinds(incident) == ["declared", "transfer_asked", "transfer_withdrawn"]
    page = read_markup(sign_in_as(taker).get(offer_url(first)))
    assert "a retiré sa proposition" in page
    assert "Plouexemple" not in page
    assert sign_in_as(taker).post(offer_url(first, "accepter")).status_code == 409
    assert propose_transfer(incident, giver, seen=str(first.uid)).state == TransferState.ASKED


def test_a_transfer_is_returned_with_an_explanation(incident, giver, taker):
    transfer = propose_transfer(incident, giver)
    taker_client = sign_in_as(taker)

    assert taker_client.post(offer_url(transfer, "refuser"), {"answer": " "}).status_code == 422
    for _ in range(2):
        answer = taker_client.post(offer_url(transfer, "refuser"), {"answer": "Pas notre territoire."})
        assert answer.status_code == 302

    page = read_markup(sign_in_as(giver).get(case_url(incident)))
    assert "Loin Cyber ne l’a pas pris" in page
    assert "Pas notre territoire." in page
    assert list_event_kinds(incident) == ["declared", "transfer_asked", "transfer_returned"]
    assert "Plouexemple" not in read_markup(taker_client.get(offer_url(transfer)))
    incident.refresh_from_db()
    assert incident.csirt.slug == "breizh-cyber"


def test_an_answer_that_comes_too_late_keeps_its_text(incident, giver, taker, elsewhere):
    transfer = propose_transfer(incident, giver)
    accept_transfer(uid=transfer.uid, actor=a_responder(elsewhere))

    answer = sign_in_as(taker).post(offer_url(transfer, "refuser"), {"answer": "Pas notre territoire."})

    assert answer.status_code == 409
    assert "Pas notre territoire." in read_markup(answer)
    assert "l’a accepté" in read_markup(answer)


def test_only_the_receiving_centre_answers_a_transfer(incident, giver, elsewhere):
    transfer = propose_transfer(incident, giver)
    for person in (giver, a_lead(), a_responder(create_other_centre("tiers", "Tiers"))):
        for part, method in (("", "get"), ("accepter", "post"), ("refuser", "post")):
            address = offer_url(transfer, part) if part else offer_url(transfer)
            assert getattr(sign_in_as(person), method)(address, {"answer": "Non"}).status_code == 404
    assert Transfer.objects.get().state == TransferState.ASKED


def test_a_closed_case_is_not_transferred(incident, giver, taker):
    transfer = propose_transfer(incident, giver)
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=giver)
    assert sign_in_as(taker).post(offer_url(transfer, "accepter")).status_code == 409
    incident.refresh_from_db()
    assert incident.csirt.slug == "breizh-cyber"
    fields = PROPOSAL | {"seen": str(transfer.uid)}
    answer = sign_in_as(giver).post(case_url(incident, "transfert"), fields)
    assert (answer.status_code, WHY in read_markup(answer)) == (422, True)
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize("door", ["closing", "merging", "keeping", "withdrawing"])
def test_closing_a_case_withdraws_its_proposal(incident, giver, taker, door):
    """The other centre would otherwise believe that the case waits for it."""
    transfer = propose_transfer(incident, giver)
    page = sign_in_as(giver).get(case_url(incident, "cloture"))
    assert "Ce dossier est proposé à Loin Cyber" in read_markup(page)
    case_page = read_markup(sign_in_as(giver).get(case_url(incident)))
    assert "La <b>proposition de transfert</b> à Loin Cyber sera retirée." in case_page
    if door == "closing":
        close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=giver)
    elif door in ("merging", "keeping"):
        other = declare()
        compared = sign_in_as(giver).get(case_url(incident, "fusionner"), {"avec": other.reference})
        assert "proposé à Loin Cyber : fusionner retire la proposition" in read_markup(compared)
        merge(*((incident, other) if door == "merging" else (other, incident)), giver)
    else:
        withdraw_incident(reference=incident.reference, visitor=get_visitor(incident), letter=Letter(text="", key="k"))
    transfer.refresh_from_db()
    assert transfer.state == TransferState.WITHDRAWN
    assert list_event_kinds(incident).count(EventKind.TRANSFER_WITHDRAWN) == 1
    assert f"transferts/{transfer.uid}/" not in read_markup(sign_in_as(taker).get(f"{QUEUE}transferts/"))
    assert ("Il a été clos depuis." in read_markup(sign_in_as(taker).get(offer_url(transfer)))) == (door != "keeping")
    assert "sans réponse." not in read_markup(sign_in_as(giver).get(case_url(incident)))


def test_the_other_centre_does_not_read_what_becomes_of_a_case_after_a_withdrawal(incident, giver, taker):
    transfer = propose_transfer(incident, giver)
    withdraw_transfer(reference=incident.reference, actor=giver)
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=giver)
    assert "clos depuis" not in read_markup(sign_in_as(taker).get(offer_url(transfer)))


def test_an_erased_case_is_not_transferred(incident, giver, taker):
    transfer = propose_transfer(incident, giver)
    erase_personal_data(reference=incident.reference, actor=a_lead())

    answer = sign_in_as(taker).post(offer_url(transfer, "accepter"))

    assert answer.status_code == 409
    assert "effacés" in read_markup(answer)
    assert WHY not in read_markup(answer)
    incident.refresh_from_db()
    assert incident.csirt.slug == "breizh-cyber"


@pytest.mark.parametrize("is_duplicate", [True, False])
def test_a_merged_case_is_not_transferred(incident, giver, taker, is_duplicate):
    other = declare()
    duplicate, main = (incident, other) if is_duplicate else (other, incident)
    close_incident(reference=duplicate.reference, reason=ClosingReason.DUPLICATE, actor=giver)
    Incident.objects.filter(pk=duplicate.pk).update(merged_into=main)

    answer = sign_in_as(giver).post(case_url(incident, "transfert"), PROPOSAL)

    assert answer.status_code == 422
    assert "fusionné avec un autre" in read_markup(answer)
    assert not Transfer.objects.exists()
    client = sign_in_as(giver)
    page = harmless.check_response(client.get(case_url(incident)))
    assert not page.css('a[href$="/transfert/"]')
    for place in ("#rares", "#aiguillage"):
        words = " ".join(page.css_first(place).text().split())
        assert (
            "pas tant que ce dossier a un double. Ouvrez ce double, et défaites la fusion." in words
        ) != is_duplicate
    instead = client.get(case_url(incident, "transfert"), follow=True)
    assert instead.redirect_chain == [(case_url(incident), 302)]
    assert "Défaites la fusion" in read_markup(instead)


def test_a_hostile_reason_is_escaped(incident, giver, taker):
    words = " ".join([*MARKUP[:6], *TEMPLATES[:3]])[:480]
    transfer = propose_transfer(incident, giver, motive=words)
    for person, address in ((giver, case_url(incident)), (taker, offer_url(transfer)), (taker, f"{QUEUE}transferts/")):
        harmless.check_response(sign_in_as(person).get(address))
    accept_transfer(uid=transfer.uid, actor=taker)
    harmless.check_response(sign_in_as(giver).get(offer_url(transfer, "dossier")))
    harmless.check_response(sign_in_as(giver).post(case_url(incident, "message"), {"text": words}))


@pytest.mark.parametrize(("number", "page_size"), [(2, 2), (10, 10), pytest.param(50, 50, marks=pytest.mark.proof)])
def test_lists_cost_the_same_whatever_their_length(giver, taker, monkeypatch, number, page_size):
    monkeypatch.setattr(pages, "PER_PAGE", page_size)
    for _ in range(number):
        transferred, offered, proposed = declare(), declare(), declare()
        accept_transfer(uid=propose_transfer(transferred, giver).uid, actor=taker)
        transfer = accept_transfer(uid=propose_transfer(offered, giver).uid, actor=taker)
        propose_transfer(offered, taker, taker="breizh-cyber", seen=str(transfer.uid))
        propose_transfer(proposed, giver)
    client = sign_in_as(giver)
    client.get(f"{QUEUE}transferts/")
    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"{QUEUE}transferts/")

    assert len(page.context["offers"]) == len(page.context["proposed"]) == number
    assert len(page.context["transfers_away"]) == page_size
    assert len(queries) <= 10, [query["sql"][:90] for query in queries]
    assert not [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
    more = client.get(f"{QUEUE}transferts/", {"apres": page.context["next"]})
    first_page = {row.pk for row in page.context["transfers_away"]}
    assert len({row.pk for row in more.context["transfers_away"]} - first_page) == page_size
    assert more.context["next"] == ""
    page = client.get(f"{QUEUE}transferts/", {"apres": "x' OR 1=1"})
    assert len(page.context["transfers_away"]) == page_size


def test_a_centre_without_accounts_is_marked_in_the_form(incident, giver):
    Csirt.objects.create(slug="vide", name="Vide")
    assert "Vide (personne n’y a de compte ici)" in read_markup(sign_in_as(giver).get(case_url(incident, "transfert")))


def test_withdrawing_a_transfer_that_does_not_exist_is_refused_as_stale(incident, giver, taker):
    with pytest.raises(Stale) as stale:
        withdraw_transfer(reference=incident.reference, actor=giver)
    assert stale.value.current is None


def test_an_offer_cannot_be_accepted_once_the_case_has_a_duplicate(incident, giver, taker):
    offer, taker_client = offer_url(propose_transfer(incident, giver)), sign_in_as(taker)
    assert "Accepter et prendre en charge" in read_markup(taker_client.get(offer))
    merge(declare(), incident, giver)

    page_text = read_markup(taker_client.get(offer))

    assert "Breizh Cyber a retiré sa proposition" in page_text
    assert "fusionné" not in page_text, "the other centre does not read what becomes of the case"
    assert "Accepter et prendre en charge" not in page_text


def test_a_role_that_only_reads_is_shown_the_proposal_without_its_answers(incident, giver, taker, monkeypatch):
    """The reader of either centre comes from the list of transfers, and goes back to it."""
    transfer = propose_transfer(incident, giver)
    with monkeypatch.context() as patch:
        patch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset({CentreAbility.READ}))
        reader = sign_in_as(taker)
        assert offer_url(transfer) in read_markup(reader.get(f"{QUEUE}transferts/"))
        page_text = read_markup(reader.get(offer_url(transfer)))
    assert WHY in page_text
    assert "/accepter/" not in page_text
    assert "/refuser/" not in page_text
    assert f'{QUEUE}transferts/"' in page_text

    accept_transfer(uid=transfer.uid, actor=taker)
    monkeypatch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset({CentreAbility.READ}))
    page_text = read_markup(sign_in_as(giver).get(offer_url(transfer, "dossier")))
    assert WHY in page_text
    assert f'{QUEUE}transferts/"' in page_text
