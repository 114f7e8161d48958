-- add_rule_change: rules that are measured by from now on, unless they are those that were used last.
-- Grain: one row. Parameters: rules, addresses (text).
INSERT INTO rule_changes (rules_version, addresses_version)
SELECT
    %(rules)s,
    %(addresses)s
WHERE NOT EXISTS (
    SELECT
    FROM (
        SELECT
            rules_version,
            addresses_version
        FROM rule_changes
        ORDER BY changed_at DESC
        LIMIT 1
    ) AS newest
    WHERE newest.rules_version = %(rules)s AND newest.addresses_version = %(addresses)s
)
