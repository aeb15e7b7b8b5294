from django.contrib.admin.apps import AdminConfig


class TocsinAdminConfig(AdminConfig):
    """Replaces django.contrib.admin in INSTALLED_APPS, so that @admin.register uses our site."""

    default_site = "config.admin.TocsinAdminSite"
