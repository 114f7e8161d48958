-- read_rule_changes: from when on other rules were measured by, newest first, with those before (NULL: none on record).
-- Grain: one row per change, at most as many as requested. Parameters: since (timestamptz), most (integer).
SELECT
    changes.changed_at,
    changes.changed_by,
    changes.rules_version,
    changes.addresses_version,
    changes.rules_before,
    changes.addresses_before
FROM (
    SELECT
        changed_at,
        changed_by,
        rules_version,
        addresses_version,
        lag(rules_version) OVER (ORDER BY changed_at) AS rules_before,
        lag(addresses_version) OVER (ORDER BY changed_at) AS addresses_before
    FROM rule_changes
) AS changes
WHERE changes.changed_at >= %(since)s
ORDER BY changes.changed_at DESC
LIMIT %(most)s
