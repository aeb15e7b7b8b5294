from django.db import models


class Kind(models.TextChoices):
    """The legal nature of a body. The official list holds the natures from COMMUNE to OVERSEAS.

    No open list contains the others.
    """

    COMMUNE = "commune", "commune"
    CC = "cc", "communauté de communes"
    CA = "ca", "communauté d’agglomération"
    CU = "cu", "communauté urbaine"
    METROPOLE = "metropole", "métropole"
    METROPOLE_LYON = "metropole_lyon", "métropole de Lyon"
    EPT = "ept", "établissement public territorial"
    DEPARTEMENT = "departement", "département"
    REGION = "region", "région"
    SPECIAL = "special", "collectivité à statut particulier"
    OVERSEAS = "overseas", "collectivité d’outre-mer"
    SYNDICATE = "syndicate", "syndicat (je ne sais pas lequel)"
    SIVU = "sivu", "syndicat à vocation unique"
    SIVOM = "sivom", "syndicat à vocation multiple"
    CLOSED_MIXED = "closed_mixed", "syndicat mixte fermé"
    OPEN_MIXED = "open_mixed", "syndicat mixte ouvert"
    POLE = "pole", "pôle métropolitain ou d’équilibre territorial"
    CCAS = "ccas", "centre communal ou intercommunal d’action sociale"
    SDIS = "sdis", "service d’incendie et de secours"
    CDG = "cdg", "centre de gestion"
    HOUSING = "housing", "office public de l’habitat"
    REGIE = "regie", "régie"
    SCHOOL_FUND = "school_fund", "caisse des écoles"
    PUBLIC_BODY = "public_body", "autre établissement public local"
    LOCAL_COMPANY = "local_company", "entreprise publique locale"
    DIGITAL = "digital", "structure de mutualisation numérique"
    OTHER = "other", "autre organisme public local"


GROUPINGS = (Kind.CC, Kind.CA, Kind.CU, Kind.METROPOLE, Kind.METROPOLE_LYON, Kind.EPT)
EPCI = GROUPINGS[:-1]
# Natures that no open list contains, the most usual first. Declarants add such bodies themselves.
UNLISTED = (
    *(Kind.CCAS, Kind.SYNDICATE, Kind.SIVU, Kind.SIVOM, Kind.CLOSED_MIXED, Kind.OPEN_MIXED, Kind.REGIE, Kind.HOUSING),
    *(
        Kind.SDIS,
        Kind.CDG,
        Kind.SCHOOL_FUND,
        Kind.POLE,
        Kind.DIGITAL,
        Kind.LOCAL_COMPANY,
        Kind.PUBLIC_BODY,
        Kind.OTHER,
    ),
)
TERRITORIAL = (Kind.DEPARTEMENT, Kind.REGION, Kind.SPECIAL, Kind.OVERSEAS)


class Zone(models.TextChoices):
    """The part of France in which a territory lies."""

    METRO = "metro", "métropole"
    DROM = "drom", "département ou région d’outre-mer"
    COM = "com", "collectivité d’outre-mer"
