"""The page of a case costs its declarant few queries, whatever centres did to the case."""

import pytest

from incidents.services.transfer.proposal import accept_transfer
from tests.cast import a_lead, a_responder
from tests.incidents.calling import post_call
from tests.incidents.devices import follow_up_url, open_by_link, sign_in_as
from tests.incidents.transferring import create_other_centre, propose_transfer
from tests.reading import read_text

pytestmark = pytest.mark.django_db
BUDGET = 20


def test_a_case_costs_few_queries(incident, django_assert_max_num_queries):
    client = open_by_link(incident)
    client.get(follow_up_url(incident))
    with django_assert_max_num_queries(BUDGET):
        assert client.get(follow_up_url(incident)).status_code == 200


def test_a_case_that_was_called_and_moved_costs_few_queries(incident, django_assert_max_num_queries):
    client, responder = open_by_link(incident), sign_in_as(a_responder())
    for words in ("Un poste.", "Deux postes."):
        post_call(responder, incident, description=words, type="fuite")
    client.get(follow_up_url(incident))
    with django_assert_max_num_queries(BUDGET):
        assert "Corrigé au téléphone par Breizh Cyber" in read_text(client.get(follow_up_url(incident)))
    taker = a_lead(create_other_centre())
    accept_transfer(uid=propose_transfer(incident, a_lead()).uid, actor=taker)
    client.get(follow_up_url(incident))
    with django_assert_max_num_queries(BUDGET):
        assert "Corrigé au téléphone par Breizh Cyber" in read_text(client.get(follow_up_url(incident)))
