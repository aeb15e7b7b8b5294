"""RSIT v1003 (ENISA task force, CC0): its 11 classes and 39 types, and how our plain types map to them.

French labels are our own translation; no official one was found (November 2026). Ransomware has no type of its
own in RSIT: encryption is an unauthorised modification of information.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from incidents.enums import IncidentType


class RsitClass(models.TextChoices):
    ABUSIVE_CONTENT = "abusive-content", _("Contenu abusif")
    MALICIOUS_CODE = "malicious-code", _("Code malveillant")
    INFORMATION_GATHERING = "information-gathering", _("Collecte d’informations")
    INTRUSION_ATTEMPTS = "intrusion-attempts", _("Tentatives d’intrusion")
    INTRUSIONS = "intrusions", _("Intrusions")
    AVAILABILITY = "availability", _("Disponibilité")
    INFORMATION_CONTENT_SECURITY = "information-content-security", _("Sécurité de l’information")
    FRAUD = "fraud", _("Fraude")
    VULNERABLE = "vulnerable", _("Vulnérabilité")
    OTHER = "other", _("Autre")
    TEST = "test", _("Test")


class RsitType(models.TextChoices):
    SPAM = "spam", _("Pourriel (spam)")
    HARMFUL_SPEECH = "harmful-speech", _("Propos préjudiciables")
    VIOLENCE = "violence", _("Contenu d’exploitation sexuelle, sexuel ou violent")
    INFECTED_SYSTEM = "infected-system", _("Système infecté")
    C2_SERVER = "c2-server", _("Serveur de commande et contrôle (C2)")
    MALWARE_DISTRIBUTION = "malware-distribution", _("Diffusion de code malveillant")
    MALWARE_CONFIGURATION = "malware-configuration", _("Configuration de code malveillant")
    SCANNER = "scanner", _("Balayage (scan)")
    SNIFFING = "sniffing", _("Écoute réseau")
    SOCIAL_ENGINEERING = "social-engineering", _("Ingénierie sociale")
    IDS_ALERT = "ids-alert", _("Exploitation de vulnérabilités connues")
    BRUTE_FORCE = "brute-force", _("Tentatives de connexion")
    EXPLOIT = "exploit", _("Nouvelle signature d’attaque")
    PRIVILEGED_ACCOUNT_COMPROMISE = "privileged-account-compromise", _("Compromission d’un compte à privilèges")
    UNPRIVILEGED_ACCOUNT_COMPROMISE = "unprivileged-account-compromise", _("Compromission d’un compte sans privilèges")
    APPLICATION_COMPROMISE = "application-compromise", _("Compromission d’une application")
    SYSTEM_COMPROMISE = "system-compromise", _("Compromission d’un système")
    BURGLARY = "burglary", _("Intrusion physique")
    DOS = "dos", _("Déni de service")
    DDOS = "ddos", _("Déni de service distribué")
    MISCONFIGURATION = "misconfiguration", _("Mauvaise configuration")
    SABOTAGE = "sabotage", _("Sabotage")
    OUTAGE = "outage", _("Panne")
    UNAUTHORISED_INFORMATION_ACCESS = "unauthorised-information-access", _("Accès non autorisé à l’information")
    UNAUTHORISED_INFORMATION_MODIFICATION = (
        "unauthorised-information-modification",
        _("Modification non autorisée de l’information"),
    )
    DATA_LOSS = "data-loss", _("Perte de données")
    DATA_LEAK = "data-leak", _("Fuite d’informations confidentielles")
    UNAUTHORISED_USE_OF_RESOURCES = "unauthorised-use-of-resources", _("Usage non autorisé de ressources")
    COPYRIGHT = "copyright", _("Droit d’auteur")
    MASQUERADE = "masquerade", _("Usurpation d’identité")
    PHISHING = "phishing", _("Hameçonnage")
    WEAK_CRYPTO = "weak-crypto", _("Cryptographie faible")
    DDOS_AMPLIFIER = "ddos-amplifier", _("Amplificateur de DDoS")
    POTENTIALLY_UNWANTED_ACCESSIBLE = (
        "potentially-unwanted-accessible",
        _("Service exposé potentiellement indésirable"),
    )
    INFORMATION_DISCLOSURE = "information-disclosure", _("Divulgation d’informations")
    VULNERABLE_SYSTEM = "vulnerable-system", _("Système vulnérable")
    OTHER = "other", _("Non catégorisé")
    UNDETERMINED = "undetermined", _("Indéterminé")
    TEST = "test", _("Test")


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
    # A compromised supplier is a cause: until a responder knows the effect, it has no class.
    IncidentType.SUPPLIER: (RsitClass.OTHER, RsitType.UNDETERMINED),
    IncidentType.FLAW: (RsitClass.VULNERABLE, RsitType.VULNERABLE_SYSTEM),
}


def machine_tag(rsit_class: str, rsit_type: str) -> str:
    """The tag that other tools read, such as `rsit:availability="ddos"`."""
    return f'rsit:{rsit_class}="{rsit_type}"'
