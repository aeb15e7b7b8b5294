"""Who is told, by which way, and whether it arrived."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Recipient(models.TextChoices):
    CSIRT = "csirt", _("le centre de réponse")
    DECLARANT = "declarant", _("le déclarant")
    BODY = "body", _("une personne de la collectivité")


class Channel(models.TextChoices):
    NONE = "none", _("sans canal")
    EMAIL = "email", _("mail")


class DeliveryStatus(models.TextChoices):
    DUE = "due", _("à envoyer")
    SENT = "sent", _("envoyé")
    NO_CHANNEL = "no_channel", _("sans canal")
    REFUSED = "refused", _("refusé")
    DEAD = "dead", _("abandonné")


class Trouble(models.TextChoices):
    """Why the last attempt failed. A code and no more: what a server answers may hold an address."""

    NONE = "", _("aucun")
    NO_ADDRESS = "no_address", _("plus d’adresse au moment de l’envoi")
    DEMONSTRATION = "demonstration", _("adresse réelle dans une base de démonstration")
    REFUSED = "refused", _("refusé par le serveur du destinataire")
    POSTPONED = "postponed", _("remis à plus tard par le serveur du destinataire")
    CUT_OFF = "cut_off", _("connexion coupée pendant l’envoi")
    UNREACHABLE = "unreachable", _("serveur d’envoi injoignable")
    UNWRITABLE = "unwritable", _("message impossible à écrire")
