"""The French words for the details of security events."""

from accounts.enums import Role, TokenScope

DETAILS: dict[str, str] = {
    "password": "par mot de passe",
    "totp": "par application",
    "recovery_codes": "par code de secours",
    "webauthn": "par clé d’accès",
    "passkey": "par clé d’accès seule",
    "code": "par code",
    "owner": "par la personne elle-même",
    "idle": "après un temps sans activité",
    "absolute": "à la durée la plus longue",
    "no_factor": "ouverte sans second facteur",
    "page": "sur la page du compte",
    "link": "par un lien reçu par mail",
    "requested": "demandé par quelqu’un",
    "sent_password": "envoyé",
    "sent_welcome": "envoyé, pour ouvrir le compte",
    "unknown": "inconnu",
    "revoked": "révoqué",
    "expired": "expiré",
    "without_effect": "sans effet",
    "scope": "hors de ses portées",
    "foreign": "d’un autre centre ou d’une autre collectivité",
    "territory_lost": "il ne le couvre plus",
    "territory_gained": "il le couvre",
    "evidence": "pièce d’un dossier",
    "answer_pack": "dossier de réponse",
    "exact_csv": "chiffres exacts (CSV)",
    "exact_xlsx": "chiffres exacts (tableur)",
    **{role.value: role.label for role in Role},
}

# The routes that are refused most often. Any other is shown by its name.
ROUTES: dict[str, str] = {
    "admin:index": "accueil de l’administration",
    "admin:accounts_user_changelist": "liste des comptes",
    "admin:accounts_user_change": "page d’un compte",
    "admin:accounts_user_add": "nouveau compte",
    "admin:accounts_securityevent_changelist": "événements de sécurité",
    "admin:accounts_sitenotice_changelist": "mentions du site",
    "admin:accounts_sitenotice_change": "mentions du site",
    "admin:incidents_incident_changelist": "liste des dossiers",
    "admin:incidents_incident_change": "page d’un dossier",
    "admin:incidents_incident_search": "recherche de dossiers",
    "admin:notifications_delivery_changelist": "liste des mails",
    "login": "page de connexion",
    "mfa_authenticate": "code à la connexion",
    "mfa_index": "page du compte",
    "own_cases": "dossiers de sa collectivité",
    "own_bodies": "ses collectivités",
    "body_home": "page d’une collectivité",
    "team": "page de l’équipe",
    "person": "page d’une personne de l’équipe",
    "follow_up_start": "code de suivi",
    "follow_up": "suivi d’un dossier",
    "exact_nation": "chiffres exacts de la France",
    "exact_region": "chiffres exacts d’une région",
    "exact_centre": "chiffres exacts d’un centre",
}


def describe_detail(detail: str) -> str:
    """Return the words for a detail: those of its code, the scopes of a token, or the page of a route. The name of a
    route without words stays as it is.
    """
    scopes = {scope.value: scope.label for scope in TokenScope}
    if detail and all(code in scopes for code in detail.split(".")):
        return ", ".join(scopes[code] for code in detail.split("."))
    return (DETAILS | ROUTES).get(detail, detail)
