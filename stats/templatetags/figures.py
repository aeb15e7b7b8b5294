"""How a figure is written."""

from datetime import timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def figure(value: int) -> str:
    """12345 → « 12 345 », with the narrow space that does not break."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


@register.filter
def cell(value: int | None) -> SafeString | str:
    """The figure, or the word for what is not shown alone: never a zero, never a dash."""
    return figure(value) if value is not None else format_html('<span class="help">{}</span>', _("regroupé"))


@register.filter
def plural(value: int) -> str:
    """In French zero is singular."""
    return "s" if value > 1 else ""


@register.filter
def span(value: timedelta) -> str:
    """« 2 h 10 », « 3 j 4 h », « 12 min »: whole minutes under two days, whole hours beyond."""
    minutes = int(value.total_seconds()) // 60
    if minutes < 60:
        return f"{minutes}\N{NO-BREAK SPACE}min"
    if minutes < 48 * 60:
        return f"{minutes // 60}\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}{minutes % 60:02}"
    return f"{minutes // 1440}\N{NO-BREAK SPACE}j\N{NO-BREAK SPACE}{minutes // 60 % 24}\N{NO-BREAK SPACE}h"
