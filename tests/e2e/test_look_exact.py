"""The exact pages, empty and full, on both screens, and their files."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.enums import Role
from stats.services import fold_new_events
from tests.cast import a_person, breizh_cyber
from tests.e2e import steps
from tests.e2e.visitor import Visitor
from tests.stats.cases import Case, bodies, paris_time, store

NATION = "/statistiques/exacts/france/"
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true })"


@pytest.mark.proof
def test_the_exact_pages_are_accessible_empty_and_full(live_site, browser):
    csirt, visitor = breizh_cyber(), Visitor(browser, live_site)
    steps.sign_in_by_cookie(visitor.page, live_site, a_person(Role.NATIONAL))
    visitor.goto(NATION)
    visitor.inspect("exact-empty")
    store_two_years(csirt)
    for path in (
        NATION,
        f"{NATION}?annee={timezone.localdate().year - 1}",
        "/statistiques/exacts/region/53/",
        "/statistiques/exacts/centre/breizh-cyber/",
        "/statistiques/",
    ):
        visitor.goto(path)
        visitor.page.evaluate(OPEN_ALL)
        visitor.inspect("exact" + path.replace("/", "-").replace("?", "-"))
    visitor.check()


@pytest.mark.proof
def test_the_links_to_the_files_download_them(live_site, browser):
    csirt, visitor = breizh_cyber(), Visitor(browser, live_site)
    steps.sign_in_by_cookie(visitor.page, live_site, a_person(Role.NATIONAL))
    visitor.goto(NATION)
    store_two_years(csirt)
    year = timezone.localdate().year
    visitor.goto(f"{NATION}?annee={year - 1}")
    for words, suffix in (("tableur (XLSX)", "xlsx"), ("données (CSV)", "csv")):
        with visitor.page.expect_download() as saved:
            visitor.page.get_by_role("link", name=words).click()
        assert saved.value.suggested_filename == f"tocsin-exacts-france-{year - 1}.{suffix}"


def store_two_years(csirt):
    """Store six cases of last year and six of this one, with everything that a page can count."""
    now = timezone.localtime(timezone.now())
    fields = {
        "csirt": csirt,
        "hours": (2, 30),
        "leaks": (("confirmed", "6-50"),),
        "categories": ("nir",),
        "cause": "supplier",
    }
    towns = bodies("53", 6)
    store(
        [
            *(
                Case(body=body, at=paris_time(now.year - 1, 1 + number, 5), **fields)
                for number, body in enumerate(towns)
            ),
            *(Case(body=body, at=now - timedelta(minutes=1 + number), **fields) for number, body in enumerate(towns)),
        ]
    )
    fold_new_events()
