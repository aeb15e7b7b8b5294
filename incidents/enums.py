"""The words of an incident, as the database stores them and as people read them.

TLP 2.0 is FIRST's; RSIT classes and types are those of RSIT v1003 (see `incidents/rsit.py`); the categories of
data and of persons are the closed lists of the CNIL's notification form.
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


class Answer(models.TextChoices):
    YES = "yes", _("Oui")
    NO = "no", _("Non")
    UNKNOWN = "unknown", _("Je ne sais pas")


class Certainty(models.TextChoices):
    """How well an instant is known. `unknown` is an answer; it goes with an empty instant."""

    EXACT = "exact", _("exacte")
    APPROXIMATE = "approximate", _("à peu près")
    UNKNOWN = "unknown", _("pas connue")


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


class EventKind(models.TextChoices):
    DECLARED = "declared", _("déclaré")
    ACKNOWLEDGED = "acknowledged", _("pris en charge")
    VERIFIED = "verified", _("vérifié")
    CLOSED = "closed", _("clos")
    FACTS = "facts", _("faits ajoutés ou corrigés")
    MESSAGE = "message", _("message")
    FILE = "file", _("pièce remise")
    WITHDRAWN = "withdrawn", _("retiré par le déclarant")
    CLAIMED = "claimed", _("rattaché à un compte")
    SHARED = "shared", _("phrase partagée")
    UNSHARED = "unshared", _("phrase retirée")
    BODY_CONFIRMED = "body_confirmed", _("collectivité confirmée")
    BODY_CORRECTED = "body_corrected", _("collectivité corrigée")
    BODY_UNCONFIRMED = "body_unconfirmed", _("confirmation de la collectivité retirée")
    BODY_MERGED = "body_merged", _("collectivité rattachée à une autre")
    SEVERITY = "severity", _("gravité changée")
    QUALIFIED = "qualified", _("qualifié")
    ASSIGNED = "assigned", _("attribué")
    HANDED_OVER = "handed_over", _("passé à un collègue")
    NOTED = "noted", _("note interne")
    TASKS_ADDED = "tasks_added", _("tâches ajoutées")
    TASK_DONE = "task_done", _("tâche faite ou rouverte")
    OBSERVED = "observed", _("indicateurs relevés")
    MERGED = "merged", _("fusionné avec un autre dossier")
    UNMERGED = "unmerged", _("fusion défaite")
    GROUPED = "grouped", _("mis dans un groupe")
    UNGROUPED = "ungrouped", _("sorti d’un groupe")
    TRANSFER_ASKED = "transfer_asked", _("transfert proposé")
    TRANSFERRED = "transferred", _("transféré")
    TRANSFER_RETURNED = "transfer_returned", _("transfert refusé")
    TRANSFER_WITHDRAWN = "transfer_withdrawn", _("proposition de transfert retirée")
    ADVISED = "advised", _("envoyé à un partenaire")
    REOPENED = "reopened", _("rouvert")
    RATED = "rated", _("avis du déclarant")
    LINK_ROTATED = "link_rotated", _("lien de suivi renouvelé")
    ERASED = "erased", _("données personnelles effacées")


class ActorKind(models.TextChoices):
    USER = "user", _("une personne avec un compte")
    DECLARANT = "declarant", _("le déclarant")
    SYSTEM = "system", _("la plateforme")


class Ability(models.TextChoices):
    VIEW = "view", _("voir")
    ACKNOWLEDGE = "acknowledge", _("prendre en charge")
    VERIFY = "verify", _("vérifier")
    CLOSE = "close", _("clore")
    ERASE = "erase", _("effacer les données personnelles")
    ROTATE = "rotate", _("renouveler le lien de suivi")
    MESSAGE = "message", _("écrire dans le dossier")
    COMPLETE = "complete", _("ajouter et corriger des faits, remettre des pièces")
    EVIDENCE = "evidence", _("ouvrir les pièces")
    WITHDRAW = "withdraw", _("retirer la déclaration")
    CLAIM = "claim", _("rattacher à son compte")
    QUALIFY = "qualify", _("qualifier")
    WORK = "work", _("noter, attribuer, tenir les tâches et les indicateurs")
    LINK = "link", _("fusionner et grouper")
    TRANSFER = "transfer", _("transférer à un autre centre")
    ADVISE = "advise", _("envoyer à un partenaire")
    REOPEN = "reopen", _("rouvrir")
    RATE = "rate", _("donner son avis")
    CONFIRM_BODY = "confirm_body", _("confirmer une collectivité qu’aucune liste ne porte")


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


class NoteKind(models.TextChoices):
    NOTE = "note", _("note")
    CALL_IN = "call_in", _("appel reçu")
    CALL_OUT = "call_out", _("appel passé")
    HANDOVER = "handover", _("passage de relais")


class GroupKind(models.TextChoices):
    SUPPLIER = "supplier", _("un prestataire")
    CAMPAIGN = "campaign", _("une campagne")
    OTHER = "other", _("une autre cause commune")


class TransferState(models.TextChoices):
    ASKED = "asked", _("proposé")
    ACCEPTED = "accepted", _("accepté")
    RETURNED = "returned", _("refusé")
    WITHDRAWN = "withdrawn", _("proposition retirée")


class ObservableKind(models.TextChoices):
    IP = "ip", _("adresse IP")
    DOMAIN = "domain", _("nom de domaine")
    URL = "url", _("adresse web")
    EMAIL = "email", _("adresse mail")
    HASH = "hash", _("empreinte de fichier")
    IBAN = "iban", _("IBAN")
    FILE = "file", _("nom de fichier")


class DocumentKind(models.TextChoices):
    """Where a word that was searched for stands."""

    DECLARATION = "declaration", _("déclaration")
    ANSWERS = "answers", _("réponses")
    MESSAGE = "message", _("message")
    NOTE = "note", _("note interne")
    FILE = "file", _("nom de pièce")
    LESSON = "lesson", _("clôture")


class BulkAct(models.TextChoices):
    TAKE = "take", _("prendre en charge")
    ASSIGN = "assign", _("attribuer")
    CLASSIFY = "classify", _("qualifier")
    CLOSE = "close", _("clore")
    GROUP = "group", _("grouper")
    MESSAGE = "message", _("écrire aux déclarants")


class BulkState(models.TextChoices):
    RUNNING = "running", _("en cours")
    DONE = "done", _("terminé")
    STOPPED = "stopped", _("interrompu")


class BulkOutcome(models.TextChoices):
    WAITING = "waiting", _("à faire")
    DONE = "done", _("fait")
    NOTHING = "nothing", _("rien à faire")
    REFUSED = "refused", _("refusé")


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
