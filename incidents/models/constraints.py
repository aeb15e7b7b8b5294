"""Constraints that several tables share."""

from django.db import models
from django.db.models import Q

from incidents.enums import ActorKind, Certainty


def build_certainty_constraint(name: str) -> models.CheckConstraint:
    """Return the constraint that ties the instant `{name}_at` to its certainty. With UNKNOWN, the instant must be
    empty. With EXACT or APPROXIMATE, the instant must be set. If the certainty is empty, the instant may be set or
    empty.
    """
    return models.CheckConstraint(
        condition=Q(**{f"{name}_at": None, f"{name}_certainty__in": ["", Certainty.UNKNOWN]})
        | (Q(**{f"{name}_at__isnull": False}) & ~Q(**{f"{name}_certainty": Certainty.UNKNOWN})),
        name=f"incident_{name}_at_fits_certainty",
    )


def build_choices_constraint(
    field: str, values: list[str] | list[int], *, name: str, blank: bool = False
) -> models.CheckConstraint:
    """Return the constraint that a field has one of its choices. Django itself checks choices in forms only."""
    allowed = [*values, ""] if blank else values
    return models.CheckConstraint(condition=Q(**{f"{field}__in": allowed}), name=name)


def build_actor_constraint(*, name: str) -> models.CheckConstraint:
    """Return the constraint that `actor` is set if a person with an account acted, and empty otherwise."""
    return models.CheckConstraint(
        condition=Q(actor_kind=ActorKind.USER, actor__isnull=False) | (~Q(actor_kind=ActorKind.USER) & Q(actor=None)),
        name=name,
    )
