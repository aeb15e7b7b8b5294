"""The accounts of the demonstration, and fictitious addresses for the centres.

The accounts have a published password. They are created only in a database marked as a demonstration, with which
production refuses to start.
"""

from datetime import timedelta
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from accounts.enums import Role
from accounts.factors import has_factor
from accounts.installation import is_marked_as_demonstration
from accounts.models import Membership, User
from collectivities.models import Collectivity, Region
from config.demo.notices import fill_invented_notice
from csirts.models import Csirt

PASSWORD = "demonstration-tocsin"  # noqa: S105 (published on purpose)
DOMAIN = "demo.example"
REGION = "53"
CSIRT = "breizh-cyber"
COMMUNE = "35238"

# The act of the région that gives its analyst access to its exact figures.
ACT = "Décision fictive de la région, pour la démonstration"

# Account → (displayed name, role, where the role applies)
CAST = {
    "agent": ("Dominique Exemple", Role.AGENT, "collectivity"),
    "manager": ("Noa Modèle", Role.MANAGER, "collectivity"),
    "responder": ("Camille Fictif", Role.RESPONDER, "csirt"),
    "lead": ("Claude Modèle", Role.LEAD, "csirt"),
    "campus": ("Sacha Inventé", Role.ANALYST, "region"),
    "national": ("Maxime Imaginaire", Role.NATIONAL, None),
    "admin": ("Alix Fictif", Role.ADMINISTRATOR, None),
}


@transaction.atomic
def create_demonstration() -> list[str]:
    """Create the accounts, the fictitious addresses of centres and the invented notices of the site. Return the e-mail
    addresses of the accounts. A second call changes nothing.

    Raises ImproperlyConfigured if the database is not a demonstration.
    """
    if not is_marked_as_demonstration():
        raise ImproperlyConfigured("The demonstration accounts are only for a demonstration database.")
    scopes: dict[str, Any] = {
        "collectivity": Collectivity.objects.get(insee_code=COMMUNE),
        "csirt": Csirt.objects.get(slug=CSIRT),
        "region": Region.objects.get(code=REGION),
    }
    for name, (display_name, role, scope) in CAST.items():
        create_account(f"{name}@{DOMAIN}", display_name, role, {scope: scopes[scope]} if scope else {})
    give_fictitious_addresses()
    fill_invented_notice()
    return [f"{name}@{DOMAIN}" for name in CAST]


def create_account(email: str, display_name: str, role: Role, scope: dict[str, Any]) -> None:
    """Create one account, unless it exists. If its role needs a second factor, the account gets a factor with a random
    secret, which exists only in this database.
    """
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, PASSWORD, display_name=display_name)
        started = timezone.localdate() - timedelta(days=730)
        entitled = {"exact_since_on": started, "exact_act": ACT} if role == Role.ANALYST else {}
        Membership.objects.create(user=user, role=role, since_on=started, **scope, **entitled)
    if user.needs_second_factor and not has_factor(user):
        TOTP.activate(user, generate_totp_secret())


def give_fictitious_addresses() -> None:
    """Give a fictitious address to each active territorial centre without an address. The mails to these centres can
    then be read in the demonstration.
    """
    for csirt in Csirt.objects.active().territorial().filter(notification_email=""):
        csirt.notification_email = f"alerte@{csirt.slug}.example"
        csirt.save(update_fields=["notification_email"])
