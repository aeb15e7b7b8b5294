"""The councils of régions, départements and overseas collectivities. The npm package describes
these only as territories.

Where a law has merged two councils, one body replaces both and is found by the codes of each:

- Corse (région 94, départements 2A and 2B): one Collectivité de Corse since 2018;
- Martinique, Guyane (2015) and Mayotte (2011, Département-Région since 2025): one body for région and département;
- Alsace: the councils of Bas-Rhin and Haut-Rhin are the Collectivité européenne d'Alsace since 2021; its INSEE
  code as a territory is 6AE. The two départements remain as territories;
- Paris: the city holds both sets of powers (2019), so it is the commune 75056, found under the code 75 also;
- Rhône: the métropole de Lyon has the département's powers on its own territory (2015). Its communes still have
  codes in 69; the council of Rhône counts the inhabitants of the other communes only. The métropole is listed with
  the EPCI;
- overseas collectivities: one body each, including Terres australes; Clipperton is State property without a council.
  Saint-Barthélemy and Saint-Martin are also listed as communes by INSEE, and remain communes here.

No open list holds the SIREN of these bodies. The code `53` is a département and `R53` a région, since both
use the same numbers.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from collectivities.enums import Kind, Zone
from collectivities.official.rows import AliasRow, BodyRow, DepartementRow, RegionRow

CLIPPERTON = "989"
PARIS = "75"
LYON_METROPOLIS = "200046977"
# (code, name, région, département, codes of the territories, other codes and names)
MERGED_COUNCILS = (
    ("R94", "Collectivité de Corse", "94", "", ("2A", "2B"), ("2A:Corse-du-Sud", "2B:Haute-Corse")),
    ("R02", "Collectivité territoriale de Martinique", "02", "972", ("972",), ("972:",)),
    ("R03", "Collectivité territoriale de Guyane", "03", "973", ("973",), ("973:",)),
    ("R06", "Département-Région de Mayotte", "06", "976", ("976",), ("976:",)),
    ("6AE", "Collectivité européenne d'Alsace", "44", "", ("67", "68"), ("67:Bas-Rhin", "68:Haut-Rhin")),
)
NAME_ARTICLES = {1: "d'", 2: "du ", 3: "de la ", 4: "des ", 5: "de l'"}
MERGED_TERRITORIES = {code for merged in MERGED_COUNCILS for code in merged[4]}
MERGED_REGIONS = {merged[2] for merged in MERGED_COUNCILS if merged[0].startswith("R")}


def list_councils(
    regions: list[RegionRow], departements: list[tuple[DepartementRow, int]], communes: list[BodyRow]
) -> Iterator[BodyRow]:
    """Yield the council of each région, département and overseas collectivity.

    Each département comes with INSEE's code for its article (« type de liaison »). The communes give the populations.
    """
    inhabitants = _count_inhabitants(communes)
    yield from _list_merged_councils({region.code for region in regions}, inhabitants)
    for departement, liaison in departements:
        if departement.zone == Zone.COM:
            yield from _list_overseas_councils(departement, inhabitants)
        elif departement.code not in MERGED_TERRITORIES | {PARIS}:
            name = f"Département {NAME_ARTICLES.get(liaison, 'de ')}{departement.name}"
            yield _make_council(Kind.DEPARTEMENT, departement.code, name, departement, inhabitants[departement.code])
    for region in regions:
        if region.zone != Zone.COM and region.code not in MERGED_REGIONS:
            population = sum(inhabitants[row.code] for row, _liaison in departements if row.region == region.code)
            population += inhabitants[LYON_METROPOLIS] if region.code == "84" else 0
            territory = DepartementRow("", "", region.zone, region.code)
            yield _make_council(Kind.REGION, f"R{region.code}", f"Région {region.name}", territory, population)


def add_paris_aliases(commune: BodyRow) -> BodyRow:
    """Return the commune. Paris gets two more aliases: the code of its département and « Ville de Paris »."""
    if commune.code != "75056":
        return commune
    return replace(commune, aliases=(*commune.aliases, AliasRow(PARIS, ""), AliasRow("", "Ville de Paris")))


def _count_inhabitants(communes: list[BodyRow]) -> Counter[str]:
    """Return the number of inhabitants by code of département. The inhabitants of the métropole de Lyon are counted
    under its SIREN instead.
    """
    inhabitants: Counter[str] = Counter()
    for commune in communes:
        territory = LYON_METROPOLIS if LYON_METROPOLIS in commune.groups else commune.departement
        inhabitants[territory] += commune.population or 0
    return inhabitants


def _list_merged_councils(regions: set[str], inhabitants: Counter[str]) -> Iterator[BodyRow]:
    for code, name, region, departement, territories, aliases_text in MERGED_COUNCILS:
        if region not in regions:
            continue
        aliases = tuple(AliasRow(*other.split(":")) for other in aliases_text)
        population = sum(inhabitants[territory] for territory in territories)
        yield BodyRow(Kind.SPECIAL, code, name, 0, "", region, departement, population, aliases=aliases)


def _list_overseas_councils(departement: DepartementRow, inhabitants: Counter[str]) -> Iterator[BodyRow]:
    if departement.code != CLIPPERTON:
        population = inhabitants[departement.code] or None
        yield _make_council(Kind.OVERSEAS, departement.code, departement.name, departement, population)


def _make_council(kind: Kind, code: str, name: str, territory: DepartementRow, population: int | None) -> BodyRow:
    return BodyRow(kind, code, name, 0, "", territory.region, territory.code, population)
