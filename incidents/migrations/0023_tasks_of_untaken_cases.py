from django.db import migrations
from django.db.models import F, OuterRef, Subquery


def count_tasks_of_untaken_cases(apps, schema_editor):
    """Bring the deadline of a case that nobody has forward to the date of its earliest open task, as the project now
    does after each act. Cases without a dated task keep their deadline.
    """
    Incident, Task = apps.get_model("incidents", "Incident"), apps.get_model("incidents", "Task")
    dated = Task.objects.filter(incident=OuterRef("pk"), done_at=None, due_at__isnull=False)
    soonest = Subquery(dated.order_by("due_at").values("due_at")[:1])
    untaken = Incident.objects.filter(status="declared").alias(soonest=soonest)
    untaken.filter(soonest__lt=F("due_at")).update(due_at=soonest, due_for="task")


class Migration(migrations.Migration):
    dependencies = [("incidents", "0022_lost_cases")]

    operations = [migrations.RunPython(count_tasks_of_untaken_cases, migrations.RunPython.noop)]
