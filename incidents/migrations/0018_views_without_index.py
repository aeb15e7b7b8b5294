"""The queue reads what is open in a centre and cuts its views itself: they need no index of their own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0017_mail_without_code")]

    operations = [
        migrations.RemoveIndex(model_name="incident", name=f"incident_queue_{view}")
        for view in ("unassigned", "unverified", "awaited", "to_answer")
    ]
