"""Codes for what happens to a case, who does it, and what each person may do."""

from django.db import models


class EventKind(models.TextChoices):
    """The kinds of events in the history of a case."""

    DECLARED = "declared", "déclaré"
    ACKNOWLEDGED = "acknowledged", "pris en charge"
    VERIFIED = "verified", "vérifié"
    CLOSED = "closed", "clos"
    FACTS = "facts", "faits ajoutés ou corrigés"
    MESSAGE = "message", "message"
    FILE = "file", "pièce remise"
    FILE_TAKEN_BACK = "file_taken_back", "pièce reprise"
    WITHDRAWN = "withdrawn", "retiré par le déclarant"
    CLAIMED = "claimed", "rattaché à un compte"
    SHARED = "shared", "phrase partagée"
    UNSHARED = "unshared", "phrase retirée"
    BODY_CONFIRMED = "body_confirmed", "collectivité confirmée"
    BODY_CORRECTED = "body_corrected", "collectivité corrigée"
    BODY_UNCONFIRMED = "body_unconfirmed", "confirmation de la collectivité retirée"
    BODY_MERGED = "body_merged", "collectivité rattachée à une autre"
    SEVERITY = "severity", "gravité changée"
    QUALIFIED = "qualified", "qualifié"
    ASSIGNED = "assigned", "attribué"
    HANDED_OVER = "handed_over", "passé à un collègue"
    NOTED = "noted", "note interne"
    TASKS_ADDED = "tasks_added", "tâches ajoutées"
    TASK_DONE = "task_done", "tâche faite ou rouverte"
    OBSERVED = "observed", "indicateurs relevés"
    MERGED = "merged", "fusionné avec un autre dossier"
    UNMERGED = "unmerged", "fusion défaite"
    GROUPED = "grouped", "mis dans un groupe"
    UNGROUPED = "ungrouped", "sorti d’un groupe"
    TRANSFER_ASKED = "transfer_asked", "transfert proposé"
    TRANSFERRED = "transferred", "transféré"
    TRANSFER_RETURNED = "transfer_returned", "transfert refusé"
    TRANSFER_WITHDRAWN = "transfer_withdrawn", "proposition de transfert retirée"
    REROUTED = "rerouted", "territoire confié à un autre centre"
    ADVISED = "advised", "envoyé à un partenaire"
    REOPENED = "reopened", "rouvert"
    RATED = "rated", "avis du déclarant"
    LINK_ROTATED = "link_rotated", "lien de suivi renouvelé"
    HELD = "held", "gelé"
    HOLD_ENDED = "hold_ended", "gel levé"
    EXPORTED = "exported", "exporté"
    ERASED = "erased", "données personnelles effacées"


class Rerouting(models.TextChoices):
    """The reasons why an open case moves to another centre, or loses its centre, when the directory changes."""

    OPENED = "opened", "un centre répond désormais de ce territoire"
    MOVED = "moved", "un autre centre répond désormais de ce territoire"
    CLOSED = "closed", "plus aucun centre ne répond de ce territoire"
    CORRECTED = "corrected", "la collectivité, ou son territoire, a été corrigée"


class ActorKind(models.TextChoices):
    """Who caused an event or wrote a text: a person with an account, the declarant without account, or the
    platform.
    """

    USER = "user", "une personne avec un compte"
    DECLARANT = "declarant", "le déclarant"
    SYSTEM = "system", "la plateforme"


class Ability(models.TextChoices):
    """What a person may be allowed to do with a case. `incidents/access.py` decides who has which ability."""

    VIEW = "view", "voir"
    READ = "read", "lire tout ce que le centre en sait"
    ACKNOWLEDGE = "acknowledge", "prendre en charge"
    VERIFY = "verify", "vérifier"
    CLOSE = "close", "clore"
    ERASE = "erase", "effacer les données personnelles"
    HOLD = "hold", "geler, et lever un gel"
    EXPORT = "export", "exporter le dossier entier"
    ROTATE = "rotate", "renouveler le lien de suivi"
    MESSAGE = "message", "écrire dans le dossier"
    COMPLETE = "complete", "ajouter et corriger des faits, remettre des pièces"
    EVIDENCE = "evidence", "ouvrir les pièces"
    WITHDRAW = "withdraw", "retirer la déclaration"
    CLAIM = "claim", "rattacher à son compte"
    QUALIFY = "qualify", "qualifier"
    WORK = "work", "noter, attribuer, tenir les tâches et les indicateurs"
    LINK = "link", "fusionner et grouper"
    TRANSFER = "transfer", "transférer à un autre centre"
    ADVISE = "advise", "envoyer à un partenaire"
    REOPEN = "reopen", "rouvrir"
    RATE = "rate", "donner son avis"
    CONFIRM_BODY = "confirm_body", "confirmer une collectivité qu’aucune liste ne porte"


class Door(models.TextChoices):
    """The page or interface through which a person of a centre saw texts of a case. The declarant reads the labels."""

    CASE = "case", "votre dossier"
    FOLLOW_UP = "follow_up", "votre page de suivi"
    MESSAGES = "messages", "les échanges"
    FILES = "files", "vos fichiers"
    PACK = "pack", "le dossier de réponse"
    HISTORY = "history", "l’histoire du dossier"
    OBSERVABLES = "observables", "les indicateurs"
    CLOSING = "closing", "la page de clôture"
    BESIDE = "beside", "votre récit, à côté d’une autre déclaration"
    FORMER = "former", "le dossier tel qu’il a été transmis"
    SEARCH = "search", "un extrait, dans une recherche"
    API = "api", "votre dossier, par un autre logiciel"
