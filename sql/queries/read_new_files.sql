-- read_new_files: from when on requests may be for files and episodes that are new in the catalogue of a tenant, of those
-- edits that were not looked at yet, or were first seen before settled_before.
-- Grain: one row per tenant that has some. Parameters: settled_before (timestamptz), tenants (uuid[]).
SELECT
    edits.tenant_id,
    min(episodes.published_at) AS since
FROM setting_edits AS edits
INNER JOIN episodes
    ON edits.tenant_id = episodes.tenant_id AND (edits.new_row ->> 'episode_id')::uuid = episodes.episode_id
WHERE
    edits.tenant_id = any(%(tenants)s::uuid[])
    AND edits.table_name IN ('media_assets', 'episodes')
    AND edits.old_row IS NULL
    AND (edits.seen_at IS NULL OR edits.seen_at < %(settled_before)s)
GROUP BY edits.tenant_id
