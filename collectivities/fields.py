"""What people type on one line of a form."""

from typing import Any

from django import forms


class PlainLineField(forms.CharField):
    """Without what cannot be seen: line ends and controls, and marks that change the order in which one reads."""

    def to_python(self, value: Any) -> str:
        seen = "".join(sign if sign.isprintable() else " " for sign in super().to_python(value) or "")
        return " ".join(seen.split())
