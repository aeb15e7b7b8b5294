"""Fill a demonstration database with invented, believable cases: `--count N --months M --seed S`.

To invent the cases of a whole country instead: `--per-year 640 --years 2`, or `--rate 17`. With `--figures-only`, ten
million cases are possible.
"""

import random
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.enums import Role
from accounts.factors import has_factor
from accounts.installation import is_marked_as_demonstration, mark_as_demonstration
from accounts.models import Membership, User
from collectivities.models import Collectivity
from config.demo.simulation.country import TooFewBodies, draw_cases_at_rate, draw_cases_of_years
from config.demo.simulation.disk_space import count_free_bytes, estimate_bytes
from config.demo.simulation.draw import Case, DrawnBody, draw_campaign, draw_cases
from config.demo.simulation.store import RoutedBody, Simulation, find_simulation_end, store_cases
from csirts.models import Csirt
from csirts.routing import RoutingTable
from incidents.models import Incident

DAYS_A_MONTH = 30.44
REPORT_EVERY = 10  # seconds


class Command(BaseCommand):
    help = "Invente des incidents vraisemblables. La base devient une base de démonstration, pour toujours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add, add_flag = parser.add_argument, "store_true"
        add("--count", type=int, default=10_000, help="nombre d’incidents (10 000)")
        add("--months", type=int, default=24, help="étendue, en mois avant aujourd’hui (24)")
        add("--seed", type=int, default=1, help="graine : la même donne les mêmes incidents (1)")
        add("--region", help="code INSEE : seulement les collectivités de cette région")
        add("--campaign", type=int, help="à la place : une attaque d’un prestataire, hier, qui touche N collectivités")
        add("--per-year", type=int, help="à la place : N déclarations par année civile, signalements compris")
        add("--years", type=int, default=1, help="avec --per-year : nombre d’années, jusqu’à la dernière finie (1)")
        add("--rate", type=float, help="à la place : N %% des collectivités ont, l’an passé, un incident avec effet")
        add("--figures-only", action=add_flag, help="ni récits, ni recherche, ni historique : pour de grands nombres")

    def handle(self, *args: Any, seed: int, **options: Any) -> None:
        refuse_real_database()
        refuse_full_disk(options)
        mark_as_demonstration()
        # A region and a campaign have their own seed: added to a database, they do not repeat its cases.
        kind = [options[name] for name in ("region", "campaign", "per_year", "rate")]
        rng = random.Random(f"{seed} {kind}")  # noqa: S311 (not cryptography)
        bodies = load_routed_bodies(options["region"])
        if not bodies:
            raise CommandError("Aucune collectivité : lancez d’abord import_collectivities, et vérifiez --region.")
        simulation = Simulation(bodies, rng, find_simulation_end(), figures_only=options["figures_only"])
        if simulation.figures_only:
            self.stdout.write("Sans récits ni contacts, sans recherche ; de l’historique, la déclaration seule.")
        progress = SimulationProgress(self)
        try:
            count = store_cases(draw_requested_cases(simulation, options), simulation, progress.report)
        except TooFewBodies:
            raise CommandError("Trop peu de collectivités ont un CSIRT pour un taux aussi haut.") from None
        except KeyboardInterrupt:
            self.stdout.write(f"Interrompu : {progress.written} incidents inventés sont gardés.")
            raise
        self.stdout.write(f"{count} incidents inventés en {progress.seconds:.0f} s.")


class SimulationProgress:
    """The progress of a simulation, which is printed every REPORT_EVERY seconds."""

    def __init__(self, command: BaseCommand) -> None:
        self.out, self.written = command.stdout, 0
        self.began = self.reported_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """The seconds since the start of the simulation."""
        return time.monotonic() - self.began

    def report(self, written: int) -> None:
        """Print how many cases are written, unless the last line was printed less than REPORT_EVERY seconds ago."""
        self.written = written
        if time.monotonic() - self.reported_at > REPORT_EVERY:
            self.reported_at = time.monotonic()
            self.out.write(f"{written} incidents inventés, {written / self.seconds:.0f} par seconde…")
            self.out.flush()


def draw_requested_cases(simulation: Simulation, options: dict[str, Any]) -> Iterator[Case]:
    """Return an iterator that draws the cases that the options ask for."""
    rng, until = simulation.rng, simulation.now
    bodies = [
        DrawnBody(
            pk, routed_body.collectivity.population, routed_body.collectivity.kind, routed_body.responder is not None
        )
        for pk, routed_body in simulation.bodies.items()
    ]
    if options["campaign"]:
        return draw_campaign(rng, bodies, size=options["campaign"], until=until)
    if options["rate"] is not None:
        return draw_cases_at_rate(rng, bodies, percent=options["rate"], year=find_last_complete_year(until))
    if options["per_year"]:
        years = range(find_last_complete_year(until) + 1 - options["years"], find_last_complete_year(until) + 1)
        return draw_cases_of_years(rng, bodies, per_year=options["per_year"], years=years)
    since = until - timedelta(days=options["months"] * DAYS_A_MONTH)
    return draw_cases(rng, bodies, count=options["count"], since=since, until=until)


def find_last_complete_year(now: datetime) -> int:
    """Return the last complete year."""
    return now.year - 1


def refuse_real_database() -> None:
    """Raise CommandError in production, and if the database contains real cases. Invented cases must not be mixed with
    real cases.
    """
    if settings.REFUSES_DEMONSTRATION:
        raise CommandError("Rien ne s’invente en production : la base ne pourrait plus servir.")
    if not is_marked_as_demonstration() and Incident.objects.exists():
        raise CommandError("Cette base contient de vrais incidents : aucune invention n’y sera ajoutée.")


def refuse_full_disk(options: dict[str, Any]) -> None:
    """Raise CommandError if the disk of the database has too little free space for the requested cases. The disk of
    another machine is not checked.
    """
    per_year = options["per_year"]
    cases = per_year * options["years"] if per_year else options["campaign"] or options["count"]
    needed, free = estimate_bytes(cases, figures_only=options["figures_only"]), count_free_bytes()
    if free is not None and free < needed:
        raise CommandError(
            f"{cases} incidents demandent {needed / 1e9:.1f} Go sur le disque de la base ; il en reste "
            f"{free / 1e9:.1f}. Libérez de la place ou demandez moins d’incidents (--figures-only en prend moins)."
        )


def load_routed_bodies(region: str | None) -> dict[int, RoutedBody]:
    """Return the existing bodies of the official list by id, each with its CSIRT and a responder of this CSIRT. The
    order is always the same. If `region` is given, it is the code of the only région whose bodies are returned.
    """
    bodies = Collectivity.objects.existing().with_territory().filter(is_listed=True).order_by("uid")
    if region:
        bodies = bodies.filter(region__code=region)
    table = RoutingTable.load(on=timezone.localdate())
    responders: dict[int, User] = {}
    routed_bodies = {}
    for body in bodies:
        route = table.find_route(body)
        responder = None
        if route.csirt:
            responder = responders.setdefault(route.csirt.pk, get_invented_responder(route.csirt, responders))
        routed_bodies[body.pk] = RoutedBody(body, route.csirt, route.reason, responder)
    return routed_bodies


def get_invented_responder(csirt: Csirt, by_centre: dict[int, User]) -> User:
    """Return the responder who handles the invented cases of a CSIRT. The account has no password, so that nobody can
    sign in with it. It has a second factor, because pages mark colleagues who have none.
    """
    if csirt.pk in by_centre:
        return by_centre[csirt.pk]
    email = f"camille@{csirt.slug}.example"
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, display_name="Camille")
    started = timezone.localdate() - timedelta(days=366 * 5)
    give_role(user, csirt, started)
    if not has_factor(user):
        TOTP.activate(user, generate_totp_secret())
    return user


def give_role(user: User, csirt: Csirt, since_on: date) -> None:
    """Make the user a responder of the CSIRT from this day on. Do nothing if they already are a responder there."""
    Membership.objects.get_or_create(
        user=user, role=Role.RESPONDER, csirt=csirt, ended_on=None, defaults={"since_on": since_on}
    )
