"""The recipients, channels and states of deliveries."""

from django.db import models

from accounts.enums import Trouble as Trouble  # shared by all mails


class Recipient(models.TextChoices):
    CSIRT = "csirt", "le centre de réponse"
    DECLARANT = "declarant", "le déclarant"
    BODY = "body", "une personne de la collectivité"
    PARTNER = "partner", "un partenaire"


class Channel(models.TextChoices):
    NONE = "none", "sans canal"
    EMAIL = "email", "mail"


class DeliveryStatus(models.TextChoices):
    DUE = "due", "à envoyer"
    SENT = "sent", "envoyé"
    NO_CHANNEL = "no_channel", "sans canal"
    # There was no channel. Since then another mail has given the news, or the news no longer matters.
    MOOT = "moot", "sans objet"
    REFUSED = "refused", "refusé"
    DEAD = "dead", "abandonné"
