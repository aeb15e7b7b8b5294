"""Measures, bands and strata, as the database stores them and as people read them.

The full meaning of each unit is in `stats/open_data/definitions.py`, the list of
published tables in `stats/disclosure/tables.py`.
"""

from django.db import models

from incidents.catalogues.rsit import FIRST_CLASSIFICATION
from incidents.enums import Cause, DataCategory, IncidentType, LeakStatus, PersonsBand, PublicService


class Measure(models.TextChoices):
    """A kind of unit that is counted. All measures except the first count verified cases only."""

    DECLARED = "declared", "déclarations reçues"
    INCIDENTS = "incidents", "incidents vérifiés"
    REPORTS = "reports", "signalements vérifiés"
    INTERRUPTIONS = "interruptions", "interruptions de service"
    LEAKS = "leaks", "fuites de données"
    UNFOUNDED = "unfounded", "fuites jugées sans fondement"
    SERVICES = "services", "interruptions par service public"
    CATEGORIES = "categories", "fuites par catégorie de données"
    CAUSES = "causes", "incidents par cause"
    DISCOVERY = "discovery", "délai entre la découverte et la déclaration"
    HELP = "help", "délai entre la déclaration et la prise en charge"
    CLOSING = "closing", "délai entre la déclaration et la clôture"


class HoursBand(models.TextChoices):
    """A band of the duration of a service interruption."""

    UNDER_4_HOURS = "0-4h", "moins de 4 heures"
    UNDER_A_DAY = "4-24h", "de 4 à 24 heures"
    UNDER_3_DAYS = "1-3d", "de 1 à 3 jours"
    UNDER_7_DAYS = "3-7d", "de 3 à 7 jours"
    OVER_7_DAYS = "7d+", "plus de 7 jours"
    UNKNOWN = "unknown", "durée pas connue, ou en cours"


class DelayBand(models.TextChoices):
    """A band of a delay: from discovery to declaration, or from declaration to acknowledgement or closing."""

    UNDER_AN_HOUR = "0-1h", "moins d’une heure"
    UNDER_4_HOURS = "1-4h", "de 1 à 4 heures"
    UNDER_A_DAY = "4-24h", "de 4 à 24 heures"
    UNDER_3_DAYS = "1-3d", "de 1 à 3 jours"
    UNDER_7_DAYS = "3-7d", "de 3 à 7 jours"
    UNDER_30_DAYS = "7-30d", "de 7 à 30 jours"
    OVER_30_DAYS = "30d+", "plus de 30 jours"
    UNKNOWN = "unknown", "pas connu, ou pas encore"


class Stratum(models.TextChoices):
    """A group of at least a hundred bodies: communes by population, or bodies of some other natures.

    Only natures that the official list contains have a stratum. Bodies of other natures, such as syndicats, have no
    rate, because nobody knows how many there are.
    """

    COMMUNE_UNDER_500 = "commune/0-499", "communes de moins de 500 habitants"
    COMMUNE_UNDER_2000 = "commune/500-1999", "communes de 500 à 1 999 habitants"
    COMMUNE_UNDER_10000 = "commune/2000-9999", "communes de 2 000 à 9 999 habitants"
    COMMUNE_OVER_10000 = "commune/10000+", "communes de 10 000 habitants et plus"
    GROUPING = "grouping", "intercommunalités"
    LARGE = "large", "départements, régions et collectivités à statut particulier"


class ServiceFamily(models.TextChoices):
    """A group of public services. If a year has too few interruptions to print them by service, they are printed by
    group.
    """

    ONLINE = "online", "site, messagerie et téléphone"
    MONEY = "money", "finances, paie et administration"
    CIVIL = "civil", "état civil, élections et urbanisme"
    SOCIAL = "social", "enfance, écoles, action sociale et culture"
    NETWORKS = "networks", "eau, déchets, transports et secours"
    OTHER = "other", "autre"


FAMILIES: dict[ServiceFamily, tuple[PublicService, ...]] = {
    ServiceFamily.ONLINE: (PublicService.WEBSITE, PublicService.MAIL, PublicService.TELEPHONY),
    ServiceFamily.MONEY: (
        *(PublicService.FINANCE, PublicService.PAYROLL, PublicService.STAFF_MANAGEMENT),
        *(PublicService.COUNCIL, PublicService.BUSINESS_AID),
    ),
    ServiceFamily.CIVIL: (
        *(PublicService.CIVIL, PublicService.ELECTIONS, PublicService.CEMETERY),
        *(PublicService.PLANNING, PublicService.HOUSING),
    ),
    ServiceFamily.SOCIAL: (
        *(PublicService.CANTEEN, PublicService.CHILDCARE, PublicService.SOCIAL, PublicService.CULTURE),
        *(PublicService.CHILD_PROTECTION, PublicService.CARE_HOMES),
        *(PublicService.MIDDLE_SCHOOLS, PublicService.HIGH_SCHOOLS),
    ),
    ServiceFamily.NETWORKS: (
        *(PublicService.WATER, PublicService.WASTE, PublicService.TRANSPORT, PublicService.ROADS),
        *(PublicService.ENERGY, PublicService.POLICE, PublicService.RESCUE),
    ),
    ServiceFamily.OTHER: (PublicService.OTHER,),
}
FAMILY_OF: dict[str, ServiceFamily] = {
    service: family for family, services in FAMILIES.items() for service in services
}


class AttemptOutcome(models.TextChoices):
    """The result of an attempt to publish."""

    PUBLISHED = "published", "publié"
    FAILED = "failed", "vérification impossible, rien n’est publié"


ALL_BANDS = ""
# The statuses of the leaks that the figures count as leaks. Unfounded leaks are counted apart.
LEAK_STATUSES = (LeakStatus.CLAIMED, LeakStatus.SUSPECTED, LeakStatus.CONFIRMED)
CAUSE_NOT_STATED = "not_said"


def make_leak_code(persons: str, status: str) -> str:
    """Return the code of a leak, made of its band of persons and its status: « persons/status »."""
    return f"{persons}/{status}"


def make_type_code(kind: str) -> str:
    """Return the code of a type of incident, made of its class and type in the RSIT: « class/type »."""
    return f"{FIRST_CLASSIFICATION[kind][0]}/{kind}"


LEAK_CODES = [make_leak_code(persons, status) for persons in PersonsBand.values for status in LEAK_STATUSES]

BANDS: dict[str, list[str]] = {
    Measure.DECLARED: [ALL_BANDS],
    Measure.INCIDENTS: [make_type_code(kind) for kind in IncidentType.values],
    Measure.REPORTS: [ALL_BANDS],
    Measure.INTERRUPTIONS: HoursBand.values,
    Measure.LEAKS: LEAK_CODES,
    Measure.UNFOUNDED: [ALL_BANDS],
    Measure.SERVICES: PublicService.values,
    Measure.CATEGORIES: DataCategory.values,
    Measure.CAUSES: [*Cause.values, CAUSE_NOT_STATED],
    Measure.DISCOVERY: DelayBand.values,
    Measure.HELP: DelayBand.values,
    Measure.CLOSING: DelayBand.values,
}
