-- check_touches_in_window: touches that lie after their conversion, or further back than their campaign's window.
-- Version 0 stands for a campaign without settings, which is measured with the default window of 30 days.
-- Grain: one row per offending tenant. Parameters: start, end (timestamptz), day (date), tenants (uuid[]).
WITH cases AS (
    SELECT
        touches.tenant_id,
        format('conversion %%s, touch %%s', touches.conversion_id, touches.touch_no) AS example,
        row_number() OVER (PARTITION BY touches.tenant_id ORDER BY touches.conversion_id, touches.touch_no) AS place
    FROM attribution_touches AS touches
    LEFT JOIN conversions
        ON
            touches.tenant_id = conversions.tenant_id
            AND touches.conversion_id = conversions.conversion_id
            AND conversions.converted_at >= %(start)s AND conversions.converted_at < %(end)s
    LEFT JOIN attribution_configs AS configs
        ON
            touches.tenant_id = configs.tenant_id
            AND touches.campaign_id = configs.campaign_id
            AND touches.config_version = configs.version
    WHERE
        touches.tenant_id = any(%(tenants)s) AND touches.day = %(day)s
        AND (
            conversions.conversion_id IS NULL
            OR (configs.version IS NULL AND touches.config_version <> 0)
            OR touches.touched_at > conversions.converted_at
            OR conversions.converted_at - touches.touched_at > coalesce(configs.window_days, 30) * interval '1 day'
        )
)

SELECT
    tenant_id,
    count(*) AS offences,
    string_agg(example, '; ' ORDER BY place) FILTER (WHERE place <= 3) AS example
FROM cases
GROUP BY tenant_id
