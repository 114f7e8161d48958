-- end_taking_back: the import is taken back; the object that it read stays unread until it changes or somebody wants it again.
-- Grain: one row is changed, and one of import_objects. Parameters: tenant (uuid), import (bigint), person (text).
WITH ended AS (
    UPDATE imports SET state = 'taken_back', taken_back_at = clock_timestamp(), updated_at = clock_timestamp()
    WHERE tenant_id = %(tenant)s AND import_id = %(import)s
    RETURNING imports.tenant_id, imports.import_id
)

UPDATE import_objects SET state = 'left', reason = 'its import was taken back by ' || %(person)s
FROM ended
WHERE import_objects.tenant_id = ended.tenant_id AND import_objects.import_id = ended.import_id
