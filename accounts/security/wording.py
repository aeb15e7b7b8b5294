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
    "evidence": "pièce d’un dossier",
    "answer_pack": "dossier de réponse",
    "exact_csv": "chiffres exacts (CSV)",
    "exact_xlsx": "chiffres exacts (tableur)",
    **{role.value: role.label for role in Role},
}


def describe_detail(detail: str) -> str:
    """Return the words for a detail: those of its code, the scopes of a token, or the name of the route as it is."""
    scopes = {scope.value: scope.label for scope in TokenScope}
    if detail and all(code in scopes for code in detail.split(".")):
        return ", ".join(scopes[code] for code in detail.split("."))
    return DETAILS.get(detail, detail)
