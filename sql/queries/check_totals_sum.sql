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
),

cases AS (
    SELECT
        tenant_id,
        format('sponsor %%s, %%s, %%s: %%s of %%s', sponsor_id, goal_kind, model, conversions, attributed) AS example,
        row_number() OVER (PARTITION BY tenant_id ORDER BY sponsor_id, goal_kind, model) AS place
    FROM per_model
    WHERE abs(conversions - attributed) > 1e-6 * greatest(attributed, 1)
)

SELECT
    tenant_id,
    count(*) AS offences,
    string_agg(example, '; ' ORDER BY place) FILTER (WHERE place <= 3) AS example
FROM cases
GROUP BY tenant_id
