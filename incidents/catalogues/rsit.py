"""RSIT v1003 (ENISA task force, CC0): its 11 classes and 39 types, and the mapping of our plain types to them.

French labels are our own translation, because no official one was found (November 2026). Ransomware has no type of its
own in RSIT: encryption is an unauthorised modification of information.
"""

from django.db import models

from incidents.enums import IncidentType


class RsitClass(models.TextChoices):
    """The classes of RSIT v1003, with French labels of our own."""

    ABUSIVE_CONTENT = "abusive-content", "Contenu abusif"
    MALICIOUS_CODE = "malicious-code", "Code malveillant"
    INFORMATION_GATHERING = "information-gathering", "Collecte d’informations"
    INTRUSION_ATTEMPTS = "intrusion-attempts", "Tentatives d’intrusion"
    INTRUSIONS = "intrusions", "Intrusions"
    AVAILABILITY = "availability", "Disponibilité"
    INFORMATION_CONTENT_SECURITY = "information-content-security", "Sécurité de l’information"
    FRAUD = "fraud", "Fraude"
    VULNERABLE = "vulnerable", "Vulnérabilité"
    OTHER = "other", "Autre"
    TEST = "test", "Test"


class RsitType(models.TextChoices):
    """The types of RSIT v1003, with French labels of our own. `TYPES_OF_CLASS` gives the types of each class."""

    SPAM = "spam", "Pourriel (spam)"
    HARMFUL_SPEECH = "harmful-speech", "Propos préjudiciables"
    VIOLENCE = "violence", "Contenu d’exploitation sexuelle, sexuel ou violent"
    INFECTED_SYSTEM = "infected-system", "Système infecté"
    C2_SERVER = "c2-server", "Serveur de commande et contrôle (C2)"
    MALWARE_DISTRIBUTION = "malware-distribution", "Diffusion de code malveillant"
    MALWARE_CONFIGURATION = "malware-configuration", "Configuration de code malveillant"
    SCANNER = "scanner", "Balayage (scan)"
    SNIFFING = "sniffing", "Écoute réseau"
    SOCIAL_ENGINEERING = "social-engineering", "Ingénierie sociale"
    IDS_ALERT = "ids-alert", "Exploitation de vulnérabilités connues"
    BRUTE_FORCE = "brute-force", "Tentatives de connexion"
    EXPLOIT = "exploit", "Nouvelle signature d’attaque"
    PRIVILEGED_ACCOUNT_COMPROMISE = "privileged-account-compromise", "Compromission d’un compte à privilèges"
    UNPRIVILEGED_ACCOUNT_COMPROMISE = "unprivileged-account-compromise", "Compromission d’un compte sans privilèges"
    APPLICATION_COMPROMISE = "application-compromise", "Compromission d’une application"
    SYSTEM_COMPROMISE = "system-compromise", "Compromission d’un système"
    BURGLARY = "burglary", "Intrusion physique"
    DOS = "dos", "Déni de service"
    DDOS = "ddos", "Déni de service distribué"
    MISCONFIGURATION = "misconfiguration", "Mauvaise configuration"
    SABOTAGE = "sabotage", "Sabotage"
    OUTAGE = "outage", "Panne"
    UNAUTHORISED_INFORMATION_ACCESS = "unauthorised-information-access", "Accès non autorisé à l’information"
    UNAUTHORISED_INFORMATION_MODIFICATION = (
        "unauthorised-information-modification",
        "Modification non autorisée de l’information",
    )
    DATA_LOSS = "data-loss", "Perte de données"
    DATA_LEAK = "data-leak", "Fuite d’informations confidentielles"
    UNAUTHORISED_USE_OF_RESOURCES = "unauthorised-use-of-resources", "Usage non autorisé de ressources"
    COPYRIGHT = "copyright", "Droit d’auteur"
    MASQUERADE = "masquerade", "Usurpation d’identité"
    PHISHING = "phishing", "Hameçonnage"
    WEAK_CRYPTO = "weak-crypto", "Cryptographie faible"
    DDOS_AMPLIFIER = "ddos-amplifier", "Amplificateur de DDoS"
    POTENTIALLY_UNWANTED_ACCESSIBLE = (
        "potentially-unwanted-accessible",
        "Service exposé potentiellement indésirable",
    )
    INFORMATION_DISCLOSURE = "information-disclosure", "Divulgation d’informations"
    VULNERABLE_SYSTEM = "vulnerable-system", "Système vulnérable"
    OTHER = "other", "Non catégorisé"
    UNDETERMINED = "undetermined", "Indéterminé"
    TEST = "test", "Test"


TYPES_OF_CLASS: dict[str, tuple[str, ...]] = {
    RsitClass.ABUSIVE_CONTENT: (
        RsitType.SPAM,
        RsitType.HARMFUL_SPEECH,
        RsitType.VIOLENCE,
    ),
    RsitClass.MALICIOUS_CODE: (
        RsitType.INFECTED_SYSTEM,
        RsitType.C2_SERVER,
        RsitType.MALWARE_DISTRIBUTION,
        RsitType.MALWARE_CONFIGURATION,
    ),
    RsitClass.INFORMATION_GATHERING: (
        RsitType.SCANNER,
        RsitType.SNIFFING,
        RsitType.SOCIAL_ENGINEERING,
    ),
    RsitClass.INTRUSION_ATTEMPTS: (
        RsitType.IDS_ALERT,
        RsitType.BRUTE_FORCE,
        RsitType.EXPLOIT,
    ),
    RsitClass.INTRUSIONS: (
        RsitType.PRIVILEGED_ACCOUNT_COMPROMISE,
        RsitType.UNPRIVILEGED_ACCOUNT_COMPROMISE,
        RsitType.APPLICATION_COMPROMISE,
        RsitType.SYSTEM_COMPROMISE,
        RsitType.BURGLARY,
    ),
    RsitClass.AVAILABILITY: (
        RsitType.DOS,
        RsitType.DDOS,
        RsitType.MISCONFIGURATION,
        RsitType.SABOTAGE,
        RsitType.OUTAGE,
    ),
    RsitClass.INFORMATION_CONTENT_SECURITY: (
        RsitType.UNAUTHORISED_INFORMATION_ACCESS,
        RsitType.UNAUTHORISED_INFORMATION_MODIFICATION,
        RsitType.DATA_LOSS,
        RsitType.DATA_LEAK,
    ),
    RsitClass.FRAUD: (
        RsitType.UNAUTHORISED_USE_OF_RESOURCES,
        RsitType.COPYRIGHT,
        RsitType.MASQUERADE,
        RsitType.PHISHING,
    ),
    RsitClass.VULNERABLE: (
        RsitType.WEAK_CRYPTO,
        RsitType.DDOS_AMPLIFIER,
        RsitType.POTENTIALLY_UNWANTED_ACCESSIBLE,
        RsitType.INFORMATION_DISCLOSURE,
        RsitType.VULNERABLE_SYSTEM,
    ),
    RsitClass.OTHER: (
        RsitType.OTHER,
        RsitType.UNDETERMINED,
    ),
    RsitClass.TEST: (RsitType.TEST,),
}

FIRST_CLASSIFICATION: dict[str, tuple[RsitClass, RsitType]] = {
    IncidentType.UNKNOWN: (RsitClass.OTHER, RsitType.UNDETERMINED),
    IncidentType.RANSOMWARE: (RsitClass.INFORMATION_CONTENT_SECURITY, RsitType.UNAUTHORISED_INFORMATION_MODIFICATION),
    IncidentType.OUTAGE: (RsitClass.AVAILABILITY, RsitType.OUTAGE),
    IncidentType.DEVICE: (RsitClass.INFORMATION_CONTENT_SECURITY, RsitType.DATA_LOSS),
    IncidentType.MAILBOX: (RsitClass.INTRUSIONS, RsitType.UNPRIVILEGED_ACCOUNT_COMPROMISE),
    IncidentType.PHISHING: (RsitClass.FRAUD, RsitType.PHISHING),
    IncidentType.ADMIN_ACCOUNT: (RsitClass.INTRUSIONS, RsitType.PRIVILEGED_ACCOUNT_COMPROMISE),
    IncidentType.LEAK: (RsitClass.INFORMATION_CONTENT_SECURITY, RsitType.DATA_LEAK),
    IncidentType.MISDELIVERY: (RsitClass.INFORMATION_CONTENT_SECURITY, RsitType.DATA_LEAK),
    IncidentType.TRANSFER: (RsitClass.FRAUD, RsitType.MASQUERADE),
    IncidentType.DEFACEMENT: (RsitClass.INFORMATION_CONTENT_SECURITY, RsitType.UNAUTHORISED_INFORMATION_MODIFICATION),
    IncidentType.DDOS: (RsitClass.AVAILABILITY, RsitType.DDOS),
    # A compromised supplier is a cause. The incident has no class until a responder knows its effect.
    IncidentType.SUPPLIER: (RsitClass.OTHER, RsitType.UNDETERMINED),
    IncidentType.FLAW: (RsitClass.VULNERABLE, RsitType.VULNERABLE_SYSTEM),
}
