"""The work of a centre: notes, groups, transfers, traces, acts on many cases."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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


class KeptForm(models.TextChoices):
    """The forms of a case in which words are typed, or choices made, before they are sent."""

    REPLY = "reponse", _("message au déclarant")
    NOTE = "note", _("note interne")
    TASK = "tache", _("tâche")
    QUALIFICATION = "qualifier", _("qualification")
    SEVERITY = "gravite", _("gravité")
    CORRECTION = "corriger", _("correction de la collectivité")
    REOPENING = "rouvrir", _("réouverture")
    VERIFICATION = "verifier", _("vérification par rappel")
    # On a page of their own, beside that of the case.
    CLOSING = "cloture", _("bilan")
    TRANSFER = "transfert", _("transfert")
    ADVICE = "avis", _("envoi à un partenaire")
    CALL = "appel", _("appel au déclarant")


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
