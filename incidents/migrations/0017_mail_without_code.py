from django.db import migrations, models


class RemoveCheckOfEvents(migrations.RemoveConstraint):
    """Remove a check of the events, whose way back binds new rows alone: those that tell of a file that was taken back
    cannot be changed or removed.
    """

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        constraint = to_state.models[app_label, self.model_name_lower].get_constraint_by_name(self.name)
        schema_editor.execute(f"{constraint.create_sql(model, schema_editor)} NOT VALID", params=None)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0016_accesses")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="mail_without_code",
            field=models.BooleanField(default=False, verbose_name="mails sans code"),
        ),
        RemoveCheckOfEvents(
            model_name='incidentevent',
            name='event_kind_known',
        ),
        migrations.AddField(
            model_name='evidence',
            name='taken_back_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='reprise le'),
        ),
        migrations.AlterField(
            model_name='incidentevent',
            name='kind',
            field=models.CharField(choices=[('declared', 'déclaré'), ('acknowledged', 'pris en charge'), ('verified', 'vérifié'), ('closed', 'clos'), ('facts', 'faits ajoutés ou corrigés'), ('message', 'message'), ('file', 'pièce remise'), ('file_taken_back', 'pièce reprise'), ('withdrawn', 'retiré par le déclarant'), ('claimed', 'rattaché à un compte'), ('shared', 'phrase partagée'), ('unshared', 'phrase retirée'), ('body_confirmed', 'collectivité confirmée'), ('body_corrected', 'collectivité corrigée'), ('body_unconfirmed', 'confirmation de la collectivité retirée'), ('body_merged', 'collectivité rattachée à une autre'), ('severity', 'gravité changée'), ('qualified', 'qualifié'), ('assigned', 'attribué'), ('handed_over', 'passé à un collègue'), ('noted', 'note interne'), ('tasks_added', 'tâches ajoutées'), ('task_done', 'tâche faite ou rouverte'), ('observed', 'indicateurs relevés'), ('merged', 'fusionné avec un autre dossier'), ('unmerged', 'fusion défaite'), ('grouped', 'mis dans un groupe'), ('ungrouped', 'sorti d’un groupe'), ('transfer_asked', 'transfert proposé'), ('transferred', 'transféré'), ('transfer_returned', 'transfert refusé'), ('transfer_withdrawn', 'proposition de transfert retirée'), ('advised', 'envoyé à un partenaire'), ('reopened', 'rouvert'), ('rated', 'avis du déclarant'), ('link_rotated', 'lien de suivi renouvelé'), ('erased', 'données personnelles effacées')], max_length=24, verbose_name='événement'),
        ),
        migrations.AddConstraint(
            model_name='incidentevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['declared', 'acknowledged', 'verified', 'closed', 'facts', 'message', 'file', 'file_taken_back', 'withdrawn', 'claimed', 'shared', 'unshared', 'body_confirmed', 'body_corrected', 'body_unconfirmed', 'body_merged', 'severity', 'qualified', 'assigned', 'handed_over', 'noted', 'tasks_added', 'task_done', 'observed', 'merged', 'unmerged', 'grouped', 'ungrouped', 'transfer_asked', 'transferred', 'transfer_returned', 'transfer_withdrawn', 'advised', 'reopened', 'rated', 'link_rotated', 'erased'])), name='event_kind_known'),
        ),
    ]
