-- read_provider_payloads: which of these stored requests were read before.
-- Grain: one row per name and version. Parameters: names (text[]).
SELECT
    name,
    version
FROM provider_payloads
WHERE name = any(%(names)s)
ORDER BY read_at, name, version
