"""Notices of the site that are filled in, for the tests."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import SiteNotice

# Each field of text, with a value that is nobody's.
FILLED = {
    "publisher": "Syndicat mixte Exemple",
    "publisher_address": "1 place Modèle, Exemple-Ville",
    "publisher_phone": "aucun",
    "director": "la présidente du syndicat",
    "host": "Centre de calcul Exemple",
    "host_address": "2 place Modèle, Exemple-Ville",
    "host_phone": "aucun non plus",
    "dpo_contact": "dpo@exemple.example",
    "data_transfers": "Aucun",
    "accessibility_audited_on": "2026-06-01",
    "accessibility_result": "62 % des critères du RGAA 4.1",
    "accessibility_gaps": "Les cartes n’ont pas de texte.\n\nLes tableaux non plus.",
    "accessibility_scheme": "https://exemple.example/schema",
    "accessibility_contact": "mailto:accessibilite@exemple.example",
    "security_contact": "mailto:securite@exemple.example",
}


def fill_notice(**changes: object) -> SiteNotice:
    """Fill in every notice, with a security.txt that lasts thirty days, and return the row."""
    last_day = timezone.localdate() + timedelta(days=30)
    SiteNotice.objects.update(**{**FILLED, "security_expires_on": last_day, **changes})
    return SiteNotice.objects.get()
