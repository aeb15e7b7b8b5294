from django.db import migrations

# A case changes its centre only with one of these events. A reading after the last of them was for the present centre; an
# earlier one may have been for a former centre, so it keeps none.
FILL_IN = """
    UPDATE incidents_reading AS reading SET csirt_id = incident.csirt_id
    FROM incidents_incident AS incident
    WHERE incident.id = reading.incident_id AND reading.csirt_id IS NULL AND incident.csirt_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM incidents_incidentevent AS move
            WHERE move.incident_id = incident.id AND move.kind IN ('rerouted', 'transferred')
                AND move.at > reading.last_at
        )
"""


class Migration(migrations.Migration):
    # Apart from the new column, whose lock on the table then ends first. Somebody who opens a case waits until all are filled.
    dependencies = [("incidents", "0032_reading_csirt")]

    operations = [migrations.RunSQL(FILL_IN, migrations.RunSQL.noop)]
