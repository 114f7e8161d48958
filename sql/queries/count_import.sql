-- count_import: a batch of an import is stored.
-- Grain: one row is changed. Parameters: tenant (uuid), import, lines, stored, present, rejected, unmapped, without_address
-- (bigint), first_day, last_day (date; NULL where the batch has no rows).
UPDATE imports SET
    lines = lines + %(lines)s,
    stored = stored + %(stored)s,
    present = present + %(present)s,
    rejected = rejected + %(rejected)s,
    unmapped = unmapped + %(unmapped)s,
    without_address = without_address + %(without_address)s,
    first_day = least(first_day, %(first_day)s::date),
    last_day = greatest(last_day, %(last_day)s::date),
    updated_at = clock_timestamp()
WHERE tenant_id = %(tenant)s AND import_id = %(import)s
