"""The dictionary of the published tables, in words that an elected official can read.

When a table opens is read from the fixed list of tables, so that the dictionary cannot tell otherwise.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stats.categories import label_category
from stats.disclosure.audit import BASE
from stats.disclosure.tables import CATEGORIES, SHORT_LIST_OF, TABLES, Table
from stats.open_data.definitions import CLASSIFICATIONS, UNITS, Classification, Source, Unit
from stats.pages.labels import bind

# The sentence that stands beside every figure.
UNDER_DECLARED = gettext_lazy(
    "Ces chiffres comptent ce que les collectivités ont déclaré. Personne ne sait combien d’incidents ne sont pas "
    "déclarés."
)


@dataclass(frozen=True)
class Definition:
    """The entry of one table of the fixed list."""

    table: Table

    @property
    def code(self) -> str:
        return self.table.code

    @property
    def name(self) -> str:
        return name_table(self.code)

    @property
    def unit(self) -> Unit:
        return UNITS[self.table.counts]

    @property
    def classifications(self) -> list[Classification]:
        return [CLASSIFICATIONS[code] for code in self.table.by]

    @property
    def definition(self) -> str:
        return join_sentences(self.unit.definition, *(one.definition for one in self.classifications))

    @property
    def formula(self) -> str:
        words = _("%(formula)s ; arrondi au hasard à un multiple de %(base)d")
        return bind(words % {"formula": self.unit.formula, "base": BASE})

    @property
    def limits(self) -> str:
        return join_sentences(self.unit.limits, *(one.limits for one in self.classifications))

    @property
    def total(self) -> str:
        """The code of the table whose units this one sorts; empty where no table counts all of them."""
        return self.table.counts if self.table.by and self.table.counts in TABLES else ""

    @property
    def total_name(self) -> str:
        return name_table(self.total)

    @property
    def own_definition(self) -> str:
        """The definition without that of the total."""
        return join_sentences(*(one.definition for one in self.classifications))

    @property
    def own_limits(self) -> str:
        return join_sentences(*(one.limits for one in self.classifications))

    @property
    def opening(self) -> str:
        return explain_opening(self.table)

    @property
    def since(self) -> date:
        return self.unit.since

    @cached_property
    def sources(self) -> list[Source]:
        named = [*self.unit.sources, *(source for one in self.classifications for source in one.sources)]
        return list(dict.fromkeys(named))

    @property
    def categories(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The name of each classification with the codes and labels of its categories."""
        return [(str(CLASSIFICATIONS[code].name), list_categories(code)) for code in self.table.by]


def list_definitions() -> list[Definition]:
    return [Definition(table) for table in TABLES.values()]


def list_sources() -> list[Source]:
    """Return each standard that some definition names, once."""
    return list(dict.fromkeys(source for one in list_definitions() for source in one.sources))


def list_categories(classification: str) -> list[tuple[str, str]]:
    return [(code, label_category(classification, code)) for code in CATEGORIES[classification]]


def name_table(code: str) -> str:
    """Return « incidents vérifiés, par région et par type »."""
    table = TABLES[code]
    by = _(" et ").join(str(CLASSIFICATIONS[classification].name) for classification in table.by)
    return ", ".join(filter(None, [str(UNITS[table.counts].name), by]))


def explain_opening(table: Table) -> str:
    """Return the sentence that tells when a table is printed."""
    if not table.opened_by:
        return _("Paraît toujours.")
    if len(table.by) > 1:
        words = _("S’ouvre région par région : quand chacun des deux totaux d’une case, arrondi, atteint %(least)d.")
    else:
        words = _("S’ouvre quand le total, arrondi, atteint %(least)d : « %(total)s ».")
    said = words % {"least": table.opens_from, "total": name_table(table.opened_by[0])}
    if table.code in SHORT_LIST_OF.values():
        said += " " + _("Ne paraît pas quand la liste des services paraît.")
    return bind(said)


def join_sentences(*sentences: object) -> str:
    return bind(" ".join(str(one) for one in sentences if one))
