"""What Tocsin holds about a person with an account, as this person downloads it.

It gives the address of nobody else, no text of a case, and the reference of a case only to who may read it now.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Q, QuerySet

from accounts.models import AccessLink, BreakGlass, BreakGlassEnd, EmergencyContact, FactorReset, SecurityEvent, User
from accounts.security.pseudonyms import list_pseudonyms
from accounts.services.roles import describe_role
from accounts.services.sessions import list_sessions
from accounts.services.unused import list_mails_to
from core.french import format_number
from incidents.models import CaseAccess, Incident, IncidentEvent, Message, Note, Opening, UnsentText
from notifications.models import Delivery
from retention.models import DataRequest, RetentionChoice
from stats.models import ExactReading

# The newest lines of each list: a responder acts thousands of times.
MOST_LINES = 1_000
NOT_READABLE = "dossier que vous ne lisez plus"


def describe_person(user: User, session: SessionBase) -> dict[str, Any]:
    """Return what is stored about this person, by subject. No secret is in it: neither password, nor seed, nor key."""
    return {
        "compte": {
            "adresse": user.email,
            "nom": user.display_name,
            "ouvert_le": user.created_at,
            "dernière_connexion": user.last_login,
            "averti_de_la_fermeture_le": user.unused_warned_at,
        },
        "rôles": [
            {"rôle": describe_role(role), "depuis": role.since_on, "jusqu’au": role.ended_on, "acte": role.exact_act}
            for role in user.membership_set.select_related("collectivity__departement", "csirt", "region")
        ],
        "sessions": [
            {"ouverte_le": row.began_at, "appareil": row.device, "adresse": row.address}
            for row in list_sessions(user, session)
        ],
        "seconds_facteurs": list(Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")),
        "jetons": list(user.api_tokens.values("name", "scopes", "created_at", "expires_at", "last_used_at")),
        **describe_account_traces(user),
        **describe_written_rows(user),
        **describe_case_traces(user),
    }


def describe_account_traces(user: User) -> dict[str, Any]:
    """Return what this person did and received outside cases."""
    # Mails about this person that went to somebody else would give the address of that person.
    mails = list_mails_to([user])
    pseudonyms = list_pseudonyms(user)
    security = SecurityEvent.objects.filter(Q(person__in=pseudonyms) | Q(actor__in=pseudonyms))
    resets = FactorReset.objects.filter(Q(user=user) | Q(by=user))
    own_lines = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    ).exclude(user=user)
    action = {"objet": "content_type__model", "acte": "action_flag", "le": "action_time"}
    request = {"demande": "kind", "reçue_le": "received_on"}
    noted, answered = DataRequest.objects.filter(taken_by=user), DataRequest.objects.filter(answered_by=user)
    accesses, ends = BreakGlass.objects.filter(user=user), BreakGlassEnd.objects.filter(by=user)
    of_access = {"centre": "csirt__name", "ouvert_le": "started_at", "jusqu_au": "ends_at", "coupé_le": "end__at"}
    return {
        "mails_de_compte": list_lines(mails, sujet="kind", écrit_le="created_at", parti_le="sent_at"),
        "traces_de_sécurité": list_lines(security, sujet="kind", issue="outcome", le="at"),
        "seconds_facteurs_remis_à_zéro": list_lines(resets, le="at"),
        "accès_d’urgence": list_lines(accesses, **of_access),
        "accès_d’urgence_coupés": list_lines(ends, le="at"),
        "demandes_notées": list_lines(noted, **request, notée_le="taken_at"),
        "demandes_répondues": list_lines(answered, **request, suite="outcome", répondue_le="answered_at"),
        "actes_d’administration": list_lines(LogEntry.objects.filter(user=user), **action),
        "histoire_du_compte": list_lines(own_lines, **action),
        "chiffres_lus": list_lines(ExactReading.objects.filter(user=user), année="year", le="minute"),
    }


def describe_written_rows(user: User) -> dict[str, Any]:
    """Return what this person wrote or sent that is of no case."""
    contacts, links = EmergencyContact.objects.filter(updated_by=user), AccessLink.objects.filter(made_by=user)
    choices = RetentionChoice.objects.filter(chosen_by=user)
    return {
        "contacts_d’urgence_écrits": list_lines(contacts, qui="kind", le="updated_at"),
        "liens_envoyés": list_lines(links, usage="purpose", le="created_at"),
        "durées_choisies": list_lines(choices, donnée="kind", mois="months", raison="reason", le="chosen_at"),
    }


def describe_case_traces(user: User) -> dict[str, Any]:
    """Return what this person did, read, opened, wrote and received in cases, without a word of them."""
    events, reads = IncidentEvent.objects.filter(actor=user), CaseAccess.objects.filter(user=user)
    openings, mails = Opening.objects.filter(user=user), Delivery.objects.filter(person=user)
    messages, notes = Message.objects.filter(actor=user), Note.objects.filter(author=user)
    unsent = UnsentText.objects.filter(user=user)
    of_mail = {"sujet": "announcement__event__kind", "état": "status", "parti_le": "sent_at"}
    return {
        "actes": list_case_lines(user, events, "incident", acte="kind", le="at"),
        "lectures": list_case_lines(user, reads, "incident", par_où="door", le="at"),
        "pièces_ouvertes": list_case_lines(user, openings, "evidence__incident", le="at"),
        "messages_écrits": list_case_lines(user, messages, "incident", numéro="pk", le="written_at"),
        "notes_écrites": list_case_lines(user, notes, "incident", numéro="pk", le="written_at"),
        "textes_pas_envoyés": list_case_lines(user, unsent, "incident", le="saved_at"),
        "mails_de_dossiers": list_case_lines(user, mails, "announcement__event__incident", **of_mail),
    }


def list_lines(rows: QuerySet[Any], **columns: str) -> dict[str, Any]:
    """Return how many rows there are, and these columns of the newest MOST_LINES, with a sentence if some are left
    out. The names of `columns` are those of the file.
    """
    newest = rows.order_by("-pk").values_list(*columns.values())[:MOST_LINES]
    lines = [dict(zip(columns, values, strict=True)) for values in newest]
    total = len(lines) if len(lines) < MOST_LINES else rows.count()
    if total == len(lines):
        return {"total": total, "lignes": lines}
    cut = (
        f"Les {format_number(MOST_LINES)} lignes les plus récentes sur {format_number(total)}. Demandez les autres à "
        "qui administre la plateforme."
    )
    return {"total": total, "coupé": cut, "lignes": lines}


def list_case_lines(user: User, rows: QuerySet[Any], to_case: str, **columns: str) -> dict[str, Any]:
    """Return the same for rows of cases, each with the reference of its case if the person may read it now. A former
    role gives no reading. `to_case` is the path from a row to its case.
    """
    listed = list_lines(rows, dossier=f"{to_case}_id", **columns)
    cases = Incident.objects.visible_to(user).filter(pk__in={line["dossier"] for line in listed["lignes"]})
    references = dict(cases.values_list("pk", "reference"))
    for line in listed["lignes"]:
        line["dossier"] = references.get(line["dossier"], NOT_READABLE)
    return listed
