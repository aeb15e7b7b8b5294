"""What an exact page covers."""

from dataclasses import dataclass

from django.db.models import Q


@dataclass(frozen=True)
class Scope:
    """Some centres taken together, one région, or the nation when both are empty.

    `code` names the scope in file names: « region-53 ».
    """

    title: str
    csirt_ids: frozenset[int] = frozenset()
    region_id: int | None = None
    region_code: str = ""
    code: str = ""

    @property
    def row_filter(self) -> Q:
        """The condition on facts, sums and presences."""
        if self.csirt_ids:
            return Q(csirt__in=self.csirt_ids)
        return Q(region=self.region_id) if self.region_id else Q()

    @property
    def is_nation(self) -> bool:
        return not self.csirt_ids and not self.region_id
