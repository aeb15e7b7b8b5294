from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0012_search")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="mail_without_code",
            field=models.BooleanField(default=False, verbose_name="mails sans code"),
        ),
    ]
