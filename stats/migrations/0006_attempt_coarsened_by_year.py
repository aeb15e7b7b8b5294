from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def by_year(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Store the coarsened tables by year. The earlier rows name no year: code → {}."""
    for attempt in apps.get_model("stats", "Attempt").objects.exclude(coarsened={}):
        attempt.coarsened = {code: {} for code in attempt.coarsened}
        attempt.save(update_fields=["coarsened"])


class Migration(migrations.Migration):
    dependencies = [("stats", "0005_report")]

    operations = [migrations.RunPython(by_year, migrations.RunPython.noop, elidable=True)]
