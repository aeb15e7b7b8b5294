"""The text of the dictionary: what each measure counts, of what, and what it does not say.

`stats/dictionary.py` puts it together with the names, the bands and the tables. A change of what is counted changes
`since`, so that a series which was broken says so.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from stats.enums import Measure

type Words = str | Promise

FAMILY_OF = date(2026, 11, 26)


class Source(NamedTuple):
    code: str
    name: Words
    url: str


RSIT = Source(
    "rsit",
    _("Reference Security Incident Taxonomy (RSIT), version 1003, groupe de travail animé par l’ENISA"),
    "https://github.com/enisaeu/Reference-Security-Incident-Taxonomy-Task-Force",
)
CNIL = Source(
    "cnil",
    _("Formulaire de notification d’une violation de données et tranches des données ouvertes de la CNIL"),
    "https://www.cnil.fr/fr/notifier-une-violation-de-donnees-personnelles",
)
CSIRTS = Source(
    "csirt",
    _("Définitions du signalement et de l’incident dans les bilans des CSIRT régionaux (ANSSI)"),
    "https://cyber.gouv.fr/nous-connaitre/ecosysteme/csirt/csirt-territoriaux/",
)
INSEE = Source(
    "insee",
    _("Code officiel géographique et populations de référence de l’INSEE, groupements de la DGCL"),
    "https://www.insee.fr/fr/information/2560452",
)
WILSON = Source(
    "wilson",
    _(
        "E. B. Wilson, « Probable inference, the law of succession, and statistical inference », Journal of the "
        "American Statistical Association 22, 1927, p. 209-212"
    ),
    "https://doi.org/10.1080/01621459.1927.10502953",
)


@dataclass(frozen=True)
class Entry:
    """`denominator` is empty where the number is a count that nothing divides."""

    definition: Words
    formula: Words
    unit: Words
    limits: Words
    denominator: Words = ""
    sources: tuple[Source, ...] = ()
    since: date = FAMILY_OF


class Rate(NamedTuple):
    """`of`: the measure that is divided by the bodies that exist."""

    of: Measure
    name: Words
    says: Entry


OF_INCIDENTS = _("Les incidents vérifiés de la même région et de la même période.")
OF_INTERRUPTIONS = _("Les interruptions de service de la même région et de la même période.")
EXISTING = _(
    "Les collectivités de la liste officielle qui existent au 31 décembre : communes, intercommunalités, "
    "départements, "
    "régions et collectivités à statut particulier. Le fichier « denominators » les donne."
)
ONE_REGION = _(
    "Une collectivité compte une fois par an, même avec dix incidents : ces nombres ne s’additionnent pas d’une année "
    "à l’autre. Elle compte dans la région de son premier incident de l’année. Les syndicats et les établissements "
    "publics n’y sont pas : aucune liste ne dit combien il y en a."
)
BY_CHANCE = _(
    "L’intervalle dit la variabilité naturelle : de combien le taux peut changer par hasard d’une année à l’autre, "
    "sans que rien n’ait changé. Il ne corrige pas ce qui n’est pas déclaré : le taux dit qui déclare, et non qui est "
    "attaqué."
)
WILSON_FORMULA = _(
    "nombre de collectivités ayant déclaré ÷ nombre de collectivités existantes. Intervalle de Wilson à 95 % : "
    "(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) ÷ (1 + z²/n), avec p le taux, n le dénominateur et z = 1,96."
)
SAME_AS_INCIDENTS = _("Ce sont les mêmes incidents, comptés autrement : ne les ajoutez pas aux autres.")

ENTRIES: dict[str, Entry] = {
    Measure.DECLARED: Entry(
        definition=_(
            "Toutes les déclarations qu’un centre a reçues, vérifiées ou non, sauf celles closes comme doublon, "
            "retrait "
            "ou absence d’incident."
        ),
        formula=_("nombre de dossiers reçus et non écartés"),
        unit=_("déclaration"),
        limits=_(
            "Ce qui n’est pas vérifié n’est pas publié : ce nombre n’est lu que par le centre qui les a reçues et par "
            "les personnes habilitées."
        ),
    ),
    Measure.INCIDENTS: Entry(
        definition=_(
            "Un incident est un dossier qu’un centre de secours informatique a vérifié, et qu’il n’a ni qualifié de "
            "signalement ni écarté (doublon, retrait, pas un incident). Il compte au mois où la déclaration a été "
            "reçue, à l’heure de la collectivité."
        ),
        formula=_("nombre de dossiers vérifiés, moins les signalements et les dossiers écartés"),
        unit=_("incident"),
        limits=_(
            "Le type est celui que la collectivité a choisi ou que le centre a corrigé. Un incident déclaré par deux "
            "collectivités compte deux fois. Un dossier pas encore qualifié compte comme incident."
        ),
        sources=(RSIT, CSIRTS),
    ),
    Measure.REPORTS: Entry(
        definition=_(
            "Un signalement est un comportement anormal ou inattendu qui peut être malveillant, par exemple une "
            "faille "
            "trouvée de l’extérieur. Un incident est un acte avéré, après échange avec la collectivité. Le centre "
            "vérifie et qualifie l’un et l’autre."
        ),
        formula=_("nombre de dossiers vérifiés et qualifiés de signalement"),
        unit=_("signalement"),
        limits=_(
            "Un signalement ne dit pas qu’un mal a été fait : ses interruptions et ses fuites ne sont pas comptées. "
            "Celui qui s’avère être un incident après avoir été publié compte aussi comme incident."
        ),
        sources=(CSIRTS,),
    ),
    Measure.INTERRUPTIONS: Entry(
        definition=_("Un service public que l’incident a arrêté ou ralenti. Un incident peut en compter plusieurs."),
        formula=_("nombre de services arrêtés ou ralentis, dans les incidents vérifiés"),
        unit=_("interruption"),
        limits=_(
            "La durée va de l’heure dite de l’arrêt à l’heure dite de la reprise. Sans reprise dite, elle est « pas "
            "connue, ou en cours ». Le nombre publié garde la durée connue le jour où il paraît."
        ),
    ),
    Measure.LEAKS: Entry(
        definition=_(
            "Des données personnelles sorties, ou dites sorties, dans un incident vérifié. L’état dit ce que l’on "
            "sait : "
            "revendiquée par un attaquant, soupçonnée, confirmée."
        ),
        formula=_("nombre de fuites revendiquées, soupçonnées ou confirmées, dans les incidents vérifiés"),
        unit=_("fuite"),
        limits=_(
            "Le nombre de personnes est une tranche estimée par la collectivité, souvent tôt. Les tranches ne "
            "s’additionnent pas en personnes. Une fuite jugée sans fondement est comptée à part."
        ),
        sources=(CNIL,),
    ),
    Measure.UNFOUNDED: Entry(
        definition=_("Une fuite soupçonnée ou revendiquée, puis jugée sans fondement par le centre."),
        formula=_("nombre de fuites jugées sans fondement, dans les incidents vérifiés"),
        unit=_("fuite"),
        limits=_("Ces fuites ne sont pas dans « fuites de données »."),
    ),
    Measure.SERVICES: Entry(
        definition=_("Les mêmes interruptions, selon le service public arrêté ou ralenti."),
        formula=_("nombre d’interruptions de chaque service, dans les incidents vérifiés"),
        unit=_("interruption"),
        limits=_("Ce sont les mêmes interruptions, comptées autrement : ne les ajoutez pas aux autres."),
        denominator=OF_INTERRUPTIONS,
    ),
    Measure.CATEGORIES: Entry(
        definition=_("Les catégories de données personnelles de chaque fuite qui n’est pas sans fondement."),
        formula=_("nombre de fuites qui contiennent chaque catégorie"),
        unit=_("fuite et catégorie"),
        limits=_(
            "Une fuite compte une fois dans chacune de ses catégories : la somme des catégories dépasse le nombre de "
            "fuites."
        ),
        sources=(CNIL,),
    ),
    Measure.CAUSES: Entry(
        definition=_("Comment l’incident a été possible, selon le centre, tant que l’on en sait quelque chose."),
        formula=_("nombre d’incidents vérifiés de chaque cause"),
        unit=_("incident"),
        limits=SAME_AS_INCIDENTS,
        denominator=OF_INCIDENTS,
    ),
    Measure.DISCOVERY: Entry(
        definition=_(
            "Le temps passé entre l’heure où la collectivité dit avoir découvert l’incident et sa déclaration."
        ),
        formula=_("heure de réception − heure de découverte, rangée en tranches"),
        unit=_("incident"),
        limits=_(
            "L’heure de découverte est celle qui a été dite. Une heure absente, ou après la déclaration, est « pas "
            "connue »."
        ),
        denominator=OF_INCIDENTS,
    ),
    Measure.HELP: Entry(
        definition=_("Le temps passé entre la déclaration et sa prise en charge par un centre."),
        formula=_("heure de prise en charge − heure de réception, rangée en tranches"),
        unit=_("incident"),
        limits=_(
            "Nuits et jours fériés sont comptés. Un dossier pas encore pris en charge est « pas encore ». Un dossier "
            "transmis à un autre centre compte jusqu’à sa prise en charge par celui-ci."
        ),
        denominator=OF_INCIDENTS,
    ),
    Measure.CLOSING: Entry(
        definition=_("Le temps passé entre la déclaration et la clôture du dossier par le centre."),
        formula=_("heure de clôture − heure de réception, rangée en tranches"),
        unit=_("incident"),
        limits=_(
            "Un dossier clos n’est pas toujours un service rétabli. Un dossier encore ouvert est « pas encore » : les "
            "périodes récentes en ont davantage."
        ),
        denominator=OF_INCIDENTS,
    ),
    Measure.QUARTERS: Entry(
        definition=_("Les incidents vérifiés de toute la France, trimestre par trimestre."),
        formula=_("nombre d’incidents vérifiés reçus dans le trimestre"),
        unit=_("incident"),
        limits=SAME_AS_INCIDENTS,
        sources=(CSIRTS,),
    ),
    Measure.BODIES: Entry(
        definition=_("Les collectivités différentes qui ont déclaré au moins un incident vérifié dans l’année."),
        formula=_("nombre de collectivités de la liste officielle ayant au moins un incident vérifié"),
        unit=_("collectivité"),
        limits=ONE_REGION,
        denominator=EXISTING,
        sources=(INSEE,),
    ),
    Measure.BODIES_HIT: Entry(
        definition=_(
            "Les collectivités différentes qui ont déclaré dans l’année au moins un incident vérifié avec une "
            "interruption de service ou une fuite de données qui n’est pas sans fondement."
        ),
        formula=_(
            "nombre de collectivités de la liste officielle ayant au moins un incident avec interruption ou fuite"
        ),
        unit=_("collectivité"),
        limits=ONE_REGION,
        denominator=EXISTING,
        sources=(INSEE,),
    ),
    Measure.STRATA: Entry(
        definition=_(
            "Les mêmes collectivités, selon leur nature et, pour les communes, leur population : moins de 500, de "
            "500 à "
            "1 999, de 2 000 à 9 999, 10 000 habitants et plus."
        ),
        formula=_("nombre de collectivités de chaque strate ayant au moins un incident vérifié"),
        unit=_("collectivité"),
        limits=ONE_REGION,
        denominator=EXISTING,
        sources=(INSEE,),
    ),
    Measure.STRATA_HIT: Entry(
        definition=_(
            "Les collectivités ayant déclaré une interruption ou une fuite, selon leur nature et leur population."
        ),
        formula=_("nombre de collectivités de chaque strate ayant au moins un incident avec interruption ou fuite"),
        unit=_("collectivité"),
        limits=ONE_REGION,
        denominator=EXISTING,
        sources=(INSEE,),
    ),
}

RATES: dict[str, Rate] = {
    "rate_bodies": Rate(
        Measure.BODIES,
        _("taux de collectivités ayant déclaré"),
        Entry(
            definition=_(
                "La part des collectivités existantes qui ont déclaré au moins un incident vérifié dans l’année."
            ),
            formula=WILSON_FORMULA,
            unit=_("pour cent"),
            limits=BY_CHANCE,
            denominator=EXISTING,
            sources=(WILSON, INSEE),
        ),
    ),
    "rate_bodies_hit": Rate(
        Measure.BODIES_HIT,
        _("taux de collectivités ayant déclaré une interruption ou une fuite"),
        Entry(
            definition=_(
                "La part des collectivités existantes qui ont déclaré dans l’année au moins un incident vérifié avec"
                " une "
                "interruption de service ou une fuite de données."
            ),
            formula=WILSON_FORMULA,
            unit=_("pour cent"),
            limits=BY_CHANCE,
            denominator=EXISTING,
            sources=(WILSON, INSEE),
        ),
    ),
}
