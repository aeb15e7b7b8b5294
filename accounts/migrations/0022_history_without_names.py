import json

from django.db import migrations


def strip_name(text):
    """Return the role of « Camille Exemple : responsable d’un CSIRT », as the history wrote it before."""
    return text.rsplit(" : ", 1)[-1]


def remove_names_of_roles(apps, schema_editor):
    """Leave only the role in the lines of the history of the admin that named it with its person: those of roles, and
    those of accounts that list the roles which a form added or changed.
    """
    LogEntry = apps.get_model("admin", "LogEntry")
    lines = LogEntry.objects.filter(content_type__app_label="accounts")
    for line in lines.filter(content_type__model="membership", object_repr__contains=" : ").iterator():
        LogEntry.objects.filter(pk=line.pk).update(object_repr=strip_name(line.object_repr))
    for line in lines.filter(content_type__model="user", change_message__startswith="[", change_message__contains='"object"').iterator():
        try:
            changes = json.loads(line.change_message)
        except ValueError:
            continue
        for change in (entry for entry in changes if isinstance(entry, dict)):
            for what in change.values():
                if isinstance(what, dict) and isinstance(what.get("object"), str):
                    what["object"] = strip_name(what["object"])
        LogEntry.objects.filter(pk=line.pk).update(change_message=json.dumps(changes))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0021_fill_closed_at"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [migrations.RunPython(remove_names_of_roles, migrations.RunPython.noop, elidable=True)]
