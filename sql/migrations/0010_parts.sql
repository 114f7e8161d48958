-- 0010_parts: files that are parts of another one, as HLS serves a rendition.

SET LOCAL ROLE earshot_owner;

-- part_of: the whole rendition, a file of the same episode; its duration, size and header are what counts.
-- part_offset_bytes: where the part's first byte lies in the whole. A part without a size could not be placed.
-- header_bytes of a part (all of an fMP4 initialisation segment) are no content, as those of the whole are not.
ALTER TABLE media_assets ADD UNIQUE (tenant_id, asset_id, episode_id);
ALTER TABLE media_assets ADD COLUMN part_of uuid;
ALTER TABLE media_assets ADD COLUMN part_offset_bytes bigint CHECK (part_offset_bytes >= 0);
ALTER TABLE media_assets ADD CONSTRAINT media_assets_part_check CHECK (
    num_nulls(part_of, part_offset_bytes) = 2
    OR (num_nulls(part_of, part_offset_bytes, file_bytes) = 0 AND part_of <> asset_id)
);
ALTER TABLE media_assets ADD CONSTRAINT media_assets_part_of_fkey
FOREIGN KEY (tenant_id, part_of, episode_id) REFERENCES media_assets (tenant_id, asset_id, episode_id);
CREATE INDEX media_assets_part_of ON media_assets (tenant_id, part_of) WHERE part_of IS NOT NULL;

CREATE FUNCTION refuse_nested_part() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $function$
BEGIN
    IF EXISTS (
        SELECT FROM public.media_assets
        WHERE tenant_id = new.tenant_id AND asset_id = new.part_of AND part_of IS NOT NULL
    ) OR EXISTS (SELECT FROM public.media_assets WHERE tenant_id = new.tenant_id AND part_of = new.asset_id) THEN
        RAISE EXCEPTION 'File % cannot be a part of %, because a part has no parts.', new.path, new.part_of
        USING ERRCODE = 'check_violation', HINT = 'Name the whole rendition in part_of of each of its segments.';
    END IF;
    RETURN new;
END
$function$;
CREATE TRIGGER media_assets_part BEFORE INSERT OR UPDATE OF part_of ON media_assets
FOR EACH ROW WHEN (new.part_of IS NOT NULL) EXECUTE FUNCTION refuse_nested_part();
