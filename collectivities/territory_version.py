"""A token that changes whenever the territory or the kind of any body changes, so that routes derived from them are
computed again.
"""

from uuid import UUID, uuid4

from collectivities.models import GroundsVersion


def read_territory_version() -> UUID | None:
    """Return the random token that changes whenever the région, the département or the kind of a body changes. Runs
    one query.
    """
    return GroundsVersion.objects.values_list("token", flat=True).first()


def renew_territory_version() -> None:
    """Change the token, because the région, the département or the kind of a body has changed.

    Call it at the end of the transaction that makes the change, because other callers wait until that transaction
    ends.
    """
    GroundsVersion.objects.update_or_create(pk=1, defaults={"token": uuid4()})
