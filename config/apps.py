from django.contrib.admin.apps import AdminConfig


class TocsinAdminConfig(AdminConfig):
    """In INSTALLED_APPS in the place of django.contrib.admin, so that @admin.register finds our site."""

    default_site = "config.admin.TocsinAdminSite"
