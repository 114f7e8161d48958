-- 0011_attribution_chunks: chunks of a week for attribution events, where they are chunks.
-- An order is looked up over all days, because its events may lie months apart. With a chunk for each day, planning that took
-- 0.1 s for three months and seven times as long for the two years that these events are kept. Chunks that are there stay.
-- earshot_series keeps the step of partitions, which stay days.

SET LOCAL ROLE earshot_owner;

DO $$
BEGIN
    IF earshot_edition() <> 'plain' THEN
        EXECUTE format(
            'SELECT %I.set_chunk_time_interval(%L::regclass, interval %L)',
            (SELECT spaces.nspname FROM pg_extension AS extensions
            INNER JOIN pg_namespace AS spaces ON extensions.extnamespace = spaces.oid
            WHERE extensions.extname = 'timescaledb'),
            'public.attribution_events', '7 days'
        );
    END IF;
END
$$;
