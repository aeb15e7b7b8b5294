"""What a case is, how grave, what may be told of it and how it ended.

TLP 2.0 is FIRST's; RSIT classes and types are those of RSIT v1003 (see `incidents/rsit.py`).
"""

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    DECLARED = "declared", _("à prendre")
    ACKNOWLEDGED = "acknowledged", _("pris en charge")
    CLOSED = "closed", _("clos")


OPEN = (Status.DECLARED, Status.ACKNOWLEDGED)


class IncidentType(models.TextChoices):
    """What a town hall says, most dangerous families first. The values are ours; `rsit.py` maps them."""

    UNKNOWN = "inconnu", _("Je ne sais pas")
    RANSOMWARE = "rancon", _("Nos fichiers ne s’ouvrent plus")
    OUTAGE = "panne", _("Une panne, sans malveillance connue")
    DEVICE = "perte", _("Un appareil perdu ou volé")
    MAILBOX = "boite", _("Une boîte mail est piratée")
    PHISHING = "hameconnage", _("Un mail ou un SMS piégé")
    ADMIN_ACCOUNT = "admin", _("Un compte d’administrateur est pris")
    LEAK = "fuite", _("Des données sont sorties")
    MISDELIVERY = "erreur", _("Un envoi ou une publication par erreur")
    TRANSFER = "virement", _("Un faux virement ou un faux RIB")
    DEFACEMENT = "defiguration", _("Notre site affiche autre chose")
    DDOS = "saturation", _("Notre site ou un service est saturé")
    SUPPLIER = "prestataire", _("Un prestataire est attaqué")
    FLAW = "faille", _("On nous signale une faille")


# For responders: the field's name of each type.
TYPE_TERMS: dict[str, Promise] = {
    IncidentType.UNKNOWN: _("à qualifier"),
    IncidentType.RANSOMWARE: _("rançongiciel"),
    IncidentType.OUTAGE: _("panne"),
    IncidentType.DEVICE: _("perte ou vol de matériel"),
    IncidentType.MAILBOX: _("compromission de messagerie"),
    IncidentType.PHISHING: _("hameçonnage"),
    IncidentType.ADMIN_ACCOUNT: _("compromission d’un compte à privilèges"),
    IncidentType.LEAK: _("fuite de données"),
    IncidentType.MISDELIVERY: _("divulgation par erreur"),
    IncidentType.TRANSFER: _("fraude au virement (FOVI)"),
    IncidentType.DEFACEMENT: _("défiguration"),
    IncidentType.DDOS: _("déni de service (DDoS)"),
    IncidentType.SUPPLIER: _("prestataire compromis"),
    IncidentType.FLAW: _("vulnérabilité signalée"),
}


class Tlp(models.TextChoices):
    RED = "red", "TLP:RED"
    AMBER_STRICT = "amber+strict", "TLP:AMBER+STRICT"
    AMBER = "amber", "TLP:AMBER"
    GREEN = "green", "TLP:GREEN"
    CLEAR = "clear", "TLP:CLEAR"


class Pap(models.TextChoices):
    """Permissible Actions Protocol, version 3 (MISP): which actions on an indicator an attacker may notice."""

    RED = "red", "PAP:RED"
    AMBER = "amber", "PAP:AMBER"
    GREEN = "green", "PAP:GREEN"
    CLEAR = "clear", "PAP:CLEAR"


class Nature(models.TextChoices):
    """The distinction that the regional CSIRTs make in their own reports (domain: signalement, incident)."""

    UNQUALIFIED = "unqualified", _("à qualifier")
    REPORT = "report", _("signalement")
    INCIDENT = "incident", _("incident")


class Cause(models.TextChoices):
    """How it came about, as far as it is known."""

    PHISHING = "phishing", _("hameçonnage")
    CREDENTIALS = "credentials", _("identifiants volés ou devinés")
    FLAW = "flaw", _("faille non corrigée")
    REMOTE_ACCESS = "remote_access", _("accès à distance exposé")
    SUPPLIER = "supplier", _("prestataire compromis")
    MISCONFIGURATION = "misconfiguration", _("mauvaise configuration")
    HUMAN_ERROR = "human_error", _("erreur humaine")
    THEFT = "theft", _("perte ou vol de matériel")
    INSIDER = "insider", _("malveillance interne")
    BREAKDOWN = "breakdown", _("panne, sans malveillance")
    OTHER = "other", _("autre cause")
    NOT_FOUND = "not_found", _("pas trouvée")


class DueFor(models.TextChoices):
    """What is to be done next on a case, by `due_at`."""

    ACKNOWLEDGE = "acknowledge", _("à prendre")
    ANSWER = "answer", _("à répondre")
    TASK = "task", _("tâche")
    REVIEW = "review", _("à revoir")
    NOTHING = "nothing", _("rien")


class Severity(models.IntegerChoices):
    LOW = 1, _("faible")
    MODERATE = 2, _("modérée")
    HIGH = 3, _("élevée")
    CRITICAL = 4, _("critique")


class Origin(models.TextChoices):
    WEB = "web", _("page publique")
    ACCOUNT = "account", _("agent avec un compte")
    PHONE = "phone", _("saisi par un intervenant")
    API = "api", _("API")
    SIMULATION = "simulation", _("simulation")


class Burst(models.TextChoices):
    """What many declarations that came within an hour have in common: they may be a machine's, or a real wave."""

    ADDRESS = "address", _("même connexion à Internet")
    MAILBOX = "mailbox", _("même adresse mail à rappeler")
    BODY = "body", _("même collectivité")


class Verification(models.TextChoices):
    """How a declaration came to be believed."""

    UNVERIFIED = "unverified", _("non vérifiée")
    CALL_BACK = "call_back", _("vérifiée par rappel sur un numéro connu par ailleurs")
    MEMBER = "member", _("déclarée par un membre connu de la collectivité")


class NumberSource(models.TextChoices):
    """Where the number of a call-back was found. Never in the declaration itself."""

    DIRECTORY = "directory", _("annuaire officiel")
    CARD = "card", _("fiche de secours de la collectivité")
    WEBSITE = "website", _("site de la mairie")
    KNOWN = "known", _("déjà connu du centre")


class ClosingReason(models.TextChoices):
    RESOLVED = "resolved", _("résolu")
    NOT_AN_INCIDENT = "not_an_incident", _("pas un incident")
    HANDED_OVER = "handed_over", _("confié à un autre service")
    DUPLICATE = "duplicate", _("déjà déclaré")
    WITHDRAWN = "withdrawn", _("retiré par le déclarant")


class TakingBack(models.TextChoices):
    """Why the confirmation of a body is taken back."""

    SLIP = "slip", _("confirmée par erreur")
    NOT_FOUND = "not_found", _("personne ne la connaît à ce nom")
    ANOTHER = "another", _("c’est une autre collectivité")
    WRONG = "wrong", _("son nom, son SIREN ou son siège sont faux")


class Outcome(models.TextChoices):
    """What became of the body's systems and data when the case was closed."""

    RESTORED = "restored", _("tout est rétabli")
    PARTLY = "partly", _("rétabli en partie")
    LOST = "lost", _("des données sont perdues")
    STOPPED_IN_TIME = "stopped_in_time", _("arrêté avant tout effet")
    NO_EFFECT = "no_effect", _("sans effet")
    UNKNOWN = "unknown", _("pas connu")


class Satisfaction(models.IntegerChoices):
    """« L’aide reçue vous a-t-elle été utile ? »"""

    NOT = 1, _("pas du tout")
    LITTLE = 2, _("un peu")
    YES = 3, _("oui")
    VERY = 4, _("beaucoup")
