"""A case that is closed on its page."""

from datetime import UTC, datetime, timedelta

from accounts.models import User
from incidents.facts.shapes import Interruption, Leak
from incidents.models import Incident, Task
from tests.cast import declare

NOW = datetime(2026, 11, 24, 8, 51, tzinfo=UTC)
REPORT = {
    "reason": "resolved",
    "why": "La mairie a rappelé : tout marche.",
    "outcome": "restored",
    "cause": "flaw",
    "summary": "Serveur remis depuis la sauvegarde du 20.",
    "lesson": "Une sauvegarde débranchée a suffi.",
}


def declare_unfinished(author: User) -> Incident:
    """Declare a case with a stopped service, a leak without conclusion and a task to do."""
    stopped = Interruption(service="civil", extent="stopped", started_at=NOW - timedelta(hours=5))
    leak = Leak(status="suspected", categories=("nir",))
    incident = declare(
        service_stopped="yes", interruptions=(stopped,), data_concerned="yes", leak=leak, supplier="Exemple"
    )
    Task.objects.create(incident=incident, title="Rappeler le maire", author=author)
    return incident


def make_full_report(incident: Incident) -> dict[str, str]:
    """Return the fields with which the page of this case closes it as resolved."""
    return REPORT | {
        "leak": "unfounded",
        "ended_civil_date": "2026-11-24",
        "ended_civil_time": "9:30",
        f"task_{incident.tasks.get().uid}": "on",
    }
