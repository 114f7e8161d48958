-- read_open_problems: what is wrong at the moment, the latest first. tenant: the slug; NULL for the installation itself.
-- Grain: one row per open problem. Parameters: none.
SELECT
    problems.tenant_id,
    tenants.slug AS tenant,
    problems.kind,
    problems.subject,
    problems.began_at,
    problems.subscription_id,
    problems.headline,
    problems.cause
FROM problems
LEFT JOIN tenants ON problems.tenant_id = tenants.tenant_id
WHERE problems.solved_at IS NULL
ORDER BY problems.began_at DESC, problems.kind ASC, problems.subject ASC
