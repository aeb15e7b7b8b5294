"""The kinds of data that end after a time, and the requests of people about theirs, as the database stores them."""

from django.db import models


class DataKind(models.TextChoices):
    """A kind of data. `retention/table.py` says after which time each of them ends, why, and what its end is."""

    CASES = "cases", "dossiers clos"
    DRAFTS = "drafts", "déclarations commencées"
    UNSENT_TEXTS = "unsent_texts", "textes commencés dans un dossier"
    UPLOADS = "uploads", "envois de pièces interrompus"
    CASE_MAILS = "case_mails", "mails envoyés sur les dossiers"
    ACCOUNT_MAILS = "account_mails", "mails envoyés sur les comptes"
    ACCESS_LINKS = "access_links", "liens d’accès envoyés"
    UNUSED_ACCOUNTS = "unused_accounts", "comptes sans usage"
    CLOSED_ACCOUNTS = "closed_accounts", "comptes fermés"
    SESSIONS = "sessions", "sessions terminées"
    CLOSED_VISITS = "closed_visits", "accès à un dossier refermés sur un appareil"
    SECURITY_EVENTS = "security_events", "traces de sécurité"
    REQUESTS = "requests", "demandes des personnes sur leurs données"


class Obstacle(models.TextChoices):
    """Why data of a kind did not end although they were due."""

    TOO_MANY = "too_many", "beaucoup plus que d’habitude : à confirmer"
    FAILED = "failed", "échec : voyez le journal du serveur"


class RequestKind(models.TextChoices):
    """What a person asks about their data, by the rights of the GDPR (articles 15 to 18 and 21)."""

    ACCESS = "access", "accès"
    RECTIFICATION = "rectification", "rectification"
    ERASURE = "erasure", "effacement"
    RESTRICTION = "restriction", "limitation"
    OBJECTION = "objection", "opposition"


class RequestOutcome(models.TextChoices):
    """What became of a request."""

    DONE = "done", "faite"
    REFUSED = "refused", "refusée"
