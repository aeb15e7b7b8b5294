"""A supplier that several bodies name becomes a group at one click; its name goes with the last case that holds it."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from accounts.enums import Role
from incidents.enums import BulkOutcome, GroupKind
from incidents.models import BulkItem, BulkJob, CaseGroup, Incident
from incidents.services.bulk.jobs import MAX_CASES_IN_REQUEST, act_on_next_case, run_due_jobs
from incidents.services.declarant.correct import correct_story
from incidents.services.groups.group import add_to_group, remove_from_group
from incidents.services.handling.erase import erase_personal_data
from tests.cast import a_lead
from tests.incidents.completing import make_edit
from tests.incidents.grouping import GROUPS, a_group, copy_case, declare_town, url
from tests.incidents.transferring import get_other_centre
from tests.incidents.triage_pages import case_url
from tests.reading import NBSP, read_text

pytestmark = pytest.mark.django_db


def test_one_click_groups_the_cases_that_name_one_supplier(client, responder):
    cases = [declare_town(number, supplier="Exemple S.A.S." if number else "Exemple SAS") for number in range(4)]
    cases += [declare_town(5, supplier="exemple s a s"), declare_town(6, supplier="Autre")]
    Incident.objects.filter(supplier_key="exemple s a s").update(supplier_key="exemple sas")
    queue = client.get("/admin/incidents/incident/")
    assert "5 collectivités" in read_text(queue)
    assert "En faire un groupe" in read_text(queue)

    for _ in range(2):
        answer = client.post(f"{GROUPS}prestataire/", {"prestataire": "exemple sas", "key": "k"})

    group, job = CaseGroup.objects.get(), BulkJob.objects.get()
    assert answer["Location"] == url(group)
    assert (group.title, group.kind, job.total) == ("Exemple SAS", GroupKind.SUPPLIER, 5)
    assert BulkItem.objects.filter(outcome=BulkOutcome.DONE).count() == 5
    assert group.cases.count() == 5, "a few cases join before the page of the group is shown"
    queue = read_text(client.get("/admin/incidents/incident/"))
    assert "Voir le groupe : Exemple SAS" in queue
    assert "En faire un groupe" not in queue


def test_the_button_that_makes_a_group_is_labelled_with_the_supplier(client, responder):
    for number in range(6):
        declare_town(number, supplier="Exemple SAS" if number < 3 else "Autre Prestataire")

    queue = LexborHTMLParser(client.get("/admin/incidents/incident/").content.decode())

    buttons = queue.css('form[action$="/prestataire/"] button[name=prestataire]')
    labels = {button.attributes["aria-label"].replace(NBSP, " ") for button in buttons}
    assert labels == {
        "En faire un groupe de 3 dossiers : Exemple SAS",
        "En faire un groupe de 3 dossiers : Autre Prestataire",
    }


def test_the_title_loses_the_supplier_with_the_last_case_that_names_it(client, responder):
    first, second, other = (
        declare_town(1, supplier="Jean Éxemple"),
        declare_town(2, supplier="jean exemple"),
        declare_town(3),
    )
    client.post(f"{GROUPS}prestataire/", {"prestataire": "jean exemple", "key": "k"})
    group = CaseGroup.objects.get()
    add_to_group(reference=other.reference, group=group.uid, actor=responder)
    assert group.title == "Jean Éxemple"

    assert erase_and_get_title(group, incident=other) == "Jean Éxemple"
    assert erase_and_get_title(group, incident=first) == "jean exemple"
    remove_from_group(reference=second.reference, actor=responder)
    assert erase_and_get_title(group, incident=second) == "Prestataire (nom effacé)"
    for address in (url(group), GROUPS, "/admin/incidents/incident/"):
        assert "exemple" not in read_text(client.get(address)).lower().replace("saint-exemple", "")


def test_the_title_loses_a_supplier_that_was_corrected_since(client, responder):
    incident = declare_town(1, supplier="Jean Exemple")
    client.post(f"{GROUPS}prestataire/", {"prestataire": "jean exemple", "key": "k"})
    correct_story(edit=make_edit(incident, "recit"), description="Autre chose.", supplier="Exemple Informatique")

    assert erase_and_get_title(CaseGroup.objects.get(), incident=incident) == "Prestataire (nom effacé)"


def test_a_title_that_names_no_supplier_outlives_its_cases(responder):
    group, incident = a_group(responder, "Exemple SAS, panne de juin"), declare_town(1, supplier="Exemple SAS")
    add_to_group(reference=incident.reference, group=group.uid, actor=responder)

    assert erase_and_get_title(group, incident=incident) == "Exemple SAS, panne de juin"


def erase_and_get_title(group, *, incident):
    """Erase the case and return the title that the group has then."""
    erase_personal_data(reference=incident.reference, actor=a_lead())
    group.refresh_from_db()
    return group.title


def test_a_later_case_of_the_supplier_is_proposed_but_not_added(client, responder):
    group = a_group(responder, "Panne de juin")
    for number in range(3):
        add_to_group(
            reference=declare_town(number, supplier="Exemple SAS").reference, group=group.uid, actor=responder
        )
    late = declare_town(9, supplier="EXEMPLE SAS")
    assert "Y ajouter celui qui manque" in read_text(client.get("/admin/incidents/incident/"))
    assert "« Panne de juin » a des dossiers du même prestataire" in read_text(client.get(case_url(late)))
    group_text = read_text(client.get(url(group)))
    assert "1 dossier ouvert nomme le même prestataire, hors de ce groupe" in group_text
    assert Incident.objects.get(pk=late.pk).group is None

    client.post(url(group, "reste"), {"key": "k"})
    assert Incident.objects.get(pk=late.pk).group == group
    assert "déjà dans un groupe" in read_text(client.post(url(group, "reste"), {"key": "l"}, follow=True))


def test_a_large_wave_is_grouped_in_the_background(client, responder):
    copy_case(declare_town(1, supplier="Exemple SAS"), None, MAX_CASES_IN_REQUEST)
    response = client.post(f"{GROUPS}prestataire/", {"prestataire": "exemple sas", "key": "k"}, follow=True)
    assert BulkItem.objects.filter(outcome=BulkOutcome.WAITING).count() == MAX_CASES_IN_REQUEST + 1
    progress = f"/admin/incidents/incident/actes/{BulkJob.objects.get().uid}/"
    assert "En cours : grouper, 21 dossiers. Voir où cela en est" in read_text(response)
    assert f'href="{progress}"' in response.content.decode()
    assert "Aucun dossier" not in read_text(response)
    group = CaseGroup.objects.get()
    assert f'href="{url(group)}">Voir le groupe</a>' in client.get(progress).content.decode()

    while run_due_jobs():  # a round is two seconds
        pass

    assert group.cases.count() == MAX_CASES_IN_REQUEST + 1
    assert "En cours" not in read_text(client.get(url(group)))
    other = a_group(responder, "Autre")
    assert "En cours" not in read_text(client.get(url(other)))


def test_a_second_click_during_grouping_starts_no_second_job(client, responder):
    copy_case(declare_town(1, supplier="Exemple SAS"), None, MAX_CASES_IN_REQUEST)
    form = {"prestataire": "exemple sas", "key": "k"}
    client.post(f"{GROUPS}prestataire/", form)
    assert act_on_next_case(BulkJob.objects.get())

    answer = client.post(f"{GROUPS}prestataire/", form, follow=True)

    assert f"{MAX_CASES_IN_REQUEST + 1} dossiers rejoignent ce groupe" in read_text(answer)
    assert BulkJob.objects.count() == CaseGroup.objects.count() == 1


@pytest.mark.parametrize("key", ["", "inconnu", "x" * 300])
def test_a_supplier_that_nobody_names_opens_nothing(client, responder, key):
    declare_town(1)
    assert client.post(f"{GROUPS}prestataire/", {"prestataire": key}).status_code == 404
    assert not CaseGroup.objects.exists()


def test_a_second_click_after_grouping_shows_the_same_group(client, responder):
    for number in range(3):
        declare_town(number, supplier="Exemple SAS")
    form = {"prestataire": "exemple sas", "key": "k"}
    client.post(f"{GROUPS}prestataire/", form)
    run_due_jobs()

    answer = client.post(f"{GROUPS}prestataire/", form)

    assert answer["Location"] == url(CaseGroup.objects.get())
    assert client.post(f"{GROUPS}prestataire/", form | {"key": ""}).status_code == 404


def test_a_responder_of_two_centres_groups_one_centre_at_a_time(client, responder):
    cases = [declare_town(number, supplier="Exemple SAS") for number in range(6)]
    foreign_cases, foreign_centre = cases[3:], get_other_centre()
    Incident.objects.filter(pk__in=[incident.pk for incident in foreign_cases]).update(csirt=foreign_centre)
    responder.membership_set.create(role=Role.RESPONDER, csirt=foreign_centre)
    form = {"prestataire": "exemple sas", "key": "k"}

    first, second = (client.post(f"{GROUPS}prestataire/", form) for _ in range(2))

    group = CaseGroup.objects.get()
    assert first["Location"] == second["Location"] == url(group)
    assert (group.csirt, group.cases.count()) == (cases[0].csirt, 3)
    queue = read_text(client.get("/admin/incidents/incident/"))
    assert "En faire un groupe" in queue, "the cases of the other centre are still to be grouped"
    client.post(f"{GROUPS}prestataire/", form | {"key": "l"})
    assert set(CaseGroup.objects.exclude(pk=group.pk).get().cases.all()) == set(foreign_cases)
    declare_town(9, supplier="Exemple SAS")
    queue = read_text(client.get("/admin/incidents/incident/"))
    assert "Y ajouter celui qui manque" in queue
    assert "En faire un groupe" not in queue


def test_a_supplier_name_with_a_nul_is_not_found(client, responder):
    assert client.post(f"{GROUPS}prestataire/", {"prestataire": "a\0b", "key": "k"}).status_code == 404
