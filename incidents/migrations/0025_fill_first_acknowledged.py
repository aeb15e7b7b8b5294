from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import F, Q

# An event records who took the case, who accepted its transfer, or who reopened it when nobody had taken it. A duplicate
# also has the event of the reopening of its main case, and stays closed.
FILL_IN = """
    WITH taken AS (
        SELECT event.incident_id, min(event.at) AS at FROM incidents_incidentevent event
        WHERE event.kind IN ('acknowledged', 'transferred') OR event.kind = 'reopened' AND NOT EXISTS (
            SELECT FROM incidents_incidentevent merging
            WHERE merging.incident_id = event.incident_id AND merging.at <= event.at
                AND merging.kind = 'merged' AND merging.data ? 'main'  -- a main case has no such entry
        )
        GROUP BY event.incident_id
    )
    UPDATE incidents_incident incident SET first_acknowledged_at = least(former.acknowledged_at, taken.at)
    FROM incidents_incident former LEFT JOIN taken ON taken.incident_id = former.id
    WHERE former.id = incident.id AND (former.acknowledged_at IS NOT NULL OR taken.at IS NOT NULL)
"""

# The figures counted the delay of help from `acknowledged_at`: a case where it differs is counted again.
COUNT_AGAIN = """
    INSERT INTO incidents_pendingevent (consumer, event_id)
    SELECT 'stats', max(event.id)
    FROM incidents_incident incident JOIN incidents_incidentevent event ON event.incident_id = incident.id
    WHERE incident.first_acknowledged_at IS DISTINCT FROM incident.acknowledged_at
    GROUP BY incident.id
    ON CONFLICT DO NOTHING
"""

# NULL is allowed beside `acknowledged_at`: the code before this column still takes cases until it is restarted.
IN_ORDER = models.CheckConstraint(
    condition=Q(first_acknowledged_at=None) | Q(acknowledged_at=None) | Q(first_acknowledged_at__lte=F("acknowledged_at")),
    name="incident_first_acknowledged_before_again",
)


class Migration(migrations.Migration):
    # In steps of their own, so that nobody waits for a lock on all cases. Each step may be run again.
    atomic = False
    dependencies = [("incidents", "0024_first_acknowledged")]

    operations = [
        migrations.RunSQL(FILL_IN, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT_AGAIN, migrations.RunSQL.noop),
        AddConstraintNotValid(model_name="incident", constraint=IN_ORDER),
        ValidateConstraint(model_name="incident", name=IN_ORDER.name),
    ]
