"""Two responders with one case open, and the pages of a centre's day, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser import open_page
from tests.cast import a_lead, a_responder, declare
from tests.e2e import steps


@pytest.mark.proof
def test_a_reply_survives_a_colleagues_change(desk, browser, live_site):
    """The first responder is typing while a colleague changes the case, and is told of it."""
    incident = declare()
    case = f"{live_site}/admin/incidents/incident/{incident.reference}/"
    desk.sign_in(a_responder())
    page = desk.page
    page.goto(case)
    take_and_note(desk)
    reply = start_reply(page)
    assert incident.collectivity.name in reply.input_value()
    draft = reply.input_value()

    colleague = a_lead()
    other = open_page(browser, width=1280)
    steps.open_admin(other, live_site, colleague)
    assign_to_oneself(other, case)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    page.get_by_text(f"{colleague} a changé ce dossier").wait_for()
    assert reply.input_value() == draft
    page.get_by_role("link", name="Recharger").click()
    expect(page.get_by_text("sans l’envoyer")).to_be_visible()
    expect(page.get_by_label("Votre message au déclarant")).to_have_value(draft)
    desk.check()


def take_and_note(desk):
    page = desk.page
    page.get_by_role("button", name="Prendre en charge").click()
    page.get_by_role("button", name="Ajouter les étapes du guide").click()
    page.get_by_label("Note interne", exact=True).fill("Le maire préfère son portable.")
    page.get_by_role("button", name="Garder en note interne").click()
    page.get_by_text("Note enregistrée").wait_for()
    desk.inspect("case-worked")


def start_reply(page):
    """Start the reply from a ready-made message."""
    page.get_by_role("button", name="Partir d’un message type").click()
    page.get_by_label("Partir d’un message type").select_option("accuse")
    page.get_by_role("button", name="Mettre dans ma réponse").click()
    return page.get_by_label("Votre message au déclarant")


def assign_to_oneself(page, case):
    page.goto(case)
    page.get_by_text("Aussi sur cette page").wait_for()
    page.get_by_role("button", name="Me l’attribuer").click()
    page.get_by_text("Dossier attribué").wait_for()


def ask_who_is_there(page):
    """Ask the server as the page does every twenty seconds, and wait for its answer."""
    with page.expect_response("**/presence/"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.proof
def test_an_act_of_the_page_itself_is_no_change_by_somebody(desk, browser, live_site):
    """The answer of the act comes late: the page has asked meanwhile what changed."""
    incident = declare()
    case = f"{live_site}/admin/incidents/incident/{incident.reference}/"
    desk.sign_in(a_responder())
    page, answers = desk.page, []
    page.goto(case)

    def keep_answer(route):
        answers.append((route, route.fetch()))

    page.route("**/prendre/", keep_answer)
    page.get_by_role("button", name="Prendre en charge").click()
    while not answers:
        page.wait_for_timeout(50)
    ask_who_is_there(page)
    notice = page.locator("[data-changed]")
    expect(notice).to_be_empty()
    route, answer = answers[0]
    route.fulfill(response=answer)
    expect(page.get_by_role("button", name="Prendre en charge")).to_have_count(0)
    ask_who_is_there(page)
    expect(notice).to_be_empty()

    other = open_page(browser, width=1280)
    steps.open_admin(other, live_site, a_lead())
    assign_to_oneself(other, case)
    ask_who_is_there(page)
    expect(notice).to_contain_text("a changé ce dossier")
    page.get_by_label("Note interne", exact=True).fill("Vu.")
    page.get_by_role("button", name="Garder en note interne").click()
    page.get_by_text("Note enregistrée").wait_for()
    expect(notice).to_be_empty()
    desk.check()


@pytest.mark.proof
def test_hand_over_guides_and_templates_are_accessible(desk):
    lead = a_lead()
    desk.sign_in(lead)
    incident = declare()
    desk.page.goto(f"{desk.site}/admin/incidents/incident/{incident.reference}/")
    desk.page.get_by_role("button", name="Prendre en charge").click()
    desk.visit(
        {
            "relay": "incidents/incident/relais/",
            "guides": "incidents/incident/guides/",
            "guide": "incidents/incident/guides/breizh-cyber/rancon/",
            "letters": "incidents/incident/messages-types/",
            "letter": "incidents/incident/messages-types/breizh-cyber/nouveau/?modele=accuse",
        }
    )
    desk.check()


def test_two_responders_who_reply_are_warned_before_they_send(desk, browser, live_site):
    """The second sees that a colleague is writing, then reads the message sent meanwhile before sending."""
    incident = declare()
    case = f"{live_site}/admin/incidents/incident/{incident.reference}/"
    first, second = a_responder(), a_lead()
    desk.sign_in(first)
    page = desk.page
    page.goto(case)
    other = open_page(browser, width=1280)
    steps.open_admin(other, live_site, second)
    other.goto(case)
    other.get_by_label("Votre message au déclarant").fill("Débranchez le serveur.")
    other.get_by_text("Ce que vous écrivez est gardé").wait_for()

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text(f"{second} écrit aussi au déclarant.").wait_for()
    other.get_by_role("button", name="Envoyer au déclarant").click()
    other.locator(".talk__list").get_by_text("Débranchez le serveur.").wait_for()

    reply = page.get_by_label("Votre message au déclarant")
    reply.fill("Ne débranchez rien.")
    page.get_by_role("button", name="Envoyer au déclarant").click()
    expect(page.locator(".talk__moved").get_by_text("Débranchez le serveur.")).to_be_visible()
    expect(reply).to_have_value("Ne débranchez rien.")
    assert incident.messages.count() == 1
    page.complaints.clear()  # the browser's own, of the 409
    desk.inspect("case-thread-moved")
    reply.fill("Débranchez-le, puis rappelez-nous.")
    page.get_by_role("button", name="Envoyer quand même").click()
    expect(page.locator(".talk__list").get_by_text("puis rappelez-nous")).to_be_visible()
    assert incident.messages.count() == 2
    desk.check()
