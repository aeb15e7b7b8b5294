"""A day at a centre, in a real browser: thirty declarations arrive, and in the evening none is forgotten."""

import pytest
from playwright.sync_api import Browser, expect

from incidents.enums import Status
from incidents.models import CaseGroup, Incident
from incidents.services.bulk.jobs import run_due_jobs
from incidents.services.search.index import index_pending_events
from stats.counting.rollups import fold_pending_events
from stats.services import verify_figures
from tests.browser import find_violations, measure_overflow, open_page, save_screenshot
from tests.cast import a_responder
from tests.e2e import day, steps
from tests.e2e.day import SUPPLIER, Desk, create_other_centre, open_own_page

pytestmark = pytest.mark.proof

ADVICE = "Coupez l’accès de votre prestataire, et gardez les journaux."
HAND_OVER_NOTE = "Plouexemple attend un rappel à 18 h."
LATER_NOTE = "Le syndicat a rappelé, tout va mieux."


class Scene:
    """The people at their screens, and the cases of the morning."""

    def __init__(self, browser: Browser, site: str) -> None:
        self.site = site
        self.cases = day.declare_morning(browser, site)
        self.early_shift, self.late_shift = (Desk(browser, site, a_responder()) for _ in range(2))
        self.other_centre = Desk(browser, site, a_responder(create_other_centre()))
        self.declarant = open_page(browser, width=360)
        self.desks = [self.early_shift, self.late_shift, self.other_centre]


@pytest.fixture
def scene(live_site: str, browser: Browser) -> Scene:
    return Scene(browser, live_site)


@pytest.mark.longest
def test_no_case_is_forgotten_in_a_day(scene):
    read_the_queue(scene)
    work_on_the_first_case(scene)
    set_aside_a_false_alarm_and_a_duplicate(scene)
    find_the_same_lure_in_two_cases(scene)
    write_to_a_whole_wave(scene)
    take_and_qualify_a_whole_wave(scene)
    transfer_a_case_to_another_centre(scene)
    hand_over_to_the_late_shift(scene)
    find_a_case_by_a_word(scene)
    close_five_cases(scene)
    reopen_a_closed_case(scene)
    check_the_evening(scene)


def read_the_queue(scene):
    desk = scene.early_shift
    desk.goto()
    assert Incident.objects.count() == day.count_cases(desk, "Tout") == 30
    assert day.count_cases(desk, "Sans responsable") == 30
    expect(desk.page.locator(".row")).to_have_count(30 - 12 + 1)  # the twelve of the wave are one row
    expect(desk.page.locator(".row button[name=prendre]")).to_have_count(18)
    desk.inspect("queue-morning")


def work_on_the_first_case(scene):
    desk, first = scene.early_shift, scene.cases.first
    day.take_by_keyboard(desk, first)
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")
    desk.expect_text(f"{desk.person} s’en occupe")
    day.verify_by_call_back(desk)
    day.qualify_as_encryption(desk)
    day.write_note(desk, "Le maire préfère son portable.")
    day.write_note(desk, "Rappelé, le serveur est débranché.", kind="Appel passé")
    day.follow_playbook(desk)
    words = day.send_template_reply(desk)
    desk.inspect("case-worked")
    open_own_page(scene.declarant, scene.site, first)
    page = scene.declarant.locator("main")
    expect(page).to_contain_text(words.split("\n")[0])
    expect(page).not_to_contain_text("Le maire préfère son portable.")


def set_aside_a_false_alarm_and_a_duplicate(scene):
    """One declaration is no incident, and another repeats the first one."""
    desk, cases = scene.early_shift, scene.cases
    day.take_case(desk, cases.false_alarm)
    day.close_without_report(desk, "Pas un incident")

    desk.open_case(cases.first)
    desk.follow_link(f"Comparer avec {day.format_reference(cases.duplicate)}")
    desk.inspect("compare")
    desk.press(f"Garder {day.format_reference(cases.first)}")
    expect(desk.page.get_by_role("heading", name="Doubles")).to_be_visible()
    desk.open_case(cases.duplicate)
    expect(desk.page.get_by_role("heading", name="Double de")).to_be_visible()
    desk.goto()
    assert day.count_cases(desk, "Tout") == 28


def find_the_same_lure_in_two_cases(scene):
    desk, (first, second) = scene.early_shift, scene.cases.lured
    day.take_case(desk, first)
    record_observables(desk, first)
    day.take_case(desk, second)
    desk.open_case(second, "indicateurs")
    desk.expect_text("Vu dans 1 autre dossier de votre centre.")
    desk.inspect("observables")
    record_observables(desk, second)
    desk.open_case(second)
    desk.expect_text("Vu dans 1 autre dossier de votre centre")
    desk.expect_text("banque[.]evil[.]example")


def record_observables(desk, incident):
    desk.open_case(incident, "indicateurs")
    desk.page.locator("#container label", has_text="hxxps").get_by_role("checkbox").check()
    desk.press("Relever les valeurs cochées")
    expect(desk.page.locator("section[aria-labelledby=releves]")).to_contain_text("evil[.]example")


def write_to_a_whole_wave(scene):
    desk, wave = scene.early_shift, scene.cases.wave
    desk.goto()
    desk.expect_text(f"Vague : {SUPPLIER}")
    desk.expect_text("12 collectivités")
    desk.press(f"En faire un groupe de 12 dossiers : {SUPPLIER}")
    expect(desk.page.locator(".queue__table tbody tr")).to_have_count(12)
    desk.page.get_by_label("Ce qui est connu").fill("Leur accès à distance a servi.")
    desk.press("Enregistrer la fiche")
    desk.follow_link("Écrire à tous les déclarants")
    desk.page.get_by_label("Votre message").fill(ADVICE)
    desk.press("Relire avant d’envoyer")
    desk.expect_text("12 déclarants liront")
    desk.inspect("group-message")
    desk.press("Envoyer à ces 12 déclarants")
    desk.expect_message("Votre message part, à 12 déclarants")
    while run_due_jobs():  # a round stops after two seconds and may leave messages
        pass
    for incident in wave:
        check_declarant_reads_own_case_only(scene, incident)


def check_declarant_reads_own_case_only(scene, incident):
    open_own_page(scene.declarant, scene.site, incident)
    page = scene.declarant.locator("main")
    expect(page.get_by_text(ADVICE)).to_have_count(1)
    html = scene.declarant.content()
    assert incident.collectivity.name in html
    others = [case for case in scene.cases.wave if case != incident]
    assert not [case for case in others if f"{case.collectivity.name}<" in html]


def take_and_qualify_a_whole_wave(scene):
    desk = scene.early_shift
    desk.goto()
    day.act_on_wave(desk, "Prendre")
    desk.expect_message("12 dossiers pris en charge.")
    day.act_on_wave(desk, "Qualifier…")
    desk.page.get_by_label("Nature").select_option("incident")
    desk.page.get_by_label("Type").select_option("prestataire")
    desk.press("Qualifier")
    desk.expect_message("12 dossiers qualifiés.")
    desk.page.locator(".wave").get_by_role("link", name=SUPPLIER).first.click()
    expect(desk.page.locator(".row--member .row__owner", has_text=str(desk.person))).to_have_count(12)
    desk.inspect("queue-wave")
    desk.goto(f"{day.QUEUE}groupes/{CaseGroup.objects.get().uid}/")
    desk.expect_text("pris en charge : 12")
    desk.inspect("group")


def transfer_a_case_to_another_centre(scene):
    sender, receiver, incident = scene.early_shift, scene.other_centre, scene.cases.other_region
    day.take_case(sender, incident)
    day.write_note(sender, "Ce n’est pas notre région.")
    steps.open_acts(sender.page)
    sender.follow_link("Proposer à un autre centre")
    sender.page.get_by_label("Centre").select_option(label="Loin Cyber")
    sender.page.get_by_label("Pourquoi").fill("Le siège est dans votre région.")
    sender.page.get_by_label("Le déclarant est d’accord").check()
    sender.page.get_by_label("Accord du déclarant").fill("La secrétaire, au téléphone.")
    sender.press("Proposer le transfert")
    sender.expect_message("Dossier proposé à Loin Cyber")

    receiver.goto()
    receiver.follow_link("1 transfert à accepter")
    receiver.follow_link("Saint-Exemple-11")
    receiver.expect_text("Le siège est dans votre région.")
    receiver.inspect("offer")
    receiver.press("Accepter et prendre en charge")
    receiver.expect_message("Le dossier est à votre centre")
    day.write_note(receiver, LATER_NOTE)
    read_former_case(sender, incident)


def read_former_case(desk, incident):
    """The former centre still reads the case as it was when transferred, and nothing written since."""
    assert desk.open_case(incident) == 404
    desk.goto(f"{day.QUEUE}transferts/")
    desk.follow_link(day.format_reference(incident))
    desk.expect_text("Confié à Loin Cyber")
    desk.expect_text("Ce n’est pas notre région.")
    expect(desk.page.locator("#container")).not_to_contain_text(LATER_NOTE)
    desk.inspect("former")


def hand_over_to_the_late_shift(scene):
    early, late = scene.early_shift, scene.late_shift
    early.goto(f"{day.QUEUE}relais/")
    boxes = early.page.locator(".relay__cases input[type=checkbox]")
    expect(boxes).to_have_count(15)
    for box in boxes.all():
        box.check()
    early.page.get_by_label("À qui").select_option(label=str(late.person))
    early.page.get_by_label("Ce que la relève doit savoir").fill(HAND_OVER_NOTE)
    early.inspect("relay")
    early.press("Passer ces dossiers")
    early.expect_message("Dossiers passés : 15.")
    late.goto(f"{day.QUEUE}relais/")
    late.expect_text(f"Relais de {early.person}")
    late.expect_text(HAND_OVER_NOTE)
    late.goto()
    assert day.count_cases(late, "Les miens") == 15
    late.open_case(scene.cases.first)
    late.expect_text(f"{late.person} s’en occupe, pris en charge par {early.person}")


def find_a_case_by_a_word(scene):
    index_pending_events()
    desk = scene.late_shift
    desk.goto()
    desk.page.keyboard.press("/")
    desk.page.keyboard.type("photocopieurs")
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")
    expect(desk.page.locator("mark")).to_have_text("photocopieur")
    expect(desk.page.locator(".search__hits > li")).to_have_count(1)
    desk.inspect("search")
    desk.follow_link("FOVI")
    desk.expect_text("Un faux RIB du fournisseur du photocopieur a été payé.")


def close_five_cases(scene):
    desk, cases = scene.late_shift, scene.cases
    desk.open_case(cases.first, "cloture")
    desk.press("Clore le dossier")
    desk.expect_text("Le dossier n’est pas clos")
    desk.inspect("closing-missing")
    inspect = lambda: desk.inspect("closing")  # noqa: E731  (the form once filled in)
    day.close_with_report(desk, cases.first, ended=["civil"], leak="unfounded", before_sending=inspect)
    for incident in cases.lured:
        day.close_with_report(desk, incident)
    for incident in cases.wave[:2]:
        day.close_with_report(desk, incident, cause="supplier")
    desk.goto(f"{day.QUEUE}?etat=clos")
    expect(desk.page.locator(".row")).to_have_count(7)
    desk.inspect("queue-closed")


def reopen_a_closed_case(scene):
    desk, incident = scene.late_shift, scene.cases.lured[0]
    open_own_page(scene.declarant, scene.site, incident)
    day.write_to_centre(scene.declarant, "Cela recommence.")
    desk.goto()
    desk.expect_text("Le déclarant a écrit sur un dossier clos")
    desk.follow_link(day.format_reference(incident))
    desk.expect_text("Cela recommence.")
    desk.page.get_by_label("Pourquoi le rouvrir").fill("Un second mail est arrivé.")
    desk.press("Rouvrir le dossier")
    desk.expect_message("Dossier rouvert")
    desk.inspect("case-reopened")


def check_the_evening(scene):
    """Each open case has a deadline, and an assignee unless it is still to be taken. The figures are right."""
    desk = scene.late_shift
    desk.goto()
    open_cases = Incident.objects.filter(status__in=[Status.DECLARED, Status.ACKNOWLEDGED])
    own_cases = open_cases.filter(csirt__slug="breizh-cyber")
    expect(desk.page.locator(".row")).to_have_count(own_cases.count() - 10 + 1)  # ten of the wave are one row
    # A false alarm, a duplicate, a transfer and five closed cases are gone, and one was reopened.
    assert day.count_cases(desk, "Tout") == own_cases.count() == 30 - 1 - 1 - 1 - 5 + 1
    assert day.count_cases(desk, "Sans responsable") == 12
    expect(desk.page.locator(".row button[name=prendre]")).to_have_count(12)
    assert all(case.due_at and (case.assignee_id or case.status == Status.DECLARED) for case in open_cases)
    desk.inspect("queue-evening")
    fold_pending_events()
    assert verify_figures().differences == []
    assert not find_violations(scene.declarant, "serious", "critical")
    assert measure_overflow(scene.declarant) <= 0
    save_screenshot(scene.declarant, "day-declarant")
    problems = [problem for desk in scene.desks for problem in desk.problems]
    assert not problems, "\n".join(map(str, problems))
