from django.db import migrations

# A threshold above pg_trgm's default: at 0.3, « saint denis … » would visit a tenth of the names. A function is the
# way to set it for one statement without a round trip.
RESEMBLING = """
CREATE FUNCTION collectivities_resembling(wanted text, edits text[])
RETURNS TABLE (id bigint, quality int, likeness real)
LANGUAGE sql STABLE ROWS 20 SET pg_trgm.similarity_threshold = 0.45 SET enable_seqscan = off AS $$
    SELECT c.id, 4, 1.0::real FROM collectivities_collectivity c
    WHERE length(wanted) > 3 AND c.stem LIKE '%' || wanted || '%'
    UNION ALL
    SELECT c.id, 6, 0.55::real FROM collectivities_collectivity c WHERE c.stem = ANY(edits)
    UNION ALL
    SELECT c.id, 6, similarity(c.stem, wanted) FROM collectivities_collectivity c WHERE c.stem % wanted
    UNION ALL
    SELECT a.collectivity_id, 4, 1.0::real FROM collectivities_alias a
    WHERE length(wanted) > 3 AND a.stem LIKE '%' || wanted || '%'
    UNION ALL
    SELECT a.collectivity_id, 6, 0.55::real FROM collectivities_alias a WHERE a.stem = ANY(edits)
    UNION ALL
    SELECT a.collectivity_id, 6, similarity(a.stem, wanted) FROM collectivities_alias a WHERE a.stem % wanted
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("collectivities", "0001_initial")]

    operations = [migrations.RunSQL(RESEMBLING, "DROP FUNCTION collectivities_resembling(text, text[])")]
