-- 0021_setting_edits: edits of settings that days depend on, whoever makes them, and the days that are computed again because of them.

SET LOCAL ROLE earshot_owner;

-- Edits that days may depend on, until they are looked at twice: at first sight (seen_at), and once more when every run
-- that had read the settings before is over. Those of rates are there for every tenant.
CREATE TABLE setting_edits (
    edit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid NOT NULL,
    table_name text NOT NULL,
    old_row jsonb,
    new_row jsonb,
    edited_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz
);
CREATE INDEX setting_edits_tenant ON setting_edits (tenant_id);

-- Days of assets that were made of a setting that has been edited since. reopened_at: when the edit was first seen; a line of
-- the ledger that began later was made of the new one.
CREATE TABLE reopened_days (
    tenant_id uuid NOT NULL,
    asset text NOT NULL,
    day date NOT NULL,
    reopened_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, asset, day)
);

-- The arguments: columns that any computing reads.
CREATE TRIGGER tenants_edited AFTER UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION note_setting_edit(
    'download_window', 'suspect_pairs', 'whole_file_slack', 'lateness_hours'
);
CREATE TRIGGER episodes_edited AFTER INSERT OR UPDATE OR DELETE ON episodes
FOR EACH ROW EXECUTE FUNCTION note_setting_edit('podcast_id', 'published_at', 'duration_s');
CREATE TRIGGER media_assets_edited AFTER INSERT OR UPDATE OR DELETE ON media_assets
FOR EACH ROW EXECUTE FUNCTION note_setting_edit(
    'episode_id', 'file_bytes', 'header_bytes', 'duration_s', 'part_of', 'part_offset_bytes', 'replaced_at'
);
CREATE TRIGGER asset_segments_edited AFTER INSERT OR UPDATE OR DELETE ON asset_segments
FOR EACH ROW EXECUTE FUNCTION note_setting_edit(
    'kind', 'first_byte', 'last_byte', 'placement_id', 'position', 'insertion'
);
CREATE TRIGGER campaigns_edited AFTER INSERT OR UPDATE OR DELETE ON campaigns
FOR EACH ROW EXECUTE FUNCTION note_setting_edit(
    'sponsor_id', 'starts_on', 'ends_on', 'goal_kind', 'currency', 'margin'
);
CREATE TRIGGER attribution_configs_edited AFTER INSERT ON attribution_configs
FOR EACH ROW EXECUTE FUNCTION note_setting_edit('version');
CREATE TRIGGER placements_edited AFTER INSERT OR UPDATE OR DELETE ON placements
FOR EACH ROW EXECUTE FUNCTION note_setting_edit(
    'campaign_id', 'podcast_id', 'kind', 'position', 'booked_impressions', 'cost_minor', 'flight_start', 'flight_end'
);
CREATE TRIGGER placement_episodes_edited AFTER INSERT OR UPDATE OR DELETE ON placement_episodes
FOR EACH ROW EXECUTE FUNCTION note_setting_edit('aired_at');
CREATE TRIGGER promo_codes_edited AFTER INSERT OR UPDATE OR DELETE ON promo_codes
FOR EACH ROW EXECUTE FUNCTION note_setting_edit('sponsor_id', 'placement_id', 'code', 'kind', 'valid');
CREATE TRIGGER ip_inclusions_edited AFTER INSERT OR UPDATE OR DELETE ON ip_inclusions
FOR EACH ROW EXECUTE FUNCTION note_setting_edit('validated_at');
CREATE TRIGGER fx_rates_edited AFTER INSERT OR UPDATE OR DELETE ON fx_rates
FOR EACH ROW EXECUTE FUNCTION note_setting_edit('rate');

SELECT earshot_protect(relation) FROM unnest('{setting_edits, reopened_days}'::regclass[]) AS relation;
GRANT SELECT, INSERT, UPDATE, DELETE ON setting_edits, reopened_days TO earshot_etl;
GRANT SELECT ON setting_edits, reopened_days TO earshot_report, earshot_readonly;
