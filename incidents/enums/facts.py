"""Codes for what a declaration contains: its facts, the services and data that are affected, and the screens that ask
for them.

The categories of data and of persons are the closed lists of the CNIL's notification form.
"""

from django.db import models

# A question without an answer is stored as an empty value and shown with this label. « Je ne sais pas » is an answer
# of its own.
NOT_STATED = "pas dit"


class Answer(models.TextChoices):
    """The answers to a yes-or-no question of the declaration."""

    YES = "yes", "Oui"
    NO = "no", "Non"
    UNKNOWN = "unknown", "Je ne sais pas"


class Certainty(models.TextChoices):
    """How exactly an instant is known. UNKNOWN means that the declarant does not know the instant, which is then
    empty. An empty certainty means that nobody answered.
    """

    EXACT = "exact", "exacte"
    APPROXIMATE = "approximate", "à peu près"
    UNKNOWN = "unknown", "pas connue"


class PublicService(models.TextChoices):
    """The public services that an incident can interrupt."""

    CIVIL = "civil", "État civil"
    TELEPHONY = "telephonie", "Accueil téléphonique"
    MAIL = "messagerie", "Messagerie"
    CANTEEN = "cantine", "Cantine et périscolaire"
    PAYROLL = "paie", "Paie et ressources humaines"
    FINANCE = "finances", "Finances et marchés"
    SOCIAL = "social", "Aides sociales"
    PLANNING = "urbanisme", "Urbanisme"
    WATER = "eau", "Eau et assainissement"
    WASTE = "dechets", "Déchets"
    CEMETERY = "cimetieres", "Cimetières"
    WEBSITE = "site", "Site internet"
    ELECTIONS = "elections", "Élections"
    COUNCIL = "conseil", "Conseil et actes officiels"
    POLICE = "police", "Police municipale"
    CHILDCARE = "creches", "Crèches et petite enfance"
    CULTURE = "culture", "Bibliothèques, culture et sport"
    TRANSPORT = "transports", "Transports"
    ROADS = "routes", "Routes et voirie"
    CHILD_PROTECTION = "enfance", "Protection de l’enfance et PMI"
    MIDDLE_SCHOOLS = "colleges", "Collèges"
    HIGH_SCHOOLS = "lycees", "Lycées"
    BUSINESS_AID = "aides_eco", "Aides aux entreprises et fonds européens"
    RESCUE = "secours", "Alerte et secours"
    CARE_HOMES = "ehpad", "EHPAD et soins à domicile"
    HOUSING = "logement", "Logement"
    ENERGY = "energie", "Énergie et réseaux"
    STAFF_MANAGEMENT = "carrieres", "Carrières et concours des agents"
    OTHER = "autre", "Autre service"


# The label of an interruption whose extent nobody gave.
EXTENT_NOT_STATED = "arrêté ou ralenti, pas dit"


class InterruptionExtent(models.TextChoices):
    """Whether an interruption stops a public service or only slows it."""

    STOPPED = "stopped", "arrêté"
    DEGRADED = "degraded", "ralenti"
    UNKNOWN = "unknown", "je ne sais pas"


class LeakStatus(models.TextChoices):
    """What is known about a data leak: it is claimed, suspected, confirmed or unfounded."""

    CLAIMED = "claimed", "revendiquée"
    SUSPECTED = "suspected", "soupçonnée"
    CONFIRMED = "confirmed", "confirmée"
    UNFOUNDED = "unfounded", "sans fondement"


class DataCategory(models.TextChoices):
    """The categories of personal data of the CNIL's notification form."""

    CIVIL_STATUS = "etat_civil", "État civil (nom, date de naissance…)"
    NIR = "nir", "Numéro de sécurité sociale (NIR)"
    CONTACT = "coordonnees", "Coordonnées (adresse, mail, téléphone)"
    CREDENTIALS = "identifiants", "Identifiants et mots de passe"
    FINANCIAL = "financieres", "Informations financières (RIB, revenus)"
    OFFICIAL = "documents", "Documents officiels (carte d’identité, passeport)"
    LOCATION = "localisation", "Données de localisation"
    OFFENCES = "infractions", "Infractions, condamnations, mesures de sûreté"
    HEALTH = "sante", "Données de santé"
    OTHER_SENSITIVE = "sensibles", "Autres données sensibles (origine, opinions, syndicat…)"
    OTHER = "autres", "Autres données"
    UNKNOWN = "inconnues", "Je ne sais pas encore"


class PersonCategory(models.TextChoices):
    """The categories of persons of the CNIL's notification form."""

    EMPLOYEES = "employes", "Agents et employés"
    USERS = "utilisateurs", "Usagers, utilisateurs d’un service"
    MEMBERS = "adherents", "Adhérents"
    PUPILS = "eleves", "Élèves, étudiants"
    MILITARY = "militaires", "Personnel militaire"
    CUSTOMERS = "clients", "Clients, fournisseurs"
    PATIENTS = "patients", "Patients"
    MINORS = "mineurs", "Enfants et mineurs"
    VULNERABLE = "vulnerables", "Personnes vulnérables"
    OTHER = "autres", "Autres personnes"
    UNKNOWN = "inconnues", "Je ne sais pas encore"


class PersonsBand(models.TextChoices):
    """Bands for the number of persons, or of records, of a leak. The CNIL's open data on breaches use the same
    bands.
    """

    UP_TO_5 = "0-5", "de 0 à 5 personnes"
    UP_TO_50 = "6-50", "de 6 à 50 personnes"
    UP_TO_300 = "51-300", "de 51 à 300 personnes"
    UP_TO_5000 = "301-5000", "de 301 à 5 000 personnes"
    OVER_5000 = "5000+", "plus de 5 000 personnes"
    UNKNOWN = "unknown", "je ne sais pas"


# (largest number of persons of the band, band)
PERSONS_UP_TO = (
    (5, PersonsBand.UP_TO_5),
    (50, PersonsBand.UP_TO_50),
    (300, PersonsBand.UP_TO_300),
    (5_000, PersonsBand.UP_TO_5000),
)


def find_persons_band(persons: int | None, stated_band: str) -> str:
    """Return the band that contains the number of persons. If `persons` is None, return `stated_band`, which may be
    "".
    """
    if persons is None:
        return stated_band
    return next((band for limit, band in PERSONS_UP_TO if persons <= limit), PersonsBand.OVER_5000)


class Screen(models.TextChoices):
    """The screens of the declaration, in their order. The server saves a screen when the person leaves it."""

    WHAT = "quoi", "ce qui arrive"
    WHO = "qui", "la collectivité"
    SERVICES = "services", "les services arrêtés"
    DATA = "donnees", "les données"
    CALLER = "rappel", "qui rappeler"
