from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0023_tasks_of_untaken_cases")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="first_acknowledged_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="première prise en charge le"),
        ),
    ]
