"""The Table Schema of each CSV file of a release (https://datapackage.org/standard/table-schema/)."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from stats.enums import Measure, Stratum

REGION_CODE = r"[0-9A-Z]{2,3}"


@dataclass(frozen=True)
class Column:
    """`key`: part of what tells one row from another."""

    name: str
    type: str
    title: str
    description: str
    constraints: dict[str, Any] = field(default_factory=dict)
    key: bool = False

    def descriptor(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "description": self.description,
        }
        return said | ({"constraints": self.constraints} if self.constraints else {})


@dataclass(frozen=True)
class Sheet:
    """One CSV file. `points_to`: columns here, then the file and the columns that hold each of their values."""

    name: str
    title: str
    description: str
    columns: tuple[Column, ...]
    points_to: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...] = ()

    def schema(self) -> dict[str, Any]:
        """Empty is the one missing value: several together, or nothing to say."""
        said: dict[str, Any] = {
            "fields": [column.descriptor() for column in self.columns],
            "missingValues": [""],
        }
        if key := [column.name for column in self.columns if column.key]:
            said["primaryKey"] = key
        if self.points_to:
            said["foreignKeys"] = [
                {"fields": list(here), "reference": {"resource": there, "fields": list(columns)}}
                for here, there, columns in self.points_to
            ]
        return said


REQUIRED: dict[str, Any] = {"required": True}


def sheets() -> tuple[Sheet, ...]:
    return blocks(), denominators(), measures(), bands(), regions()


def blocks() -> Sheet:
    return Sheet(
        "blocks",
        _("Nombres publiés"),
        _(
            "Un nombre par ligne. Les lignes d’une même mesure ne se recouvrent pas : un total est la somme de toutes "
            "les lignes qu’il contient. Plusieurs lignes peuvent dire la même chose : la seconde compte ce qui est "
            "arrivé plus tard, ajoutez-les. Une ligne absente ne veut pas dire zéro."
        ),
        (
            *measure_columns(),
            *region_columns(_("Vide : plusieurs régions ensemble, ou toute la France.")),
            Column("starts_on", "date", _("premier jour"), _("Premier jour de la période, compris."), REQUIRED),
            Column("ends_on", "date", _("dernier jour"), _("Dernier jour de la période, compris."), REQUIRED),
            Column("band", "string", _("tranche"), _("Code de la tranche. Vide : toutes ensemble.")),
            Column("band_label", "string", _("nom de la tranche"), _("Tel que dans le dictionnaire."), REQUIRED),
            flag("regions_together", _("plusieurs régions"), _("Vrai : la ligne réunit plusieurs régions.")),
            flag("bands_together", _("plusieurs tranches"), _("Vrai : la ligne réunit plusieurs tranches.")),
            flag("whole_year", _("toute l’année"), _("Vrai : la ligne porte sur toute une année civile.")),
            Column("value", "integer", _("valeur"), _("Le nombre, dans l’unité de la mesure."), counted()),
        ),
        (
            (("measure",), "measures", ("measure",)),
            (("region",), "regions", ("region",)),
            (("measure", "band"), "bands", ("measure", "band")),
        ),
    )


def denominators() -> Sheet:
    return Sheet(
        "denominators",
        _("Collectivités existantes"),
        _("Combien de collectivités de la liste officielle existent au 31 décembre. C’est le dénominateur des taux."),
        (
            Column("year", "year", _("année"), _("Année civile."), REQUIRED),
            *region_columns(_("Vide : toute la France.")),
            Column("stratum", "string", _("strate"), _("Vide : toutes les strates."), {"enum": Stratum.values}),
            Column("stratum_label", "string", _("nom de la strate"), _("Nature, et population des communes.")),
            Column("bodies", "integer", _("collectivités"), _("Nombre de collectivités."), counted()),
        ),
        ((("region",), "regions", ("region",)),),
    )


def measures() -> Sheet:
    words = {
        "measure_label": (_("nom de la mesure"), _("Tel qu’il est écrit sur les pages.")),
        "definition": (_("définition"), _("Ce qui est compté.")),
        "formula": (_("calcul"), _("Comment le nombre est obtenu.")),
        "unit": (_("unité"), _("Ce qu’une unité représente.")),
    }
    optional = {
        "denominator": (_("dénominateur"), _("À quoi rapporter le nombre. Vide : rien.")),
        "finest": (_("détail le plus fin"), _("Vide : n’est pas publié.")),
        "merged_into": (_("regroupement"), _("Dans quoi va ce qui est trop petit.")),
    }
    return Sheet(
        "measures",
        _("Dictionnaire des mesures"),
        _("Ce que veut dire chaque mesure. Les taux sont à calculer : leurs deux parts sont publiées."),
        (
            Column("measure", "string", _("mesure"), _("Code de la mesure."), REQUIRED | {"unique": True}, key=True),
            *(Column(name, "string", *said, REQUIRED) for name, said in words.items()),
            *(Column(name, "string", *said) for name, said in optional.items()),
            Column("limits", "string", _("limites"), _("Ce que le nombre ne dit pas."), REQUIRED),
            Column("sources", "string", _("sources"), _("Codes des normes suivies, séparés par un espace.")),
            Column("since", "date", _("depuis"), _("Jour depuis lequel la définition est celle-ci."), REQUIRED),
            flag("is_published", _("publiée"), _("Faux : lu par le centre et les personnes habilitées seulement.")),
            flag("is_rate", _("taux"), _("Vrai : se calcule avec deux nombres publiés.")),
        ),
    )


def bands() -> Sheet:
    return Sheet(
        "bands",
        _("Dictionnaire des tranches"),
        _("Les tranches de chaque mesure. La ligne sans code est celle où toutes sont ensemble."),
        (
            *measure_columns(),
            Column("band", "string", _("tranche"), _("Code de la tranche. Vide : toutes ensemble.")),
            Column("band_label", "string", _("nom de la tranche"), _("En français."), REQUIRED),
            Column("parent", "string", _("tranche plus large"), _("Où va ce qui est trop petit. Vide : toutes.")),
            flag("is_finest", _("la plus fine"), _("Faux : elle réunit plusieurs tranches.")),
        ),
        ((("measure",), "measures", ("measure",)),),
    )


def regions() -> Sheet:
    return Sheet(
        "regions",
        _("Régions"),
        _("Régions et collectivités d’outre-mer, par leur code officiel géographique (INSEE)."),
        (
            Column(
                *("region", "string", _("région"), _("Code INSEE, à lire comme un texte : « 01 » n’est pas « 1 ».")),
                REQUIRED | {"unique": True, "pattern": REGION_CODE},
                key=True,
            ),
            Column("region_name", "string", _("nom de la région"), _("Nom officiel."), REQUIRED),
        ),
    )


def measure_columns() -> tuple[Column, ...]:
    known = {"required": True, "enum": Measure.values}
    return (
        Column("measure", "string", _("mesure"), _("Code de la mesure, voir le dictionnaire."), known),
        Column("measure_label", "string", _("nom de la mesure"), _("Tel que dans le dictionnaire."), REQUIRED),
    )


def region_columns(when_empty: str) -> tuple[Column, ...]:
    return (
        Column("region", "string", _("région"), _("Code INSEE.") + " " + when_empty, {"pattern": REGION_CODE}),
        Column("region_name", "string", _("nom de la région"), when_empty),
    )


def flag(name: str, title: str, description: str) -> Column:
    return Column(name, "boolean", title, description, REQUIRED)


def counted() -> dict[str, Any]:
    return REQUIRED | {"minimum": 0}
