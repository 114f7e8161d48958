-- hours_of_week: downloads and listeners by weekday (1: Monday) and hour (UTC) of each ISO week, in which every weekday comes
-- once.
CREATE VIEW bi.hours_of_week WITH (security_barrier = TRUE) AS
SELECT
    tenant_id,
    date_trunc('week', day::timestamp)::date AS week,
    day,
    level,
    scope_id,
    extract(ISODOW FROM day)::integer AS weekday,
    value::integer AS hour,
    downloads,
    listeners,
    is_final
FROM listener_breakdowns
WHERE dimension = 'hour' AND tenant_id = (SELECT visible_tenant());
