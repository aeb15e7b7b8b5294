from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CollectivitiesConfig(AppConfig):
    name = "collectivities"
    verbose_name = _("organismes publics locaux")
    default_auto_field = "django.db.models.BigAutoField"
