"""Measures the search of a collectivity over 600 mixed queries, against one indexed look-up by code. Runs as a child
process.
"""

import random
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time

import django

django.setup()

from collectivities.models import Collectivity  # noqa: E402
from collectivities.search import find_collectivities  # noqa: E402
from collectivities.wording import normalise_text  # noqa: E402
from tests.bench.figures import judge_at_most, print_figures, report_value, resample_p95  # noqa: E402

QUERIES, TRIES, CPU_QUERIES = 600, 3, 300
LETTERS = "abcdefghijklmnopqrstuvwxyz"
rng = random.Random(2026)


def write_name(body: Collectivity) -> str:
    return body.name


def write_beginning(body: Collectivity) -> str:
    return body.name[: max(4, len(body.name) // 2)]


def write_hurriedly(body: Collectivity) -> str:
    return normalise_text(body.name).replace("-", " ").replace("saint ", "st ")


def write_with_departement(body: Collectivity) -> str:
    return f"{body.name} {body.departement.name if body.departement else ''}"


def write_misspelled(body: Collectivity) -> str:
    at = rng.randrange(len(body.name))
    return body.name[:at] + rng.choice(LETTERS) + body.name[at + 1 :]


def write_without_letter(body: Collectivity) -> str:
    at = rng.randrange(len(body.name))
    return body.name[:at] + body.name[at + 1 :]


def write_with_kind(body: Collectivity) -> str:
    return f"mairie de {body.name}"


def write_postal_code(body: Collectivity) -> str:
    return body.postal_codes[0] if body.postal_codes else body.name


def write_insee_code(body: Collectivity) -> str:
    return body.insee_code or body.name


def write_siren(body: Collectivity) -> str:
    return body.siren or body.name


QUERY_WRITERS = [
    *[
        write_name,
        write_beginning,
        write_hurriedly,
        write_with_departement,
        write_misspelled,
        write_without_letter,
        write_with_kind,
    ],
    *[write_postal_code, write_insee_code, write_siren],
]


def time_best[T](work: Callable[[T], object], value: T) -> float:
    """Return the best time of some tries, to leave out the machine's other work."""
    return min(time_once(work, value) for _ in range(TRIES))


def time_once[T](work: Callable[[T], object], value: T) -> float:
    began = perf_counter()
    work(value)
    return (perf_counter() - began) * 1000


def find_by_code(code: str | None) -> Collectivity:
    return Collectivity.objects.with_territory().get(insee_code=code)


def draw_bodies(number: int) -> list[Collectivity]:
    return rng.sample(list(Collectivity.objects.with_territory().filter(kind="commune", vanished_on=None)), number)


def list_queries(bodies: list[Collectivity]) -> list[str]:
    """Return a query for each body, written in one way after another."""
    return [QUERY_WRITERS[number % len(QUERY_WRITERS)](body) for number, body in enumerate(bodies)]


def measure() -> tuple[list[float], list[float]]:
    """Time searches and look-ups in turn, so that other work of the machine counts in both."""
    bodies = draw_bodies(QUERIES)
    queries = list_queries(bodies)
    for body, query in list(zip(bodies, queries, strict=True))[:100]:
        time_best(find_collectivities, query), time_best(find_by_code, body.insee_code)
    searches, look_ups = [], []
    for body, query in zip(bodies, queries, strict=True):
        searches.append(time_best(find_collectivities, query))
        look_ups.append(time_best(find_by_code, body.insee_code))
    return searches, look_ups


def main() -> None:
    searches, look_ups = measure()
    p95, look_up = resample_p95(searches), median(look_ups)
    worked = process_time()
    for query in list_queries(draw_bodies(CPU_QUERIES)):
        find_collectivities(query)
    cpu = (process_time() - worked) / CPU_QUERIES * 1000
    print_figures(
        [
            judge_at_most("collectivity search p95 ÷ one look-up by code", [time / look_up for time in p95], 10, "×"),
            report_value("collectivity search p50", searches, "ms"),
            report_value("collectivity search p95", p95, "ms"),
            report_value("collectivity search, CPU without that of PostgreSQL", cpu, "ms"),
            report_value("look-up by code p50", look_ups, "ms"),
        ]
    )


if __name__ == "__main__":
    main()
