-- read_disposition_totals: what became of the raw requests of a day over all tenants, whichever runs computed them.
-- Grain: one row per disposition, the most frequent first. Parameters: day (date).
SELECT
    disposition,
    sum(requests)::bigint AS requests
FROM request_dispositions
WHERE day = %(day)s
GROUP BY disposition
ORDER BY requests DESC, disposition ASC
