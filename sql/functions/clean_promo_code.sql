-- clean_promo_code: the trigger that keeps a promo code as it is compared, however it was typed.
-- After: clean_code
CREATE OR REPLACE FUNCTION clean_promo_code() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
BEGIN
    new.code := coalesce(clean_code(new.code), new.code);
    RETURN new;
END
$function$;
REVOKE ALL ON FUNCTION clean_promo_code() FROM public;
