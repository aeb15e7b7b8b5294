"""Taking a declaration back: at once while nobody has verified it, by asking the centre afterwards."""

from incidents.enums import ClosingReason, NoteKind, Status
from incidents.models import Incident, Message
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.handling.notes import write_note
from incidents.services.handling.triage import acknowledge_incident, close_incident, verify_incident
from stats import services as figures
from stats.models import CaseFact
from tests.cast import a_responder, an_agent, declare
from tests.incidents.devices import case, opened, page, send, signed_in
from tests.reading import text


def withdraw(client, incident, words="", key="k"):
    return client.post(page(incident, "retirer"), {"text": words, "author": "Dominique", "key": key})


def test_it_works(incident):
    declarant = opened(incident)
    asked = text(declarant.get(page(incident, "retirer")))
    assert "C’est définitif. Pour revenir en arrière, il faudra joindre le centre, ou déclarer de nouveau." in asked
    incident.refresh_from_db()
    assert incident.status == Status.DECLARED

    assert withdraw(declarant, incident, "C’était un essai.")["Location"] == page(incident)

    incident.refresh_from_db()
    assert (incident.status, incident.closing_reason) == (Status.CLOSED, ClosingReason.WITHDRAWN)
    message = Message.objects.get()
    event = incident.events.latest("id")
    assert (event.kind, event.actor_kind, event.data) == ("withdrawn", "declarant", {"message": str(message.uid)})
    shown = text(declarant.get(page(incident)))
    assert "Votre déclaration est retirée" in shown
    assert "Vous avez retiré la déclaration" in shown
    assert "Retirer la déclaration" not in shown
    assert "C’était un essai." in text(signed_in(a_responder()).get(case(incident)))


def awaits(responder):
    shown = text(signed_in(responder).get("/admin/incidents/incident/"))
    return "Le déclarant a écrit sur un dossier clos" in shown


def test_what_was_written_comes_up_until_it_is_answered(incident):
    """The motive is the last word of somebody who waits: it stands above the queue, and the declarant is told so."""
    responder, declarant = a_responder(), opened(incident)
    acknowledge_incident(reference=incident.reference, actor=responder)
    withdraw(declarant, incident, "Ce n’est pas moi qui ai déclaré.")
    incident.refresh_from_db()
    assert incident.wrote_since_closing
    assert Incident.objects.wrote_since_closing().get() == incident
    assert awaits(responder)
    assert "a retiré sa déclaration, et ce qu’il avait écrit attend une réponse" in text(
        signed_in(responder).get(case(incident))
    )
    assert "Ce que vous avez écrit est signalé à Breizh Cyber" in text(declarant.get(page(incident)))

    letter = Letter(text="Bien reçu.", key="r")
    write_to_declarant(reference=incident.reference, actor=responder, letter=letter)
    assert not awaits(responder)
    assert "Ce que vous avez écrit est signalé" not in text(declarant.get(page(incident)))


def test_an_earlier_word_without_answer_comes_up_too(incident):
    responder, declarant = a_responder(), opened(incident)
    send(declarant, incident, "Que faire ?")
    write_note(reference=incident.reference, actor=responder, kind=NoteKind.NOTE, text="Vu.", key="n")
    withdraw(declarant, incident)
    assert awaits(responder)


def test_who_wrote_nothing_or_was_answered_waits_for_nothing(incident):
    responder = a_responder()
    withdraw(opened(incident), incident)
    answered = declare()
    send(opened(answered), answered, "Que faire ?")
    write_to_declarant(reference=answered.reference, actor=responder, letter=Letter(text="Rien.", key="r"))
    withdraw(opened(answered), answered)
    assert not awaits(responder)


def test_it_is_counted_no_more(incident):
    withdraw(opened(incident), incident)
    figures.fold_new_events()
    assert not CaseFact.objects.get(incident_id=incident.pk).is_counted


def test_without_a_motive_there_is_no_message(incident):
    acknowledge_incident(reference=incident.reference, actor=a_responder())
    withdraw(opened(incident), incident)
    incident.refresh_from_db()
    assert incident.closing_reason == ClosingReason.WITHDRAWN
    assert not Message.objects.exists()


def test_twice_is_once(incident):
    declarant = opened(incident)
    for _ in range(2):
        assert withdraw(declarant, incident, "Une erreur").status_code == 302
    assert incident.events.filter(kind="withdrawn").count() == Message.objects.count() == 1


def test_once_verified_the_centre_is_asked(incident):
    verify_incident(reference=incident.reference, actor=a_responder())
    declarant = opened(incident)
    assert "Il décidera" in text(declarant.get(page(incident, "retirer")))
    for _ in range(2):
        withdraw(declarant, incident, "Une erreur")
    incident.refresh_from_db()
    assert incident.status == Status.DECLARED
    assert Message.objects.get().text == "Nous demandons que cette déclaration soit retirée.\n\nUne erreur"
    assert incident.events.latest("id").kind == "message"


def test_the_centre_may_then_close_it_as_withdrawn(incident):
    responder = a_responder()
    verify_incident(reference=incident.reference, actor=responder)
    signed_in(responder).post(case(incident, "clore"), {"raison": "withdrawn"})
    assert "Votre déclaration est retirée" in text(opened(incident).get(page(incident)))


def test_what_is_closed_stays_as_it_was(incident):
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=a_responder())
    assert withdraw(opened(incident), incident).status_code == 302
    incident.refresh_from_db()
    assert incident.closing_reason == ClosingReason.RESOLVED


def test_too_long_a_motive_withdraws_nothing_and_is_kept(incident):
    refused = withdraw(opened(incident), incident, "x" * 1001)
    assert refused.status_code == 422
    assert "x" * 1001 in refused.content.decode()
    incident.refresh_from_db()
    assert incident.status == Status.DECLARED


def test_a_colleague_may_and_the_centre_may_not(incident):
    assert withdraw(signed_in(a_responder()), incident).status_code == 403
    withdraw(signed_in(an_agent()), incident)
    incident.refresh_from_db()
    assert incident.closing_reason == ClosingReason.WITHDRAWN
