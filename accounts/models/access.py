"""Links, API tokens and resets of a second factor, and the mails about accounts."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.text import capfirst

from accounts.enums import (
    CENTRE_MAILS,
    DETAILED_MAILS,
    ROLE_MAILS,
    LinkPurpose,
    MailKind,
    MailStatus,
    TokenScope,
    Trouble,
)
from accounts.models.people import Membership, User
from collectivities.models import Collectivity
from core.append_only import make_append_only_triggers
from csirts.models import Csirt

TOKEN_LIFE = timedelta(days=90)
BREAK_GLASS_LIFE = timedelta(hours=1)
MAX_REASON = 300
MAX_DETAIL = 1000
# The numbers of days that the owner of a token may choose.
TOKEN_LIVES = {30: "30 jours", TOKEN_LIFE.days: "90 jours", 365: "un an"}


def list_token_scopes() -> list[str]:
    return list(TokenScope.values)


def compute_token_expiry() -> datetime:
    return timezone.now() + TOKEN_LIFE


class ApiToken(models.Model):
    """A token of the API, with which a program acts as one person until it expires or is revoked.

    Only its hash is stored (`accounts/tokens.py`).
    """

    uid = models.UUIDField("identifiant public", db_default=RandomUUID(), unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="api_tokens", verbose_name="compte")
    name = models.CharField("usage", max_length=80)
    token_hash = models.CharField("empreinte", max_length=64, unique=True, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=16, choices=TokenScope),
        default=list_token_scopes,
        db_default=list_token_scopes(),
        verbose_name="portées",
    )
    created_at = models.DateTimeField("créé le", default=timezone.now, editable=False)
    expires_at = models.DateTimeField("valable jusqu’au", default=compute_token_expiry, db_default=Now() + TOKEN_LIFE)
    last_used_at = models.DateTimeField("utilisé le", null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField("révoqué le", null=True, blank=True)

    class Meta:
        verbose_name = "jeton d’API"
        verbose_name_plural = "jetons d’API"
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=TokenScope.values) & ~Q(scopes=[]), name="api_token_scopes_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} : {self.name}"

    @property
    def scope_labels(self) -> str:
        """Return « Lire les dossiers, déclarer un incident »."""
        return capfirst(", ".join(label for code, label in TokenScope.choices if code in self.scopes))


class Installation(models.Model):
    """The single row that marks this database as a demonstration. It is written with the first invented cases and
    never changed. A database without the row is not a demonstration.
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    is_demonstration = models.BooleanField("base de démonstration", default=False)
    made_at = models.DateTimeField("faite le", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "installation"
        verbose_name_plural = "installations"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="installation_one_row")]

    def __str__(self) -> str:
        return "démonstration" if self.is_demonstration else "production"


class AccessLink(models.Model):
    """A link sent by mail that can be used once. It lets its reader open an account, join a body or a centre, or
    choose a password.

    A link with an `address` has another purpose. It was sent to this mailbox, and using it confirms that the centre
    reads the mailbox.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="access_links", verbose_name="compte")
    purpose = models.CharField("usage", max_length=16, choices=LinkPurpose)
    collectivity = models.ForeignKey(
        Collectivity, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="collectivité"
    )
    csirt = models.ForeignKey(
        Csirt, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="centre de réponse"
    )
    address = models.EmailField("adresse à confirmer", blank=True)
    made_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="envoyé par"
    )
    nonce = models.CharField("graine", max_length=64, editable=False)
    token_hash = models.CharField("empreinte", max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField("créé le", default=timezone.now, editable=False)
    expires_at = models.DateTimeField("valable jusqu’au")
    used_at = models.DateTimeField("utilisé le", null=True, blank=True)
    revoked_at = models.DateTimeField("retiré le", null=True, blank=True)

    class Meta:
        verbose_name = "lien d’accès"
        verbose_name_plural = "liens d’accès"
        constraints = [
            models.CheckConstraint(condition=Q(purpose__in=LinkPurpose.values), name="link_purpose_known"),
            models.CheckConstraint(
                condition=Q(purpose=LinkPurpose.INVITATION, collectivity__isnull=False, csirt=None)
                | Q(purpose=LinkPurpose.INVITATION, collectivity=None, csirt__isnull=False)
                | Q(purpose=LinkPurpose.CHANNEL, collectivity=None, csirt__isnull=False)
                | (~Q(purpose__in=[LinkPurpose.INVITATION, LinkPurpose.CHANNEL]) & Q(collectivity=None, csirt=None)),
                name="link_leads_to_one_place",
            ),
            models.CheckConstraint(
                condition=(Q(purpose=LinkPurpose.CHANNEL) & ~Q(address=""))
                | (~Q(purpose=LinkPurpose.CHANNEL) & Q(address="")),
                name="link_confirms_an_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} : {self.get_purpose_display()}"

    @property
    def keeps_password(self) -> bool:
        """True if this is an invitation to an account that already has a password. Using the link does not change the
        password.
        """
        return self.purpose == LinkPurpose.INVITATION and self.user.has_usable_password()


class PasswordRequest(models.Model):
    """A request for a link that sets a new password, for an address that may have no account.

    A task answers and deletes it. The page therefore does the same work for every address, and its time tells nobody
    who has an account.
    """

    address = models.EmailField("adresse", unique=True)
    asked_at = models.DateTimeField("demandé le", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "demande de mot de passe"
        verbose_name_plural = "demandes de mot de passe"

    def __str__(self) -> str:
        return self.address


class BreakGlass(models.Model):
    """The rights of a responder in one centre, which a command of the server gives a person for one hour
    (`accounts/services/break_glass.py`), or until its `end` if somebody takes the account over before. Rows are added
    and never changed.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="break_glass_accesses", verbose_name="compte")
    csirt = models.ForeignKey(Csirt, models.PROTECT, related_name="+", verbose_name="centre")
    reason = models.CharField("raison", max_length=MAX_REASON)
    started_at = models.DateTimeField("ouvert le", default=timezone.now, editable=False)
    ends_at = models.DateTimeField("jusqu’au", editable=False)

    class Meta:
        verbose_name = "accès d’urgence"
        verbose_name_plural = "accès d’urgence"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=F("started_at") + BREAK_GLASS_LIFE), name="break_glass_lasts_an_hour"
            ),
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="break_glass_has_a_reason"),
        ]
        indexes = [models.Index(fields=["csirt", "-started_at"], name="break_glass_of_centre")]
        triggers = make_append_only_triggers(
            "break_glass_is_never_changed",
            "break_glasses_are_never_changed",
            reason="break-glass accesses are append-only",
        )

    def __str__(self) -> str:
        return f"{self.user} : {self.csirt}"


class BreakGlassEnd(models.Model):
    """The end of a break-glass access before its hour is over, because `by` changed the address of the account, reset
    its second factor or opened it again. Rows are added and never changed.
    """

    access = models.OneToOneField(BreakGlass, models.PROTECT, related_name="end", verbose_name="accès d’urgence")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="fait par")
    at = models.DateTimeField("date", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "fin d’un accès d’urgence"
        verbose_name_plural = "fins d’accès d’urgence"
        triggers = make_append_only_triggers(
            "break_glass_end_is_never_changed",
            "break_glass_ends_are_never_changed",
            reason="ends of break-glass accesses are append-only",
        )

    def __str__(self) -> str:
        return f"{self.access}, {self.at}"


class PendingMail(models.Model):
    """A mail about an account, stored before it is sent. Its text is rendered at the time of sending."""

    key = models.UUIDField("clé", default=uuid4, unique=True, editable=False)
    kind = models.CharField("sujet", max_length=24, choices=MailKind)
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="compte")
    to = models.EmailField("destinataire")
    link = models.ForeignKey(
        AccessLink, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="lien d’accès"
    )
    # The centre whose mailbox `user` changed, or in which `by` gave or confirmed the role `membership` of `user`, or
    # reset their second factor, changed their address or took the role of a lead away, or to which `access` gives them
    # rights (which `by` has ended, if there is one), or in which `user` ended the legal hold of a case or erased it,
    # or whose territory or cases moved.
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="centre")
    membership = models.ForeignKey(
        Membership, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="rôle"
    )
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="fait par")
    access = models.ForeignKey(
        BreakGlass, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="accès d’urgence"
    )
    # The reference of the case whose legal hold ended or that was erased, the sentence about what will be destroyed,
    # or about who covers a territory, or how many cases moved or a reminder is about. It names nobody.
    detail = models.CharField("précision", max_length=MAX_DETAIL, blank=True, default="", db_default="")
    created_at = models.DateTimeField("créé le", default=timezone.now, editable=False)
    status = models.CharField("état", max_length=8, choices=MailStatus, default=MailStatus.DUE)
    due_at = models.DateTimeField("à envoyer le", default=timezone.now)
    attempts = models.PositiveSmallIntegerField("essais", default=0)
    sent_at = models.DateTimeField("envoyé le", null=True, blank=True)
    last_error = models.CharField("dernier ennui", max_length=16, choices=Trouble, default="", blank=True)

    class Meta:
        verbose_name = "mail de compte"
        verbose_name_plural = "mails de comptes"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=MailKind.values), name="account_mail_kind_known"),
            models.CheckConstraint(condition=Q(status__in=MailStatus.values), name="account_mail_status_known"),
            models.CheckConstraint(condition=Q(last_error__in=Trouble.values), name="account_mail_trouble_known"),
            models.CheckConstraint(
                condition=Q(kind__in=CENTRE_MAILS, csirt__isnull=False)
                | (~Q(kind__in=CENTRE_MAILS) & Q(csirt=None))
                | Q(kind=MailKind.COMING_PURGE),  # the administrators get it too
                name="account_mail_names_the_centre",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ROLE_MAILS, membership__isnull=False)
                | (~Q(kind__in=ROLE_MAILS) & Q(membership=None)),
                name="account_mail_names_the_role",
            ),
            models.CheckConstraint(
                condition=Q(kind=MailKind.BREAK_GLASS, access__isnull=False)
                | (~Q(kind=MailKind.BREAK_GLASS) & Q(access=None)),
                name="account_mail_names_the_access",
            ),
            models.CheckConstraint(
                condition=(Q(kind__in=DETAILED_MAILS) & ~Q(detail="")) | (~Q(kind__in=DETAILED_MAILS) & Q(detail="")),
                name="account_mail_has_its_detail",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(status=MailStatus.DUE), name="account_mail_due"),
            # Cases wait for a day after it (`accounts/services/territories.py`).
            models.Index(
                fields=["created_at"],
                condition=Q(kind=MailKind.TERRITORY_CHANGED),
                name="account_mail_of_territory",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"


class FactorReset(models.Model):
    """The reset of somebody's second factor by somebody else. Rows are added and never changed."""

    user = models.ForeignKey(User, models.PROTECT, related_name="factor_resets", verbose_name="compte")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="remis à zéro par")
    at = models.DateTimeField("date", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "remise à zéro d’un second facteur"
        verbose_name_plural = "remises à zéro de seconds facteurs"
        constraints = [models.CheckConstraint(condition=~Q(user=F("by")), name="factor_reset_by_another")]
        triggers = make_append_only_triggers(
            "factor_reset_is_never_changed",
            "factor_resets_are_never_changed",
            reason="resets of second factors are append-only",
        )

    def __str__(self) -> str:
        return f"{self.user} : {self.by}"
