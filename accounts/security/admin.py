"""The page of security events, for the administrator of the platform."""

from __future__ import annotations  # Django's own classes take no [parameter] at run time

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst

from accounts.enums import SecurityEventKind
from accounts.models import SecurityEvent, User
from accounts.security.overview import MOST_COUNTED, count_recent_events
from accounts.security.pseudonyms import decrypt_account_ids, list_pseudonyms, load_accounts
from accounts.security.record import record_security_event
from accounts.security.wording import describe_detail
from core.admin import ReadOnlyAdmin
from core.admin_lists import BoundedChangeList
from core.french import format_number

DAY_PARAMETER = "jour"


class DayFilter(admin.SimpleListFilter):
    """Shows the events of one day, in the time zone of the site: today, yesterday, or a date that is typed."""

    title = "jour"
    parameter_name = DAY_PARAMETER
    template = "accounts/day_filter.html"
    other_inputs: list[tuple[str, str]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        today = timezone.localdate()
        return [(today.isoformat(), "Aujourd’hui"), ((today - timedelta(days=1)).isoformat(), "Hier")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Return the links of the filter, and remember the other inputs of the page for its form."""
        names = changelist.params.items()
        self.other_inputs = [(name, value) for name, value in names if name not in (DAY_PARAMETER, PAGE_VAR)]
        return super().choices(changelist)

    def queryset(self, request: HttpRequest, queryset: QuerySet[SecurityEvent]) -> QuerySet[SecurityEvent]:
        if not self.value():
            return queryset
        begin, end = find_midnights(self.value() or "")
        return queryset.filter(at__gte=begin, at__lt=end)


def find_midnights(text: str) -> tuple[datetime, datetime]:
    """Return the beginning and the end of the day that the text is, such as « 2026-11-30 ». Raises
    IncorrectLookupParameters for another text.
    """
    try:
        day = date.fromisoformat(text)
        midnights = [datetime.combine(each, time.min) for each in (day, day + timedelta(days=1))]
        begin, end = map(timezone.make_aware, midnights)
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters(error) from error
    return begin, end


class EventChangeList(BoundedChangeList):
    """The list of events, with the accounts that they name. Runs one query more."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        accounts = load_accounts(event.sealed_accounts for event in self.result_list)
        for event in self.result_list:
            keys = decrypt_account_ids(event.sealed_accounts) or [0, 0]
            event.person_account, event.actor_account = (accounts.get(key) for key in keys)


@admin.register(SecurityEvent)
class SecurityEventAdmin(ReadOnlyAdmin):
    """The list of security events, which nobody can edit, with counts of the last days above it."""

    when_empty = (
        "Aucun événement n’est encore noté\N{NO-BREAK SPACE}: les connexions, les changements d’accès et les refus "
        "seront ici."
    )
    change_list_template = "accounts/security_events.html"
    list_display = ["moment", "format_kind", "outcome", "account", "csirt", "format_detail", "origin"]
    list_filter = [DayFilter, "outcome", "kind"]
    search_fields = ["person"]
    search_help_text = "Adresse mail d’un compte, ou un pseudonyme (compte ou origine)"
    ordering = ["-at", "-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SecurityEvent]:
        return super().get_queryset(request).select_related("csirt")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedChangeList]:
        return EventChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SecurityEvent], search_term: str
    ) -> tuple[QuerySet[SecurityEvent], bool]:
        """Limit the events to those of an account, by its address or by a pseudonym. Looking for somebody by address
        is an event too, recorded with each page.
        """
        term = search_term.strip()
        if not term:
            return queryset, False
        pseudonyms = [term.lower()]
        if "@" in term:
            person = User.objects.with_address(term).first()
            pseudonyms = list_pseudonyms(person) if person else []
            if person:
                record_security_event(SecurityEventKind.EVENTS_SEARCHED, person=person)
        names = Q(person__in=pseudonyms) | Q(actor__in=pseudonyms) | Q(source__in=pseudonyms)
        return queryset.filter(names), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"overview": count_recent_events(timezone.now()), "most_counted": format_number(MOST_COUNTED)}
        return super().changelist_view(request, context | (extra_context or {}))

    @admin.display(description="date")
    def moment(self, event: SecurityEvent) -> str:
        return date_format(timezone.localtime(event.at), "d/m/Y H:i:s")

    @admin.display(description="sujet")
    def format_kind(self, event: SecurityEvent) -> str:
        """Return the kind, with the number of events that the row stands for, if it stands for several."""
        kind = capfirst(event.get_kind_display())
        return f"{kind} ({event.number}\N{NO-BREAK SPACE}fois)" if event.number > 1 else kind

    @admin.display(description="compte")
    def account(self, event: Any) -> str:
        """Return the account that the event is about, and who did it if that is somebody else."""
        account = format_account(event.person, event.person_account)
        if not event.actor:
            return account
        return format_html("{}<br>par {}", account, format_account(event.actor, event.actor_account))

    @admin.display(description="précision")
    def format_detail(self, event: SecurityEvent) -> str:
        return describe_detail(event.detail) or "–"

    @admin.display(description="origine")
    def origin(self, event: SecurityEvent) -> str:
        return format_pseudonym(event.source)


def format_account(pseudonym: str, account: User | None) -> str:
    """Return the address of an account as a link to its page, if the account still exists and the key of the event is
    still listed. Its pseudonym, which the lines of the log have, leads to its other events.
    """
    if account is None:
        return format_pseudonym(pseudonym)
    page = reverse("admin:accounts_user_change", args=[account.pk])
    return format_html('<a href="{}">{}</a> {}', page, account.email, format_pseudonym(pseudonym))


def format_pseudonym(pseudonym: str) -> str:
    """Return a pseudonym as a link to the events that have it, or a dash."""
    return format_html('<a class="hash" href="?q={}">{}</a>', pseudonym, pseudonym) if pseudonym else "–"
