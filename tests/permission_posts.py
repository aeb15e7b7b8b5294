"""The fields that the tests of permissions post to each route of the matrix that needs more than an empty form, and
the scope that each route of the API needs.
"""

from collections.abc import Callable

from accounts.enums import TokenScope
from incidents.models import Incident

# The scope that the token of a program needs, by method and route of the API. The other routes of the API are public.
SCOPES = {
    ("get", "api/v1/incidents/"): TokenScope.READ,
    ("post", "api/v1/incidents/"): TokenScope.DECLARE,
    ("get", "api/v1/incidents/{reference}/"): TokenScope.READ,
    ("post", "api/v1/incidents/{reference}/acknowledge/"): TokenScope.TRIAGE,
}


def get_centre_id(incident: Incident) -> int | None:
    return incident.csirt_id


# The fields to send, by route. A value that depends on the case is a function of it.
SENT: dict[str, dict[str, str | Callable[[Incident], int | None]]] = {
    "equipe/adresse/abandonner/": {"csirt": get_centre_id},
    "equipe/adresse/retirer/": {"csirt": get_centre_id},
    "equipe/invitations/{uid}/retirer/": {"csirt": get_centre_id},
    "equipe/{uid}/retirer/": {"csirt": get_centre_id},
    "suivi/{reference}/pieces/envoi/": {"nom": "photo.jpg", "taille": "9"},
    "api/v1/collectivities/": {"q": "Plouexemple"},
    "admin/incidents/incident/{reference}/{act}/": {"raison": "resolved"},
    "admin/incidents/incident/{reference}/gel/": {"motive": "Plainte en cours"},
    "admin/incidents/incident/{reference}/message/": {"text": "Bonjour"},
    "admin/incidents/incident/{reference}/gravite/": {"severity": "2", "motive": "Sauvegardes intactes"},
    "admin/incidents/incident/{reference}/qualifier/": {
        "nature": "incident",
        "type": "rancon",
        "rsit": "availability/sabotage",
        "tlp": "amber",
        "pap": "green",
    },
    "admin/incidents/incident/{reference}/cloture/": {"reason": "not_an_incident"},
    "admin/incidents/incident/{reference}/appel/": {"direction": "call_in"},
    "admin/incidents/incident/{reference}/verifier/": {"source": "known"},
    "admin/incidents/incident/{reference}/numero-officiel/": {"retirer": "oui"},
    "admin/incidents/incident/{reference}/rouvrir/": {"motive": "Cela recommence"},
    "suivi/{reference}/avis/": {"level": "4"},
    "admin/incidents/incident/{reference}/note/": {"kind": "note", "text": "Vu avec le maire"},
    "admin/incidents/incident/{reference}/attribuer/": {"assignee": "personne"},
    "admin/incidents/incident/{reference}/taches/": {"title": "Rappeler"},
    "admin/incidents/incident/{reference}/taches/{uid}/": {"etat": "done"},
    "admin/incidents/incident/{reference}/transfert/": {
        "taker": "ailleurs",
        "motive": "Leur territoire",
        "agreed": "on",
        "agreement": "Oui",
        "label": "amber+strict",
    },
    "admin/incidents/incident/indicateurs/": {"text": "evil.example"},
    "admin/incidents/incident/valeurs-connues/": {"kind": "domain", "value": "evil.example", "motive": "Le nôtre"},
    "admin/incidents/incident/{reference}/indicateurs/": {
        "acte": "ajouter",
        "kind": "domain",
        "value": "evil.example",
    },
    "admin/incidents/incident/groupes/prestataire/": {"prestataire": "exemple sas"},
    "admin/incidents/incident/groupes/{uid}/fiche/": {"sheet": "Coupez l’accès", "seen": "1"},
    "admin/incidents/incident/groupes/{uid}/message/": {"text": "Bonjour"},
    "suivi/{reference}/message/": {"text": "Bonjour"},
    "admin/autocomplete/": {
        "app_label": "accounts",
        "model_name": "membership",
        "field_name": "collectivity",
        "term": "Plouexemple",
    },
}
