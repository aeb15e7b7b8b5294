"""Countries in which it is hard to hide: each stores cases, and gives the moments at which to publish.

Whoever runs one publishes at each moment by the service's own path, looks, and goes on.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from collectivities.enums import GROUPINGS, TERRITORIAL
from collectivities.models import Collectivity, Region
from incidents.enums import PublicService
from tests.stats.cases import Case, bodies, change, on, one_each, store

SPRING, SUMMER, AUTUMN, NEW_YEAR = on(2025, 4, 30), on(2025, 7, 30), on(2025, 10, 30), on(2026, 1, 30)
NEXT_SPRING, AFTER_NEXT = on(2026, 4, 30), on(2026, 7, 30)
LEAK = {"leaks": (("confirmed", "6-50"),), "categories": ("etat_civil",)}
TYPES = ("rancon", "boite", "panne", "hameconnage")
REGIONS = ("53", "94", "01", "11", "06", "52")

type Moments = Iterator[datetime]


def crowd(seed, number, *codes, until=12) -> list[Case]:
    """Invented cases of 2025, as a demonstration has them."""
    rng = random.Random(seed)
    some = {code: bodies(code, 15) for code in codes}
    return [
        Case(
            body=rng.choice(some[code]),
            at=on(2025, rng.randint(1, until), rng.randint(1, 28)),
            verified=rng.random() < 0.9,
            nature="report" if rng.random() < 0.4 else "incident",
            type=rng.choice(TYPES),
            cause=rng.choice(("", "phishing", "flaw")),
            hours=tuple(rng.choice((2, 30, None)) for _ in range(rng.randint(0, 2))),
            **(LEAK if rng.random() < 0.3 else {}),
        )
        for code in rng.choices(codes, range(len(codes), 0, -1), k=number)
    ]


def demonstration(number, *codes) -> Moments:
    store(crowd(number, number, *codes))
    yield SUMMER
    yield NEW_YEAR


def one_commune() -> Moments:
    """Saint-Barthélemy and its like: territories of one body or of three, hit every month."""
    alone = [body for code in ("977", "978", "975") for body in bodies(code, 1)]
    store([Case(body=body, at=on(2025, month, 3), hours=(2,)) for body in alone for month in range(1, 13)])
    store(one_each(bodies("53", 20), on(2025, 2, 1), hours=(2,)))
    yield SPRING
    yield NEW_YEAR


def dominant(percent) -> Moments:
    """One grouping of communes makes most of its region."""
    others = bodies("52", 12)
    [large] = Collectivity.objects.filter(region__code="52", kind="ca", is_listed=True).with_territory()[:1]
    number = round(len(others) * percent / (100 - percent))
    store([Case(body=large, at=on(2025, 1 + n % 12, 5), hours=(2,), **LEAK) for n in range(number)])
    store([Case(body=body, at=on(2025, 1 + n, 7), hours=(30,)) for n, body in enumerate(others)])
    store(one_each(bodies("53", 9), on(2025, 2, 1)))
    yield NEW_YEAR


def single_interruption(*, beside) -> Moments:
    """Of the country; or of its region, with others elsewhere."""
    store(one_each(bodies("53", 1), on(2025, 2, 1), hours=(30,)))
    store(one_each(bodies("53", 30)[10:], on(2025, 2, 2)) + one_each(bodies("11", 12), on(2025, 2, 2)))
    store(one_each(bodies("11", 20)[12:], on(2025, 2, 3), hours=(2,)) if beside else [])
    yield NEW_YEAR


def corrected(number) -> Moments:
    """After a release, `number` bodies are classified, routed, withdrawn and dated otherwise."""
    some = bodies("53", 60)
    cases = store(one_each(some[:30], on(2025, 2, 1), **LEAK) + one_each(some[30:40], on(2025, 3, 1), type="boite"))
    store(one_each(bodies("52", 12), on(2025, 2, 1)) + one_each(bodies("94", 3), on(2025, 2, 1)))
    yield SPRING
    change(cases[:number], type="boite")
    change(cases[6 : 6 + number], region=Region.objects.get(code="52"))
    change(cases[12 : 12 + number], status="closed", closed_at=on(2025, 5, 1), closing_reason="withdrawn")
    change(cases[18 : 18 + number], received_at=on(2025, 5, 1))
    store(one_each(some[40:52], on(2025, 5, 1)))
    yield SUMMER
    change(cases[24 : 24 + number], type="panne")
    yield NEW_YEAR


def corrected_one_by_one() -> Moments:
    """Each quarter another body withdraws from the first number, until so many did that it is made again."""
    some = bodies("53", 40)
    cases = store(one_each(some[:14], on(2025, 2, 1)) + one_each(some[14:30], on(2025, 2, 1), type="boite"))
    store(one_each(bodies("94", 3), on(2025, 11, 1)))
    for first, moment in ((0, SPRING), (3, SUMMER), (4, AUTUMN), (5, NEW_YEAR)):
        change(cases[:first], status="closed", closed_at=on(2025, 4, 1), closing_reason="withdrawn")
        store(one_each(some[30:36], moment - timedelta(days=60)))
        yield moment


def overseas() -> Moments:
    """Few bodies, a clock of their own: cases at the ends of a month and of the year, as Paris sees them."""
    edges = [datetime(2025, 3, 31, hour, 30, tzinfo=UTC) for hour in (2, 20, 22, 23)]
    edges += [datetime(2025, 12, 31, hour, 30, tzinfo=UTC) for hour in (2, 20, 22, 23)]
    edges += [datetime(2026, 1, 1, hour, 30, tzinfo=UTC) for hour in (1, 3, 5)]
    for code, number in (("06", 4), ("01", 5), ("03", 3), ("04", 6)):
        store([Case(body=body, at=at, hours=(2,)) for n, body in enumerate(bodies(code, number)) for at in edges[n:]])
    store(one_each(bodies("53", 12), on(2025, 3, 2)) + one_each(bodies("53", 12), on(2026, 1, 2)))
    yield from (SPRING, NEW_YEAR, NEXT_SPRING)


def all_were_hit() -> Moments:
    """Every département and région of the country, all of Mayotte, and all but two of Corsica's groupings."""
    large = Collectivity.objects.filter(kind__in=TERRITORIAL, is_listed=True).with_territory()
    mayotte = Collectivity.objects.filter(region__code="06", is_listed=True).with_territory()
    store(one_each({body.pk: body for body in (*large, *mayotte)}.values(), on(2025, 2, 1), hours=(2,)))
    store(one_each(bodies("53", 30), on(2025, 3, 1)))
    yield NEW_YEAR


def few_of_a_kind() -> Moments:
    """Two regions overseas with five groupings each, of which four declared: no other region has an incident."""
    for code in ("04", "06"):
        there = Collectivity.objects.filter(region__code=code, is_listed=True).with_territory().order_by("uid")
        store(one_each(there.filter(kind__in=GROUPINGS)[:4], on(2025, 2, 1)))
        store(one_each(there.filter(kind="commune")[:3], on(2025, 2, 1)))
        store(one_each(there.filter(kind="commune")[3:6], on(2025, 2, 1), hours=(2,)))
    yield NEW_YEAR


def trickle() -> Moments:
    """Late cases of the first quarter, two bodies at a time, over three releases and into the next year."""
    some, elsewhere = bodies("53", 60), bodies("94", 20)
    store(one_each(some[:12], on(2025, 2, 1), hours=(2,)) + one_each(elsewhere[:6], on(2025, 2, 1), hours=(2,)))
    for number, moment in enumerate((SPRING, SUMMER, NEW_YEAR, NEXT_SPRING)):
        late = some[12 + 2 * number : 14 + 2 * number] + elsewhere[6 + 2 * number : 8 + 2 * number]
        store(one_each(some[30:36], moment - timedelta(days=90)))
        yield moment
        store(one_each(late, on(2025, 2, 20), hours=(30,)))


def late_and_often() -> Moments:
    """Three bodies declare three late incidents each: more than five incidents of fewer than five bodies."""
    some = bodies("53", 30)
    store(one_each(some[:12], on(2025, 2, 1), cause="flaw") + one_each(bodies("52", 12), on(2025, 2, 1), cause="flaw"))
    yield SPRING
    store([Case(body=body, at=on(2025, 2, day), cause="flaw") for body in some[12:15] for day in (7, 8, 9)])
    yield SUMMER
    yield NEW_YEAR


def around_five() -> Moments:
    """Four, five and six bodies beside each other, by region, by quarter and by type."""
    for code, number in (("94", 4), ("01", 5), ("06", 6), ("53", 14)):
        some = bodies(code, number)
        store(one_each(some, on(2025, 2, 1), hours=(2,), **LEAK) + one_each(some[:5], on(2025, 5, 1), type="boite"))
        store(one_each(some[:4], on(2025, 8, 1), cause="phishing"))
    yield from (SPRING, SUMMER, NEW_YEAR)


def changed_elsewhere() -> Moments:
    """Of a number's bodies one changed in it, and four in other numbers: it must stay, or that one is told."""
    some, others = bodies("53", 12), iter(bodies("53", 60)[20:])
    bands = (10, 30, 100, 200)
    cases = store([Case(body=body, at=on(2025, 2, 1), hours=(2, *bands[n - 1 : n])) for n, body in enumerate(some)])
    store([Case(body=next(others), at=on(2025, 2, 2), hours=(hours,)) for hours in bands for _ in range(8)])
    yield SPRING
    for case, hours in zip(cases, (30, *reversed(bands)), strict=False):
        stopped = case.interruptions.order_by("pk").last()
        stopped.ended_at = stopped.started_at + timedelta(hours=hours)
        stopped.save()
    change(cases[:5], severity=3)
    store(one_each(bodies("94", 12), on(2025, 5, 1)))
    yield SUMMER
    store(one_each(bodies("06", 3), on(2025, 11, 1)))
    yield NEW_YEAR


def hit_again() -> Moments:
    """The same body in two types and two causes; one that ends on 1 January, whose cases go to another."""
    some = bodies("53", 24)
    cases = store(one_each(some[:9], on(2025, 2, 1), cause="phishing", hours=(2, 30)))
    store(one_each(some[4:13], on(2025, 2, 3), type="boite", cause="flaw", hours=(2,)))
    store(one_each(some[:2], on(2025, 2, 5), type="panne") + one_each(bodies("52", 7), on(2025, 2, 1)))
    store(one_each(bodies("94", 3), on(2025, 11, 1)))
    yield SPRING
    ended, kept = some[0], some[20]
    Collectivity.objects.filter(pk=ended.pk).update(vanished_on=on(2026, 1, 1).date(), merged_into=kept)
    change(cases[:1], collectivity=kept)
    store(one_each([kept, *some[1:7]], on(2026, 1, 2)))
    yield NEW_YEAR
    yield NEXT_SPRING


def other_services() -> Moments:
    """Of a region all but one body, of another all but three, had one service stopped: theirs were others. Elsewhere
    enough have those that they are published.
    """
    others = ("paie", "eau", "civil", "cantine", "urbanisme", "social")
    for code, services in (("53", [others]), ("11", [others[:2]] * 3), ("52", [others] * 6), ("93", [others] * 6)):
        some = bodies(code, 26)
        store(one_each(some[:18], on(2025, 2, 1), services=("messagerie",), cause="phishing"))
        store([Case(body=body, at=on(2025, 2, 1), services=of) for body, of in zip(some[18:], services, strict=False)])
        causes = enumerate(("flaw", "credentials") * 3)
        store([Case(body=some[18 + n % 3], at=on(2025, 3, 1), cause=cause) for n, cause in causes])
    store(one_each(bodies("94", 3), on(2025, 6, 1)))
    yield NEW_YEAR


def nearly_all() -> Moments:
    """Of those that declared all but two were hit; of incidents all but two had a leak, of leaks all but two names."""
    some, others = bodies("53", 60), bodies("11", 60)
    names, health = LEAK | {"categories": ("etat_civil", "sante")}, LEAK | {"categories": ("sante",)}
    store(one_each(some[:28], on(2025, 2, 1), hours=(2,), **names) + one_each(some[28:30], on(2025, 2, 1), **health))
    store(one_each(some[30:32], on(2025, 2, 1)) + one_each(others[:20], on(2025, 2, 1), hours=(2,), **names))
    store(one_each(others[20:35], on(2025, 2, 1), **health) + one_each(others[35:], on(2025, 2, 1)))
    store(one_each(bodies("94", 3), on(2025, 6, 1)))
    yield NEW_YEAR


def left_out() -> Moments:
    """Of the bodies that were hit all but three had a leak: no table says of what. And of all but two leaks a quarter
    has, a year has more.
    """
    some, others = bodies("53", 60), bodies("11", 60)
    store(one_each(some[:3], on(2025, 2, 1), hours=(30,)) + one_each(some[3:31], on(2025, 2, 1), **LEAK))
    store(one_each(some[31:50], on(2025, 5, 1)) + one_each(others[:30], on(2025, 2, 1)))
    store(one_each(others[30:40], on(2025, 2, 3), **LEAK))
    store(one_each(bodies("94", 3), on(2025, 6, 1)))
    yield NEW_YEAR


def many_services() -> Moments:
    """One body had two services stopped four times each, fifteen others of its region one service each; and a band in
    several regions, of which one had fewer in all.
    """
    names = [one for one in PublicService.values if one not in ("messagerie", "unknown")]
    first, second, *rest = names
    for code in ("53", "11", "52"):
        some = bodies(code, 40)
        store(one_each(some[:20], on(2025, 2, 1), services=("messagerie",)))
        many = some[20:21] * 8 if code == "53" else some[20:28]
        both = (first,) * 4 + (second,) * 4
        store([Case(body=body, at=on(2025, 2, 1), services=(of,)) for body, of in zip(many, both, strict=True)])
    others = bodies("53", 60)[21:36]
    store([Case(body=body, at=on(2025, 2, 1), services=(of,)) for body, of in zip(others, rest, strict=False)])
    store(one_each(bodies("94", 3), on(2025, 6, 1)))
    yield NEW_YEAR


def band_of_two_regions() -> Moments:
    """Of a service eight in several regions, of which one had seven interruptions in all."""
    per_region = {
        "53": {"telephonie": 4, "paie": 3},
        "11": {"telephonie": 10, "messagerie": 10},
        **{code: {"telephonie": 2, "paie": 4, "finances": 3, "messagerie": 6} for code in ("52", "93")},
    }
    for code, services in per_region.items():
        names = [name for name, number in services.items() for _ in range(number)]
        some = bodies(code, len(names))
        store([Case(body=body, at=on(2025, 2, 1), services=(of,)) for body, of in zip(some, names, strict=True)])
    store(one_each(bodies("94", 3), on(2025, 6, 1)))
    yield NEW_YEAR


def leaks_of_later_quarters() -> Moments:
    """Eight leaks, of which the five incidents of one quarter leave three to two bodies of others."""
    some, later = bodies("53", 80), (on(2025, 8, 1), on(2025, 11, 1))
    store(one_each(some[:4], on(2025, 2, 1), **LEAK) + one_each(some[4:5], on(2025, 2, 1)))
    for n, at in enumerate(later):
        store(one_each(some[10 + 20 * n : 30 + 20 * n], at) + one_each([some[60 + n]] * 2, at, **LEAK))
    others = bodies("11", 40)
    store(one_each(others[:30], on(2025, 2, 1)) + one_each(others[30:], on(2025, 2, 3), **LEAK))
    store(one_each(bodies("94", 3), on(2025, 6, 1)))
    yield NEW_YEAR


CASES: dict[str, Callable[[], Moments]] = {
    "demonstration": lambda: demonstration(80, "53", "11", "94"),
    "few cases": lambda: demonstration(25, *REGIONS),
    "one commune": one_commune,
    "dominant 60": lambda: dominant(60),
    "dominant 90": lambda: dominant(90),
    "one interruption in France": lambda: single_interruption(beside=False),
    "one interruption in its region": lambda: single_interruption(beside=True),
    "one corrected": lambda: corrected(1),
    "four corrected": lambda: corrected(4),
    "five corrected": lambda: corrected(5),
    "corrected one by one": corrected_one_by_one,
    "overseas": overseas,
    "all were hit": all_were_hit,
    "few of a kind": few_of_a_kind,
    "trickle": trickle,
    "late and often": late_and_often,
    "around five": around_five,
    "changed elsewhere": changed_elsewhere,
    "hit again": hit_again,
    "other services": other_services,
    "nearly all": nearly_all,
    "left out": left_out,
    "many services": many_services,
    "a band of two regions": band_of_two_regions,
    "leaks of later quarters": leaks_of_later_quarters,
}
