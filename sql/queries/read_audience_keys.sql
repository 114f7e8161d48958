-- read_audience_keys: who downloaded which of the numbered episodes, with downloaded_at in [start, end).
-- An episode's number is its place in the two lists of ids, which belong together; keys and numbers only, no text.
-- Grain: one row per download. Parameters: start, end (timestamptz), tenants (uuid[]), owners, episodes (uuid[]).
SELECT
    numbered.episode_no::integer AS episode_no,
    downloads.day,
    downloads.consumer_key,
    downloads.household_key
FROM downloads
INNER JOIN unnest(%(owners)s::uuid[], %(episodes)s::uuid[]) WITH ORDINALITY AS numbered (tenant_id, episode_id, episode_no)
    ON downloads.tenant_id = numbered.tenant_id AND downloads.episode_id = numbered.episode_id
WHERE
    downloads.tenant_id = any(%(tenants)s)
    AND downloads.downloaded_at >= %(start)s AND downloads.downloaded_at < %(end)s
