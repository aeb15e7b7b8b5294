"""The public services that the form offers to a body of each nature, the most urgent first.

The order is our own. The services are the collectivités' services in ANSSI's 2024 panorama, and the services in the
legal competence of each nature of body. « Autre service » ends every list.
"""

from collectivities.enums import GROUPINGS, Kind
from incidents.enums import PublicService as Service

# Every public body has these services.
OFFICE_SERVICES = (Service.TELEPHONY, Service.MAIL, Service.PAYROLL, Service.FINANCE, Service.WEBSITE)
NETWORK_SERVICES = (Service.WATER, Service.WASTE, Service.ENERGY, Service.TRANSPORT)

COMMUNE_SERVICES = (
    *(
        Service.CIVIL,
        *OFFICE_SERVICES,
        Service.CANTEEN,
        Service.SOCIAL,
        Service.WATER,
        Service.WASTE,
        Service.PLANNING,
    ),
    *(Service.CEMETERY, Service.ELECTIONS, Service.COUNCIL, Service.POLICE, Service.CHILDCARE, Service.CULTURE),
    Service.ROADS,
)
GROUPING_SERVICES = (
    *(Service.WATER, Service.WASTE, *OFFICE_SERVICES, Service.PLANNING, Service.TRANSPORT, Service.SOCIAL),
    *(Service.CHILDCARE, Service.CULTURE, Service.ROADS, Service.HOUSING, Service.COUNCIL, Service.BUSINESS_AID),
)
DEPARTEMENT_SERVICES = (
    *(Service.SOCIAL, Service.CHILD_PROTECTION, *OFFICE_SERVICES, Service.MIDDLE_SCHOOLS, Service.CANTEEN),
    *(Service.ROADS, Service.CULTURE, Service.COUNCIL),
)
REGION_SERVICES = (
    *(Service.TRANSPORT, *OFFICE_SERVICES, Service.HIGH_SCHOOLS, Service.CANTEEN, Service.BUSINESS_AID),
    *(Service.CULTURE, Service.COUNCIL),
)
SYNDICATE_KINDS = (Kind.SYNDICATE, Kind.SIVU, Kind.SIVOM, Kind.CLOSED_MIXED, Kind.OPEN_MIXED, Kind.POLE)
SYNDICATE_SERVICES = (*NETWORK_SERVICES, *OFFICE_SERVICES, Service.CANTEEN, Service.PLANNING, Service.COUNCIL)

SERVICES_BY_KIND: dict[str, tuple[Service, ...]] = {
    Kind.COMMUNE: COMMUNE_SERVICES,
    **dict.fromkeys(GROUPINGS, GROUPING_SERVICES),
    Kind.METROPOLE_LYON: tuple(dict.fromkeys((*GROUPING_SERVICES, *DEPARTEMENT_SERVICES))),
    Kind.DEPARTEMENT: DEPARTEMENT_SERVICES,
    Kind.REGION: REGION_SERVICES,
    Kind.SPECIAL: tuple(dict.fromkeys((*REGION_SERVICES, *DEPARTEMENT_SERVICES))),
    Kind.OVERSEAS: tuple(dict.fromkeys((*REGION_SERVICES, *DEPARTEMENT_SERVICES, *NETWORK_SERVICES))),
    **dict.fromkeys(SYNDICATE_KINDS, SYNDICATE_SERVICES),
    Kind.CCAS: (Service.SOCIAL, Service.CARE_HOMES, *OFFICE_SERVICES, Service.CHILDCARE, Service.HOUSING),
    Kind.SDIS: (Service.RESCUE, *OFFICE_SERVICES),
    Kind.CDG: (Service.STAFF_MANAGEMENT, *OFFICE_SERVICES),
    Kind.HOUSING: (Service.HOUSING, *OFFICE_SERVICES),
    Kind.REGIE: (*NETWORK_SERVICES, *OFFICE_SERVICES),
    Kind.SCHOOL_FUND: (Service.CANTEEN, Service.SOCIAL, *OFFICE_SERVICES),
}
DEFAULT_SERVICES = (*OFFICE_SERVICES, *NETWORK_SERVICES, Service.SOCIAL, Service.COUNCIL)


def list_offered_services(kind: str) -> tuple[Service, ...]:
    """Return the public services that the form offers to a body of this nature. « Autre service » is the last one."""
    return (*SERVICES_BY_KIND.get(kind, DEFAULT_SERVICES), Service.OTHER)
