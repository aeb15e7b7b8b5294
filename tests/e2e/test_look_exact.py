"""The exact pages, empty and full, on both screens."""

from accounts.enums import Role
from stats.services import fold_events
from tests.cast import a_person, breizh_cyber
from tests.e2e import steps
from tests.e2e.test_look import Visitor
from tests.stats.cases import Case, bodies, on, store

NATION = "/statistiques/exacts/france/"


def test_it_works(live_site, browser):
    csirt, visitor = breizh_cyber(), Visitor(browser, live_site)
    visitor.goto(NATION)
    steps.sign_in(visitor.page, a_person(Role.NATIONAL))
    visitor.look("exact-empty")
    said = {"csirt": csirt, "hours": (2, 30), "leaks": (("confirmed", "6-50"),)}
    store([Case(body=body, at=on(2026, 1 + number, 5), **said) for number, body in enumerate(bodies("53", 6))])
    fold_events()
    for path in (
        NATION,
        "/statistiques/exacts/region/53/",
        "/statistiques/exacts/centre/breizh-cyber/",
        "/statistiques/",
    ):
        visitor.goto(path)
        visitor.look("exact" + path.replace("/", "-"))
    visitor.check()
