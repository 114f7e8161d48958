-- check_credits_sum: conversions whose credits do not sum to 1 (within 1e-9), or that some model credits and another does not.
-- Grain: one row per offending tenant. Parameters: day (date), tenants (uuid[]).
WITH per_model AS (
    SELECT
        tenant_id,
        conversion_id,
        model,
        sum(credit) AS credit
    FROM attribution_credits
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    GROUP BY tenant_id, conversion_id, model
),

models AS (
    SELECT
        tenant_id,
        count(DISTINCT model) AS models
    FROM per_model
    GROUP BY tenant_id
),

per_conversion AS (
    SELECT
        tenant_id,
        conversion_id,
        count(*) AS models,
        max(abs(credit - 1)) AS deviation
    FROM per_model
    GROUP BY tenant_id, conversion_id
)

SELECT
    per_conversion.tenant_id,
    count(*) AS offences,
    min(format('conversion %%s', per_conversion.conversion_id)) AS example
FROM per_conversion
INNER JOIN models USING (tenant_id)
WHERE per_conversion.deviation > 1e-9 OR per_conversion.models <> models.models
GROUP BY per_conversion.tenant_id
