-- Takes back 0023_event_counts. Where `earshot db community` has made aggregates of them, `earshot db community --off` comes first.
SET LOCAL ROLE earshot_owner;
DROP VIEW listener_events_daily;
DROP VIEW listener_events_hourly;
