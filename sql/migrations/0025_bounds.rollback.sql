-- Takes back 0025_bounds.

SET LOCAL ROLE earshot_owner;

DO $do$
DECLARE
    held record;
BEGIN
    FOR held IN
        SELECT
            constraints.conrelid::regclass AS relation,
            constraints.conname AS name
        FROM pg_constraint AS constraints
        INNER JOIN pg_class AS relations ON constraints.conrelid = relations.oid
        WHERE
            constraints.contype = 'c' AND constraints.connamespace = 'public'::regnamespace
            AND constraints.coninhcount = 0 AND NOT relations.relispartition
            AND constraints.conname ~ '_(plain|bounded|known|shape|in_bounds|is_address|are_domains|are_addresses)$'
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', held.relation, held.name);
    END LOOP;
END
$do$;

DROP TRIGGER attribution_events_noted ON attribution_events;
DROP FUNCTION note_attribution_delivery();
DROP TABLE attribution_deliveries;
DROP TABLE conversion_days;

DROP FUNCTION is_known_locale(text);
DROP FUNCTION is_known_currency(text);
DROP FUNCTION is_known_timezone(text);
DROP FUNCTION are_domains(text[]);
DROP FUNCTION are_mail_addresses(text[]);
DROP FUNCTION is_mail_address(text);
DROP FUNCTION is_plain_text(text, integer);
DROP FUNCTION signal_in_bounds(timestamptz, timestamptz, bigint);
DROP FUNCTION request_in_bounds(
    timestamptz, timestamptz, bigint, bigint, bigint, double precision, double precision
);
DROP FUNCTION in_calendar_bounds(date);
DROP FUNCTION in_calendar_bounds(timestamptz);
DROP FUNCTION in_event_time_bounds(timestamptz);
DROP FUNCTION in_seconds_bounds(double precision);
DROP FUNCTION in_byte_bounds(bigint);
DROP FUNCTION in_money_bounds(bigint);
