"""How dates, durations, telephone numbers and references are said, in pages, mails and the admin alike."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django import template
from django.forms import BaseForm, BaseFormSet, BoundField
from django.template.loader import get_template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from collectivities.models import Collectivity
from collectivities.zones import CLOCKS, PARIS, day_of, zone_of
from csirts.models import Csirt
from csirts.wording import named, of_centre, to
from incidents.links import listed_hosts, split_links
from incidents.moments import end_or_day, has_hour
from incidents.triage.wording import format_duration, short_day, short_moment

register = template.Library()

# fmt: off
ALPHABET = {word[0]: word for word in (
    "Anatole", "Berthe", "Célestin", "Désiré", "Eugène", "François", "Gaston", "Henri", "Irma", "Joseph", "Kléber",
    "Louis", "Marcel", "Nicolas", "Oscar", "Pierre", "Quintal", "Raoul", "Suzanne", "Thérèse", "Ursule", "Victor",
    "William", "Xavier", "Yvonne", "Zoé",
)}
# fmt: on


@register.filter
def moment(value: datetime | None, zone: str = PARIS) -> str:
    """« mardi 24 novembre 2026 à 9 h 51, heure de Paris »: always with the zone, an IANA name."""
    if value is None:
        return ""
    return f"{day_and_hour(value, zone)}, {CLOCKS.get(zone, zone)}"


@register.filter
def when(value: date | datetime | None, zone: str = PARIS) -> str:
    """What a declarant said: the day alone when it has no hour (it is then kept as the day's first minute)."""
    if isinstance(value, datetime) and has_hour(value, zone):
        return day_and_hour(value, zone)
    return format_day(day_at(value, zone)) if value else ""


@register.filter
def when_brief(value: date | datetime | None, zone: str = PARIS) -> str:
    """The same as `brief` says it: « 9 h 42 », « 23 nov., 9 h 42 », « aujourd’hui », « 23 nov. »."""
    if isinstance(value, datetime) and has_hour(value, zone):
        return brief(value, zone)
    return short_day(day_at(value, zone), day_of(timezone.now(), zone)) if value else ""


@register.filter
def le_when_brief(value: date | datetime | None, zone: str = PARIS) -> str:
    """The same after « depuis » or « à peu près »: « 9 h 42 », « aujourd’hui », « le 23 nov. »."""
    if value is None:
        return ""
    said, is_today = when_brief(value, zone), day_at(value, zone) == day_of(timezone.now(), zone)
    return said if is_today else f"le {said}"


def day_at(value: date | datetime, zone: str) -> date:
    return day_of(value, zone) if isinstance(value, datetime) else value


@register.filter
def resumed(interruption: Any, zone: str = PARIS) -> date | datetime | None:
    """When a service resumed: a day, where no hour was given."""
    return end_or_day(interruption.started_at, interruption.ended_at, zone)


@register.filter
def clock(value: datetime | None, collectivity: Collectivity) -> str:
    """The same, at the hour of a town hall."""
    return moment(value, zone_of(collectivity))


@register.filter
def zone_said(zone: str) -> object:
    """« heure de Nouméa »"""
    return CLOCKS.get(zone, zone)


@register.filter
def day_and_hour(value: datetime | None, zone: str = PARIS) -> str:
    """The same without the zone, where the page has already said it."""
    if value is None:
        return ""
    local = value.astimezone(ZoneInfo(zone))
    return f"{format_day(local.date())} à {local.hour}\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}{local.minute:02}"


@lru_cache(maxsize=2048)
def format_day(day: date) -> str:
    """« mardi 24 novembre 2026 »: a page says the same few days many times, in the one language of the site."""
    return date_format(day, "l j F Y").replace(" 1 ", " 1er ")


@register.filter
def hour(value: datetime | None, zone: str = PARIS) -> str:
    """« 9 h 42 »; with its day when that is not today there."""
    said = day_and_hour(value, zone)
    today = value is not None and value.astimezone(ZoneInfo(zone)).date() == datetime.now(ZoneInfo(zone)).date()
    return said.rpartition(" à ")[2] if today else said


@register.filter
def brief(value: datetime | None, zone: str = PARIS) -> str:
    """« 9 h 42 » today, « 23 nov., 9 h 42 » this year, « 23 nov. 2025 » before."""
    return short_moment(value, timezone.now(), zone) if value else ""


@register.filter
def le_brief(value: datetime | None, zone: str = PARIS) -> str:
    """The same after « avant » or « depuis »: « 9 h 42 », « le 23 nov., 9 h 42 »."""
    if value is None:
        return ""
    is_today = day_of(value, zone) == day_of(timezone.now(), zone)
    return brief(value, zone) if is_today else f"le {brief(value, zone)}"


@register.filter
def duration(value: timedelta | None) -> str:
    """« 31 h »: minutes under one hour, days from the fifth; rounded down, and never negative."""
    return format_duration(value) if value is not None else ""


@register.filter
def grouped(reference: str) -> str:
    """T7K49MQX → T7K4-9MQX, however it was typed."""
    return "-".join(fours("".join(sign for sign in str(reference).upper() if sign.isalnum())))


@register.filter
def fours(signs: str) -> list[str]:
    """By fours, as people read out what means nothing."""
    return [signs[i : i + 4] for i in range(0, len(signs), 4)]


@register.filter
def spelled(reference: str) -> str:
    """T7K4 → « Thérèse, 7, Kléber, 4 »: the alphabet that French operators use."""
    return ", ".join(ALPHABET.get(sign, sign) for sign in str(reference).upper() if sign.isalnum())


@register.filter
def tel(number: str) -> str:
    """The URI to dial a number that is shown as published."""
    return "tel:" + "".join(sign for sign in str(number) if sign.isdigit() or sign == "+")


@register.filter
def le(centre: str) -> str:
    """« le CERT-FR », « Breizh Cyber »"""
    return named(centre) if centre else ""


@register.filter
def au(centre: str) -> str:
    """« au CERT-FR », « à Breizh Cyber »"""
    return to(centre)


@register.filter
def du(centre: str) -> str:
    """« du CERT-FR », « de Breizh Cyber »"""
    return of_centre(centre)


@register.filter
def host(url: str) -> str:
    """https://www.csirt-bfc.fr/aide → csirt-bfc.fr"""
    return urlsplit(str(url)).netloc.removeprefix("www.")


@register.simple_tag
def words_with_links(text: str, csirt: Csirt | None) -> SafeString:
    """What a centre wrote, with the addresses of listed sites as links, and everything else as words."""
    parts = split_links(text, listed_hosts(csirt))
    link = '<a href="{0}" rel="external noreferrer">{0}</a>'
    return format_html_join(
        "", "{}", ((format_html(link, part.text) if part.is_link else part.text,) for part in parts)
    )


@register.filter
def weight(octets: int) -> str:
    """« 1,8 Mo », « 42 Ko », « 310 octets »: as a person's own computer says it, in thousands."""
    for unit, name in ((10**9, "Go"), (10**6, "Mo"), (10**3, "Ko")):
        if octets >= unit:
            return f"{number_format(octets / unit, 1 if octets < 10 * unit else 0)}\N{NO-BREAK SPACE}{name}"
    # In French nothing is singular.
    return ngettext("%d\N{NO-BREAK SPACE}octet", "%d\N{NO-BREAK SPACE}octets", max(octets, 1)) % octets


@register.filter
def short_hash(digest: str) -> str:
    """« 9f2c … d03b »: enough to tell two files apart by eye."""
    return f"{digest[:4]} … {digest[-4:]}"


@register.filter
@cache
def drawn(icon: str) -> SafeString:
    """What `templates/icons/` draws under this name. A list shows the same one fifty times."""
    return SafeString(get_template(f"icons/{icon}.svg").render())


class Point(NamedTuple):
    target: str
    label: str
    message: str


@register.simple_tag
def points_to_correct(forms: object) -> list[Point]:
    """One line for each error, from a form, a formset, or a list of them; nothing for what is not a form."""
    if isinstance(forms, BaseForm):
        return list(_points_of(forms))
    if isinstance(forms, BaseFormSet):
        own = [Point("", "", str(message)) for message in forms.non_form_errors()]
        return own + [point for form in forms.forms for point in _points_of(form)]
    if isinstance(forms, list | tuple):
        return [point for one in forms for point in points_to_correct(one)]
    return []


def _points_of(form: BaseForm) -> Iterable[Point]:
    for name, messages in form.errors.items():
        field = form[name] if name in form.fields else None
        for message in messages:
            if field is None:
                yield Point("", "", str(message))
            else:
                yield Point(_target(field), str(field.label), str(message))


def _target(field: BoundField) -> str:
    """A group of radios has no control of its own name: its first choice takes the focus."""
    auto_id = str(field.auto_id)
    return f"{auto_id}_0" if field.use_fieldset else auto_id
