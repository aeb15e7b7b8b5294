from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0025_fill_first_acknowledged")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="mailbox_was_in_doubt",
            field=models.BooleanField(db_default=False, default=False, verbose_name="boîte mail mise en doute"),
        ),
    ]
