"""Let an import exchange two ranks, and give a territory to another centre, in one transaction."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.constraints
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("csirts", "0005_one_mailbox"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="backup", name="backup_one_a_rank"),
        migrations.AddConstraint(
            model_name="backup",
            constraint=models.UniqueConstraint(
                deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                fields=("csirt", "rank"),
                name="backup_one_a_rank",
            ),
        ),
        migrations.RemoveConstraint(model_name="coverage", name="coverage_one_csirt_a_ground_and_day"),
        migrations.AddConstraint(
            model_name="coverage",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                expressions=[
                    (models.F("region"), "="),
                    (django.db.models.functions.comparison.Coalesce(models.F("departement"), models.Value(0)), "="),
                    (models.F("kind"), "="),
                    (models.F("valid"), "&&"),
                ],
                name="coverage_one_csirt_a_ground_and_day",
                violation_error_message="Un autre centre répond déjà pour ce territoire et cette période.",
            ),
        ),
    ]
