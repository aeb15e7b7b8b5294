"""Form fields for text on one line."""

from typing import Any

from django import forms


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
        """Clean the stored value before comparing, so that a value sent back unchanged apart from its no-break spaces
        does not count as changed.
        """
        return super().has_changed(self.to_python(initial), data)
