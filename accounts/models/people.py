"""Users, and their roles in bodies, centres, régions and the platform."""

from datetime import date
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.enums import (
    CENTRE_ABILITIES,
    COLLECTIVITY_ROLES,
    CSIRT_ROLES,
    PLATFORM_ROLES,
    REGION_ROLES,
    SECOND_FACTOR_ROLES,
    STAFF_ROLES,
    CentreAbility,
    Role,
)
from accounts.models.triggers import ACCOUNT_TRIGGERS, ROLE_TRIGGERS
from accounts.permissions import list_permissions
from collectivities.models import Collectivity, Region
from core.secrets import hash_value
from core.text import normalise_address
from csirts.models import Csirt


class UserManager(BaseUserManager["User"]):
    """Creates accounts from an e-mail address. There is no `create_superuser`, because there are no superusers."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=normalise_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def with_address(self, address: str) -> models.QuerySet["User"]:
        """Return a queryset of the account with this e-mail address, in whatever form the address is written. The
        queryset is empty if there is no such account.
        """
        return self.filter(email=normalise_address(address))

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.with_address(username or "").get()


class User(AbstractBaseUser):
    """A person with an account. Only the memberships in force today, and break-glass accesses, give rights."""

    uid = models.UUIDField("identifiant public", default=uuid4, unique=True, editable=False)
    email = models.EmailField("adresse mail", unique=True)
    display_name = models.CharField("nom affiché", max_length=80)
    is_active = models.BooleanField("compte actif", default=True)
    created_at = models.DateTimeField("créé le", default=timezone.now, editable=False)
    session_stamp = models.UUIDField("sceau des sessions", default=uuid4, editable=False)
    # When the account was closed, which the database writes itself. None for an open account.
    closed_at = models.DateTimeField("fermé le", null=True, blank=True, editable=False)
    # When the person was last warned that the account will be closed because nobody uses it.
    unused_warned_at = models.DateTimeField("averti de la fermeture le", null=True, blank=True, editable=False)
    # Until then, break-glass accesses are looked for. Only their rows give rights.
    break_glass_until = models.DateTimeField("accès d’urgence jusqu’au", null=True, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = "compte"
        verbose_name_plural = "comptes"
        ordering = ["email"]
        constraints = [
            # With it, `unique` on the column allows one account to each mailbox.
            models.CheckConstraint(
                condition=Q(email=Lower(Func("email", template="NORMALIZE(%(expressions)s, NFKC)"))),
                name="user_email_normalised",
            )
        ]
        triggers = ACCOUNT_TRIGGERS

    def __str__(self) -> str:
        return self.display_name or self.email

    def save(self, **fields: Any) -> None:
        """Save the account. A new password also changes the session stamp, which ends the sessions and revokes the
        tokens, whoever sets the password: a page, a link or `manage.py changepassword`. A new hash of the same
        password (`check_password`) changes nothing else.
        """
        if getattr(self, "_password", None) is not None:  # of Django: set and not saved yet
            self.session_stamp = uuid4()
            if fields.get("update_fields") is not None:
                fields["update_fields"] = {*fields["update_fields"], "session_stamp"}
        super().save(**fields)

    @cached_property
    def memberships(self) -> list["Membership"]:
        """The memberships in force today, and one of a responder, without a row, for each break-glass access that is
        open now. They are read with their CSIRTs by one query, or two for a person with such an access, and cached on
        this object.
        """
        roles = list(self.membership_set.in_force().select_related("csirt"))
        return [*roles, *self.make_break_glass_roles(roles)]

    def make_break_glass_roles(self, own_roles: list["Membership"]) -> list["Membership"]:
        """Return an unsaved role of a responder for each centre that a break-glass access opens to the person now.
        It opens none to a person who administers the platform by one of `own_roles`.
        """
        now = timezone.now()
        if self.break_glass_until is None or self.break_glass_until <= now:
            return []
        if any(role.role == Role.ADMINISTRATOR for role in own_roles):
            return []
        accesses = self.break_glass_accesses.filter(started_at__lte=now, ends_at__gt=now, end=None)
        return [Membership(user=self, role=Role.RESPONDER, csirt_id=access.csirt_id) for access in accesses]

    @property
    def own_roles(self) -> list["Membership"]:
        """The memberships in force today, without break-glass accesses."""
        return [role for role in self.memberships if role.pk]

    def is_in_team(self, csirt_id: int) -> bool:
        """Tell whether the person works for this CSIRT by a role, and not by a break-glass access alone."""
        roles = [role for role in self.own_roles if role.csirt_id == csirt_id]
        return any(CentreAbility.WORK in CENTRE_ABILITIES[role.role] for role in roles)

    def has_role(self, *roles: Role | str) -> bool:
        """Tell whether the person has one of these roles today."""
        return any(membership.role in roles for membership in self.memberships)

    # What the person may do in a CSIRT, by a role in force today. Pages, templates and services ask these; for a
    # condition of a query or for the rows, they ask `accounts.access`.

    def reads_centre(self, csirt_id: int | None) -> bool:
        """Tell whether the person may read the cases of this CSIRT. Return False for None, because a case without a
        CSIRT has this value.
        """
        return csirt_id in self.readable_centre_ids

    def works_in_centre(self, csirt_id: int | None) -> bool:
        """Tell whether the person may act on the cases of this CSIRT. Return False for None."""
        return csirt_id in self.workable_centre_ids

    def leads_centre(self, csirt_id: int | None) -> bool:
        """Tell whether the person leads this CSIRT. Return False for None."""
        return csirt_id in self.led_centre_ids

    @property
    def reads_any_centre(self) -> bool:
        """True if the person may read the cases of at least one CSIRT."""
        return bool(self.readable_centre_ids)

    @property
    def works_in_any_centre(self) -> bool:
        """True if the person may act on the cases of at least one CSIRT."""
        return bool(self.workable_centre_ids)

    @property
    def leads_any_centre(self) -> bool:
        """True if the person leads at least one CSIRT."""
        return bool(self.led_centre_ids)

    def filter_led_centres(self, csirts: models.QuerySet[Csirt]) -> models.QuerySet[Csirt]:
        """Limit a queryset of CSIRTs to those that the person leads. The app `csirts` calls this method, because it
        may not import `accounts`.
        """
        return csirts.filter(pk__in=self.led_centre_ids)

    @property
    def has_body(self) -> bool:
        """True if the person has a role in a body today."""
        return bool(self.get_collectivity_ids())

    # The ids of centres and bodies behind these answers, for `accounts`, `incidents.access` and `incidents.querysets`
    # alone

    @property
    def readable_centre_ids(self) -> set[int]:
        """The ids of the CSIRTs whose cases this person may read."""
        return self.get_centre_ids(CentreAbility.READ)

    @property
    def workable_centre_ids(self) -> set[int]:
        """The ids of the CSIRTs on whose cases this person may act."""
        return self.get_centre_ids(CentreAbility.WORK)

    @property
    def led_centre_ids(self) -> set[int]:
        """The ids of the CSIRTs that this person leads."""
        return self.get_centre_ids(CentreAbility.LEAD)

    def get_centre_ids(self, to: CentreAbility) -> set[int]:
        """Return the ids of the CSIRTs in which this person has the ability `to` today."""
        return {m.csirt_id for m in self.memberships if m.csirt_id and to in CENTRE_ABILITIES[m.role]}

    def get_collectivity_ids(self) -> set[int]:
        """Return the ids of the bodies in which this person has a role today."""
        return {m.collectivity_id for m in self.memberships if m.collectivity_id}

    # The ids of régions, for `accounts` and for `stats.exact.access`, which decides who reads exact figures

    def get_region_ids(self) -> set[int]:
        """Return the ids of the régions for which this person has a role today."""
        return {m.region_id for m in self.memberships if m.region_id}

    def get_exact_region_ids(self) -> set[int]:
        """Return the ids of the régions whose exact figures this person may read today. Each of these régions has
        allowed it by a written decision.
        """
        today = timezone.localdate()
        return {m.region_id for m in self.memberships if m.region_id and m.is_entitled_to_exact_figures(today)}

    @property
    def needs_second_factor(self) -> bool:
        """True if one of the person's roles needs a second factor."""
        return self.has_role(*SECOND_FACTOR_ROLES)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return a hash of the password and the session stamp. A change of either ends the open sessions."""
        sealed = f"{self.session_stamp}:{self.password}"
        return hash_value("accounts.session", sealed, secret=secret).hex()

    # The attributes that Django's admin requires

    @property
    def is_staff(self) -> bool:
        return self.is_active and self.has_role(*STAFF_ROLES)

    @property
    def is_superuser(self) -> bool:
        return False

    def get_all_permissions(self, obj: object = None) -> set[str]:
        if not self.is_active:
            return set()
        return {name for m in self.memberships for name in list_permissions(m.role)}

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return perm in self.get_all_permissions()

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return all(self.has_perm(perm) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return any(name.startswith(f"{app_label}.") for name in self.get_all_permissions())

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name

    @property
    def name_with_initial(self) -> str:
        """The first name with the initial of the last name, « Camille F. ». Without a name, it is the address. Pages
        use it in narrow columns, and show the full name elsewhere.
        """
        first_word, *other_words = self.display_name.split() or [self.email]
        last_word = next((word for word in reversed(other_words) if word[0].isalpha()), "")
        return f"{first_word}\N{NO-BREAK SPACE}{last_word[0].upper()}." if last_word else first_word


def make_in_force_condition() -> Q:
    """Return the query condition that a membership is in force today. One that a lead of its centre has yet to confirm
    is not. Every right follows from this condition.
    """
    today = timezone.localdate()
    return Q(awaits_confirmation=False, since_on__lte=today) & (Q(ended_on=None) | Q(ended_on__gt=today))


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self) -> "MembershipQuerySet":
        """Return the memberships in force today."""
        return self.filter(make_in_force_condition())

    def not_ended(self) -> "MembershipQuerySet":
        """Return the memberships in force today and those that begin later. A membership that ends on its first day is
        left out, because it never begins.
        """
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=timezone.localdate()) & Q(ended_on__gt=F("since_on")))


class Membership(models.Model):
    """The role of a person in a body, a centre, a région or the platform, with its dates. A membership is ended and
    never deleted, because it explains who could see what. Once it has begun, its person, its role and its scope stay.

    A role that the administrator gives in a centre, or whose account the administrator takes over, awaits the
    confirmation of a lead of the centre (`accounts/services/confirmations.py`). One that ended while it awaited it was
    refused, and gave no right since.
    """

    user = models.ForeignKey(User, models.PROTECT, verbose_name="compte")
    role = models.CharField("rôle", max_length=16, choices=Role)
    collectivity = models.ForeignKey(Collectivity, models.PROTECT, null=True, blank=True, verbose_name="collectivité")
    csirt = models.ForeignKey(Csirt, models.PROTECT, null=True, blank=True, verbose_name="CSIRT")
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, verbose_name="région")
    since_on = models.DateField("depuis le", default=timezone.localdate)
    ended_on = models.DateField("terminé le", null=True, blank=True)
    # The written decision by which a région entitles its analyst to its exact figures. The last day is included;
    # without one, the decision has no end.
    exact_since_on = models.DateField("chiffres exacts depuis le", null=True, blank=True)
    exact_until_on = models.DateField(
        "chiffres exacts jusqu’au", null=True, blank=True, help_text="Dernier jour, inclus. Vide : sans fin."
    )
    exact_act = models.CharField(
        "acte de la région",
        max_length=120,
        blank=True,
        help_text="Référence et date de l’écrit par lequel la région l’autorise.",
    )

    awaits_confirmation = models.BooleanField("à confirmer", default=False, db_default=False, editable=False)
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, editable=False, related_name="+", verbose_name="confirmé par"
    )
    confirmed_at = models.DateTimeField("confirmé le", null=True, blank=True, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = "rôle d’une personne"
        verbose_name_plural = "rôles des personnes"
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
            models.CheckConstraint(
                condition=(
                    Q(role__in=COLLECTIVITY_ROLES, collectivity__isnull=False, csirt=None, region=None)
                    | Q(role__in=CSIRT_ROLES, collectivity=None, csirt__isnull=False, region=None)
                    | Q(role__in=REGION_ROLES, collectivity=None, csirt=None, region__isnull=False)
                    | Q(role__in=PLATFORM_ROLES, collectivity=None, csirt=None, region=None)
                ),
                name="membership_scope_fits_role",
                violation_error_message=(
                    "Un rôle de collectivité demande une collectivité, un rôle de CSIRT un CSIRT, "
                    "un rôle de campus une région, et les autres rien."
                ),
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("since_on")), name="membership_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(exact_since_on=None, exact_until_on=None, exact_act="")
                | Q(exact_since_on__isnull=False, role__in=REGION_ROLES) & Q(exact_act__regex=r"\S"),
                name="membership_entitled_by_an_act",
                violation_error_message=(
                    "Les chiffres exacts d’une région s’ouvrent à son analyste, depuis un jour, par un acte d’elle."
                ),
            ),
            models.CheckConstraint(
                condition=Q(exact_until_on=None) | Q(exact_until_on__gte=F("exact_since_on")),
                name="membership_entitled_until_after_since",
                violation_error_message="Le dernier jour des chiffres exacts ne précède pas le premier.",
            ),
            models.CheckConstraint(
                condition=Q(awaits_confirmation=False) | Q(role__in=CSIRT_ROLES, confirmed_at=None),
                name="membership_awaits_a_centre",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, role__in=CSIRT_ROLES)
                & ~Q(confirmed_by=F("user")),
                name="membership_confirmed_by_another",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "collectivity", "csirt", "region"],
                condition=Q(ended_on=None),
                nulls_distinct=False,
                name="membership_once_in_force",
            ),
        ]
        triggers = ROLE_TRIGGERS

    def __str__(self) -> str:
        return self.get_role_display()  # without a name, because the history of the admin keeps this text for ever

    def is_entitled_to_exact_figures(self, today: date) -> bool:
        """Tell whether the written decision that opens the exact figures of the région is in force on the day `today`.
        The caller checks the role.
        """
        if self.exact_since_on is None or today < self.exact_since_on:
            return False
        return self.exact_until_on is None or today <= self.exact_until_on
