-- Takes back 0017_clean_orders.
SET LOCAL ROLE earshot_owner;
DROP TRIGGER promo_codes_cleaned ON promo_codes;
DROP INDEX attribution_events_clean_order;
CREATE INDEX attribution_events_order ON attribution_events (tenant_id, sponsor_id, order_id, occurred_at)
WHERE order_id IS NOT NULL;
