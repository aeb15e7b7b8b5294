"""Users, their roles, and what opens their accounts."""

from accounts.models.access import AccessLink, ApiToken, FactorReset, Installation, PendingMail
from accounts.models.people import (
    EmergencyContact,
    Membership,
    MembershipQuerySet,
    User,
    UserManager,
    make_in_force_condition,
)

__all__ = [
    "AccessLink",
    "ApiToken",
    "EmergencyContact",
    "FactorReset",
    "Installation",
    "Membership",
    "MembershipQuerySet",
    "PendingMail",
    "User",
    "UserManager",
    "make_in_force_condition",
]
