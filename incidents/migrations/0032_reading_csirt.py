import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("csirts", "0006_deferrable_ranks_and_territories"), ("incidents", "0031_index_ends_of_references")]

    operations = [
        migrations.AddField(
            model_name="reading",
            name="csirt",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="csirts.csirt",
                verbose_name="CSIRT",
            ),
        )
    ]
