"""A version of the territories and natures of all bodies. Whatever is derived from them is computed again when the
version changes.
"""

from uuid import UUID, uuid4

from collectivities.models import GroundsVersion


def read_grounds_version() -> UUID | None:
    """Return a random value that changes whenever the région, département or kind of any body does. One query."""
    return GroundsVersion.objects.values_list("token", flat=True).first()


def renew_grounds() -> None:
    """Record that the région, the département or the kind of a body has changed. Call it last in the transaction that
    changes it: another caller waits until that transaction ends.
    """
    GroundsVersion.objects.update_or_create(pk=1, defaults={"token": uuid4()})
