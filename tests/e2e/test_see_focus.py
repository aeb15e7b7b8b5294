"""The bar with the number to call stays in sight on a small screen, and never covers the focused control."""

import pytest
from playwright.sync_api import Browser, expect

from csirts.models import Csirt
from tests.browser import WatchedPage, open_page, save_screenshot
from tests.e2e import steps

# A telephone, a window of 1280 × 1024 enlarged to 400 %, a telephone that lies.
SCREENS = {"telephone": (360, 640), "enlarged": (320, 256), "lying": (844, 390)}
COVERED = """() => {
    const bar = document.querySelector(".callbar a").getBoundingClientRect()
    const focused = document.activeElement
    if (focused === document.body || focused.closest(".callbar, header")) return ""
    const box = focused.getBoundingClientRect()
    const hidden = Math.min(box.bottom, bar.bottom) - Math.max(box.top, Math.max(bar.top, 0))
    return hidden > 0.5 ? `${focused.outerHTML.slice(0, 90)} ${Math.round(hidden)} px` : ""
}"""


@pytest.fixture
def page(live_site: str, browser: Browser) -> WatchedPage:
    """Open the third screen, for a town whose centre has a long name."""
    Csirt.objects.filter(slug="breizh-cyber").update(name="Campus régional de cybersécurité Nouvelle-Aquitaine")
    page = open_page(browser, reduced_motion="reduce")
    steps.begin_by_cookie(page, live_site)
    expect(page.locator("h1")).to_contain_text("Un service")
    page.check("#id_service_stopped_0")
    return page


def list_covered_stops(page, key):
    """Press the key through the whole page and yield the focused controls that the bar covered."""
    for _ in range(120):
        page.keyboard.press(key)
        if covered := page.evaluate(COVERED):
            yield covered
        if page.evaluate("document.activeElement === document.body"):
            return


@pytest.mark.proof
def test_the_bar_never_covers_the_focused_control(page):
    for width, height in SCREENS.values():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("window.scrollTo(0, 0)")
        assert [*list_covered_stops(page, "Tab")] == []
        assert [*list_covered_stops(page, "Shift+Tab")] == []


@pytest.mark.parametrize("screen", ["telephone", "lying"])
def test_the_link_of_an_error_shows_the_label_of_its_field(page, screen):
    width, height = SCREENS[screen]
    page.set_viewport_size({"width": width, "height": height})
    page.goto(page.url.replace("/services/", "/rappel/"))
    for name, value in {"#id_contact_phone": "02 98", "#id_contact_email": "mairie"}.items():
        page.fill(name, value)
    steps.send(page)
    for name in ("contact_phone", "contact_email"):
        page.locator(f".errors a[href='#id_{name}']").click()
        bar = page.locator(".callbar a").first.bounding_box()
        label = page.locator(f"label[for='id_{name}']").bounding_box()
        assert label["y"] >= max(bar["y"] + bar["height"], 0)
        assert label["y"] < height
        assert page.locator(f"#id_{name}").bounding_box()["y"] < height
        page.evaluate("window.scrollTo(0, 0)")


def test_the_bar_takes_a_fifth_of_a_screen_at_most(page):
    """The number stays at the top, and nothing else of the bar."""
    for width, height in SCREENS.values():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
        boxes = [box.bounding_box() for box in page.locator(".callbar .wrap > *").filter(visible=True).all()]
        assert boxes[0]["y"] == 0
        assert max(box["y"] + box["height"] for box in boxes) <= height / 5
        save_screenshot(page, "callbar")


def test_choosing_a_type_opens_the_next_screen(live_site, browser):
    """On a telephone the next screen shows what was chosen and the way back."""
    page = open_page(browser)
    page.goto(live_site + "/declarer/")
    save_screenshot(page, "type")
    expect(page.get_by_role("link", name="l’accueil")).to_be_in_viewport()
    with page.expect_navigation():
        page.get_by_role("button", name="Un appareil perdu ou volé").first.click()
    expect(page.locator("h1")).to_have_text("Quelle collectivité est touchée ?")
    save_screenshot(page, "who")
    back = page.get_by_role("link", name="Revenir et changer")
    expect(back).to_be_in_viewport()
    with page.expect_navigation():
        back.click()
    expect(page.locator(".choice--chosen")).to_have_attribute("aria-current", "true")
    with page.expect_navigation():
        page.get_by_role("button", name="Continuer avec").click()
    expect(page.locator("h1")).to_have_text("Quelle collectivité est touchée ?")
