"""A day of a centre, lived in a real browser: thirty declarations come in, and nothing is forgotten in the evening."""

import pytest
from playwright.sync_api import expect

from incidents.enums import Status
from incidents.models import CaseGroup, Incident
from incidents.services.groups.bulk import carry_on_bulk
from incidents.services.history.index import index_all
from stats.counting.rollups import fold_all
from stats.services import verify_figures
from tests.browser import open_page, overflow, shoot, violations
from tests.cast import a_responder
from tests.e2e import day, steps
from tests.e2e.day import SUPPLIER, Desk, another_centre, open_own_page

pytestmark = pytest.mark.proof

ADVICE = "Coupez l’accès de votre prestataire, et gardez les journaux."
RELAY = "Plouexemple attend un rappel à 18 h."
AFTERWARDS = "Le syndicat a rappelé, tout va mieux."


class Day:
    """The people at their screens, and what came in."""

    def __init__(self, browser, site):
        self.site = site
        self.cases = day.come_in(browser, site)
        self.early, self.late = (Desk(browser, site, a_responder()) for _ in range(2))
        self.afar = Desk(browser, site, a_responder(another_centre()))
        self.declarant = open_page(browser, width=360)
        self.desks = [self.early, self.late, self.afar]


@pytest.fixture
def live(live_site, browser):
    return Day(browser, live_site)


def test_it_works(live):
    read_the_queue(live)
    work_on_the_first(live)
    leave_out_what_is_not(live)
    see_one_lure_in_two_cases(live)
    answer_a_wave_as_one(live)
    act_on_the_wave(live)
    give_one_to_another_centre(live)
    hand_over(live)
    find_by_a_word(live)
    close_five(live)
    reopen_one(live)
    leave_nothing(live)


def read_the_queue(live):
    desk = live.early
    desk.goto()
    assert Incident.objects.count() == day.count(desk, "Tout") == 30
    assert day.count(desk, "Sans responsable") == 30
    expect(desk.page.locator(".row")).to_have_count(30 - 12 + 1)  # twelve are one line
    expect(desk.page.locator(".row button[name=prendre]")).to_have_count(18)
    desk.look("queue-morning")


def work_on_the_first(live):
    desk, first = live.early, live.cases.first
    day.take_by_keyboard(desk, first)
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")
    desk.reads(f"{desk.person} s’en occupe")
    day.verify(desk)
    day.qualify(desk)
    day.keep(desk, "Le maire préfère son portable.")
    day.keep(desk, "Rappelé, le serveur est débranché.", kind="Appel passé")
    day.follow_the_guide(desk)
    words = day.answer_ready_made(desk)
    desk.look("case-worked")
    open_own_page(live.declarant, live.site, first)
    shown = live.declarant.locator("main")
    expect(shown).to_contain_text(words.split("\n")[0])
    expect(shown).not_to_contain_text("Le maire préfère son portable.")


def leave_out_what_is_not(live):
    """The false one is no incident, the second declaration of a town hall joins the first."""
    desk, cases = live.early, live.cases
    day.take(desk, cases.false)
    day.close_at_once(desk, "Pas un incident")

    desk.open(cases.first)
    desk.follow(f"Comparer avec {day.spaced(cases.double)}")
    desk.look("compare")
    desk.press(f"Garder {day.spaced(cases.first)}")
    expect(desk.page.get_by_role("heading", name="Doubles")).to_be_visible()
    desk.open(cases.double)
    expect(desk.page.get_by_role("heading", name="Double de")).to_be_visible()
    desk.goto()
    assert day.count(desk, "Tout") == 28


def see_one_lure_in_two_cases(live):
    desk, (one, other) = live.early, live.cases.lured
    day.take(desk, one)
    observe(desk, one)
    day.take(desk, other)
    desk.open(other, "indicateurs")
    desk.reads("Relevé dans un autre de vos dossiers.")
    desk.look("observables")
    observe(desk, other)
    desk.open(other)
    desk.reads("Vu dans 1 autre dossier de votre centre")
    desk.reads("banque[.]evil[.]example")


def observe(desk, incident):
    desk.open(incident, "indicateurs")
    desk.page.locator("#container label", has_text="hxxps").get_by_role("checkbox").check()
    desk.press("Relever les valeurs cochées")
    expect(desk.page.locator("section[aria-labelledby=releves]")).to_contain_text("evil[.]example")


def answer_a_wave_as_one(live):
    desk, wave = live.early, live.cases.wave
    desk.goto()
    desk.reads(f"Vague : {SUPPLIER}")
    desk.reads("12 collectivités")
    desk.press(f"En faire un groupe de 12 dossiers : {SUPPLIER}")
    expect(desk.page.locator(".queue__table tbody tr")).to_have_count(12)
    desk.page.get_by_label("Ce qui est connu").fill("Leur accès à distance a servi.")
    desk.press("Enregistrer la fiche")
    desk.follow("Écrire à tous les déclarants")
    desk.page.get_by_label("Votre message").fill(ADVICE)
    desk.press("Relire avant d’envoyer")
    desk.reads("12 déclarants liront")
    desk.look("group-message")
    desk.press("Envoyer à ces 12 déclarants")
    desk.is_told("Votre message part, à 12 déclarants")
    while carry_on_bulk():  # a round lasts two seconds, whatever is left
        pass
    for incident in wave:
        read_only_own(live, incident)


def read_only_own(live, incident):
    open_own_page(live.declarant, live.site, incident)
    shown = live.declarant.locator("main")
    expect(shown.get_by_text(ADVICE)).to_have_count(1)
    words = live.declarant.content()
    own = incident.collectivity.name
    assert own in words
    assert not [one for one in live.cases.wave if one != incident and f"{one.collectivity.name}<" in words]


def act_on_the_wave(live):
    desk = live.early
    desk.goto()
    day.act_on_wave(desk, "Prendre")
    desk.is_told("12 dossiers pris en charge.")
    day.act_on_wave(desk, "Qualifier…")
    desk.page.get_by_label("Nature").select_option("incident")
    desk.page.get_by_label("Type").select_option("prestataire")
    desk.press("Qualifier")
    desk.is_told("12 dossiers qualifiés.")
    desk.page.locator(".wave").get_by_role("link", name=SUPPLIER).first.click()
    expect(desk.page.locator(".row--member .row__owner", has_text=str(desk.person))).to_have_count(12)
    desk.look("queue-wave")
    desk.goto(f"{day.QUEUE}groupes/{CaseGroup.objects.get().uid}/")
    desk.reads("pris en charge : 12")
    desk.look("group")


def give_one_to_another_centre(live):
    giver, taker, incident = live.early, live.afar, live.cases.afar
    day.take(giver, incident)
    day.keep(giver, "Ce n’est pas notre région.")
    steps.open_acts(giver.page)
    giver.follow("Proposer à un autre centre")
    giver.page.get_by_label("Centre").select_option(label="Loin Cyber")
    giver.page.get_by_label("Pourquoi").fill("Le siège est dans votre région.")
    giver.page.get_by_label("Le déclarant est d’accord").check()
    giver.page.get_by_label("Accord du déclarant").fill("La secrétaire, au téléphone.")
    giver.press("Proposer le transfert")
    giver.is_told("Dossier proposé à Loin Cyber")

    taker.goto()
    taker.follow("1 transfert à accepter")
    taker.follow("Saint-Exemple-11")
    taker.reads("Le siège est dans votre région.")
    taker.look("offer")
    taker.press("Accepter et prendre en charge")
    taker.is_told("Le dossier est à votre centre")
    day.keep(taker, AFTERWARDS)
    read_what_was(giver, incident)


def read_what_was(desk, incident):
    """The former centre reads what was there until then, and nothing since."""
    assert desk.open(incident) == 404
    desk.goto(f"{day.QUEUE}transferts/")
    desk.follow(day.spaced(incident))
    desk.reads("Confié à Loin Cyber")
    desk.reads("Ce n’est pas notre région.")
    expect(desk.page.locator("#container")).not_to_contain_text(AFTERWARDS)
    desk.look("former")


def hand_over(live):
    early, late = live.early, live.late
    early.goto(f"{day.QUEUE}relais/")
    boxes = early.page.locator(".relay__cases input[type=checkbox]")
    expect(boxes).to_have_count(15)
    for box in boxes.all():
        box.check()
    early.page.get_by_label("À qui").select_option(label=str(late.person))
    early.page.get_by_label("Ce que la relève doit savoir").fill(RELAY)
    early.look("relay")
    early.press("Passer ces dossiers")
    early.is_told("Dossiers passés : 15.")
    late.goto(f"{day.QUEUE}relais/")
    late.reads(f"Relais de {early.person}")
    late.reads(RELAY)
    late.goto()
    assert day.count(late, "Les miens") == 15
    late.open(live.cases.first)
    late.reads(f"{late.person} s’en occupe, pris en charge par {early.person}")


def find_by_a_word(live):
    index_all()
    desk = live.late
    desk.goto()
    desk.page.keyboard.press("/")
    desk.page.keyboard.type("photocopieurs")
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")
    expect(desk.page.locator("mark")).to_have_text("photocopieur")
    expect(desk.page.locator(".search__hits > li")).to_have_count(1)
    desk.look("search")
    desk.follow("FOVI")
    desk.reads("Un faux RIB du fournisseur du photocopieur a été payé.")


def close_five(live):
    desk, cases = live.late, live.cases
    desk.open(cases.first, "cloture")
    desk.press("Clore le dossier")
    desk.reads("Le dossier n’est pas clos")
    desk.look("closing-missing")
    look = lambda: desk.look("closing")  # noqa: E731  (once it is filled in)
    day.close_with_report(desk, cases.first, ended=["civil"], leak="unfounded", seen=look)
    for incident in cases.lured:
        day.close_with_report(desk, incident)
    for incident in cases.wave[:2]:
        day.close_with_report(desk, incident, cause="supplier")
    desk.goto(f"{day.QUEUE}?etat=clos")
    expect(desk.page.locator(".row")).to_have_count(7)
    desk.look("queue-closed")


def reopen_one(live):
    desk, incident = live.late, live.cases.lured[0]
    open_own_page(live.declarant, live.site, incident)
    day.write_to_centre(live.declarant, "Cela recommence.")
    desk.goto()
    desk.reads("Le déclarant a écrit sur un dossier clos")
    desk.follow(day.spaced(incident))
    desk.reads("Cela recommence.")
    desk.page.get_by_label("Pourquoi le rouvrir").fill("Un second mail est arrivé.")
    desk.press("Rouvrir le dossier")
    desk.is_told("Dossier rouvert")
    desk.look("case-reopened")


def leave_nothing(live):
    """In the evening: everything open is somebody's or to be taken, with an hour; figures and pages agree."""
    desk = live.late
    desk.goto()
    left = Incident.objects.filter(status__in=[Status.DECLARED, Status.ACKNOWLEDGED])
    here = left.filter(csirt__slug="breizh-cyber")
    expect(desk.page.locator(".row")).to_have_count(here.count() - 10 + 1)  # what is left of the wave is one line
    assert day.count(desk, "Tout") == here.count() == 30 - 1 - 1 - 1 - 5 + 1
    assert day.count(desk, "Sans responsable") == 12
    expect(desk.page.locator(".row button[name=prendre]")).to_have_count(12)
    assert all(one.due_at and (one.assignee_id or one.status == Status.DECLARED) for one in left)
    desk.look("queue-evening")
    fold_all()
    assert verify_figures().found == []
    assert not violations(live.declarant, "serious", "critical")
    assert overflow(live.declarant) <= 0
    shoot(live.declarant, "day-declarant")
    found = [one for each in live.desks for one in each.found]
    assert not found, "\n".join(map(str, found))
