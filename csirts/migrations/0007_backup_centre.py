"""Rename Backup to BackupCentre. The tables keep their names; the triggers change theirs, which contain the model's."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("csirts", "0006_deferrable_ranks_and_territories"),
    ]

    operations = [
        migrations.AlterModelTable(name="backup", table="csirts_backup"),
        migrations.AlterModelTable(name="backupevent", table="csirts_backupevent"),
        migrations.RenameModel(old_name="Backup", new_name="BackupCentre"),
        migrations.RenameModel(old_name="BackupEvent", new_name="BackupCentreEvent"),
        pgtrigger.migrations.RemoveTrigger(
            model_name='backupcentre',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='backupcentre',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='backupcentre',
            name='delete_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='backupcentre',
            name='renews_version',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='backupcentreevent',
            name='append_only',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='backupcentre',
            trigger=pgtrigger.compiler.Trigger(name='renews_version', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            INSERT INTO csirts_directoryversion (id, token) VALUES (1, gen_random_uuid())\n            ON CONFLICT (id) DO UPDATE SET token = EXCLUDED.token;\n            RETURN NULL;\n        ', hash='ab6dc769748e6be70a36a275078f21da9e1277c4', level='STATEMENT', operation='INSERT OR UPDATE OR DELETE OR TRUNCATE', pgid='pgtrigger_renews_version_d36cc', table='csirts_backup', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='backupcentre',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "csirts_backupevent" ("backup_id", "csirt_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rank") VALUES (NEW."backup_id", NEW."csirt_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."rank"); RETURN NULL;', hash='ff6b4eab3d913c8fd9337ceaf61cd1e385b8fbfb', operation='INSERT', pgid='pgtrigger_insert_insert_5286e', table='csirts_backup', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='backupcentre',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "csirts_backupevent" ("backup_id", "csirt_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rank") VALUES (NEW."backup_id", NEW."csirt_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."rank"); RETURN NULL;', hash='33afcd3d5af338382f8e181de78f9757e6b42d27', operation='UPDATE', pgid='pgtrigger_update_update_202f4', table='csirts_backup', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='backupcentre',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "csirts_backupevent" ("backup_id", "csirt_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rank") VALUES (OLD."backup_id", OLD."csirt_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."rank"); RETURN NULL;', hash='c5b08d1798f2ca7ffc149d050e34ba7c959e9be4', operation='DELETE', pgid='pgtrigger_delete_delete_175aa', table='csirts_backup', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='backupcentreevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b93e18efe5618ab19ad643be2c21e5a892d4eb11', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_d708a', table='csirts_backupevent', when='BEFORE')),
        ),
    ]
