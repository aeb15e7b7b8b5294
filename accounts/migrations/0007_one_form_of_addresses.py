from django.db import migrations, models
from django.db.models.functions import Lower

FORM = Lower(models.Func("email", template="NORMALIZE(%(expressions)s, NFKC)"))


def normalise_addresses(apps, schema_editor):
    """Normalise every address. Raise ValueError with both addresses if two accounts would get the same one, because
    the migration cannot choose the account that keeps it.
    """
    others = apps.get_model("accounts", "User").objects.annotate(form=FORM).exclude(email=models.F("form"))
    for user in others.order_by("pk"):
        if apps.get_model("accounts", "User").objects.filter(email=user.form).exists():
            raise ValueError(
                f"Deux comptes ont la même adresse, écrite de deux façons\N{NO-BREAK SPACE}: {user.email} et "
                f"{user.form}. Avec la version d’avant, changez l’une des deux, puis recommencez."
            )
        user.email = user.form
        user.save(update_fields=["email"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_centre_links")]

    operations = [
        migrations.RunPython(normalise_addresses, migrations.RunPython.noop, elidable=True),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="user", name="user_email_once_whatever_the_case"),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(condition=models.Q(email=FORM), name="user_email_normalised"),
        ),
    ]
