"""The table of retention: each kind of data, when it ends, why then, what its end is, and the function that does it.

`/vos-donnees/` shows it, the purge follows it, and the administration chooses durations within its bounds. What is
not in KINDS lasts: `retention/lasting.py` says how long, and has a line for each table of the database.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from accounts.models import AccessLink, PendingMail, SecurityEvent, StoredSession, User
from accounts.services import links, mails, sessions, unused
from incidents.models import ClosedVisit, Incident, UnsentText
from incidents.querysets import IncidentQuerySet
from incidents.services.declarant import visits
from incidents.services.declaring import draft
from incidents.services.evidence import upload
from incidents.services.handling import expire, unsent_text
from notifications.models import Delivery
from retention.enums import DataKind
from retention.models import DataRequest

type EndRows = Callable[[list[Any]], Counter[str]]

NO_LONGER = "RGPD, article 5, paragraphe 1, e : pas plus longtemps qu’il ne faut"
CHOSEN = "Durée choisie par l’installation, car aucun texte ne la fixe"


class Term(NamedTuple):
    """A duration in months, and the bounds within which the administration may choose another one."""

    default: int
    least: int
    most: int


@dataclass(frozen=True, kw_only=True)
class RetainedKind:
    """A kind of data that the purge ends.

    `since` says from when its term is counted, or the whole duration of a kind without a term, whose rows say
    themselves when they end. `select` returns the rows that began before an instant (a kind without a term: that have
    ended at this instant), and `moment` is the column or annotation with their own instant. `end` ends rows by their
    keys, inside a transaction that has locked them, and returns the numbers of what ended with them.
    """

    code: DataKind
    ending: str
    since: str
    basis: str
    select: Callable[[datetime], QuerySet[Any]]
    end: EndRows
    moment: str
    term: Term | None = None
    # Locks what else the end of these rows depends on, and returns the keys that may end now. The others wait.
    check_locked: Callable[[list[Any]], set[Any]] | None = None
    # The application may not lock rows that it may not change. Nobody else changes them meanwhile.
    is_append_only: bool = False
    # Set for what hurts most when it ends by mistake: all that exists of it. If more than usual is due at once, a
    # consent is needed (`retention/guard.py`).
    list_all: Callable[[], QuerySet[Any]] | None = None
    # The rows that a limit to come may make due, if they are more than those that `select` returns now.
    foresee: Callable[[datetime], QuerySet[Any]] | None = None
    # False for what lasts days or weeks, which is looked for every quarter of an hour.
    waits_for_night: bool = True


def end_quietly(end: Callable[[list[Any]], None]) -> EndRows:
    """Return a function that ends rows by `end` and reports nothing else."""

    def end_rows(keys: list[Any]) -> Counter[str]:
        end(keys)
        return Counter()

    return end_rows


def delete_rows(model: Any) -> EndRows:
    """Return a function that deletes the rows of a model that have these keys."""

    def delete(keys: list[Any]) -> None:
        model.objects.filter(pk__in=keys).delete()

    return end_quietly(delete)


def list_old_requests(limit: datetime) -> QuerySet[DataRequest]:
    """Return the requests of people that were answered before `limit`."""
    return DataRequest.objects.filter(answered_at__lt=limit)


def list_cases_to_purge(limit: datetime) -> IncidentQuerySet:
    """Return the closed cases whose time has come. A case waits for the answer to a request about it or its main case,
    because nothing could be read or corrected any more.
    """
    waiting = DataRequest.objects.filter(answered_at=None).exclude(reference="").values("reference")
    free = expire.list_expired_cases(limit).exclude(reference__in=waiting)
    return free.exclude(merged_into__in=Incident.objects.filter(reference__in=waiting))


KINDS: list[RetainedKind] = [
    RetainedKind(
        code=DataKind.CASES,
        ending=(
            "Le récit, les coordonnées, les messages, les notes, les indicateurs et les liens de suivi sont effacés ; "
            "la clé des pièces est détruite, et personne ne peut plus les lire ; leurs octets partent dans les 24 "
            "heures qui suivent. Restent les faits codés, la collectivité et l’historique."
        ),
        since="après la clôture, ou après le dernier ajout du déclarant, et après la réponse à une demande en cours",
        basis=(
            f"{CHOSEN}. Cinq ans est l’usage pour le registre des violations de données, que le centre aide à tenir "
            "(RGPD, article 33, paragraphe 5)"
        ),
        select=list_cases_to_purge,
        end=expire.pseudonymise_cases,
        check_locked=expire.lock_erasable_cases,
        moment="closed_at",
        list_all=lambda: Incident.objects.filter(erased_at=None),
        term=Term(default=60, least=12, most=120),
    ),
    RetainedKind(
        code=DataKind.DRAFTS,
        ending="Tout ce qui a été tapé et pas envoyé est effacé.",
        since="30 jours après le dernier écran, ou 2 jours sans réponse à une question",
        basis=f"{NO_LONGER} pour chercher un numéro ou demander de l’aide",
        select=draft.list_expired_drafts,
        end=end_quietly(draft.end_drafts),
        moment="expires_at",
        waits_for_night=False,
    ),
    RetainedKind(
        code=DataKind.UNSENT_TEXTS,
        ending="Ce qu’une personne du centre a tapé et pas envoyé est effacé.",
        since="30 jours après la dernière frappe",
        basis=f"{NO_LONGER} pour reprendre un texte interrompu",
        select=unsent_text.list_expired_unsent_texts,
        end=delete_rows(UnsentText),
        moment="expires_at",
        waits_for_night=False,
    ),
    RetainedKind(
        code=DataKind.UPLOADS,
        ending="Les morceaux déjà reçus sont effacés.",
        since="7 jours après le dernier morceau",
        basis=f"{NO_LONGER} pour reprendre un envoi sur une mauvaise ligne",
        select=upload.list_old_uploads,
        end=end_quietly(upload.delete_uploads),
        moment="touched_at",
        waits_for_night=False,
    ),
    RetainedKind(
        code=DataKind.CASE_MAILS,
        ending="Effacés : à qui un mail est parti, et quand. Le texte et l’adresse n’y sont jamais écrits.",
        since="après l’envoi, et après la clôture du dossier",
        basis=f"{CHOSEN}. Un an suffit pour savoir si quelqu’un a été prévenu",
        select=Delivery.objects.settled_before,
        end=delete_rows(Delivery),
        moment="due_at",
        term=Term(default=12, least=3, most=60),
    ),
    RetainedKind(
        code=DataKind.ACCOUNT_MAILS,
        ending="Effacés : l’adresse, le sujet et le jour de l’envoi.",
        since="après l’envoi",
        basis=f"{CHOSEN}. Un an suffit pour savoir qui a été prévenu d’un changement de compte",
        select=mails.list_old_mails,
        end=delete_rows(PendingMail),
        moment="created_at",
        term=Term(default=12, least=3, most=60),
    ),
    RetainedKind(
        code=DataKind.ACCESS_LINKS,
        ending="Effacés : qui a invité qui, et quand.",
        since="après leur fin",
        basis=f"{CHOSEN}. Un an, comme les mails qui les portent",
        select=links.list_old_links,
        end=delete_rows(AccessLink),
        moment="expires_at",
        term=Term(default=12, least=3, most=60),
    ),
    RetainedKind(
        code=DataKind.UNUSED_ACCOUNTS,
        ending=(
            "Le compte est fermé. Un mail prévient 30 jours avant. Reste ouvert celui d’une personne que nul ne "
            "remplace pour administrer la plateforme ou diriger un centre."
        ),
        since="après la dernière connexion",
        basis=(
            f"{CHOSEN}. Trois ans, car une collectivité se sert rarement d’un compte, et ne doit pas le perdre entre "
            "deux incidents"
        ),
        select=unused.list_accounts_to_close,
        end=end_quietly(unused.close_unused_accounts),
        moment="last_used_at",
        list_all=unused.list_open_accounts,
        foresee=unused.list_unused_accounts,
        term=Term(default=36, least=12, most=60),
    ),
    RetainedKind(
        code=DataKind.CLOSED_ACCOUNTS,
        ending=(
            "Le nom et l’adresse deviennent un pseudonyme, partout où le compte est cité ; les mails qui lui ont été "
            "envoyés sont effacés. Ce que la personne a signé dans un dossier y reste jusqu’au terme du dossier."
        ),
        since="après la fermeture du compte",
        basis=f"{CHOSEN}. Un an, pour répondre de ce que la personne a fait avant son départ",
        select=unused.list_accounts_to_pseudonymise,
        end=end_quietly(unused.pseudonymise_accounts),
        moment="closed_at",
        list_all=User.objects.all,
        term=Term(default=12, least=1, most=60),
    ),
    RetainedKind(
        code=DataKind.SESSIONS,
        ending="Effacés : l’appareil et l’adresse Internet de la connexion, et sa dernière activité.",
        since="2 semaines au plus après la dernière visite",
        basis=f"{NO_LONGER} pour rester connecté",
        select=sessions.list_expired_sessions,
        end=delete_rows(StoredSession),
        moment="expire_date",
        waits_for_night=False,
    ),
    RetainedKind(
        code=DataKind.CLOSED_VISITS,
        ending="Le numéro au hasard du cookie, qui ne dit ni le dossier ni la personne, est effacé.",
        since="7 jours après la fermeture",
        basis=f"{NO_LONGER} pour refuser une copie de ce cookie",
        select=visits.list_old_visits,
        end=delete_rows(ClosedVisit),
        moment="closed_at",
        is_append_only=True,
        waits_for_night=False,
    ),
    RetainedKind(
        code=DataKind.SECURITY_EVENTS,
        ending="Effacées. Elles n’ont que des pseudonymes.",
        since="après l’événement",
        basis=(
            f"{CHOSEN}. De six mois à un an est l’usage que recommande la CNIL (délibération 2021-122 du "
            "14 octobre 2021)"
        ),
        select=lambda limit: SecurityEvent.objects.filter(at__lt=limit),
        end=delete_rows(SecurityEvent),
        moment="at",
        term=Term(default=12, least=6, most=36),
        is_append_only=True,
    ),
    RetainedKind(
        code=DataKind.REQUESTS,
        ending="Effacés : qui a demandé quoi, la preuve de son identité et la réponse.",
        since="après la réponse",
        basis=f"{CHOSEN}. Cinq ans, pour montrer que la demande a eu sa réponse (RGPD, article 5, paragraphe 2)",
        select=list_old_requests,
        end=delete_rows(DataRequest),
        moment="answered_at",
        term=Term(default=60, least=12, most=120),
    ),
]

KINDS_BY_CODE = {kind.code: kind for kind in KINDS}
