"""The official list as plain rows, which the readers return, the compact file stores and the import reads."""

import uuid
from dataclasses import dataclass, field

from collectivities.enums import GROUPINGS

NAMESPACE = uuid.UUID("6f7b1c5e-55a2-5d0c-9a43-0b1d2f7c8e11")


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A région of the official list."""

    code: str
    name: str
    zone: str


@dataclass(frozen=True, slots=True)
class DepartementRow:
    """A département of the official list. `region` is the code of its région."""

    code: str
    name: str
    zone: str
    region: str


@dataclass(frozen=True, slots=True)
class AliasRow:
    """Another code of a body, another name of it, or both."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class BodyRow:
    """A body of the official list. Its `code` is unique in its `family`.

    `groups` are the SIRENs of the groups to which a commune belongs.
    """

    kind: str
    code: str
    name: str
    liaison: int
    siren: str
    region: str
    departement: str
    population: int | None
    postal_codes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    aliases: tuple[AliasRow, ...] = ()

    @property
    def family(self) -> str:
        """The kind, or « grouping » for every group of communes.

        A communauté de communes that becomes a communauté d'agglomération is still the same body.
        """
        return "grouping" if self.kind in GROUPINGS else self.kind

    @property
    def key(self) -> tuple[str, str]:
        """The family and the code, which identify the body in the list."""
        return self.family, self.code

    @property
    def uid(self) -> uuid.UUID:
        """A UUID that is the same in every import on every machine."""
        return uuid.uuid5(NAMESPACE, f"{self.family}:{self.code}")

    @property
    def insee_code(self) -> str:
        """The INSEE code; empty for groupings, which have only a SIREN."""
        return "" if self.kind in GROUPINGS else self.code


@dataclass(slots=True)
class OfficialList:
    """The official list of one year, its `millesime`."""

    millesime: int
    regions: list[RegionRow] = field(default_factory=list)
    departements: list[DepartementRow] = field(default_factory=list)
    bodies: list[BodyRow] = field(default_factory=list)


class UnreadableList(Exception):
    """Raised when a file is not an official list. The message, in French, gives the reason."""
