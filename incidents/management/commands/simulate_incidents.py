"""Fill a demonstration database with believable, invented cases: `--count N --months M --seed S`."""

import random
import time
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.enums import Role
from accounts.installation import mark_as_demonstration, read_demonstration
from accounts.models import Membership, User
from collectivities.models import Collectivity
from csirts.models import Csirt
from csirts.routing import RoutingTable
from incidents.models import Incident
from incidents.simulation.draw import Body, draw_campaign, draw_cases
from incidents.simulation.store import Home, noon_today, store_cases


class Command(BaseCommand):
    help = "Invente des incidents vraisemblables. La base devient une base de démonstration, pour toujours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, default=10_000, help="nombre d’incidents (10 000)")
        parser.add_argument("--months", type=int, default=24, help="étendue, en mois avant aujourd’hui (24)")
        parser.add_argument("--seed", type=int, default=1, help="graine : la même donne les mêmes incidents (1)")

        parser.add_argument("--region", help="code INSEE : seulement les collectivités de cette région")
        parser.add_argument(
            "--campaign", type=int, help="à la place : une attaque d’un prestataire, hier, qui touche N collectivités"
        )

    def handle(self, *args: Any, count: int, months: int, seed: int, **options: Any) -> None:
        refuse_real_database()
        mark_as_demonstration()
        began = time.monotonic()
        # A region and a campaign have draws of their own: added to a database, they repeat none of its references.
        rng = random.Random(f"{seed} {options['region']} {options['campaign']}")  # noqa: S311 (not cryptography)
        homes = homes_of_bodies(options["region"])
        if not homes:
            raise CommandError("Aucune collectivité : lancez d’abord import_collectivities, et vérifiez --region.")
        until = noon_today()
        bodies = [Body(pk, home.collectivity.population or 0) for pk, home in homes.items()]
        if options["campaign"]:
            cases = draw_campaign(rng, bodies, size=options["campaign"], until=until)
        else:
            cases = draw_cases(rng, bodies, count=count, months=months, until=until)
        written = store_cases(cases, homes, rng, until)
        self.stdout.write(f"{written} incidents inventés en {time.monotonic() - began:.0f} s.")


def refuse_real_database() -> None:
    """Real cases and invented ones never share a database, and production never becomes a demonstration."""
    if settings.REFUSES_DEMONSTRATION:
        raise CommandError("Rien ne s’invente en production : la base ne pourrait plus servir.")
    if not read_demonstration() and Incident.objects.exists():
        raise CommandError("Cette base contient de vrais incidents : aucune invention n’y sera ajoutée.")


def homes_of_bodies(region: str | None) -> dict[int, Home]:
    """Every body of the list that still exists, in a fixed order, with its CSIRT and that CSIRT's responder."""
    bodies = Collectivity.objects.existing().with_territory().filter(is_listed=True).order_by("uid")
    if region:
        bodies = bodies.filter(region__code=region)
    table = RoutingTable.load(on=timezone.localdate())
    responders: dict[int, User] = {}
    homes = {}
    for body in bodies:
        route = table.route(body)
        responder = None
        if route.csirt:
            responder = responders.setdefault(route.csirt.pk, invented_responder(route.csirt, responders))
        homes[body.pk] = Home(body, route.csirt, route.reason, responder)
    return homes


def invented_responder(csirt: Csirt, known: dict[int, User]) -> User:
    """Somebody who took the invented cases of a CSIRT. Nobody can sign in as this person."""
    if csirt.pk in known:
        return known[csirt.pk]
    email = f"camille@{csirt.slug}.example"
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, display_name="Camille")
    started = timezone.localdate() - timedelta(days=366 * 5)
    give_role(user, csirt, started)
    return user


def give_role(user: User, csirt: Csirt, since_on: date) -> None:
    Membership.objects.get_or_create(
        user=user, role=Role.RESPONDER, csirt=csirt, ended_on=None, defaults={"since_on": since_on}
    )
