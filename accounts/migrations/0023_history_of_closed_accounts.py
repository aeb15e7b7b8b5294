"""The purge writes a pseudonym over the name of a closed account in the history of the admin, and nothing else there.

The table is Django's, so that no model of ours can hold the trigger.
"""

from django.db import migrations

REFUSE_OTHER_NAMES = """
    CREATE FUNCTION pgtrigger_history_names_closed_accounts() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM accounts_user JOIN django_content_type ON app_label = 'accounts' AND model = 'user'
            WHERE django_content_type.id = OLD.content_type_id AND accounts_user.id::text = OLD.object_id
                AND NOT is_active AND display_name = NEW.object_repr
        ) THEN
            RAISE EXCEPTION 'pgtrigger: the history takes the name of a closed account only';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER pgtrigger_history_names_closed_accounts BEFORE UPDATE OF object_repr ON django_admin_log
    FOR EACH ROW EXECUTE FUNCTION pgtrigger_history_names_closed_accounts();
"""
ALLOW_OTHER_NAMES = """
    DROP TRIGGER pgtrigger_history_names_closed_accounts ON django_admin_log;
    DROP FUNCTION pgtrigger_history_names_closed_accounts();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0022_history_without_names")]

    operations = [migrations.RunSQL(REFUSE_OTHER_NAMES, ALLOW_OTHER_NAMES)]
