"""The recipients, channels and states of deliveries."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.enums import Trouble as Trouble  # shared by all mails


class Recipient(models.TextChoices):
    CSIRT = "csirt", _("le centre de réponse")
    DECLARANT = "declarant", _("le déclarant")
    BODY = "body", _("une personne de la collectivité")
    PARTNER = "partner", _("un partenaire")


class Channel(models.TextChoices):
    NONE = "none", _("sans canal")
    EMAIL = "email", _("mail")


class DeliveryStatus(models.TextChoices):
    DUE = "due", _("à envoyer")
    SENT = "sent", _("envoyé")
    NO_CHANNEL = "no_channel", _("sans canal")
    # It had no channel; since then another mail told the news, or nothing waits any more.
    MOOT = "moot", _("sans objet")
    REFUSED = "refused", _("refusé")
    DEAD = "dead", _("abandonné")
