"""A domain finds the indicators on it by an index. The statistics on it show PostgreSQL which domains are frequent."""

from django.db import migrations, models
from django.db.models.functions import Collate, Concat, Reverse


def substring(pattern):
    return models.Func(models.F("value"), models.Value(pattern), function="substring", output_field=models.TextField())


HOST = models.Case(
    models.When(kind="url", then=substring(r"^[a-z]+://(?:[^/]*@)?\[?([^]@/[]*?)\]?(?::[0-9]+)?/")),
    models.When(kind__in=["email", "domain", "ip"], then=substring("[^@]*$")),
)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0029_closing_handed_to")]

    operations = [
        migrations.AddIndex(
            model_name="observable",
            index=models.Index(
                Collate(Reverse(Concat(models.Value("."), HOST, output_field=models.TextField())), "C"),
                name="observable_by_host",
            ),
        ),
        migrations.RunSQL("ANALYZE incidents_observable", migrations.RunSQL.noop),
    ]
