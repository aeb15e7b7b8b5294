from django.db import migrations, models


class Migration(migrations.Migration):
    """The database has the default value too, so the code that runs before this migration still works after it."""

    dependencies = [("incidents", "0028_unsent_text")]

    operations = [
        migrations.AddField(
            model_name="closing",
            name="handed_to",
            field=models.CharField(blank=True, db_default="", default="", max_length=120, verbose_name="confié à"),
        )
    ]
