"""The oldest drafts with answers are found by an index, when there are too many of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0033_fill_reading_csirt")]

    operations = [
        migrations.AddIndex(
            model_name="draft",
            index=models.Index(
                condition=models.Q(("incident", None), ("is_empty", False)), fields=["saved_at"], name="draft_answered"
            ),
        ),
    ]
