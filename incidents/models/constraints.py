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


# The ids of a case and of its main case, which may have none, in a trigger of the case and in one of its key.
CASE_AND_MAIN = "NEW.id, NEW.merged_into_id"
CASE_OF_KEY_AND_MAIN = "SELECT unnest(ARRAY[id, merged_into_id]) FROM incidents_incident WHERE id = OLD.incident_id"


def make_hold_check(cases: str, row: str) -> str:
    """Return the body of a trigger that refuses while a legal hold protects a case. `cases` is SQL: the ids of the
    case and of its main case. `row` is the row that the trigger returns.
    """
    return f"""
        IF EXISTS (SELECT FROM incidents_legalhold WHERE incident_id IN ({cases}) AND ended_at IS NULL) THEN
            RAISE EXCEPTION 'pgtrigger: a case under a legal hold is never erased';
        END IF;
        RETURN {row};
    """


# The body of a trigger of a duplicate that leaves its main case, whose hold protects it too.
UNMERGE_KEEPS_HOLD = """
        IF EXISTS (SELECT FROM incidents_legalhold WHERE incident_id = OLD.merged_into_id AND ended_at IS NULL)
            AND NOT EXISTS (SELECT FROM incidents_legalhold WHERE incident_id = OLD.id AND ended_at IS NULL) THEN
            RAISE EXCEPTION 'pgtrigger: a duplicate does not leave the legal hold of its main case';
        END IF;
        RETURN NEW;
    """


def build_actor_constraint(*, name: str) -> models.CheckConstraint:
    """Return the constraint that `actor` is set if a person with an account acted, and empty otherwise."""
    return models.CheckConstraint(
        condition=Q(actor_kind=ActorKind.USER, actor__isnull=False) | (~Q(actor_kind=ActorKind.USER) & Q(actor=None)),
        name=name,
    )
