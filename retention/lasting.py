"""What the purge does not end, with how long it lasts and why, and where each table of the database has its line.

`/vos-donnees/` shows LASTING after the kinds of `retention/table.py`. A new table needs an entry in PLACES.
"""

from typing import NamedTuple

from django.conf import settings

from core.french import choose_plural, format_number
from retention.enums import DataKind
from retention.table import NO_LONGER


class Lasting(NamedTuple):
    """Data that the purge does not end, with how long they last and why."""

    name: str
    term: str
    basis: str


FOR_EVER = "aussi longtemps que l’installation"
PUBLIC_TASK = "Mission d’intérêt public (RGPD, article 6, paragraphe 1, e)"
ACCOUNTABILITY = "Responsabilité (RGPD, article 5, paragraphe 2)"
SECURITY = "Sécurité du traitement (RGPD, article 32)"
PSEUDONYM = "Le nom devient un pseudonyme en même temps que celui du compte fermé"

OPEN_CASES = Lasting(
    "dossiers pas encore clos",
    "jusqu’à leur clôture, puis comme les dossiers clos",
    f"{PUBLIC_TASK} : l’aide a besoin de ce qui a été écrit. Une fois par "
    "an, un mail dit au centre combien de dossiers ouverts sont sans activité",
)
HISTORY = Lasting(
    "historique d’un dossier, et qui l’a lu",
    FOR_EVER,
    f"{PUBLIC_TASK} : savoir qui a vu et fait quoi. Ce journal ne "
    "tient que des codes, des instants et des comptes, dont le nom devient un pseudonyme",
)
FIGURES = Lasting(
    "faits comptés et publications",
    FOR_EVER,
    "Statistiques d’intérêt public (RGPD, article 89) : aucune personne n’y est nommée",
)
FIGURE_READINGS = Lasting(
    "qui a lu des chiffres exacts, et quand",
    FOR_EVER,
    f"{SECURITY} : ces chiffres désignent des collectivités. {PSEUDONYM}",
)
GROUPS = Lasting(
    "groupes de dossiers : leur titre, leur fiche, qui les a ouverts",
    f"{FOR_EVER} ; ce que la fiche répète d’un dossier, et le nom d’un prestataire, s’effacent avec le dossier",
    f"{PUBLIC_TASK} : traiter ensemble les victimes d’une même cause",
)
BULK_ACTS = Lasting(
    "actes faits sur plusieurs dossiers à la fois",
    f"{FOR_EVER} ; le message envoyé s’efface à la fin de l’acte",
    f"{PUBLIC_TASK} : savoir qui a fait quoi. {PSEUDONYM}",
)
CENTRE_TEXTS = Lasting(
    "guides, messages types et fiches réflexes d’un centre, et valeurs qu’il ne relève pas, avec leur motif",
    "jusqu’à ce que le centre les retire ; les versions d’avant des guides et des fiches, et les messages types "
    f"retirés, {FOR_EVER}",
    f"{PUBLIC_TASK}. Ces textes servent à tous les dossiers et n’en parlent d’aucun. {PSEUDONYM}",
)
BODIES = Lasting(
    "collectivités, y compris celles qu’une déclaration a ajoutées telles qu’elles y étaient écrites, et leur numéro "
    "officiel",
    FOR_EVER,
    f"{PUBLIC_TASK} : ce sont des organismes publics, et leur numéro de téléphone est public",
)
EMERGENCY_CONTACTS = Lasting(
    "contacts d’urgence d’une collectivité",
    "jusqu’à ce que la collectivité les change ou les vide",
    "Mission d’intérêt public : ils servent le jour d’un incident",
)
DIRECTORY = Lasting(
    "annuaire des centres et mentions du site, avec le nom ou l’adresse d’un délégué à la protection des données",
    f"jusqu’à ce que le centre ou l’administration les change ; les versions d’avant, {FOR_EVER}",
    f"{PUBLIC_TASK} : ces coordonnées sont publiées, et il faut savoir qui les a changées",
)
OPEN_ACCOUNTS = Lasting(
    "comptes ouverts, avec leurs seconds facteurs et leurs jetons",
    "tant qu’ils servent, puis comme les comptes sans usage et les comptes fermés",
    f"{PUBLIC_TASK} : ils donnent accès aux dossiers",
)
ROLES = Lasting(
    "rôles donnés à un compte : où, de quand à quand, confirmés par qui, par quel acte d’une région",
    FOR_EVER,
    f"{ACCOUNTABILITY} : savoir qui pouvait lire quoi. {PSEUDONYM}",
)
ADMINISTRATION = Lasting(
    "historique de l’administration : qui a ouvert, changé ou fermé un compte, noté une demande, changé l’annuaire",
    FOR_EVER,
    f"{ACCOUNTABILITY} : savoir qui a donné un accès. {PSEUDONYM}",
)
EXCEPTIONAL_ACCESSES = Lasting(
    "accès d’urgence à un centre, avec leur raison, et seconds facteurs remis à zéro",
    FOR_EVER,
    f"{SECURITY} : ces actes ouvrent un compte ou des dossiers. {PSEUDONYM}",
)
ADDRESS_LINKS = Lasting(
    "liens par lesquels un centre a confirmé son adresse",
    FOR_EVER,
    f"{SECURITY} : le dernier dit si l’adresse d’aujourd’hui est celle du centre",
)
PASSWORD_REQUESTS = Lasting(
    "adresses qui demandent un mot de passe",
    "quelques secondes, jusqu’à la réponse",
    f"{NO_LONGER} pour envoyer le lien",
)
WAITING_REQUESTS = Lasting(
    "demandes des personnes sur leurs données, sans réponse encore",
    "jusqu’à leur réponse, à donner dans le mois, puis comme les demandes répondues",
    "RGPD, article 12, paragraphe 3",
)
DURATIONS = Lasting(
    "durées choisies, avec leur raison et leur auteur, et attestations de destruction",
    FOR_EVER,
    f"{ACCOUNTABILITY} : montrer ce qui a été détruit, et pourquoi alors. Les attestations ne nomment personne",
)
COUNTERS = Lasting(
    "adresses Internet et boîtes mail comptées contre les abus",
    "une heure, et un jour pour les codes faux, sous forme d’empreintes",
    f"{NO_LONGER} pour refuser un robot",
)
SERVER_LOGS = Lasting(
    "journaux techniques du serveur",
    "ceux de la machine, réglés par qui l’exploite",
    "Aucune donnée d’un dossier n’y est écrite, sinon sa référence. Celle d’un dossier effacé, et le numéro d’un "
    "compte fermé, y servent à les effacer de nouveau si une sauvegarde est remise",
)

LASTING: list[Lasting] = [
    *(OPEN_CASES, HISTORY, GROUPS, BULK_ACTS, CENTRE_TEXTS, BODIES, EMERGENCY_CONTACTS, DIRECTORY),
    *(OPEN_ACCOUNTS, ROLES, ADMINISTRATION, EXCEPTIONAL_ACCESSES, ADDRESS_LINKS, PASSWORD_REQUESTS),
    *(WAITING_REQUESTS, DURATIONS, FIGURES, FIGURE_READINGS, COUNTERS, SERVER_LOGS),
]


def describe_lasting() -> list[Lasting]:
    """Return LASTING, then the line of backups with the days that the host has set."""
    days = settings.BACKUP_DAYS
    term = (
        f"{format_number(days)} {choose_plural('jour', 'jours', days)} au plus"
        if days
        else "durée que l’hébergeur fixe"
    )
    basis = (
        f"{SECURITY} : rétablir le site après une panne. Ce qui est effacé y reste jusque-là. Si une sauvegarde est "
        "remise, les dossiers et les comptes effacés le sont de nouveau"
    )
    return [*LASTING, Lasting("sauvegardes", term, basis)]


NOBODY = "no personal data: "
COUNTED = f"{NOBODY}codes and numbers of bodies"

# Where the rows of each table end, or what says that they do not: a kind of the purge, a line of LASTING, or a reason.
PLACES: dict[str, tuple[DataKind | Lasting, ...] | str] = {
    "accounts.AccessLink": (DataKind.ACCESS_LINKS, ADDRESS_LINKS),
    "accounts.ApiToken": (OPEN_ACCOUNTS, DataKind.CLOSED_ACCOUNTS),
    "accounts.BreakGlass": (EXCEPTIONAL_ACCESSES,),
    "accounts.BreakGlassEnd": (EXCEPTIONAL_ACCESSES,),
    "accounts.EmergencyContact": (EMERGENCY_CONTACTS,),
    "accounts.FactorReset": (EXCEPTIONAL_ACCESSES,),
    "accounts.Installation": f"{NOBODY}one row, which says whether this is a demonstration",
    "accounts.Membership": (ROLES,),
    "accounts.PasswordRequest": (PASSWORD_REQUESTS,),
    "accounts.PendingMail": (DataKind.ACCOUNT_MAILS, DataKind.CLOSED_ACCOUNTS),
    "accounts.SecurityEvent": (DataKind.SECURITY_EVENTS,),
    "accounts.SiteNotice": (DIRECTORY,),
    "accounts.SiteNoticeEvent": (DIRECTORY,),
    "accounts.StoredSession": (DataKind.SESSIONS,),
    "accounts.User": (OPEN_ACCOUNTS, DataKind.UNUSED_ACCOUNTS, DataKind.CLOSED_ACCOUNTS),
    "account.EmailAddress": (OPEN_ACCOUNTS, DataKind.CLOSED_ACCOUNTS),
    "account.EmailConfirmation": (OPEN_ACCOUNTS, DataKind.CLOSED_ACCOUNTS),
    "admin.LogEntry": (ADMINISTRATION,),
    "auth.Group": f"{NOBODY}never used",
    "auth.Permission": f"{NOBODY}names of permissions",
    "collectivities.Alias": f"{NOBODY}other names of bodies",
    "collectivities.Collectivity": (BODIES,),
    "collectivities.Departement": f"{NOBODY}the official list",
    "collectivities.Grouping": f"{NOBODY}the official list",
    "collectivities.GroundsVersion": f"{NOBODY}a number of version",
    "collectivities.Region": f"{NOBODY}the official list",
    "contenttypes.ContentType": f"{NOBODY}names of tables",
    "csirts.BackupCentre": f"{NOBODY}which centre replaces which",
    "csirts.BackupCentreEvent": f"{NOBODY}the same, before",
    "csirts.Contact": (DIRECTORY,),
    "csirts.ContactEvent": (DIRECTORY,),
    "csirts.Coverage": f"{NOBODY}territories of centres",
    "csirts.CoverageEvent": f"{NOBODY}the same, before",
    "csirts.Csirt": (DIRECTORY,),
    "csirts.CsirtEvent": (DIRECTORY,),
    "csirts.DirectoryVersion": f"{NOBODY}a number of version",
    **{f"incidents.{name}": (HISTORY,) for name in ("CaseAccess", "IncidentEvent", "Opening")},
    **{
        f"incidents.{name}": (OPEN_CASES, DataKind.CASES)
        for name in (
            *("Advice", "AnswerSheet", "CaseKey", "Closing", "DataLeak", "Evidence", "FollowUpAccess", "Incident"),
            *("LegalHold", "Message", "Note", "Observable", "Paper", "Rating", "Reading", "SearchDocument"),
            *("ServiceInterruption", "SeverityChoice", "SharedSentence", "Story", "Task", "Transfer"),
        )
    },
    "incidents.BulkItem": (BULK_ACTS,),
    "incidents.BulkJob": (BULK_ACTS,),
    "incidents.CaseGroup": (GROUPS,),
    "incidents.ClosedVisit": (DataKind.CLOSED_VISITS,),
    "incidents.CodeGuess": (COUNTERS,),
    "incidents.Draft": (DataKind.DRAFTS, DataKind.CASES),
    "incidents.DraftPage": (DataKind.DRAFTS,),
    "incidents.EvidenceUpload": (DataKind.UPLOADS, DataKind.CASES),
    "incidents.IgnoredValue": (CENTRE_TEXTS,),
    "incidents.MessageTemplate": (CENTRE_TEXTS,),
    "incidents.OfficialNumber": (BODIES,),
    "incidents.PendingEvent": f"{NOBODY}which event a worker has yet to handle",
    "incidents.Playbook": (CENTRE_TEXTS,),
    "incidents.RecentCount": (COUNTERS,),
    "incidents.ReflexSheet": (CENTRE_TEXTS,),
    "incidents.RoutingCheck": f"{NOBODY}how far a comparison is",
    "incidents.StrayObject": f"{NOBODY}a random name of a file that is about to be removed",
    "incidents.UnsentText": (DataKind.UNSENT_TEXTS, DataKind.CASES),
    "mfa.Authenticator": (OPEN_ACCOUNTS, DataKind.CLOSED_ACCOUNTS),
    "notifications.Announcement": f"{NOBODY}that the recipients of an event were chosen",
    "notifications.Delivery": (DataKind.CASE_MAILS,),
    "pghistory.Context": (DIRECTORY,),
    "pghistory.Events": f"{NOBODY}no table: a view of the versions above",
    "pghistory.MiddlewareEvents": f"{NOBODY}no table: a view of the versions above",
    "retention.DataRequest": (WAITING_REQUESTS, DataKind.REQUESTS),
    "retention.Destruction": (DURATIONS,),
    "retention.PurgeState": f"{NOBODY}when the purge ran, and what stopped it",
    "retention.RetentionChoice": (DURATIONS,),
    "sessions.Session": (DataKind.SESSIONS,),
    "stats.Attempt": COUNTED,
    "stats.CaseFact": (FIGURES,),
    "stats.CountedCase": (FIGURES,),
    "stats.Denominator": COUNTED,
    "stats.ExactReading": (FIGURE_READINGS,),
    "stats.Figure": (FIGURES,),
    "stats.FigureCheck": COUNTED,
    "stats.Presence": COUNTED,
    "stats.Release": (FIGURES,),
    "stats.Report": COUNTED,
    "stats.Rollup": COUNTED,
}
