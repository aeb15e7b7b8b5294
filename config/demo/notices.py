"""Invented values for the legal pages of a demonstration. Each says that it is invented."""

from datetime import timedelta

from django.utils import timezone

from accounts.enums import Accessibility
from accounts.installation import clear_installation_cache
from accounts.models import SiteNotice

INVENTED = "(inventé pour la démonstration)"
LIFE = timedelta(days=180)


def fill_invented_notice() -> None:
    """Fill in what the legal pages say, unless somebody has done so."""
    notice = SiteNotice.objects.get()
    if notice.publisher:
        return
    today = timezone.localdate()
    notice.publisher = f"Syndicat mixte Exemple {INVENTED}"
    notice.publisher_address = f"1 place Modèle, Exemple-Ville {INVENTED}"
    notice.director = f"la présidence du syndicat {INVENTED}"
    notice.host = f"Centre de calcul Exemple {INVENTED}"
    notice.host_address = f"2 place Modèle, Exemple-Ville {INVENTED}"
    notice.publisher_phone = notice.host_phone = "aucun (démonstration)"
    notice.dpo_contact = f"dpo@demo.example {INVENTED}"
    notice.data_transfers = "Aucun (démonstration)"
    notice.accessibility_state = Accessibility.NONE
    notice.accessibility_audited_on = today
    notice.accessibility_result = f"aucun critère vérifié {INVENTED}"
    notice.accessibility_gaps = f"Aucun contenu n’a été vérifié {INVENTED}."
    notice.accessibility_scheme = "https://exemple.example/schema-pluriannuel"
    notice.accessibility_contact = "mailto:accessibilite@demo.example"
    notice.security_contact = "mailto:securite@demo.example"
    notice.security_expires_on = today + LIFE
    notice.save()
    clear_installation_cache()
