-- 0023_event_counts: how many raw events of each type a tenant has by hour and by day.
-- Views that count when they are read. On TimescaleDB's Community edition `earshot db community` makes continuous aggregates of
-- the same names and columns of them; they are for the pipeline, which reconciles its rollups with them there.
SET LOCAL ROLE earshot_owner;

CREATE VIEW listener_events_hourly AS
SELECT
    tenant_id,
    date_trunc('hour', occurred_at, 'UTC') AS starts_at,
    event_type,
    count(*) AS events
FROM listener_events
GROUP BY tenant_id, date_trunc('hour', occurred_at, 'UTC'), event_type;
GRANT SELECT ON listener_events_hourly TO earshot_etl;

CREATE VIEW listener_events_daily AS
SELECT
    tenant_id,
    date_trunc('day', occurred_at, 'UTC') AS starts_at,
    event_type,
    count(*) AS events
FROM listener_events
GROUP BY tenant_id, date_trunc('day', occurred_at, 'UTC'), event_type;
GRANT SELECT ON listener_events_daily TO earshot_etl;
