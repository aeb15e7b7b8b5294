"""A declarant withdraws a declaration at once until it is verified; afterwards they ask the centre."""

from incidents.enums import ClosingReason, NoteKind, Status
from incidents.models import Incident, Message
from incidents.services.correspondence.correspond import Letter, write_to_declarant
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.close import close_incident
from incidents.services.handling.notes import write_note
from incidents.services.handling.verify import verify_incident
from stats import services as figures
from stats.models import CaseFact
from tests.cast import a_responder, an_agent, declare
from tests.incidents.devices import follow_up_url, open_by_link, send, sign_in_as
from tests.incidents.triage_pages import case_url
from tests.reading import read_text


def withdraw(client, incident, words="", key="k"):
    return client.post(follow_up_url(incident, "retirer"), {"text": words, "author": "Dominique", "key": key})


def test_the_declarant_withdraws_an_unverified_declaration(incident):
    declarant = open_by_link(incident)
    confirm_page = read_text(declarant.get(follow_up_url(incident, "retirer")))
    assert (
        "C’est définitif. Pour revenir en arrière, il faudra joindre le centre, ou déclarer de nouveau."
        in confirm_page
    )
    incident.refresh_from_db()
    assert incident.status == Status.DECLARED

    assert withdraw(declarant, incident, "C’était un essai.")["Location"] == follow_up_url(incident)

    incident.refresh_from_db()
    assert (incident.status, incident.closing_reason) == (Status.CLOSED, ClosingReason.WITHDRAWN)
    message = Message.objects.get()
    event = incident.events.latest("id")
    assert (event.kind, event.actor_kind, event.data) == ("withdrawn", "declarant", {"message": str(message.uid)})
    page_text = read_text(declarant.get(follow_up_url(incident)))
    assert "Votre déclaration est retirée" in page_text
    assert "Vous avez retiré la déclaration" in page_text
    assert "Retirer la déclaration" not in page_text
    assert "C’était un essai." in read_text(sign_in_as(a_responder()).get(case_url(incident)))


def is_announced_in_queue(responder):
    queue = read_text(sign_in_as(responder).get("/admin/incidents/incident/"))
    return "Le déclarant a écrit sur un dossier clos" in queue


def test_the_reason_of_a_withdrawal_waits_for_an_answer(incident):
    """The reason is announced above the queue like any message, and the follow-up page tells the declarant so."""
    responder, declarant = a_responder(), open_by_link(incident)
    acknowledge_incident(reference=incident.reference, actor=responder)
    withdraw(declarant, incident, "Ce n’est pas moi qui ai déclaré.")
    incident.refresh_from_db()
    assert incident.has_addition_since_closing
    assert Incident.objects.with_addition_since_closing().get() == incident
    assert is_announced_in_queue(responder)
    assert "a retiré sa déclaration, et ce qu’il avait écrit attend une réponse" in read_text(
        sign_in_as(responder).get(case_url(incident))
    )
    assert "Ce que vous avez écrit est signalé à Breizh Cyber" in read_text(declarant.get(follow_up_url(incident)))

    letter = Letter(text="Bien reçu.", key="r")
    write_to_declarant(reference=incident.reference, actor=responder, letter=letter)
    assert not is_announced_in_queue(responder)
    assert "Ce que vous avez écrit est signalé" not in read_text(declarant.get(follow_up_url(incident)))


def test_an_earlier_unanswered_message_waits_for_an_answer_after_withdrawal(incident):
    responder, declarant = a_responder(), open_by_link(incident)
    send(declarant, incident, "Que faire ?")
    write_note(reference=incident.reference, actor=responder, kind=NoteKind.NOTE, text="Vu.", key="n")
    withdraw(declarant, incident)
    assert is_announced_in_queue(responder)


def test_a_withdrawal_without_an_unanswered_message_waits_for_no_answer(incident):
    responder = a_responder()
    withdraw(open_by_link(incident), incident)
    answered = declare()
    send(open_by_link(answered), answered, "Que faire ?")
    write_to_declarant(reference=answered.reference, actor=responder, letter=Letter(text="Rien.", key="r"))
    withdraw(open_by_link(answered), answered)
    assert not is_announced_in_queue(responder)


def test_the_figures_do_not_count_a_withdrawn_case(incident):
    withdraw(open_by_link(incident), incident)
    figures.fold_new_events()
    assert not CaseFact.objects.get(incident_id=incident.pk).is_counted


def test_a_withdrawal_without_a_reason_sends_no_message(incident):
    acknowledge_incident(reference=incident.reference, actor=a_responder())
    withdraw(open_by_link(incident), incident)
    incident.refresh_from_db()
    assert incident.closing_reason == ClosingReason.WITHDRAWN
    assert not Message.objects.exists()


def test_withdrawing_twice_records_one_event_and_one_message(incident):
    declarant = open_by_link(incident)
    for _ in range(2):
        assert withdraw(declarant, incident, "Une erreur").status_code == 302
    assert incident.events.filter(kind="withdrawn").count() == Message.objects.count() == 1


def test_withdrawing_a_verified_case_only_asks_the_centre(incident):
    verify_incident(reference=incident.reference, actor=a_responder())
    declarant = open_by_link(incident)
    assert "Il décidera" in read_text(declarant.get(follow_up_url(incident, "retirer")))
    for _ in range(2):
        withdraw(declarant, incident, "Une erreur")
    incident.refresh_from_db()
    assert incident.status == Status.DECLARED
    assert Message.objects.get().text == "Nous demandons que cette déclaration soit retirée.\n\nUne erreur"
    assert incident.events.latest("id").kind == "message"


def test_the_centre_may_close_a_verified_case_as_withdrawn(incident):
    responder = a_responder()
    verify_incident(reference=incident.reference, actor=responder)
    sign_in_as(responder).post(case_url(incident, "clore"), {"raison": "withdrawn"})
    assert "Votre déclaration est retirée" in read_text(open_by_link(incident).get(follow_up_url(incident)))


def test_a_closed_case_is_not_withdrawn(incident):
    close_incident(reference=incident.reference, reason=ClosingReason.RESOLVED, why="Vu.", actor=a_responder())
    assert withdraw(open_by_link(incident), incident).status_code == 302
    incident.refresh_from_db()
    assert incident.closing_reason == ClosingReason.RESOLVED


def test_a_reason_that_is_too_long_is_refused_and_shown_again(incident):
    refused = withdraw(open_by_link(incident), incident, "x" * 1001)
    assert refused.status_code == 422
    assert "x" * 1001 in refused.content.decode()
    incident.refresh_from_db()
    assert incident.status == Status.DECLARED


def test_a_colleague_may_withdraw_and_the_centre_may_not(incident):
    assert withdraw(sign_in_as(a_responder()), incident).status_code == 403
    withdraw(sign_in_as(an_agent()), incident)
    incident.refresh_from_db()
    assert incident.closing_reason == ClosingReason.WITHDRAWN
