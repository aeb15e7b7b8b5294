"""What a chart says, where its numbers surely say something; else what it shows. No markup, as in `stats/story.py`."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from csirts.wording import curly
from incidents.enums import DataCategory
from stats.chance import Direction
from stats.enums import NOT_SAID, HoursBand, Measure
from stats.periods import SETTLED_AFTER
from stats.published.lines import UNKNOWN, Spread
from stats.published.page import Page
from stats.published.places import ByRegion
from stats.published.tables import Heat
from stats.words import UNKNOWN_SHARE, bound, figure, lower, upper, where, within_when


def title_of_trend(page: Page) -> str:
    assert page.trend  # noqa: S101 (the template looked)
    comparison = page.comparison
    if comparison and not page.source.quarter:
        same = (
            _("qu’en %(year)s") % {"year": comparison.year}
            if not comparison.quarters
            else _("qu’aux mêmes trimestres de %(year)s") % {"year": comparison.year}
        )
        if comparison.change.direction is Direction.UP:
            return _("Plus d’incidents déclarés %(same)s") % {"same": same}
        if comparison.change.direction is Direction.DOWN:
            return _("Moins d’incidents déclarés %(same)s") % {"same": same}
    unit = _("mois") if page.trend.by_month else _("trimestre")
    told = [span.value for span in page.trend.now.spans if span.value is not None and not span.is_merged]
    is_all = len(told) == len(page.trend.periods) and not page.trend.now.loose and not page.trend.apart
    if len(told) > 1 and is_all:
        low, high = min(told), max(told)
        return (
            _("De %(low)s à %(high)s incidents par %(unit)s")
            % {"low": figure(low), "high": figure(high), "unit": unit}
            if low < high
            else _("%(low)s incidents par %(unit)s") % {"low": figure(low), "unit": unit}
        )
    return _("Les incidents, %(unit)s par %(unit)s") % {"unit": unit}


def summary_of_trend(page: Page) -> str:
    """For who does not see the chart."""
    assert page.trend  # noqa: S101 (the template looked)
    trend, unit = page.trend, _("mois") if page.trend.by_month else _("trimestre")
    parts = []
    for span in trend.now.spans:
        if span.is_shown or span.value == 0:
            first, last = trend.periods[span.first], trend.periods[span.first + span.length - 1]
            name = first.label if span.length == 1 else f"{first.label} à {last.label}"
            parts.append(f"{figure(span.value or 0)} ({name.lower()})")
    return bound(
        _("Incidents par %(unit)s %(where)s en %(year)s : %(numbers)s.")
        % {"unit": unit, "where": where(page.source.region), "year": trend.year, "numbers": ", ".join(parts)}
    )


def under_trend(page: Page) -> str:
    assert page.trend  # noqa: S101 (the template looked)
    trend = page.trend
    said = [
        _("Incidents vérifiés, par %(unit)s de réception.") % {"unit": _("mois") if trend.by_month else _("trimestre")}
    ]
    if any(span.is_merged for row in (trend.now, trend.before) if row for span in row.spans):
        said.append(_("Un palier est un seul nombre pour plusieurs périodes."))
    if trend.now.loose:
        said.append(
            _("S’y ajoutent %(loose)s incidents non ventilés par période.") % {"loose": figure(trend.now.loose)}
        )
    if trend.apart:
        said.append(_("%(apart)s autres incidents publiés ne sont pas ici.") % {"apart": figure(trend.apart)})
    if not page.source.is_over:
        said.append(
            _("La suite paraîtra %(days)s jours après la fin de chaque trimestre.") % {"days": SETTLED_AFTER.days}
        )
    return bound(" ".join(said))


def title_of_map(page: Page) -> str:
    assert page.by_region  # noqa: S101 (the template looked)
    number, every = len(page.by_region.alone), len(page.by_region.lines)
    if page.source.region:
        return _("%(region)s parmi les régions") % {"region": curly(page.source.region.name)}
    if number < every and number > 1:
        return _("%(number)s territoires ont assez de cas pour un nombre à eux") % {"number": number}
    return _("Les incidents, région par région")


def under_map(page: Page) -> str:
    said = [_("Incidents vérifiés %(when)s.") % {"when": within_when(page)}]
    if not page.source.is_over:
        said.append(_("Ce qui est trop petit attend la fin de l’année : ne comparez pas encore."))
    said.append(_("Une région de plus de collectivités compte plus d’incidents."))
    return bound(" ".join(said))


def summary_of_map(regions: ByRegion) -> str:
    """For who does not see the map."""
    lines = [line for line in regions.lines if line.incidents.value is not None]
    told = ", ".join(f"{line.region.name} {figure(line.incidents.value or 0)}" for line in lines)
    said = _("Carte de France en carreaux, un par région, avec le nombre d’incidents : %(told)s.") % {"told": told}
    if len(lines) < len(regions.lines):
        said += _(" Les autres régions n’ont pas de nombre à elles.")
    return bound(said)


def beside_map(regions: ByRegion) -> str:
    """What stands in no region's number; "" if nothing does."""
    said = []
    if regions.several[0]:
        said.append(
            _("Régions regroupées : %(number)s incidents, comptés ensemble.") % {"number": figure(regions.several[0])}
        )
    if regions.is_mixed:
        said.append(_("Certains peuvent être d’une région qui a aussi son nombre, paru plus tôt ou plus tard."))
    if regions.apart:
        said.append(_("Comptés pour la France entière, pas par région : %s.") % figure(regions.apart))
    return bound(" ".join(said))


def under_types(heat: Heat) -> str:
    unit = _("mois") if heat.by_month else _("trimestre")
    said = _(
        "Incidents par type, comme les collectivités les déclarent, et par %(unit)s. Un nombre qui désignerait "
        "presque une commune n’est pas montré seul : il est compté dans la ligne « Types regroupés »."
    ) % {"unit": unit}
    if heat.apart:
        said += _(" Comptés pour la France entière, et pas dans ce tableau : %s.") % figure(heat.apart)
    return bound(said)


def title_of_region_rates(page: Page) -> str:
    return _("Le taux, région par région, en %(year)s") % {"year": page.source.year}


def under_strata(page: Page) -> str:
    return bound(
        _(
            "Taux de collectivités ayant déclaré un incident vérifié en %(year)s. Le trait épais est la variabilité "
            "naturelle : ce que le hasard seul peut faire. %(unknown)s"
        )
        % {"year": page.source.year, "unknown": UNKNOWN_SHARE}
    )


def title_of_types(heat: Heat) -> str:
    """« Compromission de messagerie » needs to be first whatever is grouped."""
    hidden = heat.incidents - heat.named
    first, *others = heat.rows
    if (first.total or 0) <= sum(row.total or 0 for row in others[:1]) + hidden:
        return _("Les types d’incidents au fil de l’année")
    return bound(
        _("« %(label)s » : %(number)s incidents sur %(total)s")
        % {"label": first.label, "number": figure(first.total or 0), "total": figure(heat.incidents)}
    )


def title_of_first(spread: Spread, plain: str) -> str:
    """« Messagerie : 30 sur 142 »: that it comes first is a fact of these numbers, not a claim beyond them."""
    first = spread.first
    if not first or first.code in (UNKNOWN, NOT_SAID):
        return plain
    return bound(
        _("%(label)s : %(number)s sur %(total)s")
        % {"label": upper(first.label), "number": figure(first.value or 0), "total": figure(spread.total)}
    )


def title_of_first_category(spread: Spread, plain: str) -> str:
    """« Coordonnées : 138 fuites »: a leak is in several categories, so that their sum is no number of leaks."""
    first = spread.first
    if not first or first.code == DataCategory.UNKNOWN:
        return plain
    return bound(
        _("%(label)s : %(number)s fuites") % {"label": upper(first.label), "number": figure(first.value or 0)}
    )


WITHIN_HOURS = {
    HoursBand.UNDER_4_HOURS: gettext_lazy("moins de 4 heures"),
    HoursBand.UNDER_A_DAY: gettext_lazy("moins d’un jour"),
    HoursBand.UNDER_3_DAYS: gettext_lazy("moins de 3 jours"),
    HoursBand.UNDER_7_DAYS: gettext_lazy("moins de 7 jours"),
}


def title_of_hours(spread: Spread) -> str:
    most = WITHIN_HOURS.get(spread.half_within)  # type: ignore[call-overload]  # a band's code
    return _("Au moins la moitié dure %(most)s") % {"most": most} if most else _("La durée des interruptions")


WITHIN_DELAYS = {
    "0-1h": gettext_lazy("en moins d’une heure"),
    "1-4h": gettext_lazy("en moins de 4 heures"),
    "4-24h": gettext_lazy("en moins d’un jour"),
    "1-3d": gettext_lazy("en moins de 3 jours"),
    "3-7d": gettext_lazy("en moins de 7 jours"),
    "7-30d": gettext_lazy("en moins de 30 jours"),
}


def title_of_delays(page: Page) -> str:
    helped = page.delays.get(Measure.HELP)
    within = WITHIN_DELAYS.get(helped.half_within) if helped else None
    return (
        _("Au moins un incident sur deux pris en charge %(within)s") % {"within": within}
        if within
        else _("Les délais")
    )


def title_of_strata(page: Page) -> str:
    """The kind whose interval lies above that of every other one, whatever wider numbers hold of that one."""
    for line in page.strata:
        if line.declared and all(line.declared.low > other.most for other in page.strata if other is not line):
            return bound(_("Le taux le plus haut : %(label)s") % {"label": line.label})
    return _("Le taux selon la nature et la population")


def only_in_table(spread: Spread) -> str:
    """Said beside bars of which the last ones are not drawn."""
    if not spread.only_in_table:
        return ""
    return _("%(number)s autres lignes, plus courtes, sont dans le tableau.") % {"number": spread.only_in_table}


def remainder(spread: Spread, what: str) -> str:
    """What is told of no band, and how much of it."""
    said = []
    if spread.rest:
        said.append(
            _("Non ventilé : %(rest)s %(what)s dont ce détail n’est pas montré à part.")
            % {"rest": figure(spread.rest), "what": what}
        )
    missing = spread.total - spread.named - spread.rest
    if missing > 0:
        said.append(
            _("%(missing)s %(what)s sur %(total)s ne sont pas dans ce détail.")
            % {"missing": figure(missing), "what": what, "total": figure(spread.total)}
        )
    if spread.grouped:
        said.append(
            _("Regroupé, pas montré seul : %(numbers)s.")
            % {"numbers": ", ".join(lower(label) for label in spread.grouped)}
        )
    return bound(" ".join(said))
