"""The sentences that tell a responder whether the declarant is notified of an act.

Only a mail notifies a declarant. If a case has no mail address, the responder has to telephone.
"""

from collections.abc import Sequence

from accounts.models import User
from core.french import choose_plural
from core.telephone import format_phone
from incidents.enums import Status
from incidents.models import Incident
from incidents.reference import hyphenate
from incidents.services.correspondence.correspond import Letter
from incidents.services.handling.unsent_text import has_begun_reply

NOTIFIED = "Le déclarant en est averti."


def format_notice(incident: Incident, notified: str = NOTIFIED) -> str:
    """Return the sentence `notified` if a mail can reach the declarant.

    Otherwise return a sentence that says what the responder must do instead.
    """
    if incident.story.contact_email:
        return notified
    if incident.erased_at:
        return "Ses coordonnées sont effacées : le déclarant n’en est pas averti."
    if incident.story.contact_phone:
        return "Le déclarant n’a pas de mail : appelez-le."
    return "Le déclarant n’a donné ni mail ni téléphone : rien ne l’en avertit."


def format_group_notice(addresses: Sequence[str]) -> str:
    """Return sentences on how many of the declarants are notified by mail, and how many must be called.

    `addresses` contains the mail address of each declarant, or "".
    """
    number, mailed = len(addresses), sum(map(bool, addresses))
    if mailed == number:
        return choose_plural("Un mail le prévient.", "Un mail prévient chacun.", number)
    if mailed == 0:
        return choose_plural(
            "Il n’a pas de mail : il ne sera pas prévenu. Téléphonez-lui.",
            "Aucun n’a de mail : personne ne sera prévenu. Téléphonez-leur.",
            number,
        )
    without = number - mailed
    rest = choose_plural(
        "%(number)s n’a pas de mail et ne le sera pas : téléphonez-lui.",
        "%(number)s n’ont pas de mail et ne le seront pas : téléphonez-leur.",
        without,
    )
    reached = choose_plural("%(mailed)s sera prévenu par mail.", "%(mailed)s seront prévenus par mail.", mailed)
    return f"{reached} {rest}" % {"mailed": mailed, "number": without}


def format_notice_to_all(incident: Incident) -> str:
    """Return sentences on whether the declarants of the case and of its duplicates are notified of an act.

    Runs one query.
    """
    return " ".join(filter(None, [format_notice(incident), format_duplicates_notice(incident)]))


def format_closing_notice(incident: Incident, user: User) -> str:
    """Return sentences on whether the declarants are notified of the closing. Runs two queries.

    If `user` began a message and did not send it, a sentence says so.
    """
    begun = "Le message que vous aviez commencé n’est pas envoyé : il est gardé sous « Répondre »."
    sentences = [format_notice_to_all(incident), begun if has_begun_reply(incident, user) else ""]
    return " ".join(filter(None, sentences))


def format_sent_confirmation(incident: Incident, letter: Letter, *, with_duplicates: bool) -> str:
    """Return the confirmation that a message was sent. `incident` is the case as it was before the message.

    `with_duplicates` is true if the declarants of the duplicates got the message too. One query then runs.
    """
    sentences = [
        "Message envoyé.",
        format_notice(incident, "Le déclarant peut le lire sur sa page de suivi."),
        format_duplicates_notice(incident) if with_duplicates else "",
        format_question_notice(incident, letter),
    ]
    return " ".join(filter(None, sentences))


def format_question_notice(incident: Incident, letter: Letter) -> str:
    """Return a sentence that says whether the earlier question to the declarant still awaits an answer.

    Return "" if no question was open before the message.
    """
    if incident.awaited_since is None or incident.status == Status.CLOSED:
        return ""
    if letter.lifts_question:
        return "La question posée avant n’attend plus de réponse."
    return "La question posée avant attend toujours sa réponse."


def format_duplicates_notice(incident: Incident) -> str:
    """Return a sentence with the telephone numbers of the declarants of duplicates who have no mail address.

    Return "" if there are none. Runs one query.
    """
    duplicates = incident.doubles.filter(erased_at=None, story__contact_email="").order_by("pk")
    unreached = list(duplicates.values_list("reference", "story__contact_phone"))
    if not unreached:
        return ""
    sentence = choose_plural(
        "Le déclarant d’un double n’a pas de mail : appelez-le (%(calls)s).",
        "Les déclarants de %(number)s doubles n’ont pas de mail : appelez-les (%(calls)s).",
        len(unreached),
    )
    calls = [f"{hyphenate(reference)}, {format_phone(phone) or 'sans téléphone'}" for reference, phone in unreached]
    return sentence % {"number": len(unreached), "calls": "\N{NO-BREAK SPACE}; ".join(calls)}
