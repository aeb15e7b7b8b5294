"""The Table Schema of each CSV file of a release (https://datapackage.org/standard/table-schema/)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from stats.disclosure.audit import THRESHOLD
from stats.disclosure.tables import CATEGORIES, TABLES, Table
from stats.enums import Stratum
from stats.open_data.dictionary import name_table
from stats.pages.labels import upper_first

REQUIRED: dict[str, Any] = {"required": True}
SHOWN = {"minimum": THRESHOLD}


@dataclass(frozen=True)
class Column:
    """`is_key`: part of what tells one row from another; there an empty cell is a code like others."""

    name: str
    type: str
    title: str
    description: str
    constraints: dict[str, Any] = field(default_factory=dict)
    is_key: bool = False

    def describe(self) -> dict[str, Any]:
        described: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "description": self.description,
        }
        if self.is_key:
            described["missingValues"] = []
        return described | ({"constraints": self.constraints} if self.constraints else {})


@dataclass(frozen=True)
class Sheet:
    """One CSV file. `tables`: those of the fixed list whose figures it holds."""

    name: str
    title: str
    description: str
    columns: tuple[Column, ...]
    tables: tuple[str, ...] = ()

    def describe_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {
            "fields": [column.describe() for column in self.columns],
            "missingValues": [""],
            "primaryKey": [column.name for column in self.columns if column.is_key],
        }
        if self.tables:
            reference = {"resource": "tables", "fields": ["table"]}
            schema["foreignKeys"] = [{"fields": ["table"], "reference": reference}]
        return schema


def list_sheets(tables: Iterable[Table] = TABLES.values()) -> list[Sheet]:
    """Return the files of figures of these tables, then those that explain them."""
    tables = list(tables)
    has_strata = any("stratum" in table.by for table in tables)
    return [
        describe_totals([table for table in tables if not table.by]),
        *(describe_figures(table) for table in tables if table.by),
        *([describe_denominators()] if has_strata else []),
        describe_tables(),
        describe_categories(),
    ]


def describe_totals(tables: list[Table]) -> Sheet:
    codes = tuple(table.code for table in tables)
    return Sheet("totals", _("Totaux"), _("Un total par ligne."), tuple(list_columns(codes, ())), codes)


def describe_figures(table: Table) -> Sheet:
    return Sheet(
        table.code,
        upper_first(name_table(table.code)),
        _("Une case par ligne. Chaque nombre est arrondi à part : la somme des cases peut différer du total."),
        tuple(list_columns((table.code,), table.by)),
        (table.code,),
    )


def list_columns(codes: tuple[str, ...], by: tuple[str, ...]) -> Iterator[Column]:
    yield Column("release", "integer", _("publication"), _("Numéro de la publication qui donne la case."), REQUIRED)
    yield Column("period", "string", _("période"), _("« 2025 », ou « 2025-T1 » : 1er trimestre."), REQUIRED)
    known = REQUIRED | {"enum": list(codes)}
    yield Column("table", "string", _("tableau"), _("Code du tableau, voir tables.csv."), known, is_key=True)
    yield Column("table_label", "string", _("nom du tableau"), _("Tel que dans tables.csv."), REQUIRED)
    yield Column("counts", "string", _("unité"), _("Code de ce qui est compté, voir tables.csv."), REQUIRED)
    for classification in by:
        yield from list_columns_of_category(classification)
    yield Column("value", "integer", _("valeur"), _("Nombre arrondi. Vide : pas publié."), SHOWN)
    yield Column("low", "integer", _("au moins"), _("Le moins que peut être le vrai nombre."), SHOWN)
    yield Column("high", "integer", _("au plus"), _("Le plus que peut être le vrai nombre."), SHOWN)
    yield flag("rounded", _("arrondi"), _("Vrai : la valeur est arrondie au hasard à un multiple de 5."))
    yield flag(
        "below_threshold",
        _("moins de 5 collectivités"),
        _("Vrai : zéro ou peu de collectivités, ou l’une d’elles en fait presque tout. Ce n’est jamais un zéro sûr."),
    )
    yield flag(
        "table_closed", _("tableau fermé"), _("Vrai : la case ne paraît pas. La page de la publication dit pourquoi.")
    )


def list_columns_of_category(classification: str) -> Iterator[Column]:
    known = {"enum": list(CATEGORIES[classification])}
    if classification == "region":
        about = _("Code INSEE, à lire comme un texte. Vide : autre territoire d’outre-mer, ou pas connu.")
        yield Column("region", "string", _("région"), about, known, is_key=True)
        yield Column("region_label", "string", _("nom de la région"), _("Nom officiel."), REQUIRED)
    else:
        about = _("Code, voir categories.csv.")
        yield Column("category", "string", _("catégorie"), about, known, is_key=True)
        yield Column("category_label", "string", _("nom de la catégorie"), _("En français."), REQUIRED)


def describe_denominators() -> Sheet:
    counted = REQUIRED | {"minimum": 0}
    return Sheet(
        "denominators",
        _("Collectivités existantes"),
        _("Combien de collectivités de la liste officielle existent au 31 décembre : nombres exacts, et publics."),
        (
            Column("year", "year", _("année"), _("Année civile."), REQUIRED),
            Column("stratum", "string", _("strate"), _("Code."), {"enum": Stratum.values}, is_key=True),
            Column(
                "stratum_label", "string", _("nom de la strate"), _("Nature, et population des communes."), REQUIRED
            ),
            Column("bodies", "integer", _("collectivités"), _("Nombre de collectivités."), counted),
        ),
    )


def describe_tables() -> Sheet:
    words = {
        "label": (_("nom"), _("Tel qu’il est écrit sur les pages.")),
        "counts": (_("unité"), _("Code de ce qui est compté.")),
        "unit": (_("nom de l’unité"), _("Ce qu’une unité représente.")),
        "definition": (_("définition"), _("Ce qui est compté.")),
        "formula": (_("calcul"), _("Comment le nombre est obtenu.")),
        "limits": (_("limites"), _("Ce que le nombre ne dit pas.")),
        "opening": (_("ouverture"), _("Quand le tableau paraît.")),
    }
    known = REQUIRED | {"unique": True}
    return Sheet(
        "tables",
        _("Dictionnaire des tableaux"),
        _("La liste fixe des tableaux, la même chaque année, et ce que veut dire chacun."),
        (
            Column("table", "string", _("tableau"), _("Code."), known, is_key=True),
            *(Column(name, "string", *said, REQUIRED) for name, said in words.items()),
            Column("by", "string", _("classements"), _("Codes, séparés par un espace. Vide : un total.")),
            Column("sources", "string", _("sources"), _("Codes des normes suivies, séparés par un espace.")),
            Column("since", "date", _("depuis"), _("Jour depuis lequel la définition est celle-ci."), REQUIRED),
        ),
    )


def describe_categories() -> Sheet:
    return Sheet(
        "categories",
        _("Dictionnaire des catégories"),
        _("Les catégories de chaque classement, dans l’ordre où elles se lisent."),
        (
            Column("classification", "string", _("classement"), _("Code."), REQUIRED, is_key=True),
            Column(
                *("category", "string", _("catégorie"), _("Code. Vide : autre territoire d’outre-mer, ou pas connu.")),
                is_key=True,
            ),
            Column("label", "string", _("nom"), _("En français."), REQUIRED),
        ),
    )


def flag(name: str, title: str, description: str) -> Column:
    return Column(name, "boolean", title, description, REQUIRED)
