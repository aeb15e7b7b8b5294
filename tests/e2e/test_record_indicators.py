"""All proposals of indicators are ticked at once, and a recorded indicator is copied, in a real browser."""

from playwright.sync_api import expect

from tests.cast import declare
from tests.e2e import steps


def test_all_proposals_are_ticked_recorded_and_copied(signed_in_desk):
    incident = declare(description="Des liens vers https://premier.example/a et https://second.example/b.")
    page = signed_in_desk.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{signed_in_desk.site}/admin/incidents/incident/{incident.reference}/indicateurs/")
    boxes = page.locator("form:has([data-ticks]) input[type=checkbox]")
    page.get_by_role("button", name="Tout cocher").click()
    assert [box.is_checked() for box in boxes.all()] == [True] * 2
    page.get_by_role("button", name="Tout décocher").click()
    assert [box.is_checked() for box in boxes.all()] == [False] * 2
    page.get_by_role("button", name="Tout cocher").click()
    steps.press(page, page.get_by_role("button", name="Relever"))
    copy = page.locator("[data-copies]").first
    copy.click()
    expect(copy).to_have_text("Copié")
    assert page.evaluate("navigator.clipboard.readText()") in {
        observable.value for observable in incident.observables.all()
    }
    signed_in_desk.check()
