-- refuse_nested_part: the trigger that refuses a part (media_assets.part_of) of a file that is a part itself, or has parts.
CREATE OR REPLACE FUNCTION refuse_nested_part() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
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
