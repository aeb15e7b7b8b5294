"""The text of the dictionary: what each unit counts, how each classification sorts it, and what neither tells.

`stats/open_data/dictionary.py` makes the entry of each table from both. A change of what is counted changes `since`,
so that a broken series tells its reader.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from stats.enums import Measure

type Words = str | Promise

FIXED_TABLES = date(2026, 11, 27)


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


@dataclass(frozen=True)
class Unit:
    """What a table counts. `name` begins the name of the table, `unit` is what one unit of the number is."""

    name: Words
    definition: Words
    formula: Words
    unit: Words
    limits: Words
    sources: tuple[Source, ...] = ()
    since: date = FIXED_TABLES


@dataclass(frozen=True)
class Classification:
    """How the units of a table are sorted: « par région »."""

    name: Words
    definition: Words
    limits: Words = ""
    sources: tuple[Source, ...] = ()


UNITS: dict[str, Unit] = {
    "incidents": Unit(
        name=Measure.INCIDENTS.label,
        definition=_(
            "Un incident est un dossier qu’un centre de secours informatique a vérifié, et qu’il n’a ni qualifié de "
            "signalement ni écarté (doublon, retrait, pas un incident). Il compte au mois où la déclaration a été "
            "reçue, à l’heure de la collectivité."
        ),
        formula=_("nombre de dossiers vérifiés, moins les signalements et les dossiers écartés"),
        unit=_("incident"),
        limits=_(
            "Un incident déclaré par deux collectivités compte deux fois. Un dossier pas encore qualifié compte comme "
            "incident."
        ),
        sources=(CSIRTS,),
    ),
    "reports": Unit(
        name=Measure.REPORTS.label,
        definition=_(
            "Un signalement est un comportement anormal ou inattendu qui peut être malveillant, par exemple une "
            "faille trouvée de l’extérieur. Le centre l’a vérifié et qualifié ainsi."
        ),
        formula=_("nombre de dossiers vérifiés et qualifiés de signalement"),
        unit=_("signalement"),
        limits=_(
            "Un signalement ne prouve pas un dommage : ses interruptions et ses fuites ne sont pas comptées. S’il "
            "s’avère être un incident après la publication de l’année, il compte plus tard comme incident."
        ),
        sources=(CSIRTS,),
    ),
    "interruptions": Unit(
        name=Measure.INTERRUPTIONS.label,
        definition=_("Un service public que l’incident a arrêté ou ralenti. Un incident peut en compter plusieurs."),
        formula=_("nombre de services arrêtés ou ralentis, dans les incidents vérifiés"),
        unit=_("interruption"),
        limits=_("Seuls les services que la collectivité ou le centre a nommés sont comptés."),
    ),
    "leaks": Unit(
        name=Measure.LEAKS.label,
        definition=_(
            "Des données personnelles sorties, ou qui le seraient, dans un incident vérifié : fuite revendiquée par "
            "un attaquant, soupçonnée ou confirmée."
        ),
        formula=_("nombre de fuites revendiquées, soupçonnées ou confirmées, dans les incidents vérifiés"),
        unit=_("fuite"),
        limits=_("Une fuite jugée sans fondement n’est pas dans ce nombre : elle est comptée à part."),
        sources=(CNIL,),
    ),
    "leak_categories": Unit(
        name=Measure.LEAKS.label,
        definition=_("Les catégories de données personnelles de chaque fuite qui n’est pas sans fondement."),
        formula=_("nombre de fuites qui contiennent chaque catégorie, dans les incidents vérifiés"),
        unit=_("fuite et catégorie"),
        limits=_(
            "Une fuite compte une fois dans chacune de ses catégories : ensemble, elles dépassent le nombre de fuites."
        ),
        sources=(CNIL,),
    ),
    "unfounded": Unit(
        name=Measure.UNFOUNDED.label,
        definition=_("Une fuite soupçonnée ou revendiquée, puis jugée sans fondement par le centre."),
        formula=_("nombre de fuites jugées sans fondement, dans les incidents vérifiés"),
        unit=_("fuite"),
        limits=_("Ces fuites ne sont pas dans « fuites de données »."),
    ),
    "late": Unit(
        name=_("incidents d’années antérieures, déclarés plus tard"),
        definition=_(
            "Les incidents reçus une année antérieure, que la publication de leur année n’a pas comptés : vérifiés, "
            "ou qualifiés d’incident, après elle."
        ),
        formula=_("nombre d’incidents vérifiés d’années antérieures qu’aucune publication annuelle n’a comptés"),
        unit=_("incident"),
        limits=_(
            "Ces incidents ne sont dans aucun autre tableau, et l’année à laquelle ils remontent n’est pas dite."
        ),
    ),
    "bodies": Unit(
        name=_("collectivités ayant déclaré"),
        definition=_("Les collectivités différentes qui ont déclaré au moins un incident vérifié dans l’année."),
        formula=_(
            "nombre de collectivités de la liste officielle ayant au moins un incident vérifié. Le taux est ce nombre "
            "divisé par les collectivités existantes (fichier « denominators »)"
        ),
        unit=_("collectivité"),
        limits=_(
            "Une collectivité compte une fois par an, même avec dix incidents : ces nombres ne s’additionnent pas "
            "d’une année à l’autre. Les syndicats et les établissements publics n’y sont pas : aucune liste ne dit "
            "combien il y en a. Le taux dit qui déclare, et non qui est attaqué."
        ),
        sources=(INSEE,),
    ),
}

CLASSIFICATIONS: dict[str, Classification] = {
    "region": Classification(
        _("par région"),
        _("La région est celle de la collectivité, outre-mer compris."),
        _("Un établissement dont le territoire n’est pas connu a une ligne à part, sans code."),
        (INSEE,),
    ),
    "month": Classification(
        _("par mois"),
        _("Le mois est celui où la déclaration a été reçue, à l’heure de la collectivité."),
        _("Un mois qu’une publication trimestrielle donne reste celui-là : il n’est pas compté de nouveau."),
    ),
    "quarter": Classification(_("par trimestre"), _("Le trimestre est celui où la déclaration a été reçue.")),
    "type": Classification(
        _("par type"),
        _("Le type est celui que la collectivité a choisi, ou que le centre a corrigé."),
        sources=(RSIT,),
    ),
    "cause": Classification(
        _("par cause"),
        _("La cause est ce qui a rendu l’incident possible, selon le centre."),
        _("Beaucoup de causes ne sont jamais trouvées."),
    ),
    "discovery": Classification(
        _("par délai entre la découverte et la déclaration"),
        _("Le temps passé entre l’heure où la collectivité dit avoir découvert l’incident et sa déclaration."),
        _("L’heure de découverte est celle que la collectivité donne. Absente, ou après la déclaration : pas connue."),
    ),
    "help": Classification(
        _("par délai entre la déclaration et la prise en charge"),
        _("Le temps passé entre la déclaration et sa prise en charge par un centre."),
        _(
            "Nuits et jours fériés sont comptés. Un dossier transmis à un autre centre compte jusqu’à sa prise en "
            "charge par celui-ci."
        ),
    ),
    "closing": Classification(
        _("par délai entre la déclaration et la clôture"),
        _("Le temps passé entre la déclaration et la clôture du dossier par le centre."),
        _("Nuits et jours fériés sont comptés. Un dossier clos n’est pas toujours un service rétabli."),
    ),
    "persons": Classification(
        _("par nombre de personnes"),
        _("La tranche est celle que la collectivité estime."),
        _("Cette estimation est souvent faite tôt. Les tranches ne s’additionnent pas en personnes."),
    ),
    "status": Classification(
        _("par état"), _("L’état dit ce que l’on sait de la fuite : revendiquée, soupçonnée ou confirmée.")
    ),
    "category": Classification(
        _("par catégorie de données"), _("Les catégories sont celles du formulaire de notification de la CNIL.")
    ),
    "hours": Classification(
        _("par durée"),
        _("La durée va de l’heure déclarée de l’arrêt à l’heure déclarée de la reprise."),
        _("Sans heure de reprise le jour de la publication, elle est « pas connue, ou en cours »."),
    ),
    "service": Classification(_("par service public"), _("Le service est celui qui a été arrêté ou ralenti.")),
    "family": Classification(
        _("par famille de services"),
        _("Les services publics sont réunis par familles, pour les années où les interruptions sont peu nombreuses."),
    ),
    "stratum": Classification(
        _("par nature et population"),
        _("La strate est la nature de la collectivité et, pour les communes, la tranche de population."),
    ),
}
