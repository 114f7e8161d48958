-- 0018_audit: which rules were measured by from when on, and changes of what decides counts in the catalogue.

SET LOCAL ROLE earshot_owner;

-- Append-only. The first use of rules on agents (rules_version) or on addresses (addresses_version) that are others than
-- those of the use before; they are the same for every tenant. changed_by: the login that measured by them.
CREATE TABLE rule_changes (
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp() PRIMARY KEY,
    changed_by text NOT NULL DEFAULT session_user,
    rules_version text NOT NULL,
    addresses_version text NOT NULL
);
GRANT SELECT, INSERT (rules_version, addresses_version) ON rule_changes TO earshot_etl;
GRANT SELECT ON rule_changes TO earshot_report, earshot_readonly;
CREATE TRIGGER rule_changes_append_only BEFORE UPDATE OR DELETE ON rule_changes
FOR EACH ROW EXECUTE FUNCTION refuse_change('The trail of changes stays as it is.');

-- New rows are no change of a setting, and a catalogue may have millions; what they said is kept when they change.
CREATE TRIGGER episodes_recorded
AFTER UPDATE OF podcast_id, published_at, duration_s OR DELETE ON episodes
FOR EACH ROW EXECUTE FUNCTION record_config_change('episode_id');
CREATE TRIGGER media_assets_recorded
AFTER UPDATE OF episode_id, path, file_bytes, header_bytes, duration_s, part_of, part_offset_bytes OR DELETE
ON media_assets
FOR EACH ROW EXECUTE FUNCTION record_config_change('asset_id');
CREATE TRIGGER asset_segments_recorded AFTER UPDATE OR DELETE ON asset_segments
FOR EACH ROW EXECUTE FUNCTION record_config_change('asset_id', 'segment_no');
