"""Problem documents (RFC 9457) of errors, without Django REST framework, which the gate does not load."""

from typing import Any

MEDIA_TYPE = "application/problem+json"
# RFC 9457 lets a document without a type of its own translate the words of its status.
TITLES = {
    400: "Demande incorrecte",
    401: "Authentification nécessaire",
    403: "Accès refusé",
    404: "Introuvable",
    405: "Méthode non admise",
    406: "Format de réponse non proposé",
    409: "Conflit",
    413: "Demande trop grande",
    415: "Format de demande non accepté",
    422: "Demande impossible à traiter",
    429: "Trop de demandes",
}
OTHER_TITLE = "Demande refusée"


def make_problem_document(status: int, title: str, detail: str, **members: Any) -> dict[str, Any]:
    """Return a problem document (RFC 9457) with these additional members."""
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
