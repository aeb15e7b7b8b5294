"""The history of a case is appended, never changed; words can be erased, and that is an event too."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, models, transaction
from django.http import Http404

from csirts.models import Csirt
from incidents.enums import EventKind
from incidents.models import FollowUpAccess, Incident, IncidentEvent, Story
from incidents.services.declarant.access import derive_secret, find_access, rotate_access_by_responder
from incidents.services.handling.acknowledge import acknowledge_incident
from incidents.services.handling.erase import erase_personal_data
from tests.cast import a_lead, a_responder, breizh_cyber, declare
from tests.superuser import act_as_superuser

pytestmark = pytest.mark.django_db


@pytest.fixture
def case_with_supplier() -> Incident:
    breizh_cyber()
    return declare(supplier="Exemple Informatique")


def test_each_act_appends_an_event(case_with_supplier):
    acknowledge_incident(reference=case_with_supplier.reference, actor=a_responder())

    assert list(case_with_supplier.events.order_by("id").values_list("kind", flat=True)) == [
        "declared",
        "acknowledged",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE incidents_incidentevent SET kind = 'closed'",
        "UPDATE incidents_incidentevent SET kind = 'closed' WHERE false",
        "DELETE FROM incidents_incidentevent",
        "TRUNCATE incidents_incidentevent CASCADE",
    ],
)
def test_the_database_refuses_to_change_or_remove_events(case_with_supplier, statement):
    connection.check_constraints()  # TRUNCATE would be refused while checks are pending
    refused = pytest.raises(DatabaseError, match="the history of incidents is append-only")
    with act_as_superuser(), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert IncidentEvent.objects.get(incident=case_with_supplier).kind == EventKind.DECLARED


def test_a_row_trigger_backs_the_statement_trigger(case_with_supplier):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'incidents_incidentevent'::regclass AND NOT tgisinternal"
        )
        assert cursor.fetchone()[0] == 2


def test_events_contain_no_text_of_the_declaration(case_with_supplier):
    written = str(list(IncidentEvent.objects.values("kind", "data", "actor_kind")))

    assert "Dominique" not in written
    assert "fichiers" not in written


def test_erasing_empties_the_personal_data_and_closes_the_link(case_with_supplier):
    lead = a_lead()
    access = case_with_supplier.accesses.get()

    erase_personal_data(reference=case_with_supplier.reference, actor=lead)

    case_with_supplier.refresh_from_db()
    story = case_with_supplier.story
    story.refresh_from_db()
    fields = ("description", "supplier", "contact_name", "contact_role", "contact_phone", "contact_email")
    assert {getattr(story, field) for field in fields} == {""}
    assert case_with_supplier.supplier_key == ""
    assert case_with_supplier.events.latest("id").kind == EventKind.ERASED
    assert find_access(derive_secret(access)) is None


def test_erasing_leaves_no_text_of_the_story(case_with_supplier):
    fields = Story._meta.local_concrete_fields
    texts = [field.name for field in fields if isinstance(field, models.CharField | models.TextField)]
    Story.objects.filter(incident=case_with_supplier).update(**dict.fromkeys(texts, "mairie@plouexemple.example"))

    erase_personal_data(reference=case_with_supplier.reference, actor=a_lead())

    assert set(Story.objects.values_list(*texts).get(incident=case_with_supplier)) == {""}


def test_erasing_twice_records_one_event(case_with_supplier):
    lead = a_lead()
    erase_personal_data(reference=case_with_supplier.reference, actor=lead)
    erase_personal_data(reference=case_with_supplier.reference, actor=lead)

    assert case_with_supplier.events.filter(kind=EventKind.ERASED).count() == 1


def test_only_the_lead_of_the_centre_erases(case_with_supplier):
    with pytest.raises(PermissionDenied):
        erase_personal_data(reference=case_with_supplier.reference, actor=a_responder())
    with pytest.raises(Http404):
        erase_personal_data(reference=case_with_supplier.reference, actor=a_lead(Csirt.objects.get(slug="csirt-hdf")))

    assert case_with_supplier.events.count() == 1


def test_the_secret_of_a_link_is_not_stored(case_with_supplier):
    access = case_with_supplier.accesses.get()
    secret = derive_secret(access)

    row = FollowUpAccess.objects.filter(pk=access.pk).values().get()
    assert len(secret) == 12
    assert secret not in str(row)
    assert find_access(f"{secret[:4].lower()}-{secret[4:8]} {secret[8:]}") == access


def test_a_renewed_link_invalidates_the_old_secret(case_with_supplier):
    old = derive_secret(case_with_supplier.accesses.get())

    new = derive_secret(rotate_access_by_responder(reference=case_with_supplier.reference, actor=a_responder()))

    assert find_access(old) is None
    assert find_access(new).incident == case_with_supplier
    assert case_with_supplier.events.latest("id").kind == EventKind.LINK_ROTATED
