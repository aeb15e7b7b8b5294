"""The dictionary of the published tables, in words for elected officials.

It defines the units that the tables count, the classifications that sort these units, and the limits of both. The
entry of a table combines the texts of its unit and of its classifications. The rule that opens a table is read from
the fixed list. A changed definition gets a new date in `since`, which shows that the series is broken.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from stats.categories import label_category
from stats.disclosure.figures import BASE, OPENS_FROM
from stats.disclosure.tables import CATEGORIES, SHORT_LIST_OF, TABLES, TABLES_OF_A_QUARTER, Table
from stats.enums import Measure
from stats.labels import bind_words

FIXED_TABLES_SINCE = date(2026, 11, 27)
# The sentence that accompanies all figures.
UNDER_DECLARED = (
    "Ces chiffres comptent ce que les collectivités ont déclaré. Personne ne sait combien d’incidents ne sont pas "
    "déclarés."
)


class DefinitionSource(NamedTuple):
    """A document that a definition follows, such as a taxonomy or an official form."""

    code: str
    name: str
    url: str


RSIT = DefinitionSource(
    "rsit",
    "Reference Security Incident Taxonomy (RSIT), version 1003, groupe de travail animé par l’ENISA",
    "https://github.com/enisaeu/Reference-Security-Incident-Taxonomy-Task-Force",
)
CNIL = DefinitionSource(
    "cnil",
    "Formulaire de notification d’une violation de données et tranches des données ouvertes de la CNIL",
    "https://www.cnil.fr/fr/notifier-une-violation-de-donnees-personnelles",
)
CSIRTS = DefinitionSource(
    "csirt",
    "Définitions du signalement et de l’incident dans les bilans des CSIRT régionaux (ANSSI)",
    "https://cyber.gouv.fr/nous-connaitre/ecosysteme/csirt/csirt-territoriaux/",
)
INSEE = DefinitionSource(
    "insee",
    "Code officiel géographique et populations de référence de l’INSEE, groupements de la DGCL",
    "https://www.insee.fr/fr/information/2560452",
)


class Unit(NamedTuple):
    """The texts about a unit that tables count. `name` begins the name of a table, and `unit` is the name of one unit.

    `share` explains how a rate is computed from the rounded number.
    """

    name: str
    definition: str
    formula: str
    unit: str
    limits: str
    sources: tuple[DefinitionSource, ...] = ()
    since: date = FIXED_TABLES_SINCE
    share: str = ""


class Classification(NamedTuple):
    """The texts about a criterion by which units are sorted. `name` ends the name of a table: « par région »."""

    name: str
    definition: str
    limits: str = ""
    sources: tuple[DefinitionSource, ...] = ()


UNITS: dict[str, Unit] = {
    "incidents": Unit(
        name=Measure.INCIDENTS.label,
        definition=(
            "Un incident est un dossier qu’un centre de secours informatique a vérifié, et qu’il n’a ni qualifié de "
            "signalement ni écarté (doublon, retrait, pas un incident). Il compte au mois où la déclaration a été "
            "reçue, à l’heure de la collectivité."
        ),
        formula="nombre de dossiers vérifiés, moins les signalements et les dossiers écartés",
        unit="incident",
        limits=(
            "Un incident déclaré par deux collectivités compte deux fois. Un dossier pas encore qualifié compte comme "
            "incident."
        ),
        sources=(CSIRTS,),
    ),
    "reports": Unit(
        name=Measure.REPORTS.label,
        definition=(
            "Un signalement est un comportement anormal ou inattendu qui peut être malveillant, par exemple une "
            "faille trouvée de l’extérieur. Le centre l’a vérifié et qualifié ainsi."
        ),
        formula="nombre de dossiers vérifiés et qualifiés de signalement",
        unit="signalement",
        limits=(
            "Un signalement ne prouve pas un dommage : ses interruptions et ses fuites ne sont pas comptées. S’il "
            "s’avère être un incident après la publication de l’année, il compte plus tard comme incident."
        ),
        sources=(CSIRTS,),
    ),
    "interruptions": Unit(
        name=Measure.INTERRUPTIONS.label,
        definition="Un service public que l’incident a arrêté ou ralenti. Un incident peut en compter plusieurs.",
        formula="nombre d’arrêts et de ralentissements de services, dans les incidents vérifiés",
        unit="interruption",
        limits="Seuls les services que la collectivité ou le centre a nommés sont comptés.",
    ),
    "leaks": Unit(
        name=Measure.LEAKS.label,
        definition=(
            "Des données personnelles sorties, ou qui le seraient, dans un incident vérifié : fuite revendiquée par "
            "un attaquant, soupçonnée ou confirmée."
        ),
        formula="nombre de fuites revendiquées, soupçonnées ou confirmées, dans les incidents vérifiés",
        unit="fuite",
        limits=(
            "Une fuite jugée sans fondement n’est pas dans ce nombre : elle est comptée à part. Des données en cause "
            "n’y sont qu’une fois dit qu’elles sont sorties, ou qu’elles le seraient."
        ),
        sources=(CNIL,),
    ),
    "leak_categories": Unit(
        name=Measure.LEAKS.label,
        definition="Les catégories de données personnelles de chaque fuite qui n’est pas sans fondement.",
        formula="nombre de fuites qui contiennent chaque catégorie, dans les incidents vérifiés",
        unit="fuite et catégorie",
        limits="Une fuite compte une fois dans chacune de ses catégories : "
        "ensemble, elles peuvent en dépasser le nombre.",
        sources=(CNIL,),
    ),
    "unfounded": Unit(
        name=Measure.UNFOUNDED.label,
        definition="Une fuite soupçonnée ou revendiquée, puis jugée sans fondement par le centre.",
        formula="nombre de fuites jugées sans fondement, dans les incidents vérifiés",
        unit="fuite",
        limits="Ces fuites ne sont pas dans « fuites de données ».",
    ),
    "late": Unit(
        name="incidents d’années antérieures, comptés plus tard",
        definition=(
            "Les incidents reçus une année antérieure, que la publication de leur année n’a pas comptés : vérifiés, "
            "ou qualifiés d’incident, après elle."
        ),
        formula="nombre d’incidents vérifiés d’années antérieures qu’aucune publication annuelle n’a comptés",
        unit="incident",
        limits="Ces incidents ne sont dans aucun autre tableau, et l’année à laquelle ils remontent n’est pas dite.",
    ),
    "bodies": Unit(
        name="collectivités ayant déclaré un incident vérifié",
        definition="Les collectivités différentes qui ont déclaré au moins un incident vérifié dans l’année.",
        formula="nombre de collectivités de la liste officielle ayant au moins un incident vérifié",
        share=(
            "Le taux va de la borne « low » à la borne « high », divisées par le nombre de collectivités existantes "
            "(fichier « denominators »)."
        ),
        unit="collectivité",
        limits=(
            "Une collectivité compte une fois par an, même avec dix incidents : ces nombres ne s’additionnent pas "
            "d’une année à l’autre. Les syndicats et les établissements publics n’y sont pas : aucune liste ne dit "
            "combien il y en a. Le taux dit qui déclare, et non qui est attaqué."
        ),
        sources=(INSEE,),
    ),
}

CLASSIFICATIONS: dict[str, Classification] = {
    "region": Classification(
        "par région",
        "La région est celle de la collectivité, outre-mer compris.",
        "Un établissement dont le territoire n’est pas connu a une ligne à part, sans code.",
        (INSEE,),
    ),
    "month": Classification(
        "par mois",
        "Le mois est celui où la déclaration a été reçue, à l’heure de la collectivité.",
        "Un mois qu’une publication trimestrielle donne reste celui-là : il n’est pas compté de nouveau.",
    ),
    "quarter": Classification("par trimestre", "Le trimestre est celui où la déclaration a été reçue."),
    "type": Classification(
        "par type",
        "Le type est celui que la collectivité a choisi, ou que le centre a corrigé.",
        sources=(RSIT,),
    ),
    "cause": Classification(
        "par cause",
        "La cause est ce qui a rendu l’incident possible, selon le centre.",
        "Beaucoup de causes ne sont jamais trouvées.",
    ),
    "discovery": Classification(
        "par délai entre la découverte et la déclaration",
        "Le temps passé entre l’heure où la collectivité dit avoir découvert l’incident et sa déclaration.",
        "L’heure de découverte est celle que la collectivité donne. Absente, ou après la déclaration : pas connue.",
    ),
    "help": Classification(
        "par délai entre la déclaration et la prise en charge",
        "Le temps passé entre la déclaration et sa première prise en charge par un centre.",
        (
            "Nuits et jours fériés sont comptés. Un dossier remis dans la file puis repris, ou transmis à un "
            "autre centre, compte toujours jusqu’à sa première prise en charge."
        ),
    ),
    "closing": Classification(
        "par délai entre la déclaration et la clôture",
        "Le temps passé entre la déclaration et la clôture du dossier par le centre.",
        "Nuits et jours fériés sont comptés. Un dossier clos n’est pas toujours un service rétabli.",
    ),
    "persons": Classification(
        "par nombre de personnes",
        "La tranche est celle que la collectivité estime.",
        "Cette estimation est souvent faite tôt. Les tranches ne s’additionnent pas en personnes.",
    ),
    "status": Classification(
        "par état", "L’état dit ce que l’on sait de la fuite : revendiquée, soupçonnée ou confirmée."
    ),
    "category": Classification(
        "par catégorie de données", "Les catégories sont celles du formulaire de notification de la CNIL."
    ),
    "hours": Classification(
        "par durée",
        "La durée va de l’heure déclarée de l’arrêt à l’heure déclarée de la reprise.",
        "Sans heure de reprise le jour de la publication, elle est « pas connue, ou en cours ».",
    ),
    "service": Classification("par service public", "Le service est celui qui a été arrêté ou ralenti."),
    "family": Classification(
        "par famille de services",
        "Les services publics sont réunis par familles, pour les années où les interruptions sont peu nombreuses.",
    ),
    "stratum": Classification(
        "par nature et population",
        "La strate est la nature de la collectivité et, pour les communes, la tranche de population.",
        (
            "Ici, « moins de 5 collectivités » peut aussi vouloir dire : toutes sauf moins de 5, dans les régions qui "
            "ont un nombre."
        ),
    ),
}


# The entries


class Definition(NamedTuple):
    """The dictionary entry of one table. `total` is the code of the table that is its total, or "".

    `own_definition` and `own_limits` are the texts of its classifications, without the texts of its unit.
    """

    table: Table
    name: str
    unit: Unit
    total: str
    definition: str
    own_definition: str
    limits: str
    own_limits: str
    sources: list[DefinitionSource]

    @property
    def code(self) -> str:
        return self.table.code

    @property
    def formula(self) -> str:
        """The sentence that says how the numbers are computed and rounded."""
        words = "%(formula)s ; arrondi au hasard à un multiple de %(base)d"
        rounded = words % {"formula": self.unit.formula, "base": BASE}
        return bind_words(f"{rounded}. {self.unit.share}" if self.unit.share else rounded)

    @property
    def opening(self) -> str:
        """The sentences that say when the table is published."""
        return explain_opening(self.table)

    @property
    def total_name(self) -> str:
        return format_table_name(self.total)

    @property
    def categories(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The name of each classification of the table, with the (code, label) of its categories."""
        return [(CLASSIFICATIONS[code].name, list_categories(code)) for code in self.table.by]


def list_definitions() -> list[Definition]:
    return [make_definition(table) for table in TABLES.values()]


def make_definition(table: Table) -> Definition:
    """Return the dictionary entry of a table."""
    parts: list[Unit | Classification] = [UNITS[table.counts], *(CLASSIFICATIONS[code] for code in table.by)]
    return Definition(
        table=table,
        name=format_table_name(table.code),
        unit=UNITS[table.counts],
        total=table.counts if table.by and table.counts in TABLES else "",
        definition=join_sentences(part.definition for part in parts),
        own_definition=join_sentences(part.definition for part in parts[1:]),
        limits=join_sentences(part.limits for part in parts),
        own_limits=join_sentences(part.limits for part in parts[1:]),
        sources=list(dict.fromkeys(source for part in parts for source in part.sources)),
    )


def list_sources() -> list[DefinitionSource]:
    """Return all sources of the definitions, without duplicates."""
    return list(dict.fromkeys(source for entry in list_definitions() for source in entry.sources))


def list_categories(classification: str) -> list[tuple[str, str]]:
    """Return the (code, label) of each category of a classification."""
    return [(code, label_category(classification, code)) for code in CATEGORIES[classification]]


def format_table_name(code: str) -> str:
    """Return the French name of a table: « incidents vérifiés, par région et par type »."""
    classifications = " et ".join(CLASSIFICATIONS[classification].name for classification in TABLES[code].by)
    return ", ".join(filter(None, [UNITS[TABLES[code].counts].name, classifications]))


def explain_opening(table: Table) -> str:
    """Return the sentences that say when a table is published."""
    if not table.opened_by:
        return bind_words(explain_total_opening(table))
    if len(table.by) > 1:
        words = "S’ouvre région par région, quand le nombre de la région, arrondi, atteint %(least)d."
    else:
        words = "S’ouvre quand le total, arrondi, atteint %(least)d : « %(total)s »."
    text = words % {"least": table.opens_from, "total": format_table_name(table.opened_by)}
    if table.categories_opened_by:
        text += " " + f"Les catégories sont celles qui, en France, atteignent {OPENS_FROM}."
    if table.code in SHORT_LIST_OF.values():
        text += " " + "Ne paraît pas quand la liste des services paraît."
    return bind_words(text)


def explain_total_opening(table: Table) -> str:
    """Return the sentences that say when a total is published. No other total opens this total."""
    words = "Paraît chaque année, sauf si la vérification le ferme."
    if any(quarterly.code == table.code for quarterly in TABLES_OF_A_QUARTER):
        words += " " + f"Paraît dans un trimestre si ce total, arrondi, y atteint {OPENS_FROM}."
    return words


def join_sentences(sentences: Iterable[str]) -> str:
    """Return these sentences as one text, without empty sentences."""
    return bind_words(" ".join(sentence for sentence in sentences if sentence))
