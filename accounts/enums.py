"""The roles of people, as the database stores them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    AGENT = "agent", _("agent d’une collectivité")
    MANAGER = "manager", _("responsable d’une collectivité")
    RESPONDER = "responder", _("intervenant d’un CSIRT")
    LEAD = "lead", _("responsable d’un CSIRT")
    ANALYST = "analyst", _("analyste d’un campus cyber")
    NATIONAL = "national", _("coordination nationale")
    ADMINISTRATOR = "administrator", _("administration de la plateforme")


COLLECTIVITY_ROLES = (Role.AGENT, Role.MANAGER)
CSIRT_ROLES = (Role.RESPONDER, Role.LEAD)
REGION_ROLES = (Role.ANALYST,)
PLATFORM_ROLES = (Role.NATIONAL, Role.ADMINISTRATOR)
# Who works in the admin. An agent of a collectivité and an analyst have no business there.
STAFF_ROLES = (*CSIRT_ROLES, Role.ADMINISTRATOR)
