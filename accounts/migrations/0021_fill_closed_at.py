from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations
from django.utils import timezone


def start_the_time_of_closed_accounts(apps, schema_editor):
    """Count the time of accounts that were closed before from now on: nothing says when they were."""
    User = apps.get_model("accounts", "User")
    User.objects.filter(is_active=False, closed_at=None).update(closed_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("accounts", "0020_closed_accounts")]

    operations = [
        # Apart from 0020, which locks the accounts: many events are read.
        ValidateConstraint(model_name="securityevent", name="security_event_kind_known"),
        migrations.RunPython(start_the_time_of_closed_accounts, migrations.RunPython.noop, elidable=True),
    ]
