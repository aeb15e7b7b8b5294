"""Two centres never have the same mailbox, whose readers would receive the cases of both."""

from collections import defaultdict

from django.db import migrations, models
from django.db.models.functions import Lower


def check_mailboxes(apps, schema_editor):
    """Raise ValueError with the names of the centres that share a mailbox. The migration cannot choose the centre that
    keeps it: the other one would no longer receive its cases.
    """
    centres = apps.get_model("csirts", "Csirt").objects.exclude(notification_email="").order_by("pk")
    names_by_mailbox = defaultdict(list)
    for name, mailbox in centres.values_list("name", Lower("notification_email")):
        names_by_mailbox[mailbox].append(name)
    shared = [" et ".join(names) for names in names_by_mailbox.values() if len(names) > 1]
    if shared:
        raise ValueError(
            f"Ces centres reçoivent leurs dossiers à la même adresse\N{NO-BREAK SPACE}: {', '.join(shared)}. Avec la "
            "version d’avant, que le responsable de l’un des centres en choisisse une autre (page «\N{NO-BREAK SPACE}"
            "L’adresse de mon centre\N{NO-BREAK SPACE}»), puis recommencez."
        )


class Migration(migrations.Migration):

    dependencies = [
        ("csirts", "0004_more_contacts"),
    ]

    operations = [
        migrations.RunPython(check_mailboxes, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name="csirt",
            constraint=models.UniqueConstraint(
                Lower("notification_email"),
                condition=models.Q(("notification_email", ""), _negated=True),
                name="csirt_one_mailbox",
                violation_error_message="Cette adresse reçoit déjà les déclarations d’un autre centre.",
            ),
        ),
    ]
