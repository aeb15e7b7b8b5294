import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

NEW_FORMS = ("cloture", "transfert", "avis", "appel", "verifier")


def forget_new_forms(apps, schema_editor):
    """Drop what is being typed in forms whose words the version before cannot keep."""
    apps.get_model("incidents", "KeptWords").objects.filter(form__in=NEW_FORMS).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('collectivities', '0005_unknown_syndicate'),
        ('incidents', '0018_views_without_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OfficialNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('phone', models.CharField(max_length=40, verbose_name='téléphone')),
                ('source', models.CharField(choices=[('directory', 'annuaire officiel'), ('card', 'fiche de secours de la collectivité'), ('website', 'site de la mairie'), ('known', 'déjà connu du centre')], max_length=9, verbose_name='trouvé où')),
                ('found_on', models.DateField(verbose_name='relevé le')),
            ],
            options={
                'verbose_name': 'numéro officiel',
                'verbose_name_plural': 'numéros officiels',
            },
        ),
        migrations.RemoveConstraint(
            model_name='keptwords',
            name='kept_words_form_known',
        ),
        migrations.RunPython(migrations.RunPython.noop, forget_new_forms),
        migrations.AlterField(
            model_name='keptwords',
            name='form',
            field=models.CharField(choices=[('reponse', 'message au déclarant'), ('note', 'note interne'), ('tache', 'tâche'), ('qualifier', 'qualification'), ('gravite', 'gravité'), ('corriger', 'correction de la collectivité'), ('rouvrir', 'réouverture'), ('verifier', 'vérification par rappel'), ('cloture', 'bilan'), ('transfert', 'transfert'), ('avis', 'envoi à un partenaire'), ('appel', 'appel au déclarant')], max_length=12, verbose_name='formulaire'),
        ),
        migrations.AddConstraint(
            model_name='keptwords',
            constraint=models.CheckConstraint(condition=models.Q(('form__in', ['reponse', 'note', 'tache', 'qualifier', 'gravite', 'corriger', 'rouvrir', 'verifier', 'cloture', 'transfert', 'avis', 'appel'])), name='kept_words_form_known'),
        ),
        migrations.AddField(
            model_name='officialnumber',
            name='collectivity',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='official_number', to='collectivities.collectivity', verbose_name='collectivité'),
        ),
        migrations.AddField(
            model_name='officialnumber',
            name='noted_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='relevé par'),
        ),
        migrations.AddConstraint(
            model_name='officialnumber',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['directory', 'card', 'website', 'known'])), name='official_number_source_known'),
        ),
        migrations.AddConstraint(
            model_name='officialnumber',
            constraint=models.CheckConstraint(condition=models.Q(('phone', ''), _negated=True), name='official_number_given'),
        ),
    ]
