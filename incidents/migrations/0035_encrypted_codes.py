"""A rotation of keys stores a code encrypted with the new key, in place of the seed from which a former key made it."""

from django.db import migrations, models


def add_column(model_name):
    field = models.CharField(
        "code chiffré", max_length=128, blank=True, default="", db_default="", editable=False
    )
    return migrations.AddField(model_name=model_name, name="encrypted_code", field=field)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0034_index_answered_drafts")]

    operations = [add_column(name) for name in ("followupaccess", "sharedsentence", "draft")]
