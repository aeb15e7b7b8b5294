"""A day of a centre: what comes in, who works, and what each of them does on a page, one function an act."""

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
from incidents.reference import compact
from incidents.reference import spaced as in_fours
from incidents.services.declarant.access import derive_secret
from tests.browser import open_page, overflow, shoot, violations
from tests.cast import declare, plouexemple
from tests.e2e import steps

QUEUE = "/admin/incidents/incident/"
SUPPLIER = "Exemple Informatique"
WIDE: ViewportSize = {"width": 1280, "height": 760}
NARROW: ViewportSize = {"width": 360, "height": 760}
LURE = "Un mail de escroc[at]evil.example mène à hxxps://banque[.]evil.example/payer."
# What the rest of the morning brings: one case each, from as many town halls.
OTHERS = {
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
    """The thirty declarations, by what becomes of them."""

    first: Incident
    double: Incident
    false: Incident
    afar: Incident
    lured: list[Incident]
    wave: list[Incident]
    others: list[Incident]


def town(number: int, **said: Any) -> Incident:
    """A declaration of a town hall of its own. Its person has a name of its own, to be found nowhere else."""
    body = plouexemple(insee_code=f"299{number:02}", name=f"Saint-Exemple-{number}", stem=f"saint-exemple-{number}")
    caller = Caller(name=f"Alix Numéro-{number}", phone="02 99 00 00 00", email=f"mairie{number}@exemple.example")
    return declare(collectivity=body, caller=caller, **said)


def come_in(browser: Browser, site: str) -> Morning:
    """Two on the public pages, from two devices of one town hall; the others through the service that these use."""
    first, double = (told_on_the_pages(browser, site) for _ in range(2))
    return Morning(
        first=first,
        double=double,
        false=town(10, type="hameconnage", description="Le mail annonçait un colis, c’était bien notre commande."),
        afar=town(11, type="boite", description="Le siège du syndicat est dans une autre région."),
        lured=[town(number, type="hameconnage", description=LURE) for number in (12, 13)],
        wave=[town(number, type="prestataire", supplier=SUPPLIER, service_stopped="yes") for number in range(20, 32)],
        others=[town(40 + at, type=kind, description=said) for at, (kind, said) in enumerate(OTHERS.items())],
    )


def told_on_the_pages(browser: Browser, site: str) -> Incident:
    page = open_page(browser, width=360)
    reference, _secret = steps.declare(page, site)
    assert page.complaints == []
    page.context.close()
    return Incident.objects.get(reference=compact(reference))


def another_centre() -> Csirt:
    csirt = Csirt.objects.create(slug="loin-cyber", name="Loin Cyber", notification_email="garde@loin.example")
    Contact.objects.create(csirt=csirt, kind="phone", value="0 800 300 009", source="essai", source_on="2026-06-23")
    return csirt


class Desk:
    """Somebody of a centre at their screen. What displeases on the way is kept in `found`."""

    def __init__(self, browser: Browser, site: str, person: User) -> None:
        self.site, self.person = site, person
        self.found: list[tuple[Any, ...]] = []
        self.page = open_page(browser, width=1280, reduced_motion="reduce")
        steps.open_admin(self.page, site, person)

    def goto(self, path: str = QUEUE) -> int:
        answer = self.page.goto(self.site + path)
        self.hear()
        return answer.status

    def open(self, incident: Incident, *parts: str) -> int:
        return self.goto("/".join([QUEUE.rstrip("/"), incident.reference, *parts, ""]))

    def press(self, name: str | Pattern[str], *, within: Locator | None = None) -> None:
        steps.press(self.page, (within or self.page).get_by_role("button", name=name).first)
        self.hear()

    def follow(self, name: str | Pattern[str]) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name).first.click()
        self.hear()

    def reads(self, words: str | Pattern[str]) -> None:
        expect(self.page.locator("#container")).to_contain_text(words)

    def is_told(self, words: str | Pattern[str]) -> None:
        steps.is_told(self.page, words)

    def hear(self) -> None:
        self.found += [(self.page.url, complaint) for complaint in self.page.complaints]
        self.page.complaints.clear()

    def look(self, name: str) -> None:
        """Wide and narrow: nothing serious for axe, and nothing to scroll sideways."""
        self.page.wait_for_load_state("load")
        for size in (NARROW, WIDE):
            self.page.set_viewport_size(size)
            if (beyond := overflow(self.page)) > 0:
                self.found.append((name, size["width"], "overflow", beyond))
            shoot(self.page, f"day-{name}")
        self.hear()
        self.found += [(name, *one) for one in violations(self.page, "serious", "critical")]
        self.page.complaints.clear()  # axe's own are not the page's


def spaced(incident: Incident) -> str:
    """Its reference, as pages write it."""
    return in_fours(incident.reference)


# On the queue


def count(desk: Desk, view: str) -> int:
    """What the badge of a view says."""
    badge = desk.page.locator("#vues li", has_text=view).locator(".queue__count")
    return int(badge.text_content().split()[0]) if badge.count() else 0


def walk_to(desk: Desk, incident: Incident) -> None:
    """By keyboard alone."""
    here = "document.activeElement.closest('.row')?.dataset.reference"
    for _step in range(60):
        if desk.page.evaluate(here) == incident.reference:
            return
        desk.page.keyboard.press("j")
    raise AssertionError(f"{incident.reference} is not in the queue")


def take_by_keyboard(desk: Desk, incident: Incident) -> None:
    walk_to(desk, incident)
    desk.page.keyboard.press("p")
    expect(desk.page.locator(".queue__news")).to_contain_text("Vous avez pris ce dossier en charge.")
    row = desk.page.locator(f'.row[data-reference="{incident.reference}"]')
    expect(row.locator(".row__owner")).to_contain_text(str(desk.person))


def act_on_wave(desk: Desk, act: str) -> None:
    """All its cases, by the box of its one line."""
    desk.page.locator(".wave").get_by_role("checkbox").check()
    desk.press(act)


# On a case


def take(desk: Desk, incident: Incident) -> None:
    desk.open(incident)
    desk.press("Prendre en charge")
    desk.is_told("Vous avez pris ce dossier en charge.")


def verify(desk: Desk) -> None:
    desk.page.get_by_label("Numéro trouvé où ?").select_option("directory")
    desk.press("Marquer vérifiée par rappel")
    desk.is_told("elle comptera dans les chiffres")
    desk.reads("vérifiée par rappel sur un numéro connu par ailleurs")


def qualify(desk: Desk) -> None:
    page = desk.page
    page.get_by_text("Qualifier", exact=True).click()
    page.locator("label", has_text="avec un échange avec la victime").check()
    page.get_by_label("T1486").check()
    desk.press("Enregistrer la qualification")
    desk.reads("T1486 Données chiffrées")


def keep(desk: Desk, words: str, *, kind: str = "Une note") -> None:
    desk.page.locator(".inner__kinds").get_by_label(kind).check()
    desk.page.get_by_label("Note interne", exact=True).fill(words)
    desk.press("Garder en note interne")
    expect(desk.page.locator(".inner__list li", has_text=words)).to_be_visible()


def follow_the_guide(desk: Desk) -> None:
    """Its steps, and the first of them done. The call back, which verified the case, was done before."""
    tasks = desk.page.locator(".tasks")
    desk.press("Ajouter les étapes du guide")
    desk.is_told("Étapes du guide ajoutées")
    steps_left = tasks.locator("h2 small").inner_text()
    first = tasks.locator("ol.tasks__list > li").first.locator("b").first.inner_text()
    desk.press(f"Fait : {first}")
    expect(tasks.locator("h2 small")).not_to_have_text(steps_left)
    expect(tasks.locator("summary", has_text="Fait ou sans objet")).to_contain_text("(2)")


def answer_ready_made(desk: Desk) -> str:
    """Gives the words that were sent."""
    desk.page.get_by_role("button", name="Partir d’un message type").click()
    desk.page.get_by_label("Partir d’un message type").select_option("accuse")
    desk.page.get_by_role("button", name="Mettre dans ma réponse").click()
    words = desk.page.get_by_label("Votre message au déclarant").input_value()
    desk.press("Envoyer au déclarant")
    expect(desk.page.locator(".talk__message--ours")).to_contain_text(words.split("\n")[0])
    return words


def close_at_once(desk: Desk, reason: str) -> None:
    steps.open_acts(desk.page)
    desk.page.get_by_text("Clore sans bilan…").click()
    desk.page.get_by_label(reason).check()
    desk.press("Clore le dossier")
    desk.reads(f"Dossier clos : {reason.lower()}")


def close_with_report(
    desk: Desk,
    incident: Incident,
    *,
    cause: str = "phishing",
    ended: Collection[str] = (),
    leak: str = "",
    seen: Callable[[], object] = lambda: None,
) -> None:
    """To the end: what was stopped has an end, a leak its conclusion, and no task is left open."""
    page = desk.page
    desk.open(incident, "cloture")
    for service in ended:
        page.locator(f"#id_ended_{service}_date").fill(timezone.localdate().isoformat())
    if leak:
        page.get_by_label("Fuite de données").select_option(leak)
    for box in page.locator("input[name^=task_]").all():
        box.check()
    if (why := page.get_by_label("Pourquoi il est résolu")).count():  # nobody has touched the case
        why.fill("La mairie a rappelé : tout marche.")
    page.get_by_label("Ce que sont devenus").select_option("restored")
    page.get_by_label("Cause").select_option(cause)
    page.get_by_label("Bilan, pour le centre").fill("Tout a repris depuis la sauvegarde.")
    seen()
    desk.press("Clore le dossier")
    expect(page.get_by_role("heading", name="Clôture")).to_be_visible()
    desk.reads("Tout a repris depuis la sauvegarde.")


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
