"""A supplier that several bodies name becomes a group at one click; its name goes with the last case that holds it."""

import pytest

from accounts.enums import Role
from incidents.enums import BulkOutcome, GroupKind
from incidents.models import BulkItem, BulkJob, CaseGroup, Incident
from incidents.services.declarant.correct import correct_story
from incidents.services.groups.bulk import AT_ONCE, carry_on_bulk, do_one
from incidents.services.groups.group import add_to_group, remove_from_group
from incidents.services.history.erase import erase_personal_data
from tests.cast import a_lead
from tests.incidents.completing import by_link
from tests.incidents.devices import case
from tests.incidents.grouping import GROUPS, a_group, elsewhere, many, town, url
from tests.reading import text

pytestmark = pytest.mark.django_db


def test_it_works(client, responder):
    cases = [town(number, supplier="Exemple S.A.S." if number else "Exemple SAS") for number in range(4)]
    cases += [town(5, supplier="exemple s a s"), town(6, supplier="Autre")]
    Incident.objects.filter(supplier_key="exemple s a s").update(supplier_key="exemple sas")
    queue = client.get("/admin/incidents/incident/")
    assert "5 collectivités" in text(queue)
    assert "En faire un groupe" in text(queue)

    for _ in range(2):
        answer = client.post(f"{GROUPS}prestataire/", {"prestataire": "exemple sas", "key": "k"})

    group, job = CaseGroup.objects.get(), BulkJob.objects.get()
    assert answer["Location"] == url(group)
    assert (group.title, group.kind, job.total) == ("Exemple SAS", GroupKind.SUPPLIER, 5)
    assert BulkItem.objects.filter(outcome=BulkOutcome.DONE).count() == 5
    assert group.cases.count() == 5, "a few are there when the page of the group comes"
    queue = text(client.get("/admin/incidents/incident/"))
    assert "Voir le groupe : Exemple SAS" in queue
    assert "En faire un groupe" not in queue


def test_the_name_of_a_supplier_goes_with_the_last_case_that_holds_it(client, responder):
    first, second, other = town(1, supplier="Jean Éxemple"), town(2, supplier="jean exemple"), town(3)
    client.post(f"{GROUPS}prestataire/", {"prestataire": "jean exemple", "key": "k"})
    group = CaseGroup.objects.get()
    add_to_group(reference=other.reference, group=group.uid, actor=responder)
    assert group.title == "Jean Éxemple"

    assert titled(group, after=other) == "Jean Éxemple"
    assert titled(group, after=first) == "jean exemple"
    remove_from_group(reference=second.reference, actor=responder)
    assert titled(group, after=second) == "Prestataire (nom effacé)"
    for address in (url(group), GROUPS, "/admin/incidents/incident/"):
        assert "exemple" not in text(client.get(address)).lower().replace("saint-exemple", "")


def test_a_name_that_was_corrected_since_goes_too(client, responder):
    incident = town(1, supplier="Jean Exemple")
    client.post(f"{GROUPS}prestataire/", {"prestataire": "jean exemple", "key": "k"})
    correct_story(writing=by_link(incident, "recit"), description="Autre chose.", supplier="Exemple Informatique")

    assert titled(CaseGroup.objects.get(), after=incident) == "Prestataire (nom effacé)"


def test_a_title_that_names_no_supplier_outlives_its_cases(responder):
    group, incident = a_group(responder, "Exemple SAS, panne de juin"), town(1, supplier="Exemple SAS")
    add_to_group(reference=incident.reference, group=group.uid, actor=responder)

    assert titled(group, after=incident) == "Exemple SAS, panne de juin"


def titled(group, *, after):
    """Its title once the case `after` is erased."""
    erase_personal_data(reference=after.reference, actor=a_lead())
    group.refresh_from_db()
    return group.title


def test_what_comes_later_is_proposed_for_the_group_and_not_put_in_it(client, responder):
    group = a_group(responder, "Panne de juin")
    for number in range(3):
        add_to_group(reference=town(number, supplier="Exemple SAS").reference, group=group.uid, actor=responder)
    late = town(9, supplier="EXEMPLE SAS")
    assert "Y ajouter celui qui manque" in text(client.get("/admin/incidents/incident/"))
    assert "« Panne de juin » a des dossiers du même prestataire" in text(client.get(case(late)))
    shown = text(client.get(url(group)))
    assert "1 dossier ouvert nomme le même prestataire, hors de ce groupe" in shown
    assert Incident.objects.get(pk=late.pk).group is None

    client.post(url(group, "reste"), {"key": "k"})
    assert Incident.objects.get(pk=late.pk).group == group
    assert "déjà dans un groupe" in text(client.post(url(group, "reste"), {"key": "l"}, follow=True))


def test_a_great_wave_joins_in_a_task(client, responder):
    many(town(1, supplier="Exemple SAS"), None, AT_ONCE)
    shown = client.post(f"{GROUPS}prestataire/", {"prestataire": "exemple sas", "key": "k"}, follow=True)
    assert BulkItem.objects.filter(outcome=BulkOutcome.WAITING).count() == AT_ONCE + 1
    progress = f"/admin/incidents/incident/actes/{BulkJob.objects.get().uid}/"
    assert "En cours : grouper, 21 dossiers. Voir où cela en est" in text(shown)
    assert f'href="{progress}"' in shown.content.decode()
    assert "Aucun dossier" not in text(shown)
    group = CaseGroup.objects.get()
    assert f'href="{url(group)}">Voir le groupe</a>' in client.get(progress).content.decode()

    carry_on_bulk()

    assert group.cases.count() == AT_ONCE + 1
    assert "En cours" not in text(client.get(url(group)))
    other = a_group(responder, "Autre")
    assert "En cours" not in text(client.get(url(other)))


def test_a_second_click_while_they_join_is_the_same_act(client, responder):
    many(town(1, supplier="Exemple SAS"), None, AT_ONCE)
    sent = {"prestataire": "exemple sas", "key": "k"}
    client.post(f"{GROUPS}prestataire/", sent)
    assert do_one(BulkJob.objects.get())

    answer = client.post(f"{GROUPS}prestataire/", sent, follow=True)

    assert f"{AT_ONCE + 1} dossiers rejoignent ce groupe" in text(answer)
    assert BulkJob.objects.count() == CaseGroup.objects.count() == 1


@pytest.mark.parametrize("key", ["", "inconnu", "x" * 300])
def test_a_supplier_that_nobody_names_opens_nothing(client, responder, key):
    town(1)
    assert client.post(f"{GROUPS}prestataire/", {"prestataire": key}).status_code == 404
    assert not CaseGroup.objects.exists()


def test_a_second_click_once_all_are_in_shows_the_same_group(client, responder):
    for number in range(3):
        town(number, supplier="Exemple SAS")
    sent = {"prestataire": "exemple sas", "key": "k"}
    client.post(f"{GROUPS}prestataire/", sent)
    carry_on_bulk()

    answer = client.post(f"{GROUPS}prestataire/", sent)

    assert answer["Location"] == url(CaseGroup.objects.get())
    assert client.post(f"{GROUPS}prestataire/", sent | {"key": ""}).status_code == 404


def test_whoever_works_in_two_centres_groups_one_after_the_other(client, responder):
    cases = [town(number, supplier="Exemple SAS") for number in range(6)]
    theirs, other = cases[3:], elsewhere()
    Incident.objects.filter(pk__in=[one.pk for one in theirs]).update(csirt=other)
    responder.membership_set.create(role=Role.RESPONDER, csirt=other)
    sent = {"prestataire": "exemple sas", "key": "k"}

    first, again = (client.post(f"{GROUPS}prestataire/", sent) for _ in range(2))

    mine = CaseGroup.objects.get()
    assert first["Location"] == again["Location"] == url(mine)
    assert (mine.csirt, mine.cases.count()) == (cases[0].csirt, 3)
    queue = text(client.get("/admin/incidents/incident/"))
    assert "En faire un groupe" in queue, "those of the other centre"
    client.post(f"{GROUPS}prestataire/", sent | {"key": "l"})
    assert set(CaseGroup.objects.exclude(pk=mine.pk).get().cases.all()) == set(theirs)
    town(9, supplier="Exemple SAS")
    queue = text(client.get("/admin/incidents/incident/"))
    assert "Y ajouter celui qui manque" in queue
    assert "En faire un groupe" not in queue


def test_a_supplier_with_a_nul_is_nobodys(client, responder):
    assert client.post(f"{GROUPS}prestataire/", {"prestataire": "a\0b", "key": "k"}).status_code == 404
