"""What the security events of a test say."""

from accounts.models import SecurityEvent, User
from accounts.security.pseudonyms import pseudonymise_account

# The kind, the outcome and the detail of an event.
type Summary = tuple[str, str, str]


def list_events() -> list[Summary]:
    """Return the events of the test, oldest first."""
    return list(SecurityEvent.objects.order_by("id").values_list("kind", "outcome", "detail"))


def is_about(person: User | None, *, actor: User | None = None) -> bool:
    """Tell whether the newest event is about the account of this person, and done by `actor` if there is one."""
    event = SecurityEvent.objects.latest("id")
    return (event.person, event.actor) == (pseudonymise_account(person), pseudonymise_account(actor))
