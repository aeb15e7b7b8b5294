from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently, ValidateConstraint
from django.db import migrations, models

# Drafts that were sent and whose screens were deleted end no more.
END_NO_MORE = """
    UPDATE incidents_draft draft SET expires_at = NULL
    WHERE incident_id IS NOT NULL AND expires_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM incidents_draftpage WHERE draft_id = draft.id)
"""
# The way back: they ended when they were last saved.
END_AGAIN = "UPDATE incidents_draft SET expires_at = saved_at WHERE expires_at IS NULL"


class Migration(migrations.Migration):
    # Outside a transaction, so that nobody waits while the large tables are read. Each step may be run again: what is
    # left of an index whose making was interrupted goes first.
    atomic = False

    dependencies = [
        ('incidents', '0038_legal_holds'),
    ]

    operations = [
        ValidateConstraint(model_name='incidentevent', name='event_kind_known'),
        ValidateConstraint(model_name='draft', name='draft_not_sent_expires'),
        migrations.RunSQL(END_NO_MORE, END_AGAIN),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS draft_by_end", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='draft',
            index=models.Index(condition=models.Q(('expires_at__isnull', False)), fields=['expires_at'], name='draft_by_end'),
        ),
        RemoveIndexConcurrently(model_name='draft', name='draft_by_expiry'),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS incident_to_erase", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='incident',
            index=models.Index(models.F('closed_at'), models.F('id'), condition=models.Q(('closed_at__isnull', False), ('erased_at', None)), name='incident_to_erase'),
        ),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS event_unmerged", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='incidentevent',
            index=models.Index(condition=models.Q(('kind', 'unmerged')), fields=['incident', 'at'], name='event_unmerged'),
        ),
    ]
