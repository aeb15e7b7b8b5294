"""Duplicates and groups in a real browser, light and dark, wide and narrow."""

import pytest

from incidents.models import CaseGroup
from incidents.services.duplicates.merge import merge_incident
from incidents.services.groups.group import remove_from_group, save_group_sheet
from tests.cast import a_responder, declare
from tests.incidents.grouping import a_group, declare_town
from tests.incidents.merging import MAYOR, write
from tests.incidents.threads import add_messages


@pytest.mark.proof
def test_the_pages_of_duplicates_are_accessible(desk):
    """One body has declared three times."""
    responder = a_responder()
    desk.sign_in(responder)
    main, duplicate, third = declare(), declare(caller=MAYOR, description="Tout est bloqué."), declare(caller=MAYOR)
    write(duplicate)
    merge_incident(reference=third.reference, into=main.reference, actor=responder)
    at = "incidents/incident/{}/".format
    desk.visit(
        {
            "likely-and-doubles": at(main.reference),
            "double": at(third.reference),
            "compare": f"{at(main.reference)}fusionner/?avec={duplicate.reference}",
            "compare-refused": f"{at(duplicate.reference)}fusionner/?avec={third.reference}",
            "compare-nothing": f"{at(main.reference)}fusionner/",
        }
    )
    desk.page.goto(f"{desk.site}/admin/{at(main.reference)}fusionner/?avec={duplicate.reference}")
    desk.page.get_by_role("button", name="Garder").first.click()
    desk.inspect("merged")
    desk.page.goto(f"{desk.site}/admin/{at(main.reference)}fusionner/?avec=ZZZZZZZZ")
    desk.inspect("compare-unknown")
    desk.check()


@pytest.mark.proof
def test_the_pages_of_a_group_are_accessible(desk):
    responder = a_responder()
    desk.sign_in(responder)
    desk.visit({"groups-empty": "incidents/incident/groupes/", "group-new": "incidents/incident/groupes/nouveau/"})
    cases = [declare_town(number, supplier="Exemple Informatique et Réseaux de l’Ouest") for number in range(4)]
    desk.visit({"queue-supplier": "incidents/incident/"})
    desk.page.get_by_role("button", name="En faire un groupe").click()
    desk.inspect("group-opened")
    group = CaseGroup.objects.get()
    remove_from_group(reference=cases[3].reference, actor=responder)  # they joined before the page came
    save_group_sheet(group=group.uid, sheet="Leur accès a servi.\n\nConseil : le couper.", seen=1, actor=responder)
    a_group(responder, "Une campagne de faux mails")
    page = f"incidents/incident/groupes/{group.uid}/"
    at = "incidents/incident/{}/".format
    desk.visit({"queue-group": "incidents/incident/", "groups": "incidents/incident/groupes/", "group": page})
    desk.page.set_viewport_size({"width": 360, "height": 760})
    for part in (".queue__what", ".queue__who", ".queue__when"):  # a row of a telephone is as wide as its page
        assert desk.page.locator(part).first.bounding_box()["width"] > 300, part
    desk.page.set_viewport_size({"width": 1280, "height": 760})
    desk.visit({"case-in-group": at(cases[0].reference), "case-for-group": at(cases[3].reference)})
    desk.visit({"group-message": f"{page}message/"})
    desk.page.get_by_label("Votre message").fill("Coupez l’accès de votre prestataire.")
    desk.page.get_by_role("button", name="Relire avant d’envoyer").click()
    desk.inspect("group-message-read")
    desk.page.get_by_role("button", name="Envoyer à ces 3 déclarants").click()
    desk.inspect("group-message-sent")
    add_messages(cases[0], 450)
    desk.visit({"thread": f"{at(cases[0].reference)}messages/"})
    desk.check()
