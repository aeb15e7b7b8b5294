"""Each query of a case's tables is narrowed to what a person may see, or its module says why it is not."""

import pytest

from tests.backend import ROOT
from tests.case_queries import ModuleQueries
from tests.measure_house import APPS

# Folders and modules whose queries nothing narrows, with the reason.
UNNARROWED = {
    "incidents/access.py": "the door itself: a link opens its case, a transfer its centres, a refusal notes one",
    "incidents/models/constraints.py": "a trigger, which shows nothing",
    "incidents/services/": "a service changes the case that its caller opened by the door, or works on all cases",
    "incidents/declare/journey.py": "a draft is opened by its secret, before there is a case",
    "incidents/indicators/hosts.py": "counts how frequent a host is; the rows returned are of the reader's centres",
    "incidents/triage/bulk/pages.py": "reads the items of a job that the reader's centre opened",
    "incidents/triage/groups/": "reads cases of the centre whose group, or whose case, the reader opened by the door",
    "incidents/triage/search/finding.py": "SQL that begins with the centres of the reader",
    "incidents/triage/transfer/rerouted_cases.py": "counts the cases that left the reader's centres, and opens none",
    "notifications/audience.py": "counts what the recipients of an event got already",
    "notifications/dispatch.py": "sends to the recipients of an event",
    "notifications/messages.py": "writes a mail from what its event names",
    "notifications/recipients.py": "finds the recipients of an event",
    "notifications/channels.py": "makes mails due again",
    "notifications/queries.py": "looks for events that nobody was told of, for the page of health",
    "notifications/pulse.py": "tells whether mails are late, for the page of health",
    "stats/counting/": "counts every case, and shows none",
    "stats/releases/": "counts every case, and publishes what the rule allows",
    "stats/exact/sums.py": "counts the cases of the scope that the reader is entitled to",
    "retention/reminders.py": "counts the silent cases of each centre for its leads",
    "retention/erasures.py": "erases what a log says, and shows none of it",
    "retention/own_data.py": "lists what the person did and read, without a word of a case",
    "retention/table.py": "ends what is due of everybody, and shows none of it",
    "config/devserver/": "makes the database of a demonstration",
    "config/demo/": "invents cases",
}


def find_unnarrowed():
    """Return (module, line) of each query."""
    paths = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    queries = {str(path.relative_to(ROOT)): ModuleQueries(path.read_text()).list_unnarrowed() for path in paths}
    return [(name, line) for name, lines in queries.items() for line in lines]


def test_each_query_of_a_case_is_narrowed_to_what_a_person_may_see():
    queries = find_unnarrowed()
    assert [f"{name}:{line}" for name, line in queries if not name.startswith(tuple(UNNARROWED))] == []
    useless = [place for place in UNNARROWED if not any(name.startswith(place) for name, _ in queries)]
    assert useless == []


@pytest.mark.parametrize(
    "code",
    [
        "Incident.objects.all()",
        "Incident.objects.filter(reference=reference).first()",
        "Incident.objects.exclude(pk=incident.pk)",
        "Observable.objects.get(uid=uid)",
        "Note.objects.filter(incident__reference=reference)",
        "Delivery.objects.filter(announcement__event__incident__csirt=csirt)",
        "get_object_or_404(Evidence.objects.select_related('actor'), uid=uid)",
        "Incident._default_manager.filter(reference=reference)",
        "Incident.objects.get(pk=request.GET['dossier'])",
        "get_object_or_404(Incident, reference=reference)",
        "get_list_or_404(Note, uid=uid)",
        "Incident.objects.filter(match_centres(user, READ) | Q(status='new'))",
        "def f(user):\n mine = match_centres(user, READ) | Q(status='new')\n return Incident.objects.filter(mine)",
        "def f(user):\n mine = match_centres(user, READ)\ndef g(mine):\n return Incident.objects.filter(mine)",
        "body.incident_set.filter(status='new')",
        "group.cases.all()",
        "def f(user):\n rows = Incident.objects.open()\n own = rows.visible_to(user)\n return rows",
        "def f(user):\n rows = Incident.objects.open()\n return list_lines(rows)",
        "SQL = 'SELECT id FROM  incidents_message'",
        "@admin.register(Message)\nclass MessageAdmin(ModelAdmin): pass",
        "@admin.register(Message)\nclass A(ModelAdmin):\n def get_queryset(self, r): return super().get_queryset(r)",
    ],
)
def test_a_query_that_nothing_narrows_is_found(code):
    assert len(ModuleQueries(code).list_unnarrowed()) == 1


@pytest.mark.parametrize(
    "code",
    [
        "Incident.objects.visible_to(user).filter(reference=reference)",
        "Incident.objects.of_centres(user, READ).open()",
        "Observable.objects.filter(match_centres(user, READ, 'incident__csirt'))",
        "Observable.objects.filter(match_centres(user, READ, 'incident__csirt') | Q(incident=incident))",
        "get_object_or_404(Evidence, incident=incident, uid=uid)",
        "Incident.objects.filter(pk__in=keys)",
        "Observable.objects.select_related('actor').get(incident=incident, uid=uid)",
        "Opening.objects.filter(evidence__incident__in=cases)",
        "Reading.objects.filter(incident=OuterRef('pk'))",
        "Note.objects.create(incident=incident, text=text)",
        "get_object_or_404(Evidence.objects.select_related('actor'), incident=incident, uid=uid)",
        "Prefetch('events', queryset=IncidentEvent.objects.order_by('id'))",
        "incident.events.all()",
        "def f(user):\n mine = match_centres(user, READ)\n rows = Transfer.objects.all()\n return rows.filter(mine)",
        "Collectivity.objects.all()",
    ],
)
def test_a_narrowed_query_is_not(code):
    assert ModuleQueries(code).list_unnarrowed() == []
