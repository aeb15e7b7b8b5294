from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0014_express'),
    ]

    operations = [
        migrations.CreateModel(
            name='RecentCount',
            fields=[
                ('key', models.CharField(editable=False, max_length=32, primary_key=True, serialize=False, verbose_name='clé')),
                ('began_at', models.DateTimeField(verbose_name='compté depuis le')),
                ('number', models.PositiveIntegerField(verbose_name='nombre')),
            ],
            options={
                'verbose_name': 'compte récent',
                'verbose_name_plural': 'comptes récents',
            },
        ),
        migrations.AddField(
            model_name='incident',
            name='burst',
            field=models.CharField(blank=True, choices=[('address', 'même connexion à Internet'), ('mailbox', 'même adresse mail à rappeler'), ('body', 'même collectivité')], db_default='', default='', editable=False, max_length=8, verbose_name='en rafale'),
        ),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.CheckConstraint(condition=models.Q(('burst__in', ['address', 'mailbox', 'body', ''])), name='incident_burst_known'),
        ),
    ]
