"""A filled queue in a real browser, on a desk and a telephone: how many rows are visible, and how waves work."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from incidents.enums import Answer, Burst, DueFor, LeakStatus, PublicService, Severity
from incidents.facts.shapes import Caller, Interruption, Leak
from incidents.models import Incident
from incidents.services.groups.group import add_to_group
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.verify import verify_incident
from tests.backend import ReusableDatabase
from tests.browser import WatchedPage, find_violations, measure_overflow, open_page, save_screenshot
from tests.cast import a_responder, declare, plouexemple
from tests.e2e import steps
from tests.e2e.conftest import create_town_and_centre
from tests.incidents.grouping import a_group
from tests.incidents.transferring import create_other_centre, propose_transfer

QUEUE = "/admin/incidents/incident/"
SUPPLIER = "Paie-Exemple"
DESK, TELEPHONE, WIDE = (1280, 900), (390, 844), (1920, 1080)
DEMONSTRATION_BANNER = 33  # pixels that the page of a demonstration has above the others
KINDS = [
    "rancon",
    "admin",
    "boite",
    "fuite",
    "virement",
    "defiguration",
    "hameconnage",
    "perte",
    "saturation",
    "panne",
]
WAVE, BURST, SINGLE_CASES = 9, 4, 26
LONGEST_DEADLINE = "répondre avant le 1er\xa0sept. "


@pytest.fixture(scope="module")
def ground() -> dict[str, Any]:
    """Return the people and the cases with which each test begins, by name."""
    return {}


@pytest.fixture(scope="module")
def reusable_database(
    fill_database_once: Callable[[Callable[[], object]], tuple[str, ReusableDatabase]], ground: dict[str, Any]
) -> tuple[str, ReusableDatabase]:
    def fill() -> None:
        create_town_and_centre()
        ground["responder"] = a_responder()
        ground["filled"] = fill_queue(ground["responder"])

    return fill_database_once(fill)


@pytest.fixture
def breizh_responder(transactional_db: str, ground: dict[str, Any]) -> User:
    return ground["responder"]


@pytest.fixture
def filled(transactional_db: str, ground: dict[str, Any]) -> dict[str, Any]:
    return ground["filled"]


def town(number: int, **fields: Any) -> Incident:
    body = plouexemple(
        insee_code=f"29{number:03}", name=f"Saint-Exemple-sur-Ruisseau-{number}", population=380 + 811 * number
    )
    caller = Caller(
        name="Dominique Exemple", phone=f"02 99 00 00 {number:02}", email=f"mairie{number}@exemple.example"
    )
    return declare(collectivity=body, caller=caller, **fields)


def declare_single_cases(responder: User) -> Iterator[Incident]:
    """Yield cases of every type from as many town halls; some are verified, some are taken."""
    stopped = Interruption(service=PublicService.CIVIL, extent="stopped")
    leak = Leak(status=LeakStatus.SUSPECTED)
    for number in range(SINGLE_CASES):
        services = {"service_stopped": Answer.YES, "interruptions": (stopped,)} if number % 3 == 0 else {}
        case = town(number, type=KINDS[number % len(KINDS)], leak=leak if number % 4 == 0 else None, **services)
        if number % 5 == 2:
            verify_incident(reference=case.reference, actor=responder)
        if number % 3 == 1:
            acknowledge_incident(reference=case.reference, actor=responder)
        yield case


def fill_queue(responder: User) -> dict[str, Any]:
    """Declare thirty-nine cases that stay open, thirteen of them in two waves, and a critical one that comes last."""
    late = timezone.now() - timedelta(hours=2, minutes=5)
    singles = list(declare_single_cases(responder))
    Incident.objects.filter(pk__in=[singles[6].pk, singles[7].pk]).update(due_at=late)
    wave = [town(40 + number, type="prestataire", supplier=SUPPLIER) for number in range(WAVE)]
    Incident.objects.filter(pk=wave[3].pk).update(severity=Severity.HIGH)
    Incident.objects.filter(pk=wave[4].pk).update(due_at=late, severity=Severity.LOW)
    burst = [town(60, type="hameconnage") for _ in range(BURST)]
    Incident.objects.filter(pk__in=[case.pk for case in burst[1:]]).update(burst=Burst.BODY)
    newest, soon = town(70), timezone.now() + timedelta(minutes=28)
    Incident.objects.filter(pk=newest.pk).update(severity=Severity.CRITICAL, due_at=soon)
    return {"others": singles, "wave": wave, "burst": burst, "newest": newest}


@pytest.fixture
def page(open_queue: Callable[[User], WatchedPage], ground: dict[str, Any]) -> WatchedPage:
    return open_queue(ground["responder"])


def count_whole_rows(page, size):
    """Return how many whole rows are visible without scrolling."""
    width, height = size
    page.set_viewport_size({"width": width, "height": height})
    boxes = page.locator(".row").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().bottom)")
    return sum(bottom <= height for bottom in boxes)


def list_cut_texts(page, part):
    """Return the texts of such parts that do not fit in their place."""
    widths = "parts => parts.map(part => [part.innerText, part.scrollWidth - part.clientWidth])"
    return [words for words, overflow in page.locator(part).evaluate_all(widths) if overflow > 1]


def write_longest_deadline(page):
    """Write the widest deadline of the year into each clock of the queue."""
    writing = "(clocks, words) => clocks.forEach(clock => { clock.firstChild.data = words })"
    page.locator(".row__clock").evaluate_all(writing, LONGEST_DEADLINE)


def wave(page):
    return page.locator(".wave", has_text=SUPPLIER)


def test_the_longest_deadline_fits_in_the_queue(page, filled):
    """On the last days of August a deadline in the queue is wider than on any other day; no screen cuts it."""
    write_longest_deadline(page)
    for size in (DESK, TELEPHONE, WIDE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert list_cut_texts(page, ".row__clock") == [], size
        assert measure_overflow(page) <= 0, size


def test_queue_shows_the_most_urgent_case_first(page, filled):
    """The queue shows fourteen rows on a desk and three on a telephone, the most urgent case first."""
    first = page.locator(".row").first
    assert first.get_attribute("data-reference") == filled["newest"].reference
    row_counts = {}
    for size in (DESK, TELEPHONE, WIDE):
        row_counts[size] = count_whole_rows(page, size)
        assert measure_overflow(page) <= 0, size
        assert list_cut_texts(page, ".row .hash, .row__clock, .row__call .phone, .wave small, .wave a") == [], size
        expect(page.get_by_text("1 en retard", exact=True)).to_be_visible()
        save_screenshot(page, "queue-filled")
    assert row_counts[DESK] >= 14
    assert row_counts[TELEPHONE] >= 3
    assert row_counts[WIDE] >= 18
    page.set_viewport_size({"width": 1280, "height": 900})
    assert not find_violations(page, "serious", "critical")


@pytest.fixture
def grouped(filled: dict[str, Any], breizh_responder: User) -> None:
    """Make the wave, the second line, a group that two of its cases are not in, and propose a transfer."""
    group = a_group(breizh_responder, "Logiciels Imaginaires")
    for case in filled["wave"][2:]:
        add_to_group(reference=case.reference, group=group.uid, actor=breizh_responder)
    late = timezone.now() - timedelta(hours=3)
    cases = Incident.objects.filter(pk__in=[case.pk for case in filled["wave"][3:]])
    cases.update(severity=Severity.CRITICAL, due_at=late)
    Incident.objects.filter(pk=filled["newest"].pk).update(due_at=late - timedelta(hours=1))
    elsewhere, offered = create_other_centre(), town(71)
    Incident.objects.filter(pk=offered.pk).update(csirt=elsewhere)
    propose_transfer(offered, a_responder(elsewhere), taker="breizh-cyber")


@pytest.mark.proof
def test_a_telephone_shows_three_rows_around_the_line_of_a_group(page, grouped):
    """There are as many in a demonstration, below its banner. What the group lacks is offered once its line is open; a
    desk offers it at once.
    """
    page.reload()
    add = page.get_by_role("button", name="Y ajouter les 2 qui manquent")
    expect(add).to_be_visible()
    expect(page.get_by_text("1 transfert à accepter")).to_be_visible()
    assert "wave" in page.locator(".row").nth(1).get_attribute("class")
    assert count_whole_rows(page, (TELEPHONE[0], TELEPHONE[1] - DEMONSTRATION_BANNER)) >= 3
    expect(add).to_be_hidden()
    expect(page.get_by_role("link", name="Voir le groupe")).to_be_visible()
    assert list_cut_texts(page, ".row__clock, .wave small, .wave a") == []
    save_screenshot(page, "queue-group")
    page.locator(".wave").get_by_role("link", name="Logiciels Imaginaires").first.click()
    expect(add).to_be_visible()
    assert measure_overflow(page) <= 0
    assert not find_violations(page, "serious", "critical")


def test_a_telephone_shows_whether_the_centre_or_the_declarant_must_answer_next(page, filled):
    """A case that waits for its declarant does not look like one that waits for its centre, also while on duty."""
    awaited, owed = filled["others"][1], filled["others"][4]
    soon = timezone.now() + timedelta(hours=1)
    Incident.objects.filter(pk=awaited.pk).update(awaited_since=timezone.now(), due_at=soon)
    Incident.objects.filter(pk=owed.pk).update(due_at=soon, answer_by=soon + timedelta(hours=1), due_for=DueFor.TASK)
    page.reload()
    page.set_viewport_size({"width": TELEPHONE[0], "height": TELEPHONE[1]})
    clock = page.locator(f"[data-reference='{awaited.reference}'] .row__clock")
    expect(clock.get_by_text("attend le déclarant")).to_be_visible()
    clock = page.locator(f"[data-reference='{owed.reference}'] .row__clock")
    expect(clock.get_by_text("répondre avant")).to_be_visible()
    save_screenshot(page, "queue-who-waits")
    assert count_whole_rows(page, TELEPHONE) >= 3
    assert list_cut_texts(page, ".row__clock") == []


@pytest.mark.proof
def test_a_wave_is_one_line_that_opens_and_closes(page, filled):
    expect(page.locator(".row")).to_have_count(26 + 2 + 1)
    expect(wave(page)).to_have_count(1)
    expect(wave(page)).to_contain_text("9 collectivités")
    expect(wave(page)).to_contain_text("1 sur 9")

    wave(page).get_by_role("link", name=SUPPLIER).click()
    expect(page.locator(".row--member")).to_have_count(WAVE)
    save_screenshot(page, "queue-wave-open")
    assert not find_violations(page, "serious", "critical")
    page.reload()
    expect(page.locator(".row--member")).to_have_count(WAVE)
    page.keyboard.press("/")
    wave(page).get_by_role("link", name=SUPPLIER).click()
    expect(page.locator(".row--member")).to_have_count(0)


# The first request waits until `release` is called, the second fails where `fails` is true, the others go through.
# `isRead` is set once the script has done all that it does with the first answer.
HOLD = """fails => {
    const real = window.fetch;
    const watch = answer => {
        const text = answer.text.bind(answer);
        answer.text = () => text().then(words => { setTimeout(() => { window.isRead = true; }); return words; });
        return answer;
    };
    let number = 0;
    window.fetch = (...request) => {
        number += 1;
        if (number === 1) return new Promise(done => { window.release = () => done(real(...request).then(watch)); });
        return number === 2 && fails ? Promise.reject(new TypeError("cut")) : real(...request);
    };
}"""


def test_a_response_that_arrives_late_does_not_replace_a_newer_one(page):
    link, members = wave(page).get_by_role("link", name=SUPPLIER), page.locator(".row--member")
    page.evaluate(HOLD, False)
    link.click()
    link.click()
    expect(members).to_have_count(WAVE)
    link.click()
    expect(members).to_have_count(0)
    page.evaluate("window.release()")
    page.wait_for_function("() => window.isRead")
    expect(members).to_have_count(0)


def test_a_response_is_shown_even_if_a_later_request_failed(page):
    page.evaluate(HOLD, True)
    wave(page).get_by_role("link", name=SUPPLIER).click()
    page.keyboard.press("r")
    expect(page.locator(".queue__news")).to_contain_text("Connexion perdue")
    page.evaluate("window.release()")
    expect(page.locator(".row--member")).to_have_count(WAVE)


def test_a_wave_is_reached_ticked_and_opened_by_keyboard(page, filled):
    names = "rows => rows.map(row => row.dataset.reference || row.dataset.wave)"
    at = page.locator(".row").evaluate_all(names).index(wave(page).get_attribute("data-wave"))
    for _row in range(at + 1):
        page.keyboard.press("j")
    expect(wave(page).get_by_role("link", name=SUPPLIER)).to_be_focused()

    page.keyboard.press("p")
    expect(page.locator(".queue__news")).to_contain_text("Plusieurs dossiers sur cette ligne")
    assert not Incident.objects.filter(supplier_key="paie exemple").exclude(acknowledged_by=None).exists()
    page.keyboard.press("x")
    expect(page.locator("[data-ticked]")).to_have_text("9 dossiers cochés")
    page.keyboard.press("Enter")
    expect(page.locator(".row--member :checked")).to_have_count(WAVE)
    expect(wave(page).get_by_role("link", name=SUPPLIER)).to_be_focused()
    page.locator(".row--member input").first.uncheck()
    expect(page.locator("[data-ticked]")).to_have_text("8 dossiers cochés")


@pytest.mark.proof
def test_a_tick_in_a_wave_stays_once_it_is_closed(page, filled):
    link, box = wave(page).get_by_role("link", name=SUPPLIER), wave(page).get_by_role("checkbox")
    link.click()
    page.locator(".row--member input").first.check()
    expect(page.locator("[data-ticked]")).to_have_text("1 dossier coché")
    half = "boxes => boxes.some(box => box.indeterminate && !box.checked)"
    assert wave(page).locator("input").evaluate_all(half)

    link.click()
    expect(page.locator(".row--member")).to_have_count(0)
    expect(page.locator("[data-ticked]")).to_have_text("1 dossier coché")
    assert wave(page).locator("input").evaluate_all(half)
    assert not find_violations(page, "serious", "critical")
    link.click()
    expect(page.locator(".row--member :checked")).to_have_count(1)
    link.click()
    expect(page.locator(".row--member")).to_have_count(0)  # until then, the link closes the wave
    box.check()
    expect(page.locator("[data-ticked]")).to_have_text("9 dossiers cochés")
    box.uncheck()
    expect(page.locator("[data-ticked]")).to_have_text("Cochez pour agir sur plusieurs")
    link.click()
    page.locator(".row--member input").first.check()
    link.click()
    page.get_by_role("button", name="Attribuer…").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Attribuer")
    expect(page.locator("input[name=dossier]")).to_have_count(1)


def test_the_acts_on_a_ticked_wave_apply_to_all_its_cases(page, filled):
    acts = page.locator(".queue__acts")
    expect(acts).to_be_hidden()
    wave(page).get_by_role("checkbox").check()
    expect(acts).to_be_visible()
    page.get_by_role("button", name="Attribuer…").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("9 dossiers")


def test_a_case_is_taken_without_leaving_the_queue(page, filled, breizh_responder):
    newest = filled["newest"]
    page.locator(f'[data-reference="{newest.reference}"]').get_by_role("button", name="Prendre").click()
    expect(page.locator(".queue__news")).to_contain_text("Vous avez pris ce dossier en charge.")
    assert Incident.objects.get(pk=newest.pk).acknowledged_by == breizh_responder
    assert QUEUE in page.url


@pytest.mark.proof
def test_one_menu_is_open_at_a_time(page):
    page.locator("summary", has_text="Outils").click()
    expect(page.get_by_role("link", name="Passer le relais")).to_be_visible()
    page.locator("summary", has_text="Autres vues").press("Enter")
    expect(page.get_by_role("link", name="Passer le relais")).to_be_hidden()
    expect(page.get_by_role("link", name="Non vérifiés")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Non vérifiés")).to_be_hidden()
    page.locator("summary", has_text="Autres vues").click()
    page.get_by_role("link", name="Non vérifiés").click()
    page.wait_for_url("**etat=non-verifies")


@pytest.mark.proof
def test_each_menu_opens_inside_the_screen(page):
    for width in (320, 360, 390, 600, 768, 1000):
        page.set_viewport_size({"width": width, "height": 844})
        for menu in page.locator("details.menu").all():
            menu.locator("summary").click()
            box, button = menu.locator("ul").bounding_box(), menu.locator("summary").bounding_box()
            assert 0 <= box["x"] < box["x"] + box["width"] <= width, (width, menu.inner_text())
            assert box["x"] < button["x"] + button["width"]
            assert button["x"] < box["x"] + box["width"]
            assert 0 <= box["y"] - button["y"] - button["height"] < 8
            assert measure_overflow(page) <= 0
            menu.locator("summary").click()


@pytest.mark.proof
def test_without_a_script_a_wave_opens_by_its_link(browser, live_site, filled, breizh_responder):
    page = open_page(browser, width=1280, java_script_enabled=False)
    steps.open_admin(page, live_site, breizh_responder)
    wave(page).get_by_role("link", name=SUPPLIER).click()
    expect(page.locator(".row--member")).to_have_count(WAVE)
    wave(page).get_by_role("checkbox").check()
    page.get_by_role("button", name="Prendre", exact=True).click()
    expect(page.get_by_text("9 dossiers pris en charge.")).to_be_visible()
    page.context.close()
