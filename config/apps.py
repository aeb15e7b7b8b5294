from django.contrib.admin.apps import AdminConfig

from config import checks as checks  # registers the checks of `manage.py check --deploy`


class TocsinAdminConfig(AdminConfig):
    """Replaces django.contrib.admin in INSTALLED_APPS, so that @admin.register uses our site."""

    default_site = "config.admin.TocsinAdminSite"
