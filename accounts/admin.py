"""Accounts and roles, for the administrator of the platform. The lead of a CSIRT is made here.

Nothing is deleted: an account is closed, a role ends, and what they did stays explained.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.forms import AddUserForm, ChangeUserForm
from accounts.models import Membership, User
from accounts.signed_in import user_of


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    model = Membership
    extra = 1
    fields = ["role", "collectivity", "csirt", "region", "since_on", "ended_on"]
    autocomplete_fields = ["collectivity"]

    class Media:
        js = ["accounts/named_choices.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("collectivity__departement", "csirt", "region")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        """The heads of the columns are no labels: each control says its name itself."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field:
            field.widget.attrs["aria-label"] = capfirst(field.label)
        return field

    # Nobody gives a role to themselves: who manages the accounts sees no incident.

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj != request.user and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj != request.user and super().has_change_permission(request, obj)


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    add_form = AddUserForm
    form = ChangeUserForm
    fieldsets = [(None, {"fields": ["email", "display_name", "password", "is_active", "last_login"]})]
    add_fieldsets = [(None, {"fields": ["email", "display_name", "password1", "password2"]})]
    readonly_fields = ["last_login"]
    inlines = [MembershipInline]
    list_display = ["email", "display_name", "roles", "is_active"]
    list_filter = ["is_active", "membership__role"]
    search_fields = ["email", "display_name"]
    ordering = ["email"]
    filter_horizontal = []
    actions = ["close_accounts"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("membership_set__csirt", "membership_set__region")

    @admin.display(description=_("rôles"))
    def roles(self, user: User) -> str:
        ongoing = [m for m in user.membership_set.all() if m.ended_on is None]
        return ", ".join(f"{m.get_role_display()}{where(m)}" for m in ongoing) or str(_("aucun"))

    @admin.action(description=_("Fermer les comptes cochés"), permissions=["change"])
    def close_accounts(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Their sessions end at their next request."""
        chosen = queryset.exclude(email=user_of(request).email)
        for user in chosen:
            self.log_change(request, user, str(_("Compte fermé")))
        closed = chosen.update(is_active=False)
        self.message_user(request, _("Comptes fermés : %(number)s.") % {"number": closed})

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Nobody closes the account that they are using."""
        return [*self.readonly_fields, "is_active"] if obj == request.user else [*self.readonly_fields]


def where(membership: Membership) -> str:
    place = membership.csirt or membership.region
    return f" ({place})" if place else ""
