"""The line of a group in the queue keeps apart the cases in the group and those outside it."""

from datetime import timedelta

from django.utils import timezone

from incidents.enums import Severity
from incidents.models import Incident
from incidents.services.groups.group import add_to_group
from incidents.triage.queue import list_page
from incidents.triage.queue.pages import read_queue_page
from tests.incidents.grouping import a_group, declare_town
from tests.incidents.transferring import get_other_centre
from tests.reading import read_text

URL = "/admin/incidents/incident/"
SUPPLIER = "Exemple Paie"


def test_the_line_of_a_group_shows_the_deadline_and_telephone_of_a_case_in_the_group(client, responder):
    """The worst case, which is outside, still gives the line its place; it is named there with its own deadline."""
    group = a_group(responder, "Panne de juin")
    inside = [declare_town(number, supplier=SUPPLIER) for number in range(3)]
    outside = declare_town(9, supplier=SUPPLIER)
    for number, case in enumerate([*inside, outside]):
        case.story.contact_phone = f"+3363998000{number}"
        case.story.save()
    for case in inside:
        add_to_group(reference=case.reference, group=group.uid, actor=responder)
    now, cases = timezone.now(), Incident.objects.all()
    cases.update(severity=Severity.HIGH, due_at=now + timedelta(days=2))
    cases.filter(pk=inside[1].pk).update(due_at=now + timedelta(days=1))
    cases.filter(pk=outside.pk).update(due_at=now - timedelta(days=58))

    page = client.get(URL)

    (line,) = page.context["rows"]
    assert (line.worst.incident, line.leading.incident) == (outside, inside[1])
    row = read_text(page)
    assert "dont 1 hors du groupe, dont le plus pressant (en retard de 58 jours)" in row
    assert row.count("58 jours") == 1
    assert f"en tête du groupe : {inside[1].collectivity.name}" in row
    assert "3 à prendre (+ 1)" in row
    assert "hors du groupe : 1 en retard" in row
    assert 'href="tel:+33639980001"' in page.content.decode()
    assert "+33639980003" not in page.content.decode()


def test_the_line_of_a_group_stays_while_its_worst_case_leaves_the_centre(client, responder, monkeypatch):
    """The case leaves between the two queries of the page: the line then shows the worst of the others."""
    group = a_group(responder, "Panne de juin")
    inside = [declare_town(number, supplier=SUPPLIER) for number in range(3)]
    outside = declare_town(9, supplier=SUPPLIER)
    for case in inside:
        add_to_group(reference=case.reference, group=group.uid, actor=responder)
    Incident.objects.exclude(pk=outside.pk).update(severity=Severity.MODERATE)
    Incident.objects.filter(pk=outside.pk).update(severity=Severity.HIGH)

    def read_page_then_move_case(*args):
        page = read_queue_page(*args)
        Incident.objects.filter(pk=outside.pk).update(csirt=get_other_centre())
        return page

    monkeypatch.setattr(list_page, "read_queue_page", read_page_then_move_case)
    (line,) = client.get(URL).context["rows"]
    assert line.is_wave
    assert line.worst.incident == line.leading.incident == inside[0]
