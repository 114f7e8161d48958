-- Takes back 0011_attribution_chunks.
SET LOCAL ROLE earshot_owner;

DO $$
BEGIN
    IF earshot_edition() <> 'plain' THEN
        EXECUTE format(
            'SELECT %I.set_chunk_time_interval(%L::regclass, interval %L)',
            (SELECT spaces.nspname FROM pg_extension AS extensions
            INNER JOIN pg_namespace AS spaces ON extensions.extnamespace = spaces.oid
            WHERE extensions.extname = 'timescaledb'),
            'public.attribution_events', '1 day'
        );
    END IF;
END
$$;
