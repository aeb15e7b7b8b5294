"""The end of a reference is found by an index. The statistics on it show PostgreSQL that few references have one end."""

from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models
from django.db.models.functions import Reverse


class Migration(migrations.Migration):
    dependencies = [("incidents", "0030_index_hosts")]

    operations = [
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                OpClass(Reverse("reference"), name="text_pattern_ops"), name="incident_reference_reversed"
            ),
        ),
        migrations.RunSQL("ANALYZE incidents_incident", migrations.RunSQL.noop),
    ]
