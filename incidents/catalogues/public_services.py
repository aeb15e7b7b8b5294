"""The public services that the form offers to a body of each nature, the most urgent first.

The order is our own. The services are those that ANSSI's 2024 panorama lists for collectivités, and those in the legal
competence of each nature of body. « Autre service » ends every list.
"""

from collectivities.enums import GROUPINGS, Kind
from incidents.enums import PublicService as Service

# Every public body has these services.
OFFICE = (Service.TELEPHONY, Service.MAIL, Service.PAYROLL, Service.FINANCE, Service.WEBSITE)
NETWORKS = (Service.WATER, Service.WASTE, Service.ENERGY, Service.TRANSPORT)

COMMUNE = (
    *(Service.CIVIL, *OFFICE, Service.CANTEEN, Service.SOCIAL, Service.WATER, Service.WASTE, Service.PLANNING),
    *(Service.CEMETERY, Service.ELECTIONS, Service.COUNCIL, Service.POLICE, Service.CHILDCARE, Service.CULTURE),
    Service.ROADS,
)
GROUPING = (
    *(Service.WATER, Service.WASTE, *OFFICE, Service.PLANNING, Service.TRANSPORT, Service.SOCIAL),
    *(Service.CHILDCARE, Service.CULTURE, Service.ROADS, Service.HOUSING, Service.COUNCIL, Service.BUSINESS_AID),
)
DEPARTEMENT = (
    *(Service.SOCIAL, Service.CHILD_PROTECTION, *OFFICE, Service.MIDDLE_SCHOOLS, Service.CANTEEN),
    *(Service.ROADS, Service.CULTURE, Service.COUNCIL),
)
REGION = (
    *(Service.TRANSPORT, *OFFICE, Service.HIGH_SCHOOLS, Service.CANTEEN, Service.BUSINESS_AID),
    *(Service.CULTURE, Service.COUNCIL),
)
SYNDICATES = (Kind.SYNDICATE, Kind.SIVU, Kind.SIVOM, Kind.CLOSED_MIXED, Kind.OPEN_MIXED, Kind.POLE)
SYNDICATE = (*NETWORKS, *OFFICE, Service.CANTEEN, Service.PLANNING, Service.COUNCIL)

SERVICES_OF: dict[str, tuple[Service, ...]] = {
    Kind.COMMUNE: COMMUNE,
    **dict.fromkeys(GROUPINGS, GROUPING),
    Kind.METROPOLE_LYON: tuple(dict.fromkeys((*GROUPING, *DEPARTEMENT))),
    Kind.DEPARTEMENT: DEPARTEMENT,
    Kind.REGION: REGION,
    Kind.SPECIAL: tuple(dict.fromkeys((*REGION, *DEPARTEMENT))),
    Kind.OVERSEAS: tuple(dict.fromkeys((*REGION, *DEPARTEMENT, *NETWORKS))),
    **dict.fromkeys(SYNDICATES, SYNDICATE),
    Kind.CCAS: (Service.SOCIAL, Service.CARE_HOMES, *OFFICE, Service.CHILDCARE, Service.HOUSING),
    Kind.SDIS: (Service.RESCUE, *OFFICE),
    Kind.CDG: (Service.STAFF_MANAGEMENT, *OFFICE),
    Kind.HOUSING: (Service.HOUSING, *OFFICE),
    Kind.REGIE: (*NETWORKS, *OFFICE),
    Kind.SCHOOL_FUND: (Service.CANTEEN, Service.SOCIAL, *OFFICE),
}
ELSEWHERE = (*OFFICE, *NETWORKS, Service.SOCIAL, Service.COUNCIL)


def list_offered_services(kind: str) -> tuple[Service, ...]:
    """Return the services to offer to a body of this nature, with « Autre service » last."""
    return (*SERVICES_OF.get(kind, ELSEWHERE), Service.OTHER)
