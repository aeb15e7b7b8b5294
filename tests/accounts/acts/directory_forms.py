"""The forms by which the administrator changes what the directory says."""

from typing import Any

from csirts.models import Csirt
from tests.cast import breizh_cyber


def make_centre_fields() -> dict[str, Any]:
    """Return the fields that give the centre of a stranger a telephone."""
    forms = {"contacts-TOTAL_FORMS": 1, "contacts-INITIAL_FORMS": 0, "contacts-0-csirt": find_other_centre().pk}
    telephone = {"kind": "phone", "value": "01 99 00 00 00", "source": "exemple.example", "source_on": "01/01/2026"}
    backups = {"backups-TOTAL_FORMS": 0, "backups-INITIAL_FORMS": 0}
    fields: dict[str, Any] = {"name": "Un centre", "slug": "ailleurs", "level": "territorial", "is_active": "on"}
    return fields | forms | backups | {f"contacts-0-{name}": value for name, value in telephone.items()}


def find_other_centre() -> Csirt:
    return Csirt.objects.get(slug="ailleurs")


def make_coverage_fields() -> dict[str, Any]:
    """Return the fields that give the territory of a centre to another."""
    coverage = breizh_cyber().coverages.get()
    fields: dict[str, Any] = {
        "csirt": find_other_centre().pk,
        "region": coverage.region_id or "",
        "kind": coverage.kind,
    }
    departement = coverage.departement_id or ""
    return fields | {"departement": departement, "source": "exemple.example", "source_on": "01/01/2026"}


def make_coverage_address() -> str:
    return f"admin/csirts/coverage/{breizh_cyber().coverages.get().pk}/change/"
