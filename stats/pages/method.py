"""A summary of how the figures are made, without markup. The page and the report have the same paragraphs."""

from stats.disclosure.tables import CROSSING_OPENS_FROM
from stats.labels import bind_words
from stats.pages.sentences import DASH


def list_method_paragraphs() -> list[str]:
    """Return the paragraphs that summarise how the figures are made."""
    return [
        bind_words(paragraph)
        for paragraph in (explain_tables(), explain_suppression_rule(), explain_audit(), explain_counted_cases())
    ]


def explain_tables() -> str:
    """Return the paragraph about the tables that are published."""
    words = (
        "Chaque année, nous publions les mêmes tableaux, chacun selon un seul découpage (région, mois, type, cause…). "
        "Quand le nombre publié d’une région atteint %s, s’y ajoutent ses trimestres, et ses types et ses causes "
        "assez fréquents en France."
    )
    return words % CROSSING_OPENS_FROM


def explain_suppression_rule() -> str:
    """Return the paragraph about cells without a number and about rounding."""
    rule = "Un nombre ne paraît que si au moins 5 collectivités y sont ; il est arrondi au hasard à un multiple de 5."
    return f"{rule} {DASH}"


def explain_audit() -> str:
    """Return the paragraph about the audit before each publication."""
    return (
        "Avant de publier, un programme vérifie que les nombres, mis ensemble, ne prouvent rien de ce que les « – » "
        "cachent ; chacun peut le refaire sur les fichiers publiés. Une année est publiée une seule fois."
    )


def explain_counted_cases() -> str:
    """Return the paragraph about the cases that are counted and about the comparison of years."""
    return (
        "Un incident est compté quand un centre de secours informatique l’a vérifié. « Plus d’incidents » ou « moins "
        "d’incidents » qu’un an avant n’est écrit que si ni l’arrondi ni le hasard ne suffisent à l’expliquer. Un "
        "seul prestataire attaqué peut toucher beaucoup de collectivités d’un coup : les nombres varient alors plus "
        "que le hasard ne le dit."
    )
