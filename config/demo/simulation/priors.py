"""The figures behind the invented cases.

Sources: ANSSI, CERTFR-2025-CTI-002 (types of 2024: mailboxes 30 %, DDoS 27 %, ransomware 11 %; one incident in seven
of high criticality); Cybermalveillance barometer 2024 (37 % interrupted, 15 % destroyed, 12 % stolen); ANSSI panorama
2025 (most claims of a leak unfounded or exaggerated). Regional CSIRTs in 2024, local authorities only: 434
signalements and 206 incidents (La Gazette des communes); most signalements are unpatched flaws that a scan found.
Causes: the same barometer of 2024 (phishing 30 %, virus downloaded or infected site 24 %, unpatched flaw 10 %, unknown
45 %). The rest is our guess, to be replaced by real declarations.
"""

from incidents.enums import Cause, DataCategory, IncidentType, PublicService

# The share of each type among declarations, in percent.
TYPES: dict[IncidentType, float] = {
    IncidentType.MAILBOX: 30,
    IncidentType.DDOS: 20,
    IncidentType.RANSOMWARE: 12,
    IncidentType.LEAK: 10,
    IncidentType.PHISHING: 8,
    IncidentType.TRANSFER: 4,
    IncidentType.DEFACEMENT: 3,
    IncidentType.FLAW: 3,
    IncidentType.ADMIN_ACCOUNT: 2,
    IncidentType.MISDELIVERY: 2,
    IncidentType.DEVICE: 2,
    IncidentType.OUTAGE: 2,
    IncidentType.UNKNOWN: 2,
}
# For each type, the probability that a public service stops or slows, and that personal data are touched.
INTERRUPTS: dict[IncidentType, float] = {
    IncidentType.RANSOMWARE: 0.9,
    IncidentType.DDOS: 0.7,
    IncidentType.OUTAGE: 0.9,
    IncidentType.SUPPLIER: 0.8,
    IncidentType.ADMIN_ACCOUNT: 0.4,
    IncidentType.DEFACEMENT: 0.6,
    IncidentType.MAILBOX: 0.15,
    IncidentType.UNKNOWN: 0.4,
}
LEAKS: dict[IncidentType, float] = {
    IncidentType.LEAK: 1.0,
    IncidentType.MISDELIVERY: 1.0,
    IncidentType.RANSOMWARE: 0.45,
    IncidentType.MAILBOX: 0.25,
    IncidentType.SUPPLIER: 0.4,
    IncidentType.DEVICE: 0.5,
    IncidentType.ADMIN_ACCOUNT: 0.3,
}
# The share of signalements in 2024 at the regional CSIRTs, and the lower share expected if bodies declare themselves.
REPORTS_OF_2024 = 434 / (434 + 206)
REPORTS = 0.2
# The types of signalements.
REPORT_TYPES: dict[IncidentType, float] = {
    IncidentType.FLAW: 70,
    IncidentType.PHISHING: 20,
    IncidentType.UNKNOWN: 10,
}
# The share of verified incidents that nobody has qualified yet.
UNQUALIFIED = 0.05
# The cause follows from some types and is drawn for the others. When they declare, 45 % of the bodies do not know the
# cause; half of these bodies never find it.
CAUSE_OF_TYPE: dict[IncidentType, Cause] = {
    IncidentType.SUPPLIER: Cause.SUPPLIER,
    IncidentType.OUTAGE: Cause.BREAKDOWN,
    IncidentType.DEVICE: Cause.THEFT,
    IncidentType.MISDELIVERY: Cause.HUMAN_ERROR,
}
CAUSE_NOT_KNOWN = 0.45
CAUSE_NEVER_FOUND = 0.5
CAUSES: dict[Cause, float] = {
    Cause.PHISHING: 30,
    Cause.CREDENTIALS: 24,
    Cause.FLAW: 10,
    Cause.REMOTE_ACCESS: 6,
    Cause.SUPPLIER: 4,
    Cause.MISCONFIGURATION: 4,
    Cause.HUMAN_ERROR: 3,
    Cause.INSIDER: 1,
    Cause.OTHER: 2,
}
# Delays are log-normal: (median, spread). Hours from the discovery to the declaration, and from there until a centre
# acknowledges the case; days from the call-back to the closing.
HOURS_UNTIL_DECLARED = (7, 1.6)
HOURS_UNTIL_TAKEN = (3, 1.4)
HOURS_UNTIL_VERIFIED = (1.5, 1.0)
DAYS_UNTIL_CLOSED = (13.5, 0.9)
DISCOVERY_NOT_KNOWN = 0.1
VERIFIED_SHARE = 0.93
# Four attacks in a thousand are a burst: one campaign or one supplier, 5 to 40 bodies at once.
BURST_CHANCE = 0.004
BURST_SIZES = (5, 40)
# Monday to Sunday: people discover incidents at work.
WEEKDAYS = (1.3, 1.1, 1.0, 1.0, 1.1, 0.35, 0.3)
# The median number of hours until a service is back; the spread is log-normal.
MEDIAN_HOURS: dict[IncidentType, float] = {IncidentType.RANSOMWARE: 160, IncidentType.DDOS: 5, IncidentType.OUTAGE: 8}
SERVICES: dict[PublicService, float] = {
    PublicService.MAIL: 9,
    PublicService.CIVIL: 7,
    PublicService.TELEPHONY: 5,
    PublicService.WEBSITE: 8,
    PublicService.PAYROLL: 3,
    PublicService.FINANCE: 3,
    PublicService.PLANNING: 3,
    PublicService.CANTEEN: 3,
    PublicService.SOCIAL: 2,
    PublicService.WATER: 1,
    PublicService.WASTE: 1,
    PublicService.CEMETERY: 1,
    PublicService.ELECTIONS: 0.5,
}
CATEGORIES: dict[DataCategory, float] = {
    DataCategory.CIVIL_STATUS: 9,
    DataCategory.CONTACT: 9,
    DataCategory.CREDENTIALS: 4,
    DataCategory.FINANCIAL: 4,
    DataCategory.NIR: 3,
    DataCategory.OFFICIAL: 3,
    DataCategory.HEALTH: 1,
    DataCategory.OTHER: 2,
}
# Plainly fictitious names.
SUPPLIERS = (
    "Exemple Informatique",
    "Infogérance Fictive",
    "Hébergeur Modèle",
    "Logiciels Imaginaires",
    "Réseaux Inventés",
)
CALLERS = ("Dominique Exemple", "Camille Fictif", "Claude Modèle", "Sacha Inventé", "Maxime Imaginaire")
CALLER_ROLES = ("secrétaire de mairie", "directeur général des services", "agent d’accueil", "maire", "")
STORIES: dict[IncidentType, str] = {
    IncidentType.RANSOMWARE: "Les fichiers de l’accueil ne s’ouvrent plus et un message demande de l’argent.",
    IncidentType.MAILBOX: "Des mails partent de notre boîte sans nous, vers des habitants et des fournisseurs.",
    IncidentType.DDOS: "Le site ne répond plus depuis ce matin, notre hébergeur parle de trop de visites.",
    IncidentType.LEAK: "Quelqu’un dit avoir nos fichiers et en montre une liste sur un forum.",
    IncidentType.PHISHING: "Un agent a tapé son mot de passe sur une fausse page de messagerie.",
    IncidentType.TRANSFER: "Un fournisseur a changé de RIB par mail. Le virement est parti.",
    IncidentType.DEFACEMENT: "La page d’accueil de notre site affiche un message qui n’est pas de nous.",
    IncidentType.SUPPLIER: "Notre prestataire nous dit qu’il est attaqué et a tout coupé.",
}
OTHER_STORY = "Quelque chose ne va pas depuis ce matin, nous ne savons pas quoi."
