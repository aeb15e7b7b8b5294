"""Two centres never have the same name, because mails and pages name a centre by its name alone."""

from collections import defaultdict

from django.db import migrations, models
from django.db.models.functions import Lower


def check_names(apps, schema_editor):
    """Raise ValueError with the centres that have the same name. The migration cannot choose a name for a centre."""
    centres = apps.get_model("csirts", "Csirt").objects.order_by("pk")
    centres_by_name = defaultdict(list)
    for name, slug, lowered in centres.values_list("name", "slug", Lower("name")):
        centres_by_name[lowered].append(f"{name} ({slug})")
    namesakes = [" et ".join(centres) for centres in centres_by_name.values() if len(centres) > 1]
    if namesakes:
        raise ValueError(
            f"Ces centres ont le même nom\N{NO-BREAK SPACE}: {', '.join(namesakes)}. Avec la version d’avant, que "
            "l’administration de la plateforme change le nom de l’un d’eux (page «\N{NO-BREAK SPACE}Centres de réponse "
            "(CSIRT)\N{NO-BREAK SPACE}»), puis recommencez."
        )


class Migration(migrations.Migration):

    dependencies = [
        ("csirts", "0007_backup_centre"),
    ]

    operations = [
        migrations.RunPython(check_names, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name="csirt",
            constraint=models.UniqueConstraint(
                Lower("name"),
                name="csirt_one_name",
                violation_error_message="Un autre centre a déjà ce nom.",
            ),
        ),
    ]
