"""Form fields that accept what people type: a line of text, « 8 h 10 », « 24/11/2026 », « 1 200 »."""

import re
from contextlib import suppress
from datetime import date, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

FIRST_YEAR, LAST_YEAR = 1990, 2100
LARGEST_NUMBER = 100_000_000
# A day without its year that is so near in the future was hardly meant for the year before.
SLIP = timedelta(days=30)
NO_SUCH_DAY = "Ce jour n’existe pas. Exemple : 24/11/2026."
DAY_AND_MONTH = re.compile(r"(\d{1,2})\s*[/.\-]\s*(\d{1,2})", re.ASCII)
THREE_NUMBERS = re.compile(r"\d+\s*[/.\-]\s*\d+\s*[/.\-]\s*\d+", re.ASCII)
HOUR = re.compile(r"^(\d{1,2})\s*[h:]\s*(\d{0,2})(?::\d{2})?$", re.IGNORECASE)


class PlainLineField(forms.CharField):
    """A field for text on one line. Line ends, control characters and marks that change the reading order become
    spaces.
    """

    def to_python(self, value: Any) -> str:
        printable = "".join(
            character if character.isprintable() else " " for character in super().to_python(value) or ""
        )
        return " ".join(printable.split())

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether the typed value differs from the stored one. Both are cleaned first, so a no-break space that a
        browser replaced does not count as a change.
        """
        return super().has_changed(self.to_python(initial), data)


class DayField(forms.DateField):
    """A field for a date, which may be typed without its year.

    « 28/11 » is the latest 28 November up to today, in the current time zone. A date of the next 30 days needs its
    year, because it may be a slip. With `needs_year`, as for a deadline, every date needs its year. A word such as
    « hier » is refused, because a form may be read again on another day.
    """

    def __init__(self, *, needs_year: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.needs_year = needs_year

    def to_python(self, value: Any) -> date | None:
        try:
            day = super().to_python(value)
        except ValidationError as error:
            text = str(value).strip()
            if THREE_NUMBERS.fullmatch(text):
                raise ValidationError(NO_SUCH_DAY) from error
            if self.needs_year or not DAY_AND_MONTH.fullmatch(text):
                raise ValidationError("Écrivez le jour, le mois et l’année : 24/11/2026.") from error
            day = find_latest_day(text, timezone.localdate())
        if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError("Cette année ne va pas. Vérifiez l’année : elle a quatre chiffres.")
        return day


def find_latest_day(text: str, today: date) -> date:
    """Return the latest date up to `today` with the day and the month in `text`, such as « 28/11 ».

    Raises ValidationError if neither this year nor last year has such a date, or if there is one in the 30 days after
    `today`.
    """
    day, month = map(int, re.findall(r"\d+", text))
    known_days = []
    for year in (today.year + 1, today.year, today.year - 1):
        with suppress(ValueError):
            known_days.append(date(year, month, day))
    if any(today < known_day <= today + SLIP for known_day in known_days):
        raise ValidationError("Cette date est à venir. Écrivez aussi l’année : 24/11/2026.")
    if not (past_days := [known_day for known_day in known_days if known_day <= today]):
        raise ValidationError(NO_SUCH_DAY)
    return past_days[0]


class HourField(forms.TimeField):
    """A field for a time of day, such as « 8 h 10 », « 8h » or « 8:10 »."""

    def to_python(self, value: Any) -> time | None:
        text = str(value or "").strip()
        if not text:
            return None
        if match := HOUR.match(text):
            hour, minute = int(match[1]), int(match[2] or 0)
            if hour < 24 and minute < 60:
                return time(hour, minute)
        raise ValidationError("Cette heure n’existe pas. Exemple : 8 h 10.")


class CountField(forms.Field):
    """A field for a number of people. Spaces between the digits are allowed."""

    def to_python(self, value: Any) -> int | None:
        digits = re.sub(r"\s", "", str(value or ""))
        if not digits:
            return None
        if not re.fullmatch(r"[0-9]{1,12}", digits):
            raise ValidationError("Écrivez seulement un nombre, même approximatif. Exemple : 300.")
        if int(digits) > LARGEST_NUMBER:
            raise ValidationError("Ce nombre est plus grand que la population du pays. Vérifiez-le.")
        return int(digits)


class FreeTextField(forms.CharField):
    """A field that leaves free text as it was typed. The services check its length and its characters, because the
    pages and the API must apply the same rules.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, **kwargs)
        self.validators = []


def make_choice_field(label: Any, choices: Any) -> forms.ChoiceField:
    """Return an optional field with radio buttons: at most one of `choices`."""
    return forms.ChoiceField(choices=choices, required=False, label=label, widget=forms.RadioSelect)


def make_choices_field(label: Any, choices: Any) -> forms.MultipleChoiceField:
    """Return an optional field with checkboxes: any number of `choices`."""
    return forms.MultipleChoiceField(choices=choices, required=False, label=label, widget=forms.CheckboxSelectMultiple)
