from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CsirtsConfig(AppConfig):
    name = "csirts"
    verbose_name = _("annuaire")
    default_auto_field = "django.db.models.BigAutoField"
