-- check_totals_sum: sponsors whose placements' totals do not sum to the attributed conversions.
-- Grain: one row per offending tenant. Parameters: day (date), tenants (uuid[]).
WITH per_model AS (
    SELECT
        tenant_id,
        sponsor_id,
        goal_kind,
        model,
        sum(conversions) AS conversions,
        max(all_conversions) AS attributed
    FROM model_totals
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    GROUP BY tenant_id, sponsor_id, goal_kind, model
)

SELECT
    tenant_id,
    count(*) AS offences,
    min(
        format('sponsor %%s, %%s, %%s: %%s of %%s', sponsor_id, goal_kind, model, conversions, attributed)
    ) AS example
FROM per_model
WHERE abs(conversions - attributed) > 1e-6 * greatest(attributed, 1)
GROUP BY tenant_id
