from django.db import migrations


def delete_former_sessions(apps, schema_editor):
    """Delete what Django's own engine stored, before the former version opens sessions by it that were ended since.

    The clock deletes these rows too (`delete_sessions`), but only once it and a worker have run.
    """
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_own_sessions"), ("sessions", "0001_initial")]

    operations = [migrations.RunPython(migrations.RunPython.noop, delete_former_sessions, elidable=True)]
