"""The Table Schema of each CSV file of a release (https://datapackage.org/standard/table-schema/)."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from stats.disclosure.figures import THRESHOLD
from stats.disclosure.tables import CATEGORIES, TABLES, Table
from stats.enums import Stratum
from stats.labels import upper_first
from stats.open_data.definitions import format_table_name

# One field of a schema, in the keys of the standard.
type Column = dict[str, Any]

REQUIRED = {"required": True}
PRINTED_RANGE = {"minimum": THRESHOLD}
NON_NEGATIVE = REQUIRED | {"minimum": 0}


class CsvFile(NamedTuple):
    """One CSV file of a release. `tables` are the codes of the tables whose figures it contains."""

    name: str
    title: str
    description: str
    columns: list[Column]
    tables: tuple[str, ...] = ()

    def describe_schema(self) -> dict[str, Any]:
        """Return the Table Schema of the file."""
        schema: dict[str, Any] = {
            "fields": self.columns,
            "missingValues": [""],
            "primaryKey": [column["name"] for column in self.columns if "missingValues" in column],
        }
        if self.tables:
            reference = {"resource": "tables", "fields": ["table"]}
            schema["foreignKeys"] = [{"fields": ["table"], "reference": reference}]
        return schema


def make_column(name: str, title: str, description: str, kind: str = "string", limits: Column = REQUIRED) -> Column:
    """Return one field of a Table Schema. `kind` is its type, and `limits` are its constraints."""
    described = {"name": name, "type": kind, "title": title, "description": description}
    return described | ({"constraints": limits} if limits else {})


def make_key_column(name: str, title: str, description: str, limits: Column = REQUIRED) -> Column:
    """Return a column of the primary key. In such a column, an empty cell is a code and not a missing value."""
    return make_column(name, title, description, limits=limits) | {"missingValues": []}


def list_csv_files(tables: Iterable[Table] = TABLES.values()) -> list[CsvFile]:
    """Return the CSV files of a release: first the figures of these tables, then the explanations."""
    tables = list(tables)
    totals = tuple(table.code for table in tables if not table.by)
    has_strata = any("stratum" in table.by for table in tables)
    return [
        CsvFile("totals", "Totaux", "Un total par ligne.", list_figure_columns(totals, ()), totals),
        *(describe_figures_csv(table) for table in tables if table.by),
        *([describe_denominators_csv()] if has_strata else []),
        describe_tables_csv(),
        describe_categories_csv(),
    ]


def describe_figures_csv(table: Table) -> CsvFile:
    """Return the CSV file of one table of figures."""
    title = upper_first(format_table_name(table.code))
    description = "Une case par ligne. Chaque nombre est arrondi à part : la somme des cases peut différer du total."
    return CsvFile(table.code, title, description, list_figure_columns((table.code,), table.by), (table.code,))


def list_figure_columns(codes: tuple[str, ...], classifications: tuple[str, ...]) -> list[Column]:
    """Return the columns of a CSV file with the figures of the tables `codes`."""
    rounded = "Vrai : la valeur est arrondie au hasard à un multiple de 5."
    below = "Vrai : zéro ou peu de collectivités, ou l’une d’elles en fait l’essentiel. Ce n’est jamais un zéro sûr."
    closed = "Vrai : la case ne paraît pas. Voir l’ouverture du tableau (tables.csv) et la page de la publication."
    return [
        make_column("release", "publication", "Numéro de la publication qui donne la case.", "integer"),
        make_column("period", "période", "« 2025 », ou « 2025-T1 » : 1er trimestre."),
        make_key_column("table", "tableau", "Code du tableau, voir tables.csv.", REQUIRED | {"enum": list(codes)}),
        make_column("table_label", "nom du tableau", "Tel que dans tables.csv."),
        make_column("counts", "unité", "Code de ce qui est compté, voir tables.csv."),
        *(part for classification in classifications for part in list_category_columns(classification)),
        make_column("value", "valeur", "Nombre arrondi. Vide : pas publié.", "integer", PRINTED_RANGE),
        make_column("low", "au moins", "Le moins que peut être le vrai nombre.", "integer", PRINTED_RANGE),
        make_column("high", "au plus", "Le plus que peut être le vrai nombre.", "integer", PRINTED_RANGE),
        make_column("rounded", "arrondi", rounded, "boolean"),
        make_column("below_threshold", "moins de 5 collectivités", below, "boolean"),
        make_column("table_closed", "tableau fermé", closed, "boolean"),
    ]


def list_category_columns(classification: str) -> list[Column]:
    """Return two columns: the code of a category, and its label."""
    constraint = {"enum": list(CATEGORIES[classification])}
    if classification == "region":
        description = "Code INSEE, à lire comme un texte. Vide : autre territoire d’outre-mer, ou pas connu."
        label = make_column("region_label", "nom de la région", "Nom officiel.")
        return [make_key_column("region", "région", description, constraint), label]
    label = make_column("category_label", "nom de la catégorie", "En français.")
    return [make_key_column("category", "catégorie", "Code, voir categories.csv.", constraint), label]


def describe_denominators_csv() -> CsvFile:
    """Return the CSV file of the numbers of existing bodies."""
    return CsvFile(
        "denominators",
        "Collectivités existantes",
        "Combien de collectivités de la liste officielle existent au 31 décembre : nombres exacts, et publics.",
        [
            make_column("year", "année", "Année civile.", "year"),
            make_key_column("stratum", "strate", "Code.", {"enum": Stratum.values}),
            make_column("stratum_label", "nom de la strate", "Nature, et population des communes."),
            make_column("bodies", "collectivités", "Nombre de collectivités.", "integer", NON_NEGATIVE),
        ],
    )


def describe_tables_csv() -> CsvFile:
    """Return the CSV file that explains the tables."""
    return CsvFile(
        "tables",
        "Dictionnaire des tableaux",
        "La liste fixe des tableaux, la même chaque année, et ce que veut dire chacun.",
        [
            make_key_column("table", "tableau", "Code.", REQUIRED | {"unique": True}),
            make_column("label", "nom", "Tel qu’il est écrit sur les pages."),
            make_column("counts", "unité", "Code de ce qui est compté."),
            make_column("unit", "nom de l’unité", "Ce qu’une unité représente."),
            make_column("definition", "définition", "Ce qui est compté."),
            make_column("formula", "calcul", "Comment le nombre est obtenu."),
            make_column("limits", "limites", "Ce que le nombre ne dit pas."),
            make_column("opening", "ouverture", "Quand le tableau paraît."),
            make_column("by", "classements", "Codes, séparés par un espace. Vide : un total.", limits={}),
            make_column("sources", "sources", "Codes des normes suivies, séparés par un espace.", limits={}),
            make_column("since", "depuis", "Jour depuis lequel la définition est celle-ci.", "date"),
        ],
    )


def describe_categories_csv() -> CsvFile:
    """Return the CSV file that explains the categories."""
    empty = "Code. Vide : autre territoire d’outre-mer, ou pas connu."
    return CsvFile(
        "categories",
        "Dictionnaire des catégories",
        "Les catégories de chaque classement, dans l’ordre où elles se lisent.",
        [
            make_key_column("classification", "classement", "Code."),
            make_key_column("category", "catégorie", empty, {}),
            make_column("label", "nom", "En français."),
        ],
    )
