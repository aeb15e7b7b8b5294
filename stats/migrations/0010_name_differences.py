"""Rename FigureCheck.found to differences. The column keeps its name."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("stats", "0009_fixed_tables"),
    ]

    operations = [
        migrations.AlterField(
            model_name="figurecheck",
            name="found",
            field=models.JSONField("premiers écarts", default=list, db_column="found"),
        ),
        migrations.RenameField(model_name="figurecheck", old_name="found", new_name="differences"),
    ]
