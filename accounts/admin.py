"""Accounts and roles, for the administrator of the platform, who also appoints the lead of each CSIRT.

Nothing is deleted: an account is closed and a role ends, so that past changes keep their author.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.db.models import Field, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from accounts.access import count_cases_to_orphan, count_orphaned_cases, list_lead_roles
from accounts.enums import LinkPurpose, MailKind
from accounts.models import Membership, User
from accounts.notices.admin import SiteNoticeAdmin as SiteNoticeAdmin  # Django looks for it here
from accounts.reauthentication import check_all_proofs, check_identity
from accounts.role_forms import AddUserForm, ChangeUserForm, RoleForm, RolesFormSet, takes_rights
from accounts.security.admin import SecurityEventAdmin as SecurityEventAdmin  # as above
from accounts.services.body_roles import announce_body_roles, list_undecided_body_roles
from accounts.services.break_glass import end_break_glasses
from accounts.services.confirmations import (
    announce_given_role,
    describe_suspensions,
    has_another_lead,
    is_over,
    lock_centres_of,
    renew_confirmations,
    suspend_roles,
)
from accounts.services.links import revoke_links, send_link
from accounts.services.mails import queue_mail
from accounts.services.reports import (
    find_removed_leads,
    report_closed_accounts,
    report_moved_address,
    report_removed_leads,
)
from accounts.services.roles import annotate_authors, describe_authors, describe_role, log_ended_roles, log_given_roles
from accounts.services.tokens import lock_accounts, revoke_tokens
from accounts.signed_in import get_account
from core.admin import BoundedModelAdmin
from core.fields import PlainLineField
from core.french import format_day
from csirts.models import Csirt

CLOSED, REOPENED = "Compte fermé", "Compte rouvert"
CONFIRMED = "confirme"
ROLE_AWAITS = (
    "Ce rôle ne compte pas encore\N{NO-BREAK SPACE}: {}. Une personne qui dirige le centre le confirme ou le refuse "
    "d’abord\N{NO-BREAK SPACE}; un mail le lui demande."
)
ROLE_BEGINS = (
    "Ce rôle compte à partir du {}\N{NO-BREAK SPACE}: {}. Dans un centre que personne d’autre ne dirige, un rôle "
    "commence trois jours plus tard au plus tôt, pour que les mails qui l’annoncent soient lus avant."
)
ROLE_NEVER_BEGINS = "Ce rôle ne comptera plus\N{NO-BREAK SPACE}: {}. Il se termine avant le jour où il commencerait."
AWAITED = "À confirmer par une personne qui dirige le centre\N{NO-BREAK SPACE}: d’ici là, il ne donne aucun droit."
NOBODY_CONFIRMS = (
    "Plus personne ne dirige ce centre pour le confirmer. Terminez ce rôle aujourd’hui et donnez-le de "
    "nouveau\N{NO-BREAK SPACE}: il comptera trois jours plus tard."
)
ROLE_SCOPES = [f"membership_set__{place}" for place in ("csirt", "region", "collectivity__departement")]


class MembershipInline(admin.StackedInline):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    model = Membership
    fk_name = "user"
    form = RoleForm
    formset = RolesFormSet
    verbose_name = "rôle"
    verbose_name_plural = "rôles"
    add_text = "Ajouter un rôle"
    extra = 1
    fields = [
        *("role", "collectivity", "csirt", "region", "since_on", "ended_on"),
        *("exact_since_on", "exact_until_on", "exact_act"),
        "authors",
    ]
    readonly_fields = ["authors"]
    autocomplete_fields = ["collectivity"]

    class Media:
        js = ["accounts/named_choices.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        places = ("collectivity__departement", "csirt", "region", "confirmed_by")
        return annotate_authors(super().get_queryset(request).select_related(*places))

    @admin.display(description="donné et terminé par")
    def authors(self, role: Membership) -> str:
        """Return who gave the role, who confirmed it and who ended it, and whether it still awaits a confirmation."""
        return " ".join(filter(None, [describe_authors(role), describe_confirmation(role)])) or "-"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        """Remove the buttons that add or change a related row. Label each list of choices, because the script that
        replaces the list reads the label.
        """
        if db_field.name == "exact_act":
            kwargs["form_class"] = PlainLineField
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, ModelChoiceField):
            field.widget.can_add_related = field.widget.can_change_related = False
            field.widget.can_delete_related = field.widget.can_view_related = False
            field.widget.attrs["aria-label"] = capfirst(field.label)
        return field

    # Nobody may add or change their own roles, because the administrator must not get access to incidents.

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj != request.user and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj != request.user and super().has_change_permission(request, obj)


@admin.register(User)
class AccountAdmin(UserAdmin, BoundedModelAdmin):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    add_form = AddUserForm
    add_text = "Ajouter un compte"
    add_form_template = "accounts/admin_add.html"
    form = ChangeUserForm
    fieldsets = [(None, {"fields": ["email", "display_name", "is_active", "last_login", "help"]})]
    add_fieldsets = [(None, {"fields": ["email", "display_name"]})]
    readonly_fields = ["last_login", "help"]
    inlines = [MembershipInline]
    list_display = ["email", "display_name", "roles", "is_active"]
    list_filter = ["is_active", "membership__role"]
    search_fields = ["email", "display_name"]
    ordering = ["email"]
    filter_horizontal = []
    actions = ["close_accounts"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related(*ROLE_SCOPES)

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of an account. The help text of « Compte actif » says how many cases would be orphaned if
        the account were closed, that of the address what the roles would wait for if it were changed.
        """
        number = count_cases_to_orphan([obj])[obj.pk] if obj else 0
        help_texts = {"is_active": format_closing_warning(number)} if number else {}
        if obj and (suspensions := describe_suspensions(obj, get_account(request))):
            text = " ".join(["Si vous changez cette adresse, ses sessions se ferment.", *suspensions])
            help_texts["email"] = escape(text)  # Django shows help texts as markup
        return super().get_form(request, obj, change=change, help_texts=help_texts, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list. The act that closes accounts asks for a proof of identity first."""
        if request.method == "POST":
            check_identity(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save the form of an account, after all proofs of identity: somebody signs in with its mail address.
        The form names its own URL, because a form that is refused after the proof is shown at the URL of the proof.
        """
        check_all_proofs(request)
        return super().changeform_view(request, object_id, form_url or request.get_full_path(), extra_context)

    def get_urls(self) -> list[Any]:
        """Return the URLs without the page that sets somebody's password. A link sent to the mailbox of the account
        replaces it.
        """
        return [pattern for pattern in super().get_urls() if pattern.name != "auth_user_password_change"]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            self.save_changed_account(obj, form, get_account(request))
            return
        obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        send_link(LinkPurpose.WELCOME, user=obj, made_by=get_account(request))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the roles. Record who gave or ended each role, because Django would only record that the account
        changed. Tell the leads of a centre which roles were given there, came back with the account, or were taken
        from a lead, and the managers of a body which were given there, came back or moved to another address.
        """
        removed = find_removed_leads(role.instance for role in formset.initial_forms if role.has_changed())
        super().save_formset(request, form, formset, change)
        actor = get_account(request)
        if form.instance.is_active or "is_active" not in form.changed_data:  # else its closing was reported
            report_removed_leads(removed, actor)
        new, changed = formset.new_objects, formset.changed_objects
        log_given_roles({*new, *formset.given_roles, *formset.given_body_roles}, actor)
        for role in formset.given_roles:
            announce_given_role(role, actor)
        is_handed_on = change and form.instance.is_active and {"is_active", "email"} & {*form.changed_data}
        body_roles = formset.given_body_roles
        others = list_undecided_body_roles(form.instance, decided=body_roles) if is_handed_on else []
        announce_body_roles([*body_roles, *others], actor)
        renewed = decide_roles_again(form, actor, formset.given_roles) if change else []
        warn_of_waiting_roles(request, [*formset.given_roles, *renewed])
        ended = [role for role, fields in changed if "ended_on" in fields and role.ended_on]
        log_ended_roles(ended, actor)
        revoke_tokens(role_form.instance.user for role_form in formset.initial_forms if takes_rights(role_form))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and ("is_active" in form.changed_data or any(formset.changed_objects for formset in formsets)):
            self.warn_of_orphaned_cases(request, [form.instance])

    def save_changed_account(self, user: User, form: Any, actor: User) -> None:
        """Save what the form changed of an account. If its address changed, its sessions and break-glass accesses end,
        its links are revoked, and mails are queued to the former address and to the leads of its centres, who confirm
        its roles again once they are saved (`decide_roles_again`). They hear too if the account of a lead is closed.

        The other columns are left alone, because the account was read without a lock: a password or a stamp that was
        saved since must not be undone.
        """
        changed = [*form.changed_data]
        if "email" in form.changed_data:
            queue_mail(MailKind.ADDRESS_CHANGED, user, to=form.initial["email"])
            user.session_stamp = uuid4()
            revoke_links(user)
            changed.append("session_stamp")
        if user.is_active and {"is_active", "email"} & {*form.changed_data}:
            lock_centres_of(user)  # before the account
        lock_accounts([user])  # before its roles, which are saved next
        user.save(update_fields=changed)
        if "email" in form.changed_data:
            report_moved_address(user, actor)
            end_break_glasses(user, actor, to=form.initial["email"])
        if "is_active" in form.changed_data and not user.is_active:
            report_closed_accounts([user], actor)

    @admin.display(description="aide")
    def help(self, user: User) -> SafeString | str:
        """Return a link to the page from which the administrator assists this person."""
        if not user.pk or not user.is_active:
            return "-"
        label = "Envoyer un lien de mot de passe, remettre à zéro le second facteur…"
        return format_html('<a href="{}">{}</a>', reverse("person", args=[user.uid]), label)

    @admin.display(description="rôles")
    def roles(self, user: User) -> str:
        """Return the roles without a last day, each with its scope, in one text."""
        ongoing = [m for m in user.membership_set.all() if m.ended_on is None]
        return ", ".join(map(format_role, ongoing)) or "aucun rôle"

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Return the text of the entry in the history. Closing or reopening the account is recorded in its own words,
        « Compte fermé » or « Compte rouvert ».
        """
        if add or "is_active" not in form.changed_data:
            return super().construct_change_message(request, form, formsets, add)
        state = REOPENED if form.instance.is_active else CLOSED
        form.changed_data.remove("is_active")  # the line of Django would name the field, not what happened
        other_changes = super().construct_change_message(request, form, formsets, add)
        if other_changes:
            self.log_change(request, form.instance, state)
        return other_changes or state

    @admin.action(description="Fermer les comptes cochés", permissions=["change"])
    def close_accounts(self, request: HttpRequest, queryset: QuerySet[User]) -> TemplateResponse | None:
        """Ask to confirm, then close the chosen accounts. The administrator's own account is never closed."""
        chosen = list(queryset)
        refusals = {user: reason for user in chosen if (reason := explain_refused_closing(user, get_account(request)))}
        people = [user for user in chosen if user not in refusals]
        if people and CONFIRMED not in request.POST:
            orphaned = count_cases_to_orphan(people)
            rows = [(user, self.roles(user), orphaned[user.pk]) for user in people]
            title = "Fermer ces comptes" if len(people) > 1 else "Fermer ce compte"
            context = {"title": f"{title}\N{NO-BREAK SPACE}?", "opts": self.opts, "rows": rows, "refusals": refusals}
            context |= self.admin_site.each_context(request) | {"checkbox": ACTION_CHECKBOX_NAME}
            return TemplateResponse(request, "accounts/admin_close.html", context)
        if people:
            self.save_closed_accounts(request, people)
        for user, reason in refusals.items():
            self.message_user(
                request, f"Rien ne change pour {user.email}\N{NO-BREAK SPACE}: {reason}", messages.WARNING
            )
        return None

    def save_closed_accounts(self, request: HttpRequest, people: list[User]) -> None:
        """Close these accounts, and record the closing in their history. Their sessions end at the next request. Tell
        the leads among them, and the other leads of their centres.
        """
        for user in people:
            self.log_change(request, user, CLOSED)
        with transaction.atomic():
            lock_accounts(people)
            User.objects.filter(pk__in=[user.pk for user in people]).update(is_active=False)
            report_closed_accounts(people, get_account(request))
        label = "Comptes fermés" if len(people) > 1 else "Compte fermé"
        addresses = ", ".join(user.email for user in people)
        self.message_user(request, f"{label}\N{NO-BREAK SPACE}: {addresses}.", messages.SUCCESS)
        self.warn_of_orphaned_cases(request, people)

    def warn_of_orphaned_cases(self, request: HttpRequest, people: list[User]) -> None:
        """Show how many open cases each centre must assign again, now that these people have left the centre."""
        orphaned = count_orphaned_cases(Membership.objects.filter(user__in=people))
        led_centres = set(list_lead_roles().filter(csirt__in=orphaned).values_list("csirt", flat=True))
        for centre in Csirt.objects.filter(pk__in=orphaned).order_by("name"):
            text = format_orphaned_cases_of_centre(centre, orphaned[centre.pk], has_lead=centre.pk in led_centres)
            self.message_user(request, text, messages.WARNING)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Return the read-only fields, which include `is_active` on the administrator's own account."""
        return [*self.readonly_fields, "is_active"] if obj == request.user else [*self.readonly_fields]


def explain_refused_closing(user: User, administrator: User) -> str:
    """Return why the administrator cannot close this account, or "" if they can."""
    if user == administrator:
        return "c’est votre compte. Il reste ouvert\N{NO-BREAK SPACE}: personne ne ferme le sien."
    return "" if user.is_active else "ce compte est déjà fermé."


def format_closing_warning(number: int) -> str:
    """Return the warning that this many open cases will have no assignee if the account is closed."""
    cases = f"{number} dossiers ouverts n’auront" if number > 1 else "1 dossier ouvert n’aura"
    return f"Si vous fermez ce compte, {cases} plus personne."


def format_orphaned_cases_of_centre(centre: Csirt, number: int, *, has_lead: bool) -> SafeString:
    """Return the warning that this many open cases of a centre have no assignee any more. If the centre has no lead,
    the warning links to the form that creates an account.
    """
    cases = f"{number} dossiers ouverts n’ont" if number > 1 else "1 dossier ouvert n’a"
    start = f"{centre}\N{NO-BREAK SPACE}: {cases} plus personne."
    if has_lead:
        return format_html("{} La page de la personne qui dirige le centre le dit.", start)
    link = reverse("admin:accounts_user_add")
    return format_html(
        '{} Ce centre n’a plus de responsable\N{NO-BREAK SPACE}: <a href="{}">ouvrez un compte qui le dirige</a>.',
        start,
        link,
    )


def format_role(role: Membership) -> str:
    """Return a role with its scope, such as « analyste d’un campus cyber (Bretagne, chiffres exacts) »."""
    if role.awaits_confirmation:
        return describe_role(role, detail="à confirmer")
    return describe_role(
        role, detail="chiffres exacts" if role.is_entitled_to_exact_figures(timezone.localdate()) else ""
    )


def describe_confirmation(role: Membership) -> str:
    """Return what the administrator must know of a role that has not been confirmed, or "" for any other role. Runs
    one query for such a role.
    """
    if not role.awaits_confirmation:
        return ""
    if is_over(role):
        return "Le centre ne l’avait pas confirmé."
    return AWAITED if has_another_lead(role) else NOBODY_CONFIRMS


def decide_roles_again(form: Any, actor: User, decided: Sequence[Membership]) -> list[Membership]:
    """Decide anew on the roles in centres of an open account whose form, now saved, opened it again or changed its
    address. Return these roles. `decided` are those that were just decided.
    """
    if form.instance.is_active and "is_active" in form.changed_data:
        return renew_confirmations(form.instance, actor, decided=decided)
    if form.instance.is_active and "email" in form.changed_data:
        return suspend_roles(form.instance, actor, decided=decided)
    return []


def warn_of_waiting_roles(request: HttpRequest, roles: Iterable[Membership]) -> None:
    """Show the administrator which of these roles do not count yet, and what they wait for."""
    for role in roles:
        if role.awaits_confirmation:
            messages.warning(request, ROLE_AWAITS.format(describe_role(role)))
        elif role.csirt and is_over(role):
            messages.warning(request, ROLE_NEVER_BEGINS.format(describe_role(role)))
        elif role.csirt and role.since_on > timezone.localdate():
            messages.warning(request, ROLE_BEGINS.format(format_day(role.since_on), describe_role(role)))
