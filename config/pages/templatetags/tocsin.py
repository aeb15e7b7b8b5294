"""Template filters for dates, durations, telephone numbers and references, in pages, mails and the admin."""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django import template
from django.forms import BaseForm, BaseFormSet, BoundField
from django.template.loader import get_template
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from collectivities.models import Collectivity
from collectivities.zones import CLOCK_LABELS, PARIS, find_local_day, find_zone
from core import telephone
from core.french import choose_plural, format_long_day
from core.telephone import find_dialled_number
from csirts.models import Csirt
from csirts.routing import Fallback, find_stand_in
from csirts.wording import format_centre, format_centre_with_au, format_centre_with_du
from incidents.links import list_linkable_hosts, split_links
from incidents.moments import has_hour, reduce_to_known_end
from incidents.triage.wording import format_duration_rounded_down, format_short_day, format_short_moment

register = template.Library()

# fmt: off
ALPHABET = {word[0]: word for word in (
    "Anatole", "Berthe", "Célestin", "Désiré", "Eugène", "François", "Gaston", "Henri", "Irma", "Joseph", "Kléber",
    "Louis", "Marcel", "Nicolas", "Oscar", "Pierre", "Quintal", "Raoul", "Suzanne", "Thérèse", "Ursule", "Victor",
    "William", "Xavier", "Yvonne", "Zoé",
)}
# fmt: on


@register.filter("moment")
def format_full_moment(value: datetime | None, zone: str = PARIS) -> str:
    """Format a moment as « mardi 24 novembre 2026 à 9 h 51, heure de Paris ». None gives "". `zone` is
    an IANA name.
    """
    if value is None:
        return ""
    return f"{format_day_and_hour(value, zone)}, {CLOCK_LABELS.get(zone, zone)}"


@register.filter("when")
def format_stated_date(value: date | datetime | None, zone: str = PARIS) -> str:
    """Format a date that a declarant gave: « mardi 24 novembre 2026 », with the hour if it has one. A day without an
    hour is stored as its first minute. `zone` is an IANA name.
    """
    if isinstance(value, datetime) and has_hour(value, zone):
        return format_day_and_hour(value, zone)
    return format_long_day(find_day(value, zone)) if value else ""


@register.filter("when_brief")
def format_stated_date_briefly(value: date | datetime | None, zone: str = PARIS) -> str:
    """Format a date that a declarant gave, in a short form: « 9 h 42 », « 23 nov., 9 h 42 », « aujourd’hui »."""
    if isinstance(value, datetime) and has_hour(value, zone):
        return format_brief_moment(value, zone)
    return format_short_day(find_day(value, zone), find_local_day(timezone.now(), zone)) if value else ""


@register.filter("le_when_brief")
def format_stated_date_with_le(value: date | datetime | None, zone: str = PARIS) -> str:
    """Format a date that a declarant gave, to follow « depuis » or « à peu près »: « 9 h 42 », « aujourd’hui », « le
    23 nov. ».
    """
    if value is None:
        return ""
    text, is_today = (
        format_stated_date_briefly(value, zone),
        find_day(value, zone) == find_local_day(timezone.now(), zone),
    )
    return text if is_today else f"le {text}"


def find_day(value: date | datetime, zone: str) -> date:
    """Return the day of a date or of a moment in this time zone."""
    return find_local_day(value, zone) if isinstance(value, datetime) else value


@register.filter("resumed")
def find_resumption(interruption: Any, zone: str = PARIS) -> date | datetime | None:
    """Return the moment at which a service resumed, or only the day if no hour was given."""
    return reduce_to_known_end(interruption.started_at, interruption.ended_at, zone)


@register.filter("clock")
def format_body_moment(value: datetime | None, collectivity: Collectivity) -> str:
    """Format a moment as `format_full_moment` does, in the time zone of the body."""
    return format_full_moment(value, find_zone(collectivity))


@register.filter
def format_zone(zone: str) -> object:
    """Return the French name of a time zone, such as « heure de Nouméa »."""
    return CLOCK_LABELS.get(zone, zone)


@register.filter("day_and_hour")
def format_day_and_hour(value: datetime | None, zone: str = PARIS) -> str:
    """Format a moment as « mardi 24 novembre 2026 à 9 h 51 ». The page must name the time zone elsewhere."""
    if value is None:
        return ""
    local = value.astimezone(ZoneInfo(zone))
    return f"{format_long_day(local.date())} à {local.hour}\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}{local.minute:02}"


@register.filter("hour")
def format_hour_with_other_day(value: datetime | None, zone: str = PARIS) -> str:
    """Format a moment of today as « 9 h 42 », and of another day as « lundi 23 novembre 2026 à 9 h 42 ». `zone` says
    which day is today.
    """
    text = format_day_and_hour(value, zone)
    today = value is not None and value.astimezone(ZoneInfo(zone)).date() == datetime.now(ZoneInfo(zone)).date()
    return text.rpartition(" à ")[2] if today else text


@register.filter("brief")
def format_brief_moment(value: datetime | None, zone: str = PARIS) -> str:
    """Format a moment of today as « 9 h 42 », of this year as « 23 nov., 9 h 42 », and of an earlier year as « 23 nov.
    2025 ».
    """
    return format_short_moment(value, timezone.now(), zone) if value else ""


@register.filter("le_brief")
def format_brief_moment_with_le(value: datetime | None, zone: str = PARIS) -> str:
    """Format a moment as `format_brief_moment` does, but to follow « avant » or « depuis »: « 9 h 42 », « le 23 nov.,
    9 h 42 ».
    """
    if value is None:
        return ""
    is_today = find_local_day(value, zone) == find_local_day(timezone.now(), zone)
    return format_brief_moment(value, zone) if is_today else f"le {format_brief_moment(value, zone)}"


@register.filter("duration_at_least")
def format_optional_duration(value: timedelta | None) -> str:
    """Format a duration as « 31 h ». A duration under one hour is in minutes, and one of 96 hours or more is in days.
    The number is rounded down and has no sign. None gives "".
    """
    return format_duration_rounded_down(value) if value is not None else ""


@register.filter("grouped")
def group_reference(reference: str) -> str:
    """Return a reference in groups of four, such as T7K4-9MQX. The given reference may have lower-case letters or
    spaces.
    """
    return "-".join(split_in_fours("".join(character for character in str(reference).upper() if character.isalnum())))


@register.filter("fours")
def split_in_fours(text: str) -> list[str]:
    """Split a text into groups of four characters, as people read codes out."""
    return [text[i : i + 4] for i in range(0, len(text), 4)]


@register.filter("spelled")
def spell_out_reference(reference: str) -> str:
    """Spell a reference out in the alphabet of French operators: « Thérèse, 7, Kléber, 4 » for T7K4."""
    return ", ".join(ALPHABET.get(character, character) for character in str(reference).upper() if character.isalnum())


@register.filter("tel")
def make_tel_uri(number: str) -> str:
    """Return the tel: URI of a number, or of the first whole number in a text."""
    return f"tel:{find_dialled_number(str(number))}"


@register.filter("phone")
def format_phone(number: str) -> str:
    """Format a telephone number as « 02 98 99 00 00 », with no-break spaces."""
    return telephone.format_phone(str(number))


@register.filter("le")
def write_centre_with_le(centre: str) -> str:
    """Return the name of a centre after « le », if it takes an article: « le CERT-FR », « Breizh Cyber »."""
    return format_centre(centre) if centre else ""


@register.filter("au")
def write_centre_with_au(centre: str) -> str:
    """Return the name of a centre after « à », with its article if it takes one: « au CERT-FR », « à
    Breizh Cyber ».
    """
    return format_centre_with_au(centre)


@register.filter("du")
def write_centre_with_du(centre: str) -> str:
    """Return the name of a centre after « de », with its article if it takes one: « du CERT-FR », « de
    Breizh Cyber ».
    """
    return format_centre_with_du(centre)


@register.filter("host")
def find_host(url: str) -> str:
    """Return the host of a URL without « www. »: csirt-bfc.fr for https://www.csirt-bfc.fr/aide."""
    return urlsplit(str(url)).netloc.removeprefix("www.")


@register.filter("inline_data")
def make_inline_data(formset: Any) -> str:
    """Return the JSON that the script of the admin needs to add a row. The label of the button is the `add_text` of
    the inline, or « Ajouter ».
    """
    data = json.loads(formset.inline_formset_data())
    data["options"]["addText"] = getattr(formset.opts, "add_text", "Ajouter")
    return json.dumps(data)


@register.simple_tag(name="words_with_links")
def link_listed_sites(text: str, csirt: Csirt | None) -> SafeString:
    """Return a text of a centre as HTML. Only the addresses of sites to which this centre may link become links."""
    parts = split_links(text, list_linkable_hosts(csirt))
    link = '<a href="{0}" rel="external noreferrer">{0}</a>'
    return format_html_join(
        "", "{}", ((format_html(link, part.text) if part.is_link else part.text,) for part in parts)
    )


@register.simple_tag(name="stand_in_for")
def find_stand_in_today(csirt: Csirt) -> Fallback | None:
    """Return another centre to call today if `csirt` has no telephone number. Return None if it has one, or if there
    is no other centre.
    """
    return find_stand_in(csirt, timezone.localdate())


@register.filter("file_size")
def format_size(octets: int) -> str:
    """Format a number of bytes as « 1,8 Mo », « 42 Ko » or « 310 octets ». The units are powers of a thousand, as the
    SI prefixes require.
    """
    for unit, name in ((10**9, "Go"), (10**6, "Mo"), (10**3, "Ko")):
        if octets >= unit:
            return f"{number_format(octets / unit, 1 if octets < 10 * unit else 0)}\N{NO-BREAK SPACE}{name}"
    return choose_plural("%d\N{NO-BREAK SPACE}octet", "%d\N{NO-BREAK SPACE}octets", octets) % octets


@register.filter("short_hash")
def shorten_hash(digest: str) -> str:
    """Shorten a hash to « 9f2c … d03b », so that two files can be compared by eye."""
    return f"{digest[:4]} … {digest[-4:]}"


@register.filter("drawn")
@cache
def draw_icon(icon: str) -> SafeString:
    """Return the SVG of this name in `templates/icons/`. It is cached, because a list repeats the icon
    on every line.
    """
    return SafeString(get_template(f"icons/{icon}.svg").render())


class FormError(NamedTuple):
    """An error of a form: the id of the control to focus, the label of the field, and the message."""

    target: str
    label: str
    message: str


@register.simple_tag(name="points_to_correct")
def list_form_errors(forms: object) -> list[FormError]:
    """Return the errors of a form, of a formset, or of a list that contains these. Return an empty list for other
    objects.
    """
    if isinstance(forms, BaseForm):
        return list(_list_errors_of_form(forms))
    if isinstance(forms, BaseFormSet):
        own = [FormError("", "", str(message)) for message in forms.non_form_errors()]
        return own + [point for form in forms.forms for point in _list_errors_of_form(form)]
    if isinstance(forms, list | tuple):
        return [point for item in forms for point in list_form_errors(item)]
    return []


def _list_errors_of_form(form: BaseForm) -> Iterable[FormError]:
    for name, messages in form.errors.items():
        field = form[name] if name in form.fields else None
        for message in messages:
            if field is None:
                yield FormError("", "", str(message))
            else:
                yield FormError(_find_target(field), str(field.label), str(message))


def _find_target(field: BoundField) -> str:
    """Return the id of the control to focus, or "" for a hidden field. A group of radio buttons has no id of its own,
    so its first choice gets the focus.
    """
    if field.is_hidden:
        return ""
    auto_id = str(field.auto_id)
    return f"{auto_id}_0" if field.use_fieldset else auto_id
