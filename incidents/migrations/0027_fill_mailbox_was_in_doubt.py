from django.db import migrations

# The types in which somebody else may read the mailbox. An event of a qualification records the former type.
FILL_IN = """
    UPDATE incidents_incident SET mailbox_was_in_doubt = true
    WHERE NOT mailbox_was_in_doubt AND id IN (
        SELECT incident_id FROM incidents_incidentevent
        WHERE kind = 'qualified' AND data #>> '{changed,type,0}' IN ('boite', 'admin', 'hameconnage', 'virement')
    )
"""


class Migration(migrations.Migration):
    # Apart from the new column, so that nobody waits for a lock on all cases meanwhile.
    dependencies = [("incidents", "0026_mailbox_was_in_doubt")]

    operations = [migrations.RunSQL(FILL_IN, migrations.RunSQL.noop)]
