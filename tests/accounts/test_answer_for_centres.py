"""What a person and `accounts.access` answer on the centres in which the person reads, works and leads."""

import pytest
from django.http import Http404

from accounts.access import get_led_centre, list_centre_ids, list_centres, match_centres
from accounts.enums import CENTRE_ABILITIES, CentreAbility, Role
from csirts.models import Csirt
from tests.cast import a_lead, a_responder, an_agent, breizh_cyber

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("abilities", [set(), {CentreAbility.READ}, {CentreAbility.READ, CentreAbility.WORK}])
def test_the_table_of_abilities_decides_every_answer(monkeypatch, abilities):
    monkeypatch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset(abilities))
    person, centre = a_responder(), breizh_cyber()
    answers = {
        CentreAbility.READ: (person.reads_centre(centre.pk), person.reads_any_centre),
        CentreAbility.WORK: (person.works_in_centre(centre.pk), person.works_in_any_centre),
        CentreAbility.LEAD: (person.leads_centre(centre.pk), person.leads_any_centre),
    }
    for ability, answer in answers.items():
        centres = [centre] if ability in abilities else []
        assert answer == (bool(centres), bool(centres))
        assert list(list_centres(person, ability)) == centres
        assert list(Csirt.objects.filter(match_centres(person, ability, "pk"))) == centres
        assert list_centre_ids(person, ability) == [row.pk for row in centres]


def test_a_line_of_the_table_gives_the_permissions_of_its_abilities(monkeypatch):
    """In the admin too, a role that only reads changes nothing."""
    responder, lead = a_responder(), a_lead()
    read, work = {"incidents.view_incident", "notifications.view_delivery"}, {"incidents.change_incident"}
    sheets = {"incidents.view_reflexsheet", "incidents.change_reflexsheet"}
    assert responder.get_all_permissions() == read | work
    requests = {f"retention.{verb}_datarequest" for verb in ("view", "add", "change")}
    centre = {"csirts.view_csirt", "csirts.change_csirt"}
    assert lead.get_all_permissions() == read | work | sheets | requests | centre
    monkeypatch.setitem(CENTRE_ABILITIES, Role.RESPONDER, frozenset({CentreAbility.READ}))
    assert responder.get_all_permissions() == read


def test_nobody_is_in_another_centre_nor_in_the_centre_of_a_case_without_one():
    lead, other = a_lead(), Csirt.objects.exclude(pk=breizh_cyber().pk).first()
    for csirt_id in (None, other.pk):
        assert not lead.reads_centre(csirt_id)
        assert not lead.works_in_centre(csirt_id)
        assert not lead.leads_centre(csirt_id)
    assert not an_agent().reads_any_centre
    assert an_agent().has_body
    assert not lead.has_body


def test_a_condition_holds_the_ids_without_another_query(django_assert_num_queries):
    lead = a_lead()
    assert lead.memberships
    with django_assert_num_queries(1) as queries:
        list(list_centres(lead, CentreAbility.LEAD))
    assert queries[0]["sql"].count("SELECT") == 1


def test_a_lead_gets_the_led_centre_by_its_id_and_by_its_slug_and_no_other():
    lead, centre = a_lead(), breizh_cyber()
    other = Csirt.objects.exclude(pk=centre.pk).first()
    assert get_led_centre(lead, centre.pk) == get_led_centre(lead, centre.slug, lock=True) == centre
    for person, key in ((lead, other.pk), (lead, other.slug), (a_responder(), centre.pk), (lead, str(centre.pk))):
        with pytest.raises(Http404):
            get_led_centre(person, key)
