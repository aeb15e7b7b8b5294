"""How the figures are made, in short: the same paragraphs under the page and at the end of a report. No markup."""

from django.utils.translation import gettext as _

from stats.pages.labels import bind


def list_paragraphs() -> list[str]:
    return [bind(paragraph) for paragraph in (explain_tables(), explain_rule(), explain_audit(), explain_cases())]


def explain_tables() -> str:
    return _(
        "Chaque année, nous publions les mêmes tableaux, chacun selon un seul découpage (région, mois, type, cause…) "
        "; quand les nombres sont grands, il est aussi croisé avec les régions."
    )


def explain_rule() -> str:
    return _(
        "Un chiffre ne paraît que si au moins cinq collectivités y sont ; il est arrondi au hasard à un multiple de "
        "cinq, à quatre près au plus, et « moins de 5 collectivités » veut dire « de zéro à quatre collectivités », "
        "sans qu’on puisse savoir si c’est zéro."
    )


def explain_audit() -> str:
    return _(
        "Avant de publier, nous vérifions, et chacun peut vérifier sur le fichier publié, qu’un pays où chaque "
        "« moins de 5 collectivités » vaudrait zéro donnerait les mêmes chiffres ; une année est publiée une seule "
        "fois."
    )


def explain_cases() -> str:
    return _(
        "Un incident est compté quand un centre de secours informatique l’a vérifié. « Plus » et « moins » ne sont "
        "écrits que si ni l’arrondi ni le hasard ne suffisent à expliquer l’écart. Un seul prestataire attaqué peut "
        "toucher beaucoup de collectivités d’un coup : les nombres varient alors plus que le hasard ne le dit."
    )
