"""Form fields for text on one line."""

from typing import Any

from django import forms


class PlainLineField(forms.CharField):
    """Replaces invisible characters by spaces: line ends, control characters, and marks that
    change the reading order.
    """

    def to_python(self, value: Any) -> str:
        printable = "".join(sign if sign.isprintable() else " " for sign in super().to_python(value) or "")
        return " ".join(printable.split())

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare both as this field writes them: a stored no-break space, sent back as it is, changes nothing."""
        return super().has_changed(self.to_python(initial), data)
