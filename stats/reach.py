"""What an exact page covers."""

from dataclasses import dataclass

from django.db.models import Q


@dataclass(frozen=True)
class Reach:
    """What an exact page covers: some centres taken together, one région, or the nation when both are empty."""

    title: str
    csirts: frozenset[int] = frozenset()
    region: int | None = None
    region_code: str = ""

    @property
    def limit(self) -> Q:
        """On facts, sums and presences."""
        if self.csirts:
            return Q(csirt__in=self.csirts)
        return Q(region=self.region) if self.region else Q()
