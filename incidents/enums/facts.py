"""What a declaration says: its facts, the services and the data that they touch, the screens where they are asked.

The categories of data and of persons are the closed lists of the CNIL's notification form.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

# An answer that was not given is stored empty, and shown as such: « Je ne sais pas » is an answer.
NOT_SAID = _("pas dit")


class Answer(models.TextChoices):
    YES = "yes", _("Oui")
    NO = "no", _("Non")
    UNKNOWN = "unknown", _("Je ne sais pas")


class Certainty(models.TextChoices):
    """How well an instant is known. `unknown` is an answer and goes with an empty instant; empty, nobody said it."""

    EXACT = "exact", _("exacte")
    APPROXIMATE = "approximate", _("à peu près")
    UNKNOWN = "unknown", _("pas connue")


class PublicService(models.TextChoices):
    CIVIL = "civil", _("État civil")
    TELEPHONY = "telephonie", _("Accueil téléphonique")
    MAIL = "messagerie", _("Messagerie")
    CANTEEN = "cantine", _("Cantine et périscolaire")
    PAYROLL = "paie", _("Paie et ressources humaines")
    FINANCE = "finances", _("Finances et marchés")
    SOCIAL = "social", _("Aides sociales")
    PLANNING = "urbanisme", _("Urbanisme")
    WATER = "eau", _("Eau et assainissement")
    WASTE = "dechets", _("Déchets")
    CEMETERY = "cimetieres", _("Cimetières")
    WEBSITE = "site", _("Site internet")
    ELECTIONS = "elections", _("Élections")
    COUNCIL = "conseil", _("Conseil et actes officiels")
    POLICE = "police", _("Police municipale")
    CHILDCARE = "creches", _("Crèches et petite enfance")
    CULTURE = "culture", _("Bibliothèques, culture et sport")
    TRANSPORT = "transports", _("Transports")
    ROADS = "routes", _("Routes et voirie")
    CHILD_PROTECTION = "enfance", _("Protection de l’enfance et PMI")
    MIDDLE_SCHOOLS = "colleges", _("Collèges")
    HIGH_SCHOOLS = "lycees", _("Lycées")
    BUSINESS_AID = "aides_eco", _("Aides aux entreprises et fonds européens")
    RESCUE = "secours", _("Alerte et secours")
    CARE_HOMES = "ehpad", _("EHPAD et soins à domicile")
    HOUSING = "logement", _("Logement")
    ENERGY = "energie", _("Énergie et réseaux")
    STAFF_MANAGEMENT = "carrieres", _("Carrières et concours des agents")
    OTHER = "autre", _("Autre service")


# How a service is touched where nobody said it: it was named as one that no longer works as usual.
EXTENT_NOT_SAID = _("arrêté ou ralenti, pas dit")


class InterruptionExtent(models.TextChoices):
    STOPPED = "stopped", _("arrêté")
    DEGRADED = "degraded", _("ralenti")
    UNKNOWN = "unknown", _("je ne sais pas")


class LeakStatus(models.TextChoices):
    CLAIMED = "claimed", _("revendiquée")
    SUSPECTED = "suspected", _("soupçonnée")
    CONFIRMED = "confirmed", _("confirmée")
    UNFOUNDED = "unfounded", _("sans fondement")


class DataCategory(models.TextChoices):
    """Categories of personal data of the CNIL's notification form."""

    CIVIL_STATUS = "etat_civil", _("État civil (nom, date de naissance…)")
    NIR = "nir", _("Numéro de sécurité sociale (NIR)")
    CONTACT = "coordonnees", _("Coordonnées (adresse, mail, téléphone)")
    CREDENTIALS = "identifiants", _("Identifiants et mots de passe")
    FINANCIAL = "financieres", _("Informations financières (RIB, revenus)")
    OFFICIAL = "documents", _("Documents officiels (carte d’identité, passeport)")
    LOCATION = "localisation", _("Données de localisation")
    OFFENCES = "infractions", _("Infractions, condamnations, mesures de sûreté")
    HEALTH = "sante", _("Données de santé")
    OTHER_SENSITIVE = "sensibles", _("Autres données sensibles (origine, opinions, syndicat…)")
    OTHER = "autres", _("Autres données")
    UNKNOWN = "inconnues", _("Je ne sais pas encore")


class PersonCategory(models.TextChoices):
    """Categories of persons of the CNIL's notification form."""

    EMPLOYEES = "employes", _("Agents et employés")
    USERS = "utilisateurs", _("Usagers, utilisateurs d’un service")
    MEMBERS = "adherents", _("Adhérents")
    PUPILS = "eleves", _("Élèves, étudiants")
    MILITARY = "militaires", _("Personnel militaire")
    CUSTOMERS = "clients", _("Clients, fournisseurs")
    PATIENTS = "patients", _("Patients")
    MINORS = "mineurs", _("Enfants et mineurs")
    VULNERABLE = "vulnerables", _("Personnes vulnérables")
    OTHER = "autres", _("Autres personnes")
    UNKNOWN = "inconnues", _("Je ne sais pas encore")


class PersonsBand(models.TextChoices):
    """Bands of the CNIL's open data on breaches."""

    UP_TO_5 = "0-5", _("de 0 à 5 personnes")
    UP_TO_50 = "6-50", _("de 6 à 50 personnes")
    UP_TO_300 = "51-300", _("de 51 à 300 personnes")
    UP_TO_5000 = "301-5000", _("de 301 à 5 000 personnes")
    OVER_5000 = "5000+", _("plus de 5 000 personnes")
    UNKNOWN = "unknown", _("je ne sais pas")


class Screen(models.TextChoices):
    """The screens of the journey, in their order. Each is saved on the server when it is left."""

    WHAT = "quoi", _("ce qui arrive")
    WHO = "qui", _("la collectivité")
    SERVICES = "services", _("les services arrêtés")
    DATA = "donnees", _("les données")
    CALLER = "rappel", _("qui rappeler")


class PaperKind(models.TextChoices):
    ANSWER_PACK = "answer_pack", _("dossier de réponse")
    WALL_CARDS = "wall_cards", _("fiches à afficher")


class PaperState(models.TextChoices):
    ASKED = "asked", _("en préparation")
    MADE = "made", _("prêt")
    FAILED = "failed", _("impossible")
