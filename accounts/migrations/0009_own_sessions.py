import django.db.models.deletion
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations, models
from django.utils import timezone


def copy_sessions(apps, schema_editor):
    """Copy the open sessions of Django's engine with their person, so that nobody has to sign in again."""
    old_sessions = apps.get_model("sessions", "Session").objects.filter(expire_date__gt=timezone.now())
    StoredSession = apps.get_model("accounts", "StoredSession")
    people = {str(pk) for pk in apps.get_model("accounts", "User").objects.values_list("pk", flat=True)}
    store = SessionStore()
    rows = []
    for old in old_sessions.iterator():
        person = store.decode(old.session_data).get(SESSION_KEY)
        rows.append(
            StoredSession(
                session_key=old.session_key,
                session_data=old.session_data,
                expire_date=old.expire_date,
                user_id=person if person in people else None,
            )
        )
    StoredSession.objects.bulk_create(rows, batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_limited_tokens"), ("sessions", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="StoredSession",
            fields=[
                (
                    "session_key",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="session key"),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                (
                    "user",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stored_sessions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="compte",
                    ),
                ),
                ("seen_at", models.DateTimeField(editable=False, null=True, verbose_name="dernière activité")),
            ],
            options={"verbose_name": "session", "verbose_name_plural": "sessions", "abstract": False},
        ),
        migrations.RunPython(copy_sessions, migrations.RunPython.noop, elidable=True),
    ]
