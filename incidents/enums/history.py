"""What happens to a case, by whom, and what each may do with it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EventKind(models.TextChoices):
    DECLARED = "declared", _("déclaré")
    ACKNOWLEDGED = "acknowledged", _("pris en charge")
    VERIFIED = "verified", _("vérifié")
    CLOSED = "closed", _("clos")
    FACTS = "facts", _("faits ajoutés ou corrigés")
    MESSAGE = "message", _("message")
    FILE = "file", _("pièce remise")
    FILE_TAKEN_BACK = "file_taken_back", _("pièce reprise")
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
    REROUTED = "rerouted", _("territoire confié à un autre centre")
    ADVISED = "advised", _("envoyé à un partenaire")
    REOPENED = "reopened", _("rouvert")
    RATED = "rated", _("avis du déclarant")
    LINK_ROTATED = "link_rotated", _("lien de suivi renouvelé")
    ERASED = "erased", _("données personnelles effacées")


class Rerouting(models.TextChoices):
    """Why an open case follows the directory."""

    OPENED = "opened", _("un centre répond désormais de ce territoire")
    MOVED = "moved", _("un autre centre répond désormais de ce territoire")
    CLOSED = "closed", _("plus aucun centre ne répond de ce territoire")
    CORRECTED = "corrected", _("la collectivité, ou son territoire, a été corrigée")


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


class Door(models.TextChoices):
    """Where somebody of a centre was shown words of a case, as its declarant reads it."""

    CASE = "case", _("votre dossier")
    FOLLOW_UP = "follow_up", _("votre page de suivi")
    MESSAGES = "messages", _("les échanges")
    FILES = "files", _("vos fichiers")
    PACK = "pack", _("le dossier de réponse")
    HISTORY = "history", _("l’histoire du dossier")
    OBSERVABLES = "observables", _("les indicateurs")
    CLOSING = "closing", _("la page de clôture")
    BESIDE = "beside", _("votre récit, à côté d’une autre déclaration")
    FORMER = "former", _("le dossier tel qu’il a été transmis")
    SEARCH = "search", _("un extrait, dans une recherche")
    API = "api", _("votre dossier, par un autre logiciel")
