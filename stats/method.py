"""How the figures are made, in short: the same paragraphs under the page and at the end of a report. No markup."""

from django.utils.translation import gettext as _

from stats.partition import MOST_PERCENT, K
from stats.periods import SETTLED_AFTER
from stats.words import bound


def paragraphs() -> list[str]:
    return [
        bound(one % {"days": SETTLED_AFTER.days, "least": K, "most": MOST_PERCENT})
        for one in (counted(), protected(), grouped(), compared(), kept())
    ]


def counted() -> str:
    return _(
        "Un incident est compté quand un centre de secours informatique l’a vérifié. Ce qui n’est pas vérifié n’entre "
        "dans aucun nombre. Personne ne sait combien d’incidents ne sont pas déclarés."
    )


def protected() -> str:
    return _(
        "Un trimestre ou une année paraît %(days)s jours après sa fin. Chaque nombre publié réunit au moins %(least)s "
        "collectivités, et aucune n’en fait à elle seule plus de %(most)s %%. Tous les totaux sont des sommes de ces "
        "nombres-là."
    )


def grouped() -> str:
    return _(
        "Ce qui est plus petit, ou en dirait trop à côté des autres nombres, est réuni : d’abord toutes les tranches, "
        "puis l’année, puis plusieurs régions. "
        "« Regroupé » veut dire : compté dans un nombre plus large. « Non ventilé » dit combien de cas sont dans ces "
        "nombres plus larges. « À venir » : l’année n’est pas finie. « Pas publié » : personne ne peut dire si c’est "
        "zéro. 0 : aucun nombre publié n’en compte."
    )


def compared() -> str:
    return _(
        "« Hausse » et « baisse » ne sont écrits que si le hasard seul ferait un tel écart moins d’une fois sur vingt "
        "(test exact de deux comptes de Poisson). La variabilité naturelle d’un taux est son intervalle de Wilson à "
        "95 %%. Une seule attaque qui touche beaucoup de collectivités fait varier les nombres plus encore."
    )


def kept() -> str:
    return _(
        "Un nombre publié ne change plus. Des déclarations tardives en font un de plus, à partir de %(least)s "
        "collectivités. Une correction n’y paraît pas : à côté du nombre d’avant, elle désignerait quelqu’un. Cette "
        "méthode ne cache pas qu’un nombre regroupé était petit, ni ce que disent les journaux."
    )
