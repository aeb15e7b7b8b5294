import accounts.models.access
import datetime
import django.contrib.postgres.fields
import django.db.models.expressions
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_one_form_of_addresses'),
    ]

    operations = [
        migrations.AddField(
            model_name='apitoken',
            name='expires_at',
            field=models.DateTimeField(db_default=django.db.models.expressions.CombinedExpression(django.db.models.functions.datetime.Now(), '+', models.Value(datetime.timedelta(days=90))), default=accounts.models.access.compute_token_expiry, verbose_name='valable jusqu’au'),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('read', 'lire les dossiers'), ('declare', 'déclarer un incident'), ('triage', 'prendre un dossier en charge')], max_length=16), db_default=['read', 'declare', 'triage'], default=accounts.models.access.list_token_scopes, size=None, verbose_name='portées'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='ending_sessions_revokes_tokens', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."session_stamp" IS DISTINCT FROM (NEW."session_stamp"))', func='UPDATE accounts_apitoken SET revoked_at = now() WHERE user_id = NEW.id AND revoked_at IS NULL; RETURN NULL;', hash='8e492718ef9f85aa45c6b9040b44c3a3ae1d2d9e', operation='UPDATE OF "is_active", "session_stamp"', pgid='pgtrigger_ending_sessions_revokes_tokens_d66dc', table='accounts_user', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='apitoken',
            constraint=models.CheckConstraint(condition=models.Q(('scopes__contained_by', ['read', 'declare', 'triage']), models.Q(('scopes', []), _negated=True)), name='api_token_scopes_known'),
        ),
        migrations.RunSQL(
            migrations.RunSQL.noop,
            # The code before it knows neither ends nor scopes, and a role that ended revokes nothing there: a token
            # that has no effect any more, or not every scope, must not come back without limits. The lock comes first:
            # a program that uses a token waits for its row, and dropping the columns would wait for that program.
            "LOCK TABLE accounts_apitoken IN ACCESS EXCLUSIVE MODE; "
            "UPDATE accounts_apitoken SET revoked_at = now() WHERE revoked_at IS NULL AND (expires_at <= now() "
            "OR NOT scopes @> ARRAY['read', 'declare', 'triage']::varchar[] "
            "OR EXISTS (SELECT FROM accounts_membership WHERE accounts_membership.user_id = accounts_apitoken.user_id "
            "AND ended_on > since_on AND ended_on <= (now() AT TIME ZONE 'Europe/Paris')::date "
            "AND ended_on > (accounts_apitoken.created_at AT TIME ZONE 'Europe/Paris')::date))",
            elidable=True,
        ),
    ]
