"""The admin in a real browser: under our strict policy, nothing serious for axe, light and dark."""

import pytest

from accounts.enums import Role, SecurityEventKind
from accounts.models import User
from accounts.security.record import record_security_event
from csirts.models import Csirt
from notifications.dispatch import announce_all_events
from tests.browser import measure_overflow
from tests.cast import a_lead, a_person, a_responder, declare
from tests.e2e import steps


@pytest.mark.proof
def test_the_pages_of_a_responders_day_are_accessible(desk):
    desk.page.goto(desk.site + "/admin/")
    desk.inspect("login")
    steps.sign_in(desk.page, a_responder())
    desk.inspect("queue-empty")
    incident = declare(supplier="Exemple Informatique")
    desk.visit(
        {
            "queue": "incidents/incident/",
            "queue-no-match": "incidents/incident/?q=zzz",
            "case": f"incidents/incident/{incident.reference}/",
        }
    )
    steps.open_acts(desk.page)
    desk.page.get_by_text("Clore sans bilan…").click()
    desk.inspect("case-closing")
    steps.open_acts(desk.page)  # closes it
    desk.page.get_by_role("button", name="Prendre en charge").click()
    desk.inspect("case-taken")
    steps.open_acts(desk.page)
    desk.page.get_by_role("link", name="Nouveau code de suivi").click()
    desk.inspect("case-code-asked")
    desk.page.get_by_role("button", name="Faire un nouveau code").click()
    desk.inspect("case-code")
    desk.check()


@pytest.mark.proof
def test_the_pages_of_a_lead_are_accessible(desk):
    incident = declare()
    desk.sign_in(a_lead())
    csirt = Csirt.objects.get(slug="breizh-cyber")
    desk.visit(
        {
            "csirts": "csirts/csirt/",
            "csirt": f"csirts/csirt/{csirt.pk}/change/",
            "csirt-history": f"csirts/csirt/{csirt.pk}/history/",
            "reflex-sheets": "incidents/reflexsheet/",
            "reflex-sheet": f"incidents/reflexsheet/{csirt.slug}/rancon/",
            "case-erase": f"incidents/incident/{incident.reference}/effacer/demande/",
            "case-hold": f"incidents/incident/{incident.reference}/gel/",
            "case-export": f"incidents/incident/{incident.reference}/export/",
            "requests-empty": "retention/datarequest/",
            "request-add": "retention/datarequest/add/",
        }
    )
    desk.check()


@pytest.mark.proof
def test_the_pages_of_the_administrator_are_accessible(desk):
    person = a_responder()
    record_security_event(SecurityEventKind.FACTOR_RESET, person=person, actor=a_lead())
    desk.sign_in(a_person(Role.ADMINISTRATOR))
    desk.inspect("index")
    csirt = Csirt.objects.get(slug="breizh-cyber")
    desk.visit(
        {
            "users": "accounts/user/",
            "users-search": "accounts/user/?q=zzz",
            "user": f"accounts/user/{User.objects.get(pk=person.pk).pk}/change/",
            "user-add": "accounts/user/add/",
            "notices": "accounts/sitenotice/1/change/",
            "csirt-all": f"csirts/csirt/{csirt.pk}/change/",
            "csirt-add": "csirts/csirt/add/",
            "collectivities": "collectivities/collectivity/",
            "security-events": "accounts/securityevent/",
            "durations": "retention/retentionchoice/",
            "duration-add": "retention/retentionchoice/add/",
            "certificates": "retention/destruction/",
        }
    )
    desk.check()


@pytest.mark.proof
def test_on_a_telephone_a_list_scrolls_under_the_name_of_its_rows(desk):
    """Only the box scrolls, and the name of each row stays visible."""
    declare()
    announce_all_events()
    lists = {
        a_person(Role.ADMINISTRATOR): ["accounts/user/", "csirts/coverage/", "collectivities/collectivity/"],
        a_lead(): ["csirts/csirt/", "notifications/delivery/"],
    }
    for person, paths in lists.items():
        desk.sign_in(person)
        desk.page.set_viewport_size({"width": 360, "height": 760})
        for path in paths:
            check_list_scrolls_sideways(desk, path)


def check_list_scrolls_sideways(desk, path):
    desk.page.goto(f"{desk.site}/admin/{path}")
    box = desk.page.locator(".results")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth"), path
    box.evaluate("box => box.scrollTo(1000, 0)")
    name = (
        desk.page.locator("#result_list tbody tr").first.locator("th, td:not(.action-checkbox)").first.bounding_box()
    )
    assert name["x"] >= box.bounding_box()["x"], path
    assert name["width"] < 180, path
    assert measure_overflow(desk.page) <= 0, path


@pytest.mark.proof
def test_a_refused_form_is_accessible(desk):
    desk.sign_in(a_person(Role.ADMINISTRATOR))
    desk.page.goto(desk.site + "/admin/accounts/user/add/")
    desk.page.locator("#id_email").fill("pas-une-adresse")
    desk.page.locator("form:not(#logout-form) [type=submit]").first.evaluate("button => button.form.noValidate = true")
    desk.page.locator("form:not(#logout-form) [type=submit]").first.click()
    desk.inspect("user-add-errors")
    desk.check()
