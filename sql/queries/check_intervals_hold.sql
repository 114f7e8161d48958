-- check_intervals_hold: results that lie outside of their own interval.
-- Grain: one row per offending tenant. Parameters: day (date), tenants (uuid[]).
WITH results AS (
    SELECT
        tenant_id,
        format('%%s of campaign %%s under %%s', kpi, campaign_id, model) AS what,
        estimate,
        lower,
        upper
    FROM campaign_roi
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    UNION ALL
    SELECT
        tenant_id,
        format('difference of campaign %%s', campaign_id) AS what,
        difference AS estimate,
        difference_lower AS lower,
        difference_upper AS upper
    FROM lift_results
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    UNION ALL
    SELECT
        tenant_id,
        format('lift of campaign %%s', campaign_id) AS what,
        relative_lift AS estimate,
        relative_lower AS lower,
        relative_upper AS upper
    FROM lift_results
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    UNION ALL
    SELECT
        tenant_id,
        format('iROAS of campaign %%s', campaign_id) AS what,
        iroas AS estimate,
        iroas_lower AS lower,
        iroas_upper AS upper
    FROM lift_results
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
),

cases AS (
    SELECT
        tenant_id,
        format('%%s: %%s outside of %%s to %%s', what, estimate, lower, upper) AS example,
        row_number() OVER (PARTITION BY tenant_id ORDER BY what) AS place
    FROM results
    -- What was rounded on the way is no offence.
    WHERE lower > estimate + 1e-9 * abs(estimate) OR upper < estimate - 1e-9 * abs(estimate)
)

SELECT
    tenant_id,
    count(*) AS offences,
    string_agg(example, '; ' ORDER BY place) FILTER (WHERE place <= 3) AS example
FROM cases
GROUP BY tenant_id
