"""Codes for the nature and severity of a case, for the labels that limit its sharing, and for how it ended.

TLP 2.0 is defined by FIRST. RSIT classes and types come from RSIT v1003 (see `incidents/catalogues/rsit.py`).
"""

from django.db import models


class Status(models.TextChoices):
    """The status of a case: waiting for a responder, acknowledged by one, or closed."""

    DECLARED = "declared", "à prendre"
    ACKNOWLEDGED = "acknowledged", "pris en charge"
    CLOSED = "closed", "clos"


OPEN = (Status.DECLARED, Status.ACKNOWLEDGED)


class IncidentType(models.TextChoices):
    """The types of incident, in the words of a town hall. The codes are our own, and `rsit.py` maps them to RSIT."""

    UNKNOWN = "inconnu", "Je ne sais pas"
    RANSOMWARE = "rancon", "Nos fichiers ne s’ouvrent plus"
    OUTAGE = "panne", "Une panne, sans malveillance connue"
    DEVICE = "perte", "Un appareil perdu ou volé"
    MAILBOX = "boite", "Une boîte mail est piratée"
    PHISHING = "hameconnage", "Un mail ou un SMS piégé"
    ADMIN_ACCOUNT = "admin", "Un compte d’administrateur est pris"
    LEAK = "fuite", "Des données sont sorties"
    MISDELIVERY = "erreur", "Un envoi ou une publication par erreur"
    TRANSFER = "virement", "Un faux virement ou un faux RIB"
    DEFACEMENT = "defiguration", "Notre site affiche autre chose"
    DDOS = "saturation", "Notre site ou un service est saturé"
    SUPPLIER = "prestataire", "Un prestataire est attaqué"
    FLAW = "faille", "On nous signale une faille"


# The professional term of each type, which responders read.
TYPE_TERMS: dict[str, str] = {
    IncidentType.UNKNOWN: "à qualifier",
    IncidentType.RANSOMWARE: "rançongiciel",
    IncidentType.OUTAGE: "panne",
    IncidentType.DEVICE: "perte ou vol de matériel",
    IncidentType.MAILBOX: "compromission de messagerie",
    IncidentType.PHISHING: "hameçonnage",
    IncidentType.ADMIN_ACCOUNT: "compromission d’un compte à privilèges",
    IncidentType.LEAK: "fuite de données",
    IncidentType.MISDELIVERY: "divulgation par erreur",
    IncidentType.TRANSFER: "fraude au virement (FOVI)",
    IncidentType.DEFACEMENT: "défiguration",
    IncidentType.DDOS: "déni de service (DDoS)",
    IncidentType.SUPPLIER: "prestataire compromis",
    IncidentType.FLAW: "vulnérabilité signalée",
}


class Tlp(models.TextChoices):
    """Labels of the Traffic Light Protocol, version 2.0 (FIRST), which say whom information may reach. The strictest
    label comes first.
    """

    RED = "red", "TLP:RED"
    AMBER_STRICT = "amber+strict", "TLP:AMBER+STRICT"
    AMBER = "amber", "TLP:AMBER"
    GREEN = "green", "TLP:GREEN"
    CLEAR = "clear", "TLP:CLEAR"


class Pap(models.TextChoices):
    """Labels of the Permissible Actions Protocol, version 3 (MISP). They say which actions on an indicator an attacker
    may notice.
    """

    RED = "red", "PAP:RED"
    AMBER = "amber", "PAP:AMBER"
    GREEN = "green", "PAP:GREEN"
    CLEAR = "clear", "PAP:CLEAR"


class Nature(models.TextChoices):
    """The nature of a case, as the regional CSIRTs report it. A « signalement » is abnormal behaviour that may be
    malicious. An « incident » is proven to be malicious.
    """

    UNQUALIFIED = "unqualified", "à qualifier"
    REPORT = "report", "signalement"
    INCIDENT = "incident", "incident"


class Cause(models.TextChoices):
    """The cause of the incident, as far as the centre knows it."""

    PHISHING = "phishing", "hameçonnage"
    CREDENTIALS = "credentials", "identifiants volés ou devinés"
    FLAW = "flaw", "faille non corrigée"
    REMOTE_ACCESS = "remote_access", "accès à distance exposé"
    SUPPLIER = "supplier", "prestataire compromis"
    MISCONFIGURATION = "misconfiguration", "mauvaise configuration"
    HUMAN_ERROR = "human_error", "erreur humaine"
    THEFT = "theft", "perte ou vol de matériel"
    INSIDER = "insider", "malveillance interne"
    BREAKDOWN = "breakdown", "panne, sans malveillance"
    OTHER = "other", "autre cause"
    NOT_FOUND = "not_found", "pas trouvée"


class DueFor(models.TextChoices):
    """What a responder must do next on a case. `Incident.due_at` is its deadline."""

    ACKNOWLEDGE = "acknowledge", "à prendre"
    ANSWER = "answer", "à répondre"
    TASK = "task", "tâche"
    REVIEW = "review", "à revoir"
    NOTHING = "nothing", "rien"


class Severity(models.IntegerChoices):
    """The severity of a case, from the lowest to the highest."""

    LOW = 1, "faible"
    MODERATE = 2, "modérée"
    HIGH = 3, "élevée"
    CRITICAL = 4, "critique"


class Origin(models.TextChoices):
    """The way in which a declaration reached the platform."""

    WEB = "web", "page publique"
    ACCOUNT = "account", "agent avec un compte"
    PHONE = "phone", "saisi par un intervenant"
    API = "api", "API"
    SIMULATION = "simulation", "simulation"


class Burst(models.TextChoices):
    """What a declaration has in common with many others of the same hour. Such declarations may come from a script, or
    from a real wave of incidents.
    """

    ADDRESS = "address", "même connexion à Internet"
    MAILBOX = "mailbox", "même adresse mail à rappeler"
    BODY = "body", "même collectivité"


class Verification(models.TextChoices):
    """Whether and how a declaration was verified."""

    UNVERIFIED = "unverified", "non vérifiée"
    CALL_BACK = "call_back", "vérifiée par rappel sur un numéro connu par ailleurs"
    MEMBER = "member", "déclarée par un membre connu de la collectivité"


class NumberSource(models.TextChoices):
    """Where a responder found the telephone number for a call-back. The number never comes from the declaration
    itself.
    """

    DIRECTORY = "directory", "annuaire officiel"
    CARD = "card", "fiche de secours de la collectivité"
    WEBSITE = "website", "site de la mairie"
    KNOWN = "known", "déjà connu du centre"


class ClosingReason(models.TextChoices):
    """The reasons for which a case is closed."""

    RESOLVED = "resolved", "résolu"
    NOT_AN_INCIDENT = "not_an_incident", "pas un incident"
    HANDED_OVER = "handed_over", "confié à un autre service"
    DUPLICATE = "duplicate", "déjà déclaré"
    WITHDRAWN = "withdrawn", "retiré par le déclarant"


class UnconfirmingReason(models.TextChoices):
    """The reason for which a responder withdraws the confirmation of a body."""

    SLIP = "slip", "confirmée par erreur"
    NOT_FOUND = "not_found", "personne ne la connaît à ce nom"
    ANOTHER = "another", "c’est une autre collectivité"
    WRONG = "wrong", "son nom, son SIREN ou son siège sont faux"


class Outcome(models.TextChoices):
    """The state of the body's systems and data when the case was closed."""

    RESTORED = "restored", "tout est rétabli"
    PARTLY = "partly", "rétabli en partie"
    LOST = "lost", "des données sont perdues"
    STOPPED_IN_TIME = "stopped_in_time", "arrêté avant tout effet"
    NO_EFFECT = "no_effect", "sans effet"
    UNKNOWN = "unknown", "pas connu"


class Satisfaction(models.IntegerChoices):
    """Answers to the question « L’aide reçue vous a-t-elle été utile ? »."""

    NOT = 1, "pas du tout"
    LITTLE = 2, "un peu"
    YES = 3, "oui"
    VERY = 4, "beaucoup"
