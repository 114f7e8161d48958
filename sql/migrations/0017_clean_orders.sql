-- 0017_clean_orders: orders are found by their number as it is compared (clean_order_id), and promo codes kept as they are
-- compared (clean_code). Codes that are there stay; they are compared so all the same.

SET LOCAL ROLE earshot_owner;

CREATE INDEX attribution_events_clean_order
ON attribution_events (tenant_id, sponsor_id, clean_order_id(order_id), occurred_at)
WHERE clean_order_id(order_id) IS NOT NULL;
DROP INDEX attribution_events_order;

CREATE TRIGGER promo_codes_cleaned BEFORE INSERT OR UPDATE OF code ON promo_codes
FOR EACH ROW EXECUTE FUNCTION clean_promo_code();
