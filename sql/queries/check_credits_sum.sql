-- check_credits_sum: matched conversions whose credits do not sum to 1 (within 1e-9) in one of the models, and credits of
-- conversions that are not matched: so what is attributed and what is not add up to all, the same for each model.
-- Grain: one row per offending tenant.
-- Parameters: start, end (timestamptz), day (date), tenants (uuid[]), models (text[]).
WITH wanted AS (
    SELECT
        conversions.tenant_id,
        conversions.conversion_id,
        models.model
    FROM conversions
    CROSS JOIN unnest(%(models)s::text[]) AS models (model)
    WHERE
        conversions.tenant_id = any(%(tenants)s)
        AND conversions.converted_at >= %(start)s AND conversions.converted_at < %(end)s
        AND conversions.matched_by <> 'none'
),

given AS (
    SELECT
        tenant_id,
        conversion_id,
        model,
        sum(credit) AS credit
    FROM attribution_credits
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    GROUP BY tenant_id, conversion_id, model
),

cases AS (
    SELECT
        tenant_id,
        format('conversion %%s: %%s under %%s', conversion_id, coalesce(given.credit, 0), model) AS example,
        row_number() OVER (PARTITION BY tenant_id ORDER BY conversion_id, model) AS place
    FROM wanted
    FULL JOIN given USING (tenant_id, conversion_id, model)
    WHERE abs(coalesce(given.credit, 0) - 1) > 1e-9 OR wanted.conversion_id IS NULL
)

SELECT
    tenant_id,
    count(*) AS offences,
    string_agg(example, '; ' ORDER BY place) FILTER (WHERE place <= 3) AS example
FROM cases
GROUP BY tenant_id
