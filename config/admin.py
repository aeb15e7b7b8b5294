from django.contrib.admin import AdminSite


class TocsinAdminSite(AdminSite):
    pass
