"""The deliveries of a responder's CSIRTs, read-only, with the state of each mail. Addresses and texts are not
stored.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.access import match_centres
from accounts.enums import CentreAbility
from accounts.signed_in import get_account
from core.admin import BoundedModelAdmin
from incidents.enums import EventKind
from incidents.reference import compact_code, hyphenate
from notifications.enums import DeliveryStatus
from notifications.models import CASE_PATH, Delivery


@admin.register(Delivery)
class DeliveryAdmin(BoundedModelAdmin):
    """The list of the deliveries, which nobody can edit. The command `replay_deliveries` sends stuck ones again."""

    when_empty = "Aucun mail n’est encore parti : ceux des dossiers de votre centre seront ici, arrivés ou non."
    list_display = ["case", "status", "recipient", "event_label", "sent_moment", "last_error", "attempts"]
    list_display_links = None
    list_filter = ["status", "recipient"]
    search_fields = ["reference"]
    search_help_text = "Référence d’un dossier, même dictée"
    ordering = ["-id"]
    actions = None

    def get_urls(self) -> list[URLPattern]:
        list_view = self.admin_site.admin_view(self.changelist_view)
        return [path("", list_view, name="notifications_delivery_changelist")]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        deliveries = (
            super()
            .get_queryset(request)
            .filter(match_centres(get_account(request), CentreAbility.READ, f"{CASE_PATH}__csirt"))
        )
        return deliveries.select_related(
            f"{CASE_PATH}__collectivity__region", f"{CASE_PATH}__collectivity__region_correction"
        )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(**{f"{CASE_PATH}__reference": compact_code(search_term)}), False

    @admin.display(description="dossier")
    def case(self, delivery: Delivery) -> str:
        """Return the reference of the case as a link to its page."""
        reference = delivery.incident.reference
        address = reverse("admin:incidents_incident_change", args=[reference])
        return format_html('<a class="hash" href="{}">{}</a>', address, hyphenate(reference))

    @admin.display(description="ce qui est dit")
    def event_label(self, delivery: Delivery) -> str:
        """Return what the mail announces, in French."""
        # The name of this kind says « envoyé », and the list is there to tell whether the mail was sent.
        is_advice = delivery.event.kind == EventKind.ADVISED
        return "avis à un partenaire" if is_advice else str(delivery.event.get_kind_display())

    @admin.display(description="envoyé")
    def sent_moment(self, delivery: Delivery) -> str:
        """Return when the mail was sent, in the time zone of the body.

        If it was not sent, return « pas encore » if it is still due, or else « non ».
        """
        if delivery.sent_at is None:
            return "pas encore" if delivery.status == DeliveryStatus.DUE else "non"
        moment = {"at": delivery.sent_at, "collectivity": delivery.incident.collectivity}
        return render_to_string("notifications/moment.txt", moment)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False
