-- read_tenants: every tenant with what its numbers and reports depend on.
-- Grain: one row per tenant, ordered by slug. Parameters: none.
SELECT
    tenant_id,
    slug,
    name,
    timezone,
    currency,
    locale,
    download_window,
    suspect_pairs,
    lateness_hours,
    k_demographic,
    k_delivery,
    correction_share::double precision AS correction_share,
    correction_conversions,
    brand_name,
    brand_color,
    reply_to,
    subject_template,
    recipient_domains,
    owner_address
FROM tenants
ORDER BY slug
