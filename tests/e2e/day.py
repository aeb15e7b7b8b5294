"""A day at a centre: the declarations of the morning, and what people do on its pages, one function for each act."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from re import Pattern
from typing import Any

from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from accounts.models import User
from csirts.models import Contact, Csirt
from incidents.facts.shapes import Caller
from incidents.models import Incident
from incidents.reference import compact_code
from incidents.reference import hyphenate as format_in_fours
from incidents.services.declarant.access import derive_secret
from tests.browser import find_violations, measure_overflow, open_page, save_screenshot
from tests.cast import declare, plouexemple
from tests.e2e import steps

QUEUE = "/admin/incidents/incident/"
SUPPLIER = "Exemple Informatique"
WIDE: ViewportSize = {"width": 1280, "height": 760}
NARROW: ViewportSize = {"width": 360, "height": 760}
FALSE_ALARM = "Le mail annonçait un colis, c’était bien notre commande."
OTHER_REGION = "Le siège du syndicat est dans une autre région."
LURE = "Un mail de escroc[at]evil.example mène à hxxps://banque[.]evil.example/payer."
# The rest of the morning: one case of each type, from as many town halls.
SINGLE_CASES = {
    "boite": "Des mails partent de la boîte de l’accueil sans nous.",
    "panne": "Plus de réseau depuis la coupure de courant.",
    "perte": "Un ordinateur portable a été oublié dans le train.",
    "admin": "Le compte de l’administrateur ne répond plus.",
    "fuite": "Une liste d’usagers circule sur un forum.",
    "erreur": "Un tableau est parti au mauvais destinataire.",
    "virement": "Un faux RIB du fournisseur du photocopieur a été payé.",
    "defiguration": "Notre site affiche un drapeau.",
    "saturation": "Le site ne répond plus.",
    "faille": "Un chercheur nous signale une faille.",
    "inconnu": "Les écrans sont bleus.",
    "hameconnage": "Un agent a donné son mot de passe.",
}


@dataclass
class Morning:
    """The thirty declarations, grouped by what happens to them later."""

    first: Incident
    duplicate: Incident
    false_alarm: Incident
    other_region: Incident
    lured: list[Incident]
    wave: list[Incident]
    singles: list[Incident]


def declare_from_town(number: int, **fields: Any) -> Incident:
    """Declare from another town hall, as a person whose name is in no other case."""
    body = plouexemple(insee_code=f"299{number:02}", name=f"Saint-Exemple-{number}", stem=f"saint-exemple-{number}")
    caller = Caller(name=f"Alix Numéro-{number}", phone="02 99 00 00 00", email=f"mairie{number}@exemple.example")
    return declare(collectivity=body, caller=caller, **fields)


def declare_morning(browser: Browser, site: str) -> Morning:
    """Declare twice on the public pages, from two devices of one town hall, and make the other declarations through
    the service.
    """
    first, duplicate = (declare_on_pages(browser, site) for _ in range(2))
    return Morning(
        first=first,
        duplicate=duplicate,
        false_alarm=declare_from_town(10, type="hameconnage", description=FALSE_ALARM),
        other_region=declare_from_town(11, type="boite", description=OTHER_REGION),
        lured=[declare_from_town(number, type="hameconnage", description=LURE) for number in (12, 13)],
        wave=[
            declare_from_town(number, type="prestataire", supplier=SUPPLIER, service_stopped="yes")
            for number in range(20, 32)
        ],
        singles=[
            declare_from_town(number, type=kind, description=description)
            for number, (kind, description) in enumerate(SINGLE_CASES.items(), start=40)
        ],
    )


def declare_on_pages(browser: Browser, site: str) -> Incident:
    page = open_page(browser, width=360)
    reference, _secret = steps.declare(page, site)
    assert page.complaints == []
    page.context.close()
    return Incident.objects.get(reference=compact_code(reference))


def create_other_centre() -> Csirt:
    csirt = Csirt.objects.create(slug="loin-cyber", name="Loin Cyber", notification_email="garde@loin.example")
    Contact.objects.create(csirt=csirt, kind="phone", value="0 800 300 009", source="essai", source_on="2026-06-23")
    return csirt


class Desk:
    """A responder at a screen. Every defect of the pages that they open is added to `problems`."""

    def __init__(self, browser: Browser, site: str, person: User) -> None:
        self.site, self.person = site, person
        self.problems: list[tuple[Any, ...]] = []
        self.page = open_page(browser, width=1280, reduced_motion="reduce")
        steps.open_admin(self.page, site, person)

    def goto(self, path: str = QUEUE) -> int:
        answer = self.page.goto(self.site + path)
        self.collect_complaints()
        return answer.status

    def open_case(self, incident: Incident, *parts: str) -> int:
        return self.goto("/".join([QUEUE.rstrip("/"), incident.reference, *parts, ""]))

    def press(self, name: str | Pattern[str], *, within: Locator | None = None) -> None:
        steps.press(self.page, (within or self.page).get_by_role("button", name=name).first)
        self.collect_complaints()

    def follow_link(self, name: str | Pattern[str]) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name).first.click()
        self.collect_complaints()

    def expect_text(self, words: str | Pattern[str]) -> None:
        expect(self.page.locator("#container")).to_contain_text(words)

    def expect_message(self, words: str | Pattern[str]) -> None:
        steps.expect_message(self.page, words)

    def collect_complaints(self) -> None:
        self.problems += [(self.page.url, complaint) for complaint in self.page.complaints]
        self.page.complaints.clear()

    def inspect(self, name: str) -> None:
        """Check that the page is accessible and does not scroll sideways, on a wide and on a narrow screen."""
        self.page.wait_for_load_state("load")
        for size in (NARROW, WIDE):
            self.page.set_viewport_size(size)
            if (overflow := measure_overflow(self.page)) > 0:
                self.problems.append((name, size["width"], "overflow", overflow))
            save_screenshot(self.page, f"day-{name}")
        self.collect_complaints()
        self.problems += [(name, *violation) for violation in find_violations(self.page, "serious", "critical")]
        self.page.complaints.clear()  # axe's own complaints are not those of the page


def format_reference(incident: Incident) -> str:
    """Return the reference of a case as pages write it."""
    return format_in_fours(incident.reference)


# On the queue


def count_cases(desk: Desk, view: str) -> int:
    """Return the number of cases shown beside the name of a view of the queue."""
    badge = desk.page.locator("#vues li", has_text=view).locator(".queue__count")
    return int(badge.text_content().split()[0]) if badge.count() else 0


def move_down_to(desk: Desk, incident: Incident) -> None:
    """Move down the queue by keyboard, to the row of this case."""
    focused_reference = "document.activeElement.closest('.row')?.dataset.reference"
    for _step in range(60):
        if desk.page.evaluate(focused_reference) == incident.reference:
            return
        desk.page.keyboard.press("j")
    raise AssertionError(f"{incident.reference} is not in the queue")


def take_by_keyboard(desk: Desk, incident: Incident) -> None:
    move_down_to(desk, incident)
    desk.page.keyboard.press("p")
    expect(desk.page.locator(".queue__news")).to_contain_text("Vous avez pris ce dossier en charge.")
    row = desk.page.locator(f'.row[data-reference="{incident.reference}"]')
    expect(row.locator(".row__owner")).to_contain_text(str(desk.person))


def act_on_wave(desk: Desk, act: str) -> None:
    """Apply an action to all cases of the wave, through the checkbox of its single row."""
    desk.page.locator(".wave").get_by_role("checkbox").check()
    desk.press(act)


# On a case


def take_case(desk: Desk, incident: Incident) -> None:
    desk.open_case(incident)
    desk.press("Prendre en charge")
    desk.expect_message("Vous avez pris ce dossier en charge.")


def verify_by_call_back(desk: Desk) -> None:
    desk.page.get_by_label("Numéro trouvé où ?").select_option("directory")
    desk.press("Marquer vérifiée par rappel")
    desk.expect_message("elle comptera dans les chiffres")
    desk.expect_text("vérifiée par rappel sur un numéro connu par ailleurs")


def qualify_as_encryption(desk: Desk) -> None:
    page = desk.page
    page.get_by_text("Qualifier", exact=True).click()
    page.locator("label", has_text="avec un échange avec la victime").check()
    page.get_by_label("T1486").check()
    desk.press("Enregistrer la qualification")
    desk.expect_text("T1486 Données chiffrées")


def write_note(desk: Desk, words: str, *, kind: str = "Une note") -> None:
    desk.page.locator(".inner__kinds").get_by_label(kind).check()
    desk.page.get_by_label("Note interne", exact=True).fill(words)
    desk.press("Garder en note interne")
    expect(desk.page.locator(".inner__list li", has_text=words)).to_be_visible()


def follow_playbook(desk: Desk) -> None:
    """Add the steps of the playbook as tasks and do the first one. The call back is already done, because it verified
    the case.
    """
    tasks = desk.page.locator(".tasks")
    desk.press("Ajouter les étapes du guide")
    desk.expect_message("Étapes du guide ajoutées")
    remaining = tasks.locator("h2 small").inner_text()
    first = tasks.locator("ol.tasks__list > li").first.locator("b").first.inner_text()
    desk.press(f"Fait : {first}")
    expect(tasks.locator("h2 small")).not_to_have_text(remaining)
    expect(tasks.locator("summary", has_text="Fait ou sans objet")).to_contain_text("(2)")


def send_template_reply(desk: Desk) -> str:
    """Send the declarant a ready-made message and return its text."""
    desk.page.get_by_role("button", name="Partir d’un message type").click()
    desk.page.get_by_label("Partir d’un message type").select_option("accuse")
    desk.page.get_by_role("button", name="Mettre dans ma réponse").click()
    words = desk.page.get_by_label("Votre message au déclarant").input_value()
    desk.press("Envoyer au déclarant")
    expect(desk.page.locator(".talk__message--ours")).to_contain_text(words.split("\n")[0])
    return words


def close_without_report(desk: Desk, reason: str) -> None:
    steps.open_acts(desk.page)
    desk.page.get_by_text("Clore sans bilan…").click()
    desk.page.get_by_label(reason).check()
    desk.press("Clore le dossier")
    desk.expect_text(f"Dossier clos : {reason.lower()}")


def close_with_report(
    desk: Desk,
    incident: Incident,
    *,
    cause: str = "phishing",
    ended: Collection[str] = (),
    leak: str = "",
    before_sending: Callable[[], object] = lambda: None,
) -> None:
    """Fill in the whole closing form: the end of each interruption, the outcome of the leak, every task and the
    report.
    """
    page = desk.page
    desk.open_case(incident, "cloture")
    for service in ended:
        page.locator(f"#id_ended_{service}_date").fill(timezone.localdate().isoformat())
    if leak:
        page.get_by_label("Fuite de données").select_option(leak)
    for box in page.locator("input[name^=task_]").all():
        box.check()
    if (
        why := page.get_by_label("Pourquoi (note interne)")
    ).count():  # the page asks this only for a case that nobody worked on
        why.fill("La mairie a rappelé : tout marche.")
    page.get_by_label("Ce que sont devenus").select_option("restored")
    page.get_by_label("Cause").select_option(cause)
    page.get_by_label("Bilan, pour le centre").fill("Tout a repris depuis la sauvegarde.")
    before_sending()
    desk.press("Clore le dossier")
    expect(page.get_by_role("heading", name="Clôture")).to_be_visible()
    desk.expect_text("Tout a repris depuis la sauvegarde.")


# As a declarant


def open_own_page(page: Page, site: str, incident: Incident) -> None:
    page.context.clear_cookies()
    page.goto(f"{site}/suivi/acces/{derive_secret(incident.accesses.get())}/")
    with page.expect_navigation():
        page.get_by_role("button", name="Ouvrir mon dossier").click()


def write_to_centre(page: Page, words: str) -> None:
    folded = page.locator("summary", has_text="Écrire à Breizh Cyber")
    if folded.count():
        folded.click()
    page.get_by_label("Votre message").fill(words)
    with page.expect_navigation():
        page.get_by_role("button", name="Envoyer").first.click()
    expect(page.locator("main")).to_contain_text(words)
