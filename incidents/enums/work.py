"""Codes for the work of a centre: notes, groups, transfers, indicators, and acts on many cases."""

from django.db import models


class NoteKind(models.TextChoices):
    """The kinds of internal notes."""

    NOTE = "note", "note"
    CALL_IN = "call_in", "appel reçu"
    CALL_OUT = "call_out", "appel passé"
    HANDOVER = "handover", "passage de relais"


class GroupKind(models.TextChoices):
    """The common causes for which cases are grouped."""

    SUPPLIER = "supplier", "un prestataire"
    CAMPAIGN = "campaign", "une campagne"
    OTHER = "other", "une autre cause commune"


class TransferState(models.TextChoices):
    """The states of the proposal to transfer a case to another centre."""

    ASKED = "asked", "proposé"
    ACCEPTED = "accepted", "accepté"
    RETURNED = "returned", "refusé"
    WITHDRAWN = "withdrawn", "proposition retirée"


class ObservableKind(models.TextChoices):
    """The kinds of indicators, such as an IP address or the hash of a file."""

    IP = "ip", "adresse IP"
    DOMAIN = "domain", "nom de domaine"
    URL = "url", "adresse web"
    EMAIL = "email", "adresse mail"
    HASH = "hash", "empreinte de fichier"
    IBAN = "iban", "IBAN"
    FILE = "file", "nom de fichier"


class CaseFormCode(models.TextChoices):
    """The forms of a case whose input is stored before it is sent (`UnsentText`)."""

    REPLY = "reponse", "message au déclarant"
    NOTE = "note", "note interne"
    TASK = "tache", "tâche"
    QUALIFICATION = "qualifier", "qualification"
    SEVERITY = "gravite", "gravité"
    CORRECTION = "corriger", "correction de la collectivité"
    REOPENING = "rouvrir", "réouverture"
    VERIFICATION = "verifier", "vérification par rappel"
    # These forms are on pages of their own, not on the page of the case.
    CLOSING = "cloture", "bilan"
    TRANSFER = "transfert", "transfert"
    ADVICE = "avis", "envoi à un partenaire"
    CALL = "appel", "appel au déclarant"


class DocumentKind(models.TextChoices):
    """The kinds of texts of a case that the search covers."""

    DECLARATION = "declaration", "déclaration"
    ANSWERS = "answers", "réponses"
    MESSAGE = "message", "message"
    NOTE = "note", "note interne"
    FILE = "file", "nom de pièce"
    LESSON = "lesson", "clôture"


class BulkAct(models.TextChoices):
    """The acts that a responder can apply to several cases at once."""

    TAKE = "take", "prendre en charge"
    ASSIGN = "assign", "attribuer"
    CLASSIFY = "classify", "qualifier"
    CLOSE = "close", "clore"
    GROUP = "group", "grouper"
    MESSAGE = "message", "écrire aux déclarants"


class BulkState(models.TextChoices):
    """The states of an act on many cases."""

    RUNNING = "running", "en cours"
    DONE = "done", "terminé"
    STOPPED = "stopped", "interrompu"


class BulkOutcome(models.TextChoices):
    """The outcome of a bulk act on one of its cases."""

    WAITING = "waiting", "à faire"
    DONE = "done", "fait"
    NOTHING = "nothing", "rien à faire"
    REFUSED = "refused", "refusé"


class PaperKind(models.TextChoices):
    """The kinds of PDF documents that a background task makes."""

    ANSWER_PACK = "answer_pack", "dossier de réponse"
    WALL_CARDS = "wall_cards", "fiches à afficher"


class PaperState(models.TextChoices):
    """The states of a PDF document that somebody requested."""

    ASKED = "asked", "en préparation"
    MADE = "made", "prêt"
    FAILED = "failed", "impossible"
