from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collectivities', '0003_added_while_declaring'),
        ('stats', '0006_attempt_coarsened_by_year'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='block',
            index=models.Index(fields=['starts_on'], name='block_starts_on'),
        ),
    ]
