-- note_attribution_delivery: the trigger that writes attribution_deliveries.
-- Runs as the owner: whoever may add an event need not know of that table.
CREATE OR REPLACE FUNCTION note_attribution_delivery() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO public.attribution_deliveries (tenant_id, event_id, occurred_at)
    VALUES (new.tenant_id, new.event_id, new.occurred_at)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION note_attribution_delivery() FROM public;
