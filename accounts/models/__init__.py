"""Users, their roles, what opens their accounts, and what the installation says of itself."""

from accounts.models.access import (
    AccessLink,
    ApiToken,
    BreakGlass,
    BreakGlassEnd,
    FactorReset,
    Installation,
    PasswordRequest,
    PendingMail,
)
from accounts.models.contacts import EmergencyContact
from accounts.models.notices import SiteNotice
from accounts.models.people import (
    Membership,
    MembershipQuerySet,
    User,
    UserManager,
    make_in_force_condition,
)
from accounts.models.security import SecurityEvent
from accounts.models.sessions import SessionStore, StoredSession, lock_account

__all__ = [
    "AccessLink",
    "ApiToken",
    "BreakGlass",
    "BreakGlassEnd",
    "EmergencyContact",
    "FactorReset",
    "Installation",
    "Membership",
    "MembershipQuerySet",
    "PasswordRequest",
    "PendingMail",
    "SecurityEvent",
    "SessionStore",
    "SiteNotice",
    "StoredSession",
    "User",
    "UserManager",
    "lock_account",
    "make_in_force_condition",
]
