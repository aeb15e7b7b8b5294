from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """The legal nature of a body. The official list holds the first ten natures; no open list holds the others."""

    COMMUNE = "commune", _("commune")
    CC = "cc", _("communauté de communes")
    CA = "ca", _("communauté d’agglomération")
    CU = "cu", _("communauté urbaine")
    METROPOLE = "metropole", _("métropole")
    METROPOLE_LYON = "metropole_lyon", _("métropole de Lyon")
    EPT = "ept", _("établissement public territorial")
    DEPARTEMENT = "departement", _("département")
    REGION = "region", _("région")
    SPECIAL = "special", _("collectivité à statut particulier")
    OVERSEAS = "overseas", _("collectivité d’outre-mer")
    SYNDICATE = "syndicate", _("syndicat (je ne sais pas lequel)")
    SIVU = "sivu", _("syndicat à vocation unique")
    SIVOM = "sivom", _("syndicat à vocation multiple")
    CLOSED_MIXED = "closed_mixed", _("syndicat mixte fermé")
    OPEN_MIXED = "open_mixed", _("syndicat mixte ouvert")
    POLE = "pole", _("pôle métropolitain ou d’équilibre territorial")
    CCAS = "ccas", _("centre communal ou intercommunal d’action sociale")
    SDIS = "sdis", _("service d’incendie et de secours")
    CDG = "cdg", _("centre de gestion")
    HOUSING = "housing", _("office public de l’habitat")
    REGIE = "regie", _("régie")
    SCHOOL_FUND = "school_fund", _("caisse des écoles")
    PUBLIC_BODY = "public_body", _("autre établissement public local")
    LOCAL_COMPANY = "local_company", _("entreprise publique locale")
    DIGITAL = "digital", _("structure de mutualisation numérique")
    OTHER = "other", _("autre organisme public local")


GROUPINGS = (Kind.CC, Kind.CA, Kind.CU, Kind.METROPOLE, Kind.METROPOLE_LYON, Kind.EPT)
EPCI = GROUPINGS[:-1]
# Natures that no open list holds, the most usual first. Declarants add such bodies themselves.
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
    METRO = "metro", _("métropole")
    DROM = "drom", _("département ou région d’outre-mer")
    COM = "com", _("collectivité d’outre-mer")
