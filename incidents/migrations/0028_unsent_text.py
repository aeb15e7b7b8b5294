import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Only the name of the model changes: the table and its constraints keep theirs, so the running code still works."""

    dependencies = [("incidents", "0027_fill_mailbox_was_in_doubt")]

    operations = [
        migrations.AlterModelTable(name="keptwords", table="incidents_keptwords"),
        migrations.RenameModel(old_name="KeptWords", new_name="UnsentText"),
        migrations.AlterField(
            model_name="unsenttext",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="unsent_texts",
                to="incidents.incident",
                verbose_name="incident",
            ),
        ),
    ]
