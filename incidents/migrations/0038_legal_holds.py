import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class RemoveCheckOfEvents(migrations.RemoveConstraint):
    """Remove a check of the events, whose way back binds new rows alone: events of holds and exports cannot be changed
    or removed.
    """

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        constraint = to_state.models[app_label, self.model_name_lower].get_constraint_by_name(self.name)
        schema_editor.execute(f"{constraint.create_sql(model, schema_editor)} NOT VALID", params=None)


class Migration(migrations.Migration):
    # No row of a table that exists is read here, because each operation locks its table until the end. 0039 then checks
    # the events.

    dependencies = [
        ('collectivities', '0006_grounds_version'),
        ('csirts', '0007_backup_centre'),
        ('incidents', '0037_closed_visits'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LegalHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('motive', models.CharField(blank=True, max_length=500, verbose_name='motif')),
                ('placed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='gelé le')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='gel levé le')),
                ('ended_because', models.CharField(blank=True, max_length=500, verbose_name='motif de la levée')),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='gel levé par')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='incidents.incident', verbose_name='incident')),
                ('placed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='gelé par')),
            ],
            options={
                'verbose_name': 'gel d’un dossier',
                'verbose_name_plural': 'gels de dossiers',
            },
        ),
        RemoveCheckOfEvents(
            model_name='incidentevent',
            name='event_kind_known',
        ),
        migrations.AlterField(
            model_name='incidentevent',
            name='kind',
            field=models.CharField(choices=[('declared', 'déclaré'), ('acknowledged', 'pris en charge'), ('verified', 'vérifié'), ('closed', 'clos'), ('facts', 'faits ajoutés ou corrigés'), ('message', 'message'), ('file', 'pièce remise'), ('file_taken_back', 'pièce reprise'), ('withdrawn', 'retiré par le déclarant'), ('claimed', 'rattaché à un compte'), ('shared', 'phrase partagée'), ('unshared', 'phrase retirée'), ('body_confirmed', 'collectivité confirmée'), ('body_corrected', 'collectivité corrigée'), ('body_unconfirmed', 'confirmation de la collectivité retirée'), ('body_merged', 'collectivité rattachée à une autre'), ('severity', 'gravité changée'), ('qualified', 'qualifié'), ('assigned', 'attribué'), ('handed_over', 'passé à un collègue'), ('noted', 'note interne'), ('tasks_added', 'tâches ajoutées'), ('task_done', 'tâche faite ou rouverte'), ('observed', 'indicateurs relevés'), ('merged', 'fusionné avec un autre dossier'), ('unmerged', 'fusion défaite'), ('grouped', 'mis dans un groupe'), ('ungrouped', 'sorti d’un groupe'), ('transfer_asked', 'transfert proposé'), ('transferred', 'transféré'), ('transfer_returned', 'transfert refusé'), ('transfer_withdrawn', 'proposition de transfert retirée'), ('rerouted', 'territoire confié à un autre centre'), ('advised', 'envoyé à un partenaire'), ('reopened', 'rouvert'), ('rated', 'avis du déclarant'), ('link_rotated', 'lien de suivi renouvelé'), ('held', 'gelé'), ('hold_ended', 'gel levé'), ('exported', 'exporté'), ('erased', 'données personnelles effacées')], max_length=24, verbose_name='événement'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='casekey',
            trigger=pgtrigger.compiler.Trigger(name='key_of_a_held_case_is_never_removed', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF EXISTS (SELECT FROM incidents_legalhold WHERE incident_id IN (SELECT unnest(ARRAY[id, merged_into_id]) FROM incidents_incident WHERE id = OLD.incident_id) AND ended_at IS NULL) THEN\n            RAISE EXCEPTION 'pgtrigger: a case under a legal hold is never erased';\n        END IF;\n        RETURN OLD;\n    ", hash='db7d1a5f15bc6db666b300c661ed69895ee4343b', operation='DELETE', pgid='pgtrigger_key_of_a_held_case_is_never_removed_43c35', table='incidents_casekey', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='incident',
            trigger=pgtrigger.compiler.Trigger(name='held_case_is_not_erased', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW."erased_at" IS NOT NULL AND OLD."erased_at" IS NULL)', func="\n        IF EXISTS (SELECT FROM incidents_legalhold WHERE incident_id IN (NEW.id, NEW.merged_into_id) AND ended_at IS NULL) THEN\n            RAISE EXCEPTION 'pgtrigger: a case under a legal hold is never erased';\n        END IF;\n        RETURN NEW;\n    ", hash='6678b5dcd945f6fb90f50379c2a2df59fc7b83a3', operation='UPDATE OF "erased_at"', pgid='pgtrigger_held_case_is_not_erased_f5341', table='incidents_incident', when='BEFORE')),
        ),
        migrations.AlterField(
            model_name='draft',
            name='expires_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='effacé après le'),
        ),
        AddConstraintNotValid(
            model_name='draft',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__isnull', False), ('incident__isnull', False), _connector='OR'), name='draft_not_sent_expires'),
        ),
        AddConstraintNotValid(
            model_name='incidentevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['declared', 'acknowledged', 'verified', 'closed', 'facts', 'message', 'file', 'file_taken_back', 'withdrawn', 'claimed', 'shared', 'unshared', 'body_confirmed', 'body_corrected', 'body_unconfirmed', 'body_merged', 'severity', 'qualified', 'assigned', 'handed_over', 'noted', 'tasks_added', 'task_done', 'observed', 'merged', 'unmerged', 'grouped', 'ungrouped', 'transfer_asked', 'transferred', 'transfer_returned', 'transfer_withdrawn', 'rerouted', 'advised', 'reopened', 'rated', 'link_rotated', 'held', 'hold_ended', 'exported', 'erased'])), name='event_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_because', ''), ('ended_by', None)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='hold_ended_has_its_time_and_person'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('incident',), name='hold_one_in_force'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='legalhold',
            trigger=pgtrigger.compiler.Trigger(name='hold_is_never_removed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='89cb6faa6137b5058909fbb4dcfd53efeff0ab23', operation='DELETE', pgid='pgtrigger_hold_is_never_removed_5fbc2', table='incidents_legalhold', when='BEFORE')),
        ),
    ]
