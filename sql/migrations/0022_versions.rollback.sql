-- Takes back 0022_versions. Rows of downloads and dispositions still name what they were measured by.
SET LOCAL ROLE earshot_owner;
DO $do$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['audience_periods', 'audience_overlaps', 'episode_pacing', 'episode_age_downloads'] LOOP
        EXECUTE format('DROP VIEW public.%I', 'reader_' || made);
        EXECUTE format('ALTER TABLE public.%I DROP COLUMN rules_version', made);
        PERFORM earshot_create_reader(made);
    END LOOP;
END
$do$;
ALTER TABLE rollup_ledger DROP COLUMN rules_version;
