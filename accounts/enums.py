"""The roles of people and the states of mails and links, as the database stores them."""

from datetime import timedelta
from enum import StrEnum

from django.db import models

# How long before its closing the person of an unused account is warned.
UNUSED_WARNING = timedelta(days=30)

# After how long without anything happening the leads of a centre hear of its open cases, and how often.
SILENCE = timedelta(days=365)


class Role(models.TextChoices):
    """The role of a person in a body, a centre, a région or the whole platform."""

    AGENT = "agent", "agent d’une collectivité"
    MANAGER = "manager", "responsable d’une collectivité"
    RESPONDER = "responder", "intervenant d’un CSIRT"
    LEAD = "lead", "responsable d’un CSIRT"
    ANALYST = "analyst", "analyste d’un campus cyber"
    NATIONAL = "national", "coordination nationale"
    ADMINISTRATOR = "administrator", "administration de la plateforme"


class CentreAbility(StrEnum):
    """An ability that a role gives in a CSIRT: to read its cases, to work on them, or to lead it. Every check of what
    a person may do in a CSIRT names one ability.
    """

    # See its cases with their messages, files and indicators, its transfers, groups, guides and ignored values. The
    # pages of hand-overs, message templates and bulk jobs, and the tokens of the API, need WORK.
    READ = "read"
    WORK = "work"  # act on its cases, groups and messages
    LEAD = "lead"  # manage its people, address, guides and reflex sheets, and see its figures


# Each role of a CSIRT has one line here. One with READ alone only reads.
CENTRE_ABILITIES: dict[str, frozenset[CentreAbility]] = {
    Role.RESPONDER: frozenset({CentreAbility.READ, CentreAbility.WORK}),
    Role.LEAD: frozenset(CentreAbility),
}
COLLECTIVITY_ROLES = (Role.AGENT, Role.MANAGER)
CSIRT_ROLES = tuple(CENTRE_ABILITIES)
# The roles whose holders can be assigned a case.
WORKING_ROLES = tuple(role for role, may in CENTRE_ABILITIES.items() if CentreAbility.WORK in may)
# The roles whose holders manage their CSIRT.
LEADING_ROLES = tuple(role for role, may in CENTRE_ABILITIES.items() if CentreAbility.LEAD in may)
# The roles whose holders the lead of a CSIRT helps, and which the lead can end.
TEAM_ROLES = tuple(role for role, may in CENTRE_ABILITIES.items() if CentreAbility.LEAD not in may)
REGION_ROLES = (Role.ANALYST,)
PLATFORM_ROLES = (Role.NATIONAL, Role.ADMINISTRATOR)
# The roles that work in the admin. Agents of a body and analysts do nothing there.
STAFF_ROLES = (*CSIRT_ROLES, Role.ADMINISTRATOR)
# The roles that read the cases of centres, exact figures or the coordination, or decide who reads them. Their pages
# need a second factor. Pages only offer one to people of a body: docs/decisions/0030-sign-in-with-allauth.md says why.
SECOND_FACTOR_ROLES = (*CSIRT_ROLES, *REGION_ROLES, *PLATFORM_ROLES)


class Accessibility(models.TextChoices):
    """How far the site follows the RGAA, in the words that the decree no. 2019-768, article 5, asks for on each home
    page. Without an audit, the state is NONE.
    """

    NONE = "none", "non conforme"
    PARTIAL = "partial", "partiellement conforme"
    FULL = "full", "totalement conforme"


class Trouble(models.TextChoices):
    """The reason why the last attempt to send a mail failed. Only a code is stored, because the reply of the mail
    server may contain an address.
    """

    NONE = "", "aucun"
    NO_ADDRESS = "no_address", "plus d’adresse au moment de l’envoi"
    DEMONSTRATION = "demonstration", "adresse réelle dans une base de démonstration"
    REFUSED = "refused", "refusé par le serveur du destinataire"
    POSTPONED = "postponed", "remis à plus tard par le serveur du destinataire"
    CUT_OFF = "cut_off", "connexion coupée pendant l’envoi"
    UNREACHABLE = "unreachable", "serveur d’envoi injoignable"
    UNWRITABLE = "unwritable", "message impossible à écrire"


class MailKind(models.TextChoices):
    """The kind of a mail about an account. Each kind has one template."""

    WELCOME = "welcome", "compte ouvert"
    INVITATION = "invitation", "invitation"
    PASSWORD_LINK = "password_link", "lien de mot de passe"
    PASSWORD_CHANGED = "password_changed", "mot de passe changé"
    FACTOR_ADDED = "factor_added", "second facteur ajouté"
    FACTOR_REMOVED = "factor_removed", "second facteur retiré"
    CODES_RENEWED = "codes_renewed", "codes de secours renouvelés"
    FACTOR_RESET = "factor_reset", "second facteur remis à zéro"
    TOKEN_MADE = "token_made", "jeton d’API créé"
    ADDRESS_CHANGED = "address_changed", "adresse mail changée"
    CENTRE_INVITATION = "centre_invitation", "invitation dans un centre"
    CHANNEL = "channel", "essai de l’adresse d’un centre"
    CHANNEL_CHANGED = "channel_changed", "adresse d’un centre changée"
    ROLE_AWAITS = "role_awaits", "rôle à confirmer par un centre"
    ROLE_CONFIRMED = "role_confirmed", "rôle confirmé par un centre"
    ROLE_GIVEN = "role_given", "rôle donné dans un centre"
    TEAM_FACTOR_RESET = "team_factor_reset", "second facteur remis à zéro dans un centre"
    BREAK_GLASS = "break_glass", "accès d’urgence à un centre"
    TEAM_ADDRESS_CHANGED = "team_address_changed", "adresse mail changée dans un centre"
    LEAD_REMOVED = "lead_removed", "rôle de responsable retiré dans un centre"
    NEW_PLACE = "new_place", "connexion depuis une nouvelle adresse Internet"
    UNUSED_ACCOUNT = "unused_account", "compte sans usage, bientôt fermé"
    COMING_PURGE = "coming_purge", "destruction annoncée"
    HOLD_ENDED = "hold_ended", "gel d’un dossier levé dans un centre"
    SILENT_CASES = "silent_cases", "dossiers ouverts sans activité"
    TERRITORY_CHANGED = "territory_changed", "territoire d’un centre changé"
    CASES_MOVED = "cases_moved", "dossiers passés d’un centre à un autre"
    CASE_ERASED = "case_erased", "dossier effacé dans un centre"
    BODY_ROLE_GIVEN = "body_role_given", "rôle donné dans une collectivité"


CENTRE_ROLE_MAILS = (MailKind.ROLE_AWAITS, MailKind.ROLE_CONFIRMED, MailKind.ROLE_GIVEN)
# The kinds that name a role, and who gave or confirmed it.
ROLE_MAILS = (*CENTRE_ROLE_MAILS, MailKind.BODY_ROLE_GIVEN)
# The kinds that are about a centre and carry no link.
CENTRE_MAILS = (
    *(MailKind.CHANNEL_CHANGED, MailKind.TEAM_FACTOR_RESET, MailKind.BREAK_GLASS, *CENTRE_ROLE_MAILS),
    *(MailKind.TEAM_ADDRESS_CHANGED, MailKind.LEAD_REMOVED, MailKind.HOLD_ENDED, MailKind.SILENT_CASES),
    *(MailKind.TERRITORY_CHANGED, MailKind.CASES_MOVED, MailKind.CASE_ERASED),
)
# The kinds that say something which no row of the account, the centre or the link holds.
DETAILED_MAILS = (
    *(MailKind.HOLD_ENDED, MailKind.COMING_PURGE, MailKind.SILENT_CASES),
    *(MailKind.TERRITORY_CHANGED, MailKind.CASES_MOVED, MailKind.CASE_ERASED),
)


class TokenScope(models.TextChoices):
    """What a token of the API may do, within the rights that its person has at that moment."""

    READ = "read", "lire les dossiers"
    DECLARE = "declare", "déclarer un incident"
    TRIAGE = "triage", "prendre un dossier en charge"


class MailStatus(models.TextChoices):
    """The state of a mail about an account."""

    DUE = "due", "à envoyer"
    SENT = "sent", "envoyé"
    REFUSED = "refused", "refusé"
    DEAD = "dead", "abandonné"


class LinkPurpose(models.TextChoices):
    """The purpose of a link sent by mail."""

    WELCOME = "welcome", "ouvrir son compte"
    INVITATION = "invitation", "rejoindre une collectivité ou un centre"
    PASSWORD = "password", "choisir un mot de passe"
    CHANNEL = "channel", "confirmer l’adresse d’un centre"


class EmergencyContactKind(models.TextChoices):
    """The kind of person or firm that a body calls when its computers are down."""

    SUPPLIER = "supplier", "prestataire informatique"
    DPO = "dpo", "délégué à la protection des données"
    INSURER = "insurer", "assureur"
    ELECTED = "elected", "élu référent"


class SecurityEventKind(models.TextChoices):
    """The kind of a security event. docs/logs.md says where each is recorded."""

    SIGN_IN = "sign_in", "connexion"
    SECOND_FACTOR = "second_factor", "second facteur à la connexion"
    IDENTITY_PROOF = "identity_proof", "identité confirmée de nouveau"
    SIGN_OUT = "sign_out", "déconnexion"
    SESSION_ENDED = "session_ended", "session terminée"
    PASSWORD_CHANGED = "password_changed", "mot de passe changé"
    PASSWORD_LINK = "password_link", "lien de mot de passe"
    FACTOR_ADDED = "factor_added", "second facteur ajouté"
    FACTOR_REMOVED = "factor_removed", "second facteur retiré"
    CODES_RENEWED = "codes_renewed", "codes de secours renouvelés"
    FACTOR_RESET = "factor_reset", "second facteur remis à zéro"
    ADDRESS_CHANGED = "address_changed", "adresse mail changée"
    ACCOUNT_CLOSED = "account_closed", "compte fermé"
    ACCOUNT_REOPENED = "account_reopened", "compte rouvert"
    ROLE_GIVEN = "role_given", "rôle donné"
    ROLE_CONFIRMED = "role_confirmed", "rôle confirmé"
    ROLE_REFUSED = "role_refused", "rôle refusé"
    ROLE_ENDED = "role_ended", "rôle terminé"
    TOKEN_MADE = "token_made", "jeton d’API créé"
    TOKEN_REVOKED = "token_revoked", "jeton d’API révoqué"
    TOKEN_REFUSED = "token_refused", "jeton d’API refusé"
    ACCESS_REFUSED = "access_refused", "page ou acte interdit"
    CASE_REFUSED = "case_refused", "dossier demandé hors de ses droits"
    FORM_REFUSED = "form_refused", "formulaire envoyé par un autre site"
    REQUEST_REFUSED = "request_refused", "requête mal formée"
    LIMIT_REACHED = "limit_reached", "limite atteinte"
    EXPORT = "export", "fichier téléchargé"
    BREAK_GLASS_OPENED = "break_glass_opened", "accès d’urgence ouvert"
    BREAK_GLASS_ENDED = "break_glass_ended", "accès d’urgence terminé"
    HOLD_PLACED = "hold_placed", "dossier gelé"
    HOLD_ENDED = "hold_ended", "gel d’un dossier levé"
    CASE_ERASED = "case_erased", "dossier effacé"
    TERRITORY_CHANGED = "territory_changed", "territoire d’un centre changé"
    KEYS_ROTATED = "keys_rotated", "clés renouvelées"
    RETENTION_DECIDED = "retention_decided", "durée de conservation choisie, ou purge confirmée"
    EVENTS_SEARCHED = "events_searched", "événements d’un compte consultés"
    OVERFLOW = "overflow", "événements comptés ensemble"


class SecurityOutcome(models.TextChoices):
    """What came of a security event: an act was done, a proof was wrong, or the site refused."""

    DONE = "done", "fait"
    FAILED = "failed", "échoué"
    REFUSED = "refused", "refusé"
