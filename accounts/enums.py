"""The roles of people and the states of mails and links, as the database stores them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    AGENT = "agent", _("agent d’une collectivité")
    MANAGER = "manager", _("responsable d’une collectivité")
    RESPONDER = "responder", _("intervenant d’un CSIRT")
    LEAD = "lead", _("responsable d’un CSIRT")
    ANALYST = "analyst", _("analyste d’un campus cyber")
    NATIONAL = "national", _("coordination nationale")
    ADMINISTRATOR = "administrator", _("administration de la plateforme")


COLLECTIVITY_ROLES = (Role.AGENT, Role.MANAGER)
CSIRT_ROLES = (Role.RESPONDER, Role.LEAD)
REGION_ROLES = (Role.ANALYST,)
PLATFORM_ROLES = (Role.NATIONAL, Role.ADMINISTRATOR)
# The roles that work in the admin. Agents of a body and analysts do nothing there.
STAFF_ROLES = (*CSIRT_ROLES, Role.ADMINISTRATOR)
# The roles that read other people's cases or decide who may: their pages need a second factor.
SECOND_FACTOR_ROLES = (*CSIRT_ROLES, *REGION_ROLES, *PLATFORM_ROLES)


class Trouble(models.TextChoices):
    """Why the last attempt to send a mail failed. Only a code is stored: the server's answer may hold an address."""

    NONE = "", _("aucun")
    NO_ADDRESS = "no_address", _("plus d’adresse au moment de l’envoi")
    DEMONSTRATION = "demonstration", _("adresse réelle dans une base de démonstration")
    REFUSED = "refused", _("refusé par le serveur du destinataire")
    POSTPONED = "postponed", _("remis à plus tard par le serveur du destinataire")
    CUT_OFF = "cut_off", _("connexion coupée pendant l’envoi")
    UNREACHABLE = "unreachable", _("serveur d’envoi injoignable")
    UNWRITABLE = "unwritable", _("message impossible à écrire")


class MailKind(models.TextChoices):
    """The subject of a mail about an account. Each has one template."""

    WELCOME = "welcome", _("compte ouvert")
    INVITATION = "invitation", _("invitation")
    PASSWORD_LINK = "password_link", _("lien de mot de passe")
    PASSWORD_CHANGED = "password_changed", _("mot de passe changé")
    FACTOR_ADDED = "factor_added", _("second facteur ajouté")
    FACTOR_REMOVED = "factor_removed", _("second facteur retiré")
    CODES_RENEWED = "codes_renewed", _("codes de secours renouvelés")
    FACTOR_RESET = "factor_reset", _("second facteur remis à zéro")
    TOKEN_MADE = "token_made", _("jeton d’API fait")
    ADDRESS_CHANGED = "address_changed", _("adresse mail changée")
    CENTRE_INVITATION = "centre_invitation", _("invitation dans un centre")
    CHANNEL = "channel", _("essai de l’adresse d’un centre")
    CHANNEL_CHANGED = "channel_changed", _("adresse d’un centre changée")


class MailStatus(models.TextChoices):
    DUE = "due", _("à envoyer")
    SENT = "sent", _("envoyé")
    REFUSED = "refused", _("refusé")
    DEAD = "dead", _("abandonné")


class LinkPurpose(models.TextChoices):
    WELCOME = "welcome", _("ouvrir son compte")
    INVITATION = "invitation", _("rejoindre une collectivité ou un centre")
    PASSWORD = "password", _("choisir un mot de passe")
    CHANNEL = "channel", _("confirmer l’adresse d’un centre")


class Helper(models.TextChoices):
    """The person or firm that a body calls when its computers are down."""

    SUPPLIER = "supplier", _("prestataire informatique")
    DPO = "dpo", _("délégué à la protection des données")
    INSURER = "insurer", _("assureur")
    ELECTED = "elected", _("élu référent")
