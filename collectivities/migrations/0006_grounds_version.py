from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collectivities', '0005_unknown_syndicate'),
    ]

    operations = [
        migrations.CreateModel(
            name='GroundsVersion',
            fields=[
                ('id', models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ('token', models.UUIDField(editable=False, verbose_name='jeton')),
            ],
            options={
                'verbose_name': 'version des territoires',
                'verbose_name_plural': 'versions des territoires',
            },
        ),
        migrations.AddConstraint(
            model_name='groundsversion',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='groundsversion_one_row'),
        ),
    ]
