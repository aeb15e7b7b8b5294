"""The reflex sheets, as the rows of a centre store them."""

from typing import Any

from incidents.catalogues.reflex_sheets import Reflexes


def dump_sheet(sheet: Reflexes) -> dict[str, Any]:
    """Return the sheet in the JSON shape that `read_sheet` reads."""
    return {
        "words": sheet.words,
        "title": sheet.title,
        "hour": [act._asdict() for act in sheet.hour],
        "day": [act._asdict() for act in sheet.day],
        "sources": list(sheet.sources),
    }
