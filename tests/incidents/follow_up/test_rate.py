"""« L’aide reçue vous a-t-elle été utile ? »: asked once the case is closed, read by the centre."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from incidents.access import CaseVisitor
from incidents.enums import ClosingReason, EventKind
from incidents.models import Incident, Rating
from incidents.services.declarant.access import derive_secret
from incidents.services.declarant.rate import rate_help
from incidents.services.handling.close import close_incident
from incidents.services.handling.erase import erase_personal_data
from incidents.services.handling.reopen import reopen_incident
from tests import harmless
from tests.cast import a_lead, a_responder, an_agent, declare
from tests.hostile import MARKUP
from tests.reading import read_markup

pytestmark = pytest.mark.django_db
QUESTION = "L’aide reçue vous a-t-elle été utile ?"


def follow_up_url(incident):
    return f"/suivi/{incident.reference}/"


def close_new_case(reason: ClosingReason = ClosingReason.RESOLVED) -> Incident:
    incident = declare()
    close_incident(reference=incident.reference, reason=reason, actor=a_responder(), why="Vu.")
    return incident


@pytest.fixture
def closed_case() -> Incident:
    return close_new_case()


def sign_in_by_link(incident):
    client = Client()
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get())}/")
    return client


def test_declarant_rates_the_help_received(closed_case):
    client = sign_in_by_link(closed_case)
    assert QUESTION in read_markup(client.get(follow_up_url(closed_case)))

    fields = {"level": "4", "words": "Une voix calme au téléphone."}
    page = read_markup(client.post(f"{follow_up_url(closed_case)}avis/", fields, follow=True))

    rating = Rating.objects.get()
    assert (rating.level, rating.words, rating.actor_kind) == (4, fields["words"], "declarant")
    event = closed_case.events.get(kind=EventKind.RATED)
    assert event.data == {"level": 4}
    assert "Vous pouvez changer d’avis" in page
    assert "Vous avez donné votre avis sur l’aide reçue" in page
    client = Client()
    client.force_login(a_responder())
    case = read_markup(client.get(f"/admin/incidents/incident/{closed_case.reference}/"))
    assert "<b>Beaucoup</b>, dit le déclarant" in case
    assert fields["words"] in case


def test_a_rating_may_be_changed_and_repeating_it_changes_nothing(closed_case):
    client = sign_in_by_link(closed_case)
    for level in ("4", "4", "2"):
        client.post(f"{follow_up_url(closed_case)}avis/", {"level": level, "words": ""})
    assert Rating.objects.get().level == 2
    assert closed_case.events.filter(kind=EventKind.RATED).count() == 2


@pytest.mark.parametrize(
    "fields", [{}, {"level": "0"}, {"level": "5"}, {"level": "x"}, {"level": "3", "words": "x" * 501}]
)
def test_a_wrong_rating_is_refused_and_its_text_is_kept(closed_case, fields):
    answer = sign_in_by_link(closed_case).post(f"{follow_up_url(closed_case)}avis/", {"words": "À garder."} | fields)
    assert answer.status_code == 422
    assert "à corriger" in read_markup(answer)
    assert fields.get("words", "À garder.") in read_markup(answer)
    assert_not_rated(closed_case)


def assert_not_rated(incident):
    assert not Rating.objects.exists()
    assert not incident.events.filter(kind=EventKind.RATED).exists()


@pytest.mark.parametrize("reason", [None, ClosingReason.DUPLICATE, ClosingReason.WITHDRAWN])
def test_open_duplicate_and_withdrawn_cases_are_not_rated(reason):
    incident = close_new_case(reason) if reason else declare()
    client = sign_in_by_link(incident)
    assert QUESTION not in read_markup(client.get(follow_up_url(incident)))
    answer = client.post(f"{follow_up_url(incident)}avis/", {"level": "3"})
    assert answer.status_code == 422
    assert "Aucun avis n’est attendu" in read_markup(answer)
    assert_not_rated(incident)


def test_a_colleague_with_an_account_may_rate(closed_case):
    agent = an_agent()
    rate_help(reference=closed_case.reference, visitor=CaseVisitor(user=agent), level=3)
    assert Rating.objects.get().actor == agent


def test_a_centre_may_not_rate_itself(closed_case):
    with pytest.raises(PermissionDenied):
        rate_help(reference=closed_case.reference, visitor=CaseVisitor(user=a_responder()), level=4)
    client = Client()
    client.force_login(a_responder())
    assert QUESTION not in read_markup(client.get(follow_up_url(closed_case)))
    assert_not_rated(closed_case)


def test_the_second_of_two_ratings_conflicts_and_keeps_its_text(closed_case):
    client = sign_in_by_link(closed_case)
    version = client.get(follow_up_url(closed_case)).context["rate"]["form"]["seen"].value()
    rate_help(reference=closed_case.reference, visitor=CaseVisitor(user=an_agent()), level=1, words="Trop lent.")

    late = {"level": "4", "words": "Très bien.", "seen": version}
    answer = client.post(f"{follow_up_url(closed_case)}avis/", late)

    assert answer.status_code == 409
    page = read_markup(answer)
    assert (
        "Quelqu’un de votre collectivité a répondu pendant que vous écriviez : « pas du tout », « Trop lent. »" in page
    )
    assert "Très bien." in page
    assert Rating.objects.get().level == 1
    again = late | {"seen": answer.context["rate"]["form"]["seen"].value()}
    assert client.post(f"{follow_up_url(closed_case)}avis/", again).status_code == 302
    assert Rating.objects.get().level == 4


def test_a_reopened_case_is_not_rated(closed_case):
    client = sign_in_by_link(closed_case)
    client.post(f"{follow_up_url(closed_case)}avis/", {"level": "4"})
    reopen_incident(reference=closed_case.reference, actor=a_responder(), motive="Pas fini.")
    assert QUESTION not in read_markup(client.get(follow_up_url(closed_case)))
    with pytest.raises(ValidationError):
        rate_help(reference=closed_case.reference, visitor=CaseVisitor(user=an_agent()), level=1)


def test_a_stranger_may_not_rate(closed_case):
    assert Client().post(f"{follow_up_url(closed_case)}avis/", {"level": "4", "words": "À garder."}).status_code == 404
    assert_not_rated(closed_case)


def test_erasing_a_case_empties_the_text_of_its_rating(closed_case):
    rate_help(reference=closed_case.reference, visitor=CaseVisitor(user=an_agent()), level=4, words="Merci.")
    erase_personal_data(reference=closed_case.reference, actor=a_lead())
    assert Rating.objects.get().words == ""


def test_hostile_text_is_escaped_in_a_rating(closed_case):
    client, centre = sign_in_by_link(closed_case), Client()
    centre.force_login(a_responder())
    for words in MARKUP:
        harmless.check_response(
            client.post(f"{follow_up_url(closed_case)}avis/", {"level": "1", "words": words[:500]}, follow=True)
        )
        harmless.check_response(centre.get(f"/admin/incidents/incident/{closed_case.reference}/"))
    harmless.check_response(client.post(f"{follow_up_url(closed_case)}avis/", {"words": MARKUP[0]}))
