"""How a territory is said in a French sentence: « en Bretagne », « de Bretagne »."""

from collectivities.models import Region

_AT = {
    "01": "en Guadeloupe",
    "02": "en Martinique",
    "03": "en Guyane",
    "04": "à La Réunion",
    "06": "à Mayotte",
    "11": "en Île-de-France",
    "24": "en Centre-Val de Loire",
    "27": "en Bourgogne-Franche-Comté",
    "28": "en Normandie",
    "32": "dans les Hauts-de-France",
    "44": "dans le Grand Est",
    "52": "dans les Pays de la Loire",
    "53": "en Bretagne",
    "75": "en Nouvelle-Aquitaine",
    "76": "en Occitanie",
    "84": "en Auvergne-Rhône-Alpes",
    "93": "en Provence-Alpes-Côte d’Azur",
    "94": "en Corse",
    "975": "à Saint-Pierre-et-Miquelon",
    "977": "à Saint-Barthélemy",
    "978": "à Saint-Martin",
    "984": "dans les Terres australes et antarctiques françaises",
    "986": "à Wallis-et-Futuna",
    "987": "en Polynésie française",
    "988": "en Nouvelle-Calédonie",
    "989": "sur l’île de Clipperton",
}
_OF = {
    "01": "de Guadeloupe",
    "02": "de Martinique",
    "03": "de Guyane",
    "04": "de La Réunion",
    "06": "de Mayotte",
    "11": "d’Île-de-France",
    "24": "du Centre-Val de Loire",
    "27": "de Bourgogne-Franche-Comté",
    "28": "de Normandie",
    "32": "des Hauts-de-France",
    "44": "du Grand Est",
    "52": "des Pays de la Loire",
    "53": "de Bretagne",
    "75": "de Nouvelle-Aquitaine",
    "76": "d’Occitanie",
    "84": "d’Auvergne-Rhône-Alpes",
    "93": "de Provence-Alpes-Côte d’Azur",
    "94": "de Corse",
    "975": "de Saint-Pierre-et-Miquelon",
    "977": "de Saint-Barthélemy",
    "978": "de Saint-Martin",
    "984": "des Terres australes et antarctiques françaises",
    "986": "de Wallis-et-Futuna",
    "987": "de Polynésie française",
    "988": "de Nouvelle-Calédonie",
    "989": "de l’île de Clipperton",
}


def at(region: Region) -> str:
    return _AT.get(region.code, f"dans la région {region.name}")


def of(region: Region) -> str:
    return _OF.get(region.code, f"de la région {region.name}")
