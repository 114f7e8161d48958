-- see_setting_edits: give edits of settings that nobody has looked at yet the moment of now.
-- Grain: one row per edit that is to be followed up: those, and edits that were first seen before settled_before, while no shard
-- is kept of its tenant: the day that is made of them may have been measured by the settings before.
-- Parameters: settled_before (timestamptz), tenants (uuid[]).
WITH seen AS (
    UPDATE setting_edits SET seen_at = clock_timestamp()
    WHERE tenant_id = any(%(tenants)s::uuid[]) AND seen_at IS NULL
    RETURNING edit_id
)

SELECT
    seen.edit_id,
    FALSE AS is_settled
FROM seen
UNION ALL
SELECT
    setting_edits.edit_id,
    TRUE AS is_settled
FROM setting_edits
WHERE setting_edits.tenant_id = any(%(tenants)s::uuid[]) AND setting_edits.seen_at < %(settled_before)s
    AND NOT EXISTS (SELECT FROM day_shards AS kept WHERE kept.tenant_id = setting_edits.tenant_id)
