"""« L’aide reçue vous a-t-elle été utile ? »: asked once the case is closed, read by the centre."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from incidents.access import Guest
from incidents.enums import ClosingReason, EventKind
from incidents.models import Rating
from incidents.services.declarant.access import derive_secret
from incidents.services.declarant.rate import rate_help
from incidents.services.handling.reopen import reopen_incident
from incidents.services.handling.triage import close_incident
from incidents.services.history.erase import erase_personal_data
from tests import harmless
from tests.cast import a_lead, a_responder, an_agent, declare
from tests.hostile import MARKUP
from tests.reading import text_of

pytestmark = pytest.mark.django_db
ASKED = "L’aide reçue vous a-t-elle été utile ?"


def page_of(incident):
    return f"/suivi/{incident.reference}/"


def closed(reason=ClosingReason.RESOLVED):
    incident = declare()
    close_incident(reference=incident.reference, reason=reason, actor=a_responder(), why="Vu.")
    return incident


@pytest.fixture
def incident():
    return closed()


def holder(incident):
    client = Client()
    client.post(f"/suivi/acces/{derive_secret(incident.accesses.get())}/")
    return client


def test_it_works(incident):
    client = holder(incident)
    assert ASKED in text_of(client.get(page_of(incident)))

    said = {"level": "4", "words": "Une voix calme au téléphone."}
    page = text_of(client.post(f"{page_of(incident)}avis/", said, follow=True))

    rating = Rating.objects.get()
    assert (rating.level, rating.words, rating.actor_kind) == (4, said["words"], "declarant")
    event = incident.events.get(kind=EventKind.RATED)
    assert event.data == {"level": 4}
    assert "Vous pouvez changer d’avis" in page
    assert "Vous avez donné votre avis sur l’aide reçue" in page
    client = Client()
    client.force_login(a_responder())
    case = text_of(client.get(f"/admin/incidents/incident/{incident.reference}/"))
    assert "<b>Beaucoup</b>, dit le déclarant" in case
    assert said["words"] in case


def test_it_may_be_changed_and_the_same_again_changes_nothing(incident):
    client = holder(incident)
    for level in ("4", "4", "2"):
        client.post(f"{page_of(incident)}avis/", {"level": level, "words": ""})
    assert Rating.objects.get().level == 2
    assert incident.events.filter(kind=EventKind.RATED).count() == 2


@pytest.mark.parametrize(
    "said", [{}, {"level": "0"}, {"level": "5"}, {"level": "x"}, {"level": "3", "words": "x" * 501}]
)
def test_what_is_wrong_is_named_and_kept(incident, said):
    answer = holder(incident).post(f"{page_of(incident)}avis/", {"words": "À garder."} | said)
    assert answer.status_code == 422
    assert "à corriger" in text_of(answer)
    assert said.get("words", "À garder.") in text_of(answer)
    assert_nothing(incident)


def assert_nothing(incident):
    assert not Rating.objects.exists()
    assert not incident.events.filter(kind=EventKind.RATED).exists()


@pytest.mark.parametrize("reason", [None, ClosingReason.DUPLICATE, ClosingReason.WITHDRAWN])
def test_it_is_asked_of_nothing_else(reason):
    incident = closed(reason) if reason else declare()
    client = holder(incident)
    assert ASKED not in text_of(client.get(page_of(incident)))
    answer = client.post(f"{page_of(incident)}avis/", {"level": "3"})
    assert answer.status_code == 422
    assert "Aucun avis n’est attendu" in text_of(answer)
    assert_nothing(incident)


def test_a_colleague_answers_with_an_account(incident):
    agent = an_agent()
    rate_help(reference=incident.reference, guest=Guest(user=agent), level=3)
    assert Rating.objects.get().actor == agent


def test_the_centre_does_not_rate_itself(incident):
    with pytest.raises(PermissionDenied):
        rate_help(reference=incident.reference, guest=Guest(user=a_responder()), level=4)
    client = Client()
    client.force_login(a_responder())
    assert ASKED not in text_of(client.get(page_of(incident)))
    assert_nothing(incident)


def test_the_second_writer_is_told_and_loses_nothing(incident):
    client = holder(incident)
    seen = client.get(page_of(incident)).context["rate"]["form"]["seen"].value()
    rate_help(reference=incident.reference, guest=Guest(user=an_agent()), level=1, words="Trop lent.")

    late = {"level": "4", "words": "Très bien.", "seen": seen}
    answer = client.post(f"{page_of(incident)}avis/", late)

    assert answer.status_code == 409
    page = text_of(answer)
    assert (
        "Quelqu’un de votre collectivité a répondu pendant que vous écriviez : « pas du tout », « Trop lent. »" in page
    )
    assert "Très bien." in page
    assert Rating.objects.get().level == 1
    again = late | {"seen": answer.context["rate"]["form"]["seen"].value()}
    assert client.post(f"{page_of(incident)}avis/", again).status_code == 302
    assert Rating.objects.get().level == 4


def test_a_case_that_is_reopened_asks_later(incident):
    client = holder(incident)
    client.post(f"{page_of(incident)}avis/", {"level": "4"})
    reopen_incident(reference=incident.reference, actor=a_responder(), motive="Pas fini.")
    assert ASKED not in text_of(client.get(page_of(incident)))
    with pytest.raises(ValidationError):
        rate_help(reference=incident.reference, guest=Guest(user=an_agent()), level=1)


def test_a_stranger_finds_nothing(incident):
    assert Client().post(f"{page_of(incident)}avis/", {"level": "4", "words": "À garder."}).status_code == 404
    assert_nothing(incident)


def test_erasing_empties_the_words(incident):
    rate_help(reference=incident.reference, guest=Guest(user=an_agent()), level=4, words="Merci.")
    erase_personal_data(reference=incident.reference, actor=a_lead())
    assert Rating.objects.get().words == ""


def test_hostile_words_stay_words(incident):
    client, centre = holder(incident), Client()
    centre.force_login(a_responder())
    for words in MARKUP:
        harmless.answer(client.post(f"{page_of(incident)}avis/", {"level": "1", "words": words[:500]}, follow=True))
        harmless.answer(centre.get(f"/admin/incidents/incident/{incident.reference}/"))
    harmless.answer(client.post(f"{page_of(incident)}avis/", {"words": MARKUP[0]}))
