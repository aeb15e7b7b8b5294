"""Forms of the admin that add or change an account and its roles, and say which field is missing."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.enums import COLLECTIVITY_ROLES, CSIRT_ROLES, REGION_ROLES
from accounts.models import Membership, User
from accounts.services.body_roles import find_given_body_roles
from accounts.services.confirmations import decide_confirmations, ends_later, has_another_lead, has_begun, is_over
from accounts.services.roles import has_incompatible_roles
from core.admin_forms import ConflictCheckedForm
from core.fields import PlainLineField
from core.french import format_day
from core.text import normalise_address

# By kind of role: the roles, the field of their scope, the error if it is empty, the error if another role fills it.
SCOPES = (
    (
        COLLECTIVITY_ROLES,
        "collectivity",
        "Choisissez la collectivité de ce rôle.",
        "Ce rôle n’est pas celui d’une collectivité\N{NO-BREAK SPACE}: laissez ce champ vide.",
    ),
    (
        CSIRT_ROLES,
        "csirt",
        "Choisissez le CSIRT de ce rôle.",
        "Ce rôle n’est pas celui d’un CSIRT\N{NO-BREAK SPACE}: laissez ce champ vide.",
    ),
    (
        REGION_ROLES,
        "region",
        "Choisissez la région de ce rôle.",
        "Ce rôle n’est pas celui d’une région\N{NO-BREAK SPACE}: laissez ce champ vide.",
    ),
)
INCOMPATIBLE_ROLES = (
    "La personne qui administre la plateforme ne lit pas les déclarations\N{NO-BREAK SPACE}: elle n’a pas de rôle "
    "dans une collectivité ni dans un centre. Terminez l’un des deux rôles, ou donnez-le à un autre compte."
)
FIXED_FIELD = (
    "Ce rôle a commencé\N{NO-BREAK SPACE}: seul son dernier jour change (et les chiffres exacts d’un analyste), pour "
    "que l’historique dise qui pouvait lire quoi. Écrivez ce dernier jour, puis donnez un autre rôle."
)
ENDED_ROLE = "Ce rôle est terminé et ne revient pas\N{NO-BREAK SPACE}: donnez-en un autre."
LONGER_ROLE = (
    "Une autre personne dirige ce centre et doit confirmer la suite\N{NO-BREAK SPACE}: remettez le {} comme dernier "
    "jour, et donnez le même rôle à partir de ce jour-là."
)
COUNTS_TODAY = "Ce rôle compte encore aujourd’hui\N{NO-BREAK SPACE}: son dernier jour est aujourd’hui ou plus tard."
PAST_FIRST_DAY = "Ce rôle ne compte pas encore\N{NO-BREAK SPACE}: il commence aujourd’hui ou plus tard."
REPEATED_ROLE = "Cette personne a déjà ce rôle, sans dernier jour. S’il n’est pas sur cette page, rouvrez-la."
# The fields of a role that say which rights it gives, and from when on.
DEFINING_FIELDS = ("role", "collectivity", "csirt", "region", "since_on")
EXACT_FIELDS = ("exact_since_on", "exact_until_on", "exact_act")


class UniqueAddressForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """A form of an account that normalises its address, and refuses the address of another account."""

    def clean_email(self) -> str:
        address = normalise_address(str(self.cleaned_data["email"]))
        if User.objects.with_address(address).exclude(pk=self.instance.pk).exists():
            raise ValidationError("Un compte existe déjà à cette adresse.")
        return address


class AddUserForm(UniqueAddressForm):
    """Adds an account without a password: its owner chooses one through a link sent to the address."""

    class Meta:
        model = User
        fields = ["email", "display_name"]
        field_classes = {"display_name": PlainLineField}


class ChangeUserForm(ConflictCheckedForm, UniqueAddressForm):
    """Changes the address and the name of an account, or closes or reopens it."""

    class Meta:
        model = User
        fields = ["email", "display_name", "is_active"]
        field_classes = {"display_name": PlainLineField}


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """The form of one role, which names each field that is missing or superfluous. The constraints of the database
    would give one message for all mistakes.
    """

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        errors = [*find_history_errors(self.instance if self.instance.pk else None, cleaned)]
        if role := cleaned.get("role"):
            errors = [*errors, *find_scope_errors(role, cleaned), *find_decision_errors(role, cleaned)]
        for field, error in errors:
            if field not in self.errors:
                self.add_error(field, error)
        return cleaned


def find_history_errors(stored: Membership | None, cleaned: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (field, error) for each change that would falsify who could see what, and who led a centre: these rows
    alone say so. `stored` is the role as the database has it, or None for a new one.

    A role begins today at the earliest. Once it has begun, it changes in its last day and in its exact figures alone,
    and ends today at the earliest. Nothing of a role that is over changes. Where somebody else leads the centre, a
    begun role is not prolonged: the same role waits for the lead in a row of its own. One that has waited since an
    earlier day begins today if it becomes another role. Runs one query at most.
    """
    changed = {name for name, value in cleaned.items() if stored is None or value != getattr(stored, name, value)}
    today = timezone.localdate()
    if stored is not None and is_over(stored):
        yield from ((name, ENDED_ROLE) for name in (*DEFINING_FIELDS, "ended_on", *EXACT_FIELDS) if name in changed)
    elif stored is not None and has_begun(stored):
        yield from ((name, FIXED_FIELD) for name in DEFINING_FIELDS if name in changed)
        if "ended_on" in changed and cleaned["ended_on"] and cleaned["ended_on"] < today:
            yield "ended_on", COUNTS_TODAY
        elif stored.ended_on and ends_later(cleaned.get("ended_on"), stored) and has_another_lead(stored):
            yield "ended_on", LONGER_ROLE.format(format_day(stored.ended_on))
    elif changed & {*DEFINING_FIELDS} and cleaned.get("since_on") and cleaned["since_on"] < today:
        yield "since_on", PAST_FIRST_DAY


def find_scope_errors(role: str, cleaned: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (field, error) for each scope that is missing, and for each that the role must not have. A scope is a
    body, a CSIRT or a région.
    """
    for roles, field, missing, superfluous in SCOPES:
        if role in roles and not cleaned.get(field):
            yield field, missing
        if role not in roles and cleaned.get(field):
            yield field, superfluous


def find_decision_errors(role: str, cleaned: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (field, error) if the entitlement to exact figures is incomplete. It needs the role of analyst, a first
    day and the reference of the written decision.
    """
    if not any(cleaned.get(name) for name in EXACT_FIELDS):
        return
    if role not in REGION_ROLES:
        yield (
            "exact_since_on",
            "Les chiffres exacts d’une région ne s’ouvrent qu’à son analyste\N{NO-BREAK SPACE}: "
            "laissez ces champs vides.",
        )
    elif not cleaned.get("exact_since_on"):
        yield "exact_since_on", "Écrivez depuis quel jour les chiffres exacts sont ouverts."
    elif not cleaned.get("exact_act"):
        yield "exact_act", "Écrivez la référence et la date de l’acte de la région."


class RolesFormSet(forms.models.BaseInlineFormSet):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """The roles of one account. A new account must have a role, because its owner would otherwise see no page. The
    administrator of the platform must not have a role that reads cases. A role of a centre may have to await a lead of
    the centre: `given_roles` are the roles of centres that give the person something new, `given_body_roles` those of
    bodies.
    """

    given_roles: Sequence[Membership] = ()
    given_body_roles: Sequence[Membership] = ()

    def clean(self) -> None:
        super().clean()
        if self.instance.pk is None and not any(form.has_changed() for form in self.forms):
            raise ValidationError(
                "Donnez un rôle à ce compte\N{NO-BREAK SPACE}: sans rôle, cette personne ne verrait rien."
            )
        if any(self.errors):
            return
        changed = [form.instance for form in self.forms if form.has_changed()]
        self.given_roles = decide_confirmations(changed)  # waits for a click before this one on the same centre
        self.given_body_roles = find_given_body_roles(changed)
        resulting_roles = self.list_resulting_roles()
        if has_incompatible_roles(resulting_roles):
            raise ValidationError(INCOMPATIBLE_ROLES)
        if has_repeated_role(resulting_roles):
            raise ValidationError(REPEATED_ROLE)

    def list_resulting_roles(self) -> list[Membership]:
        """Return the roles that the account will have after the forms are saved, those that the page did not show yet
        included. Runs one query.
        """
        posted = [form.instance for form in self.forms if form.instance.pk or form.has_changed()]
        if self.instance.pk is None:
            return posted
        others = Membership.objects.filter(user=self.instance).exclude(pk__in=[role.pk for role in posted if role.pk])
        return [*posted, *others]


def has_repeated_role(roles: Sequence[Membership]) -> bool:
    """Tell whether two of these roles of one account are the same and have no last day, which PostgreSQL refuses."""
    endless = [(role.role, role.collectivity_id, role.csirt_id, role.region_id) for role in roles if not role.ended_on]
    return len(endless) > len({*endless})


def takes_rights(form: Any) -> bool:
    """Tell whether this saved form of an existing role has ended it. Tokens that were made before would act with other
    rights than those that their owner knew.
    """
    end = form.instance.ended_on
    return form.has_changed() and end != form.initial["ended_on"] and end is not None and end <= timezone.localdate()
