"""Whether the ground of any body has changed: what others derive from it is then derived again."""

from uuid import UUID, uuid4

from collectivities.models import GroundsVersion


def grounds_version() -> UUID | None:
    """Return what is drawn anew at each change. One query."""
    return GroundsVersion.objects.values_list("token", flat=True).first()


def renew_grounds() -> None:
    """Say that the région, the département or the kind of a body has changed. Call it last in the transaction that
    changes it: whoever else does waits for its end.
    """
    GroundsVersion.objects.update_or_create(pk=1, defaults={"token": uuid4()})
