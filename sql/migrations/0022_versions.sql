-- 0022_versions: what rows were measured by, where they did not name it yet.
--
-- rules_version names everything that a verdict rests on, joined by dashes: the rules on agents, those on addresses, and
-- since this migration the tenant's settings of the measurement (window, suspect limit, tolerance), whose version and
-- wording are on the methodology page. Several of them, where a number rests on several days, are joined by commas.

SET LOCAL ROLE earshot_owner;

-- By what the day was measured, for the tables too whose rows do not say so (ad_exposures, listener_firsts): a row and
-- its line are written together. NULL: no rule and no setting decides (playback), or written before this column.
ALTER TABLE rollup_ledger ADD COLUMN rules_version text;

-- Of the downloads of the period (audience_periods), of four weeks (audience_overlaps), of the day (the others).
DO $do$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['audience_periods', 'audience_overlaps', 'episode_pacing', 'episode_age_downloads'] LOOP
        EXECUTE format('ALTER TABLE public.%I ADD COLUMN rules_version text NOT NULL DEFAULT ''unknown''', made);
        EXECUTE format('DROP VIEW public.%I', 'reader_' || made);
        PERFORM earshot_create_reader(made);
    END LOOP;
END
$do$;
