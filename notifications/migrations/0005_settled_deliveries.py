from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Outside a transaction, so that mails go on meanwhile. What is left of an index whose making was interrupted goes
    # first.
    atomic = False

    dependencies = [
        ('csirts', '0007_backup_centre'),
        ('notifications', '0004_late_channel'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS delivery_settled", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('status', 'due'), _negated=True), fields=['due_at', 'id'], name='delivery_settled'),
        ),
    ]
