from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collectivities', '0003_added_while_declaring'),
    ]

    operations = [
        migrations.AddField(
            model_name='collectivity',
            name='appeared_on',
            field=models.DateField(blank=True, editable=False, null=True, verbose_name='apparue le'),
        ),
    ]
