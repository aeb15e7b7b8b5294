"""Constraints that several rows share."""

from django.db import models
from django.db.models import Q

from incidents.enums import ActorKind, Certainty


def instant_fits_certainty(name: str) -> models.CheckConstraint:
    """An instant that is « pas connue » is empty; one whose certainty was not said may be given or not."""
    return models.CheckConstraint(
        condition=Q(**{f"{name}_at": None, f"{name}_certainty__in": ["", Certainty.UNKNOWN]})
        | (Q(**{f"{name}_at__isnull": False}) & ~Q(**{f"{name}_certainty": Certainty.UNKNOWN})),
        name=f"incident_{name}_at_fits_certainty",
    )


def known(field: str, values: list[str] | list[int], *, name: str, blank: bool = False) -> models.CheckConstraint:
    """The database's own copy of a field's choices (Django's bind forms only)."""
    allowed = [*values, ""] if blank else values
    return models.CheckConstraint(condition=Q(**{f"{field}__in": allowed}), name=name)


def actor_fits_kind(*, name: str) -> models.CheckConstraint:
    """A person with an account is named by it, and nobody else is."""
    return models.CheckConstraint(
        condition=Q(actor_kind=ActorKind.USER, actor__isnull=False) | (~Q(actor_kind=ActorKind.USER) & Q(actor=None)),
        name=name,
    )
