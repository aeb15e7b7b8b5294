"""The sentences and the titles of a page are true in each case. Blocks by hand, no database."""

from dataclasses import replace
from datetime import date

from stats import sections, story, titles
from stats.models import Release
from stats.published.page import page_of
from stats.words import cell_words
from tests.stats.blocks import a_page, block, month, quarter, year


def words(sentences):
    return " ".join(sentences).replace("\u202f", " ").replace("\u00a0", " ")


def told(*blocks, **choice):
    return words(story.story(a_page(*blocks, **choice)))


def test_it_works():
    assert told(
        block("incidents", year(2025), 206, region="53"),
        block("interruptions", year(2025), 64, region="53"),
        block("leaks", year(2025), 31, region="53"),
        years=(2025,),
    ) == (
        "206 incidents vérifiés sont publiés en France pour 2025 : "
        "64 interruptions de service public et 31 fuites de données."
    )


# The story


def two_years(now, before):
    return [
        block("incidents", year(2025), now, region="53"),
        block("incidents", year(2024), before, region="53"),
        block("quarters", quarter(2024, 1), before),
    ]


def test_an_increase_says_how_much_and_what_it_does_not_say():
    assert told(*two_years(231, 167)).endswith(
        "C’était 167 en 2024 : une hausse des déclarations, entre 13 % et 70 % de plus. "
        "Cela ne dit pas si les attaques ont changé, ou l’habitude de déclarer."
    )


def test_a_decrease():
    assert "C’était 231 en 2024 : une baisse des déclarations, entre 11 % et 41 % de moins." in told(
        *two_years(167, 231)
    )


def test_no_change_and_tiny_numbers():
    assert told(*two_years(40, 38)).endswith("C’était 38 en 2024 : la différence peut être due au hasard.")
    assert told(*two_years(40, 40)).endswith("C’était déjà 40 en 2024.")
    assert told(*two_years(9, 6)).endswith("C’était 6 en 2024 : de si petits nombres ne disent pas de tendance.")


def test_tiny_numbers_that_differ_all_the_same():
    assert "une hausse des déclarations, au moins 46 % de plus, sur de petits nombres." in told(*two_years(20, 5))


def test_nothing_is_compared_with_a_year_that_began_late():
    """The first year told has nothing of its first quarter: the service may have begun in summer."""
    assert "2024" not in told(
        block("incidents", year(2025), 200, region="53"),
        block("incidents", year(2024), 50, region="53"),
        block("quarters", quarter(2024, 3), 50),
    )


def test_a_year_that_goes_on_is_compared_by_quarters():
    """Two quarters of 2025 are told; 2024 had 300 in all, 100 in the same quarters."""
    page = a_page(
        *(block("quarters", quarter(2025, number), 90) for number in (1, 2)),
        *(block("quarters", quarter(2024, number), value) for number, value in ((1, 50), (2, 50), (3, 100), (4, 100))),
        until=date(2025, 6, 30),
    )
    assert words(story.story(page)) == (
        "180 incidents vérifiés sont publiés en France pour 2025, année en cours, jusqu’au 30 juin 2025. "
        "C’était 100 aux mêmes trimestres de 2024 : une hausse des déclarations, entre 40 % et 132 % de plus. "
        "Cela ne dit pas si les attaques ont changé, ou l’habitude de déclarer."
    )
    assert words(story.not_shown(page)).endswith(
        "Ce qui se compte par année (taux, services, causes, délais) ne paraît pas avant le 30 janvier 2026."
    )


def test_a_quarter_that_was_merged_is_not_compared():
    """The second quarter of 2024 stands in a number of the whole year: nobody knows how much it was."""
    page = a_page(
        *(block("quarters", quarter(2025, number), 90) for number in (1, 2, 3, 4)),
        block("quarters", quarter(2024, 1), 50),
        block("quarters", year(2024), 40),
        quarter_number=2,
    )
    assert page.comparison is None
    assert words(story.story(page)) == "90 incidents vérifiés sont publiés en France pour le 2e trimestre 2025."


def test_other_regions_grouped_numbers_may_hold_some_of_this_one():
    """Bretagne 30 after 5; but 60 cases of 2024 are told of several regions together."""
    one = two_years(30, 5)
    assert "une hausse" in told(*one, region="53")
    assert "la différence peut être due au hasard" in told(*one, block("incidents", year(2024), 60), region="53")


def test_what_waits_is_not_set_beside_what_is_whole():
    """Interruptions of a quarter, some of which are counted for the whole year: no ratio is suggested."""
    page = a_page(
        *(block("quarters", quarter(2025, number), 50) for number in (1, 2, 3, 4)),
        block("interruptions", quarter(2025, 1), 8, region="53"),
        block("interruptions", year(2025), 22),
        quarter_number=1,
        years=(2025,),
    )
    assert words(story.story(page)) == "50 incidents vérifiés sont publiés en France pour le 1er trimestre 2025."
    [_, interruptions, *_] = story.keys(page)
    assert interruptions.value == 8
    assert words([interruptions.under]).endswith("22 de plus dans l’année, non ventilées par trimestre")


def test_none_of_a_quarter_is_more_than_none():
    page = a_page(block("interruptions", year(2025), 22), block("quarters", quarter(2025, 1), 50), quarter_number=1)
    [_, interruptions, *_] = story.keys(page)
    assert interruptions.value is None
    assert words([interruptions.under]).endswith("ralenti ; 22 dans l’année, non ventilées par trimestre")


def test_what_no_number_counts_yet_is_to_come_and_not_grouped():
    page = a_page(block("quarters", quarter(2025, 1), 50), until=date(2025, 3, 31))
    [_, interruptions, _, rate] = story.keys(page)
    assert cell_words(interruptions.value) == cell_words(rate.value) == "à venir"
    assert words([interruptions.under]).endswith("ralenti ; attendent la fin de l’année")


def test_a_region_of_which_nothing_is_alone():
    page = a_page(block("incidents", year(2025), 12), region="01")
    assert words(story.story(page)).startswith(
        "Aucun nombre d’incidents ne peut être montré à part en Guadeloupe pour 2025. S’il y a eu des cas,"
    )


# Key figures


def under(page, number):
    return words([story.keys(page)[number].under])


def test_signalements_are_said_beside_incidents_and_never_added():
    page = a_page(
        block("incidents", year(2025), 206, region="53"), block("reports", year(2025), 434, region="53"), years=(2025,)
    )
    assert story.keys(page)[0].value == 206
    assert "à part, 434 signalements vérifiés" in under(page, 0)


def test_confirmed_leaks_are_at_least_those_that_are_told():
    leaks = [block("leaks", year(2025), 9, region="53", band="6-50/confirmed")]
    whole = a_page(block("incidents", year(2025), 50, region="53"), *leaks)
    assert under(whole, 2) == "dont 9 confirmées"
    partly = a_page(
        block("incidents", year(2025), 50, region="53"),
        *leaks,
        block("leaks", year(2025), 7, region="53", band="51-300"),
    )
    assert under(partly, 2) == "dont au moins 9 confirmées ; état non ventilé pour 7"
    hidden = a_page(block("incidents", year(2025), 50, region="53"), block("leaks", year(2025), 7, region="53"))
    assert under(hidden, 2) == "revendiquées, soupçonnées ou confirmées"


def test_the_rate_says_its_numbers_and_what_chance_does():
    page = a_page(
        block("incidents", year(2025), 14, region="53"),
        block("bodies", year(2025), 10, region="53"),
        block("bodies_hit", year(2025), 6, region="53"),
        block("bodies", year(2025), 8),
        region="53",
        bodies={(2025, "53", ""): 1200, (2025, "", ""): 36_000},
    )
    rate = story.keys(page)[3]
    assert (rate.name, words([rate.text])) == ("taux de collectivités ayant déclaré en 2025", "0,83 %")
    assert words([rate.under]) == (
        "10 sur 1 200 ; variabilité naturelle : de 0,45 % à 1,5 %. "
        "Avec une interruption ou une fuite : 0,50 % (de 0,23 % à 1,1 %)"
    )


def test_a_rate_says_that_bodies_counted_later_may_be_of_that_region_too():
    told = [block("bodies", year(2025), 10, region="53"), block("bodies", year(2025), 8)]
    known = {(2025, "53", ""): 1200, (2025, "", ""): 36_000}

    def under(*late, region="53"):
        page = a_page(block("incidents", year(2025), 14, region="53"), *told, late=late, region=region, bodies=known)
        return words([story.keys(page)[3].under])

    late = block("bodies", year(2025), 6)
    elsewhere = "D’autres collectivités, comptées plus tard avec plusieurs régions, peuvent être d’ici"
    assert under(late).endswith(elsewhere)
    assert elsewhere not in under()
    assert elsewhere not in under(late, block("bodies", year(2025), 5, region="53"))
    assert elsewhere not in under(late, region="")


def test_what_only_one_table_tells_is_not_counted_later():
    """Thirty in time by quarter, thirty-five of the regions in the end, of which fifteen came late and not five."""
    now = [block("incidents", year(2025), 36, region="53"), block("quarters", quarter(2025, 1), 36)]
    before = [block("incidents", year(2024), 20, region="53"), block("quarters", quarter(2024, 1), 30)]
    source = a_page(*now, *before, late=[block("incidents", year(2024), 15, region="53")]).source
    then = Release(number=1, covers_until=date(2024, 12, 31))
    page = page_of(replace(source, releases=[*source.releases, then]))
    assert (page.comparison.change.before, page.comparison.late) == (35, 15)


def test_a_region_of_which_no_number_counts_a_body_is_not_grouped():
    """Guadeloupe's may be in the number of several regions; where there is none, it has nobody."""
    known = {(2025, code, ""): 300 for code in ("53", "01", "")}
    alone = [block("incidents", year(2025), 14, region="53"), block("bodies", year(2025), 10, region="53")]
    several = [block("incidents", year(2025), 7), block("bodies", year(2025), 7)]

    def rate(*blocks):
        return {one.region.code: one.rate for one in a_page(*blocks, bodies=known).by_region.lines}["01"]

    assert rate(*alone).number == 0
    assert rate(*alone, *several) is None


def test_what_no_number_counts_is_not_grouped_once_the_year_is_over():
    told = [block(measure, year(2025), 9, region="11") for measure in ("incidents", "interruptions", "leaks")]
    page = a_page(block("incidents", year(2025), 14, region="53"), *told, region="53")
    [_, interruptions, leaks, _] = story.keys(page)
    assert cell_words(interruptions.value) == cell_words(leaks.value) == "0"
    assert words([interruptions.under]) == "un service public arrêté ou ralenti ; aucun nombre publié n’en compte"


def test_no_rate_is_said_without_a_denominator():
    page = a_page(block("incidents", year(2025), 14, region="53"), block("bodies", year(2025), 10, region="53"))
    assert page.rates is None
    assert (story.keys(page)[3].text, cell_words(story.keys(page)[3].value)) == ("", "pas publié")


# Titles


def quarters(*values, of_year=2025):
    return [block("quarters", quarter(of_year, number), value) for number, value in enumerate(values, 1) if value]


def test_the_trend_says_what_is_sure():
    assert (
        titles.title_of_trend(a_page(*quarters(59, 71, 47, 67), years=(2025,))) == "De 47 à 71 incidents par trimestre"
    )
    up = a_page(*quarters(60, 60, 60, 60), *quarters(30, 30, 30, 30, of_year=2024))
    assert titles.title_of_trend(up) == "Plus d’incidents déclarés qu’en 2024"
    down = a_page(*quarters(30, 30, 30, 30), *quarters(60, 60, 60, 60, of_year=2024))
    assert titles.title_of_trend(down) == "Moins d’incidents déclarés qu’en 2024"
    same = a_page(*quarters(30, 31, 30, 30), *quarters(30, 30, 33, 30, of_year=2024))
    assert titles.title_of_trend(same) == "De 30 à 31 incidents par trimestre"


def test_the_trend_says_no_range_over_a_merged_quarter():
    page = a_page(*quarters(59, 71, 47, 0), block("quarters", year(2025), 6), years=(2025,))
    assert titles.title_of_trend(page) == "Les incidents, trimestre par trimestre"
    assert words([titles.summary_of_trend(page)]).endswith("47 (3e trimestre), 6 (4e trimestre).")


def services(**values):
    return [block("services", year(2025), value, band=band) for band, value in values.items()]


def test_the_first_of_a_list_is_named_if_nothing_hidden_can_overtake_it():
    sure = a_page(*services(messagerie=30, civil=10, eau=8), block("incidents", year(2025), 90))
    [section] = sections.interruptions(sure)
    assert words([section.title]) == "Messagerie : 30 sur 48"
    hidden = a_page(*services(messagerie=30, civil=10), block("services", year(2025), 25))
    assert sections.interruptions(hidden)[0].title == "Les services interrompus"
    assert "Non ventilé : 25 interruptions dont ce détail n’est pas montré à part." in words(
        [sections.interruptions(hidden)[0].note]
    )
    equal = a_page(*services(messagerie=10, civil=10))
    assert sections.interruptions(equal)[0].title == "Les services interrompus"


def test_categories_of_one_leak_do_not_add_up():
    kinds = [block("categories", year(2025), value, band=band) for band, value in (("coordonnees", 30), ("nir", 10))]
    [section, *_] = sections.leaks(a_page(*kinds, block("incidents", year(2025), 90)))
    assert words([section.title]).endswith(" : 30 fuites")


def test_a_section_that_tells_less_than_half_is_left_out_and_said():
    page = a_page(
        *services(messagerie=6), block("services", year(2025), 25), block("incidents", year(2025), 90, region="53")
    )
    assert sections.interruptions(page) == []
    assert "les services interrompus" in words(story.not_shown(page))


def hours(**values):
    names = {"a": "0-4h", "b": "4-24h", "c": "1-3d", "d": "7d+", "u": "unknown", "rest": ""}
    return [block("interruptions", year(2025), value, region="53", band=names[key]) for key, value in values.items()]


def test_half_of_the_interruptions_counts_those_that_nobody_knows():
    def title(**values):
        return sections.interruptions(a_page(*hours(**values)))[0].title

    assert title(a=20, b=10, c=5) == "Au moins la moitié dure moins de 4 heures"
    assert title(a=20, b=10, c=5, u=10) == "Au moins la moitié dure moins d’un jour"
    assert title(a=10, b=10, u=30) == "La durée des interruptions"
    assert title(a=10, b=10, rest=15) == "Au moins la moitié dure moins d’un jour"


def test_interruptions_of_which_nobody_knows_how_long_may_be_long_ones():
    """Some are going on still: those that are known to be long are the least there are."""
    incidents = block("incidents", year(2025), 50, region="53")
    assert under(a_page(*hours(a=20, c=9), incidents), 1) == "dont 9 de plus d’un jour"
    assert under(a_page(*hours(a=20, c=9, u=30), incidents), 1) == "dont au moins 9 de plus d’un jour"


def test_the_highest_rate_is_named_beyond_chance_only():
    def page(small, large):
        return a_page(
            block("strata", year(2025), small, band="commune/0-499"),
            block("strata", year(2025), large, band="commune/10000+"),
            bodies={(2025, "", "commune/0-499"): 1000, (2025, "", "commune/10000+"): 1000},
        )

    assert (
        words([titles.title_of_strata(page(10, 60))]) == "Le taux le plus haut : communes de 10 000 habitants et plus"
    )
    assert titles.title_of_strata(page(10, 15)) == "Le taux selon la nature et la population"


def test_the_highest_rate_is_not_named_beside_one_that_may_be_higher():
    """Four of the hundred départements may have declared, among the twelve that are told together."""
    known = {(2025, "", "commune/0-499"): 1000, (2025, "", "commune/10000+"): 1000, (2025, "", "large"): 100}
    told = [block("strata", year(2025), n, band=b) for b, n in (("commune/0-499", 10), ("commune/10000+", 60))]
    page = a_page(*told, block("strata", year(2025), 12), bodies=known)
    assert titles.title_of_strata(page) == "Le taux selon la nature et la population"
    assert titles.title_of_strata(a_page(*told, bodies=known)).startswith("Le taux le plus haut")


def test_a_table_of_strata_that_is_not_published_says_no_zero():
    """The denominators are there for the rates by region; of the strata nobody knows anything."""
    known = {(2025, "", "commune/0-499"): 1000, (2025, "", "grouping"): 500, (2025, "", ""): 36_000}
    assert a_page(block("bodies", year(2025), 90), bodies=known).strata == []
    told = [block("strata", year(2025), 9, band=band) for band in ("commune/0-499", "grouping")]
    small, grouping = (line for line in a_page(*told, bodies=known).strata if line.declared)
    assert (small.hit, grouping.hit) == (None, None)


def test_the_cause_that_nobody_said_is_no_title():
    causes = [block("causes", year(2025), number, band=band) for band, number in (("not_said", 50), ("phishing", 20))]
    [section] = sections.causes(a_page(*causes))
    assert section.title == "Comment c’est arrivé"


def test_types_are_told_when_most_incidents_have_one():
    types = [
        block("incidents", month(2025, 2), 12, region="53", band="intrusions/boite"),
        block("incidents", month(2025, 2), 5, region="53", band="fraud/hameconnage"),
    ]
    page = a_page(*types, block("incidents", month(2025, 2), 5, region="53"), region="53")
    assert page.types.says_something
    assert words([titles.title_of_types(page.types)]) == "« Compromission de messagerie » : 12 incidents sur 22"
    grouped = a_page(*types, block("incidents", year(2025), 30, region="53"), region="53")
    assert not grouped.types.says_something
    assert "les types d’incidents" in words(story.not_shown(grouped))


def test_a_type_comes_first_of_all_incidents_and_not_of_those_by_region_alone():
    """While the year goes on, what is small in its region waits; the nation's quarter counts it."""
    types = [
        block("incidents", quarter(2025, 1), 60, region="53", band="intrusions/boite"),
        block("incidents", quarter(2025, 1), 20, region="53", band="fraud/hameconnage"),
    ]

    def page(number):
        return a_page(*types, block("quarters", quarter(2025, 1), number), until=date(2025, 3, 31), years=(2025,))

    assert words([titles.title_of_types(page(110).types)]) == "« Compromission de messagerie » : 60 incidents sur 110"
    assert "et pas dans ce tableau : 30." in words([titles.under_types(page(110).types)])
    assert titles.title_of_types(page(150).types) == "Les types d’incidents au fil de l’année"
    assert not page(170).types.says_something
    assert words([titles.under_types(page(80).types)]).endswith("« Types regroupés ».")
