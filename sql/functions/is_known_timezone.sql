-- is_known_timezone: a time zone as the server and the IANA spell it. True of NULL.
-- The server takes europe/berlin too, and MARS3 as an offset, other programs do not. Setting a zone gives back its spelling,
-- which is quicker than reading all files of the server, but an offset in capitals comes back as it was.
CREATE OR REPLACE FUNCTION is_known_timezone(zone text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET TimeZone = 'UTC'
AS $function$
BEGIN
    IF zone IS NULL OR zone IN ('UTC', 'GMT') THEN
        RETURN true;
    END IF;
    IF length(zone) > 64 OR zone IN ('posixrules', 'localtime', 'Factory') OR zone ~ '^(posix|right|SystemV)/' THEN
        RETURN false;
    END IF;
    IF zone ~ '^[A-Z]' AND zone ~ '[a-z]' THEN
        PERFORM set_config('TimeZone', zone, true);
        RETURN current_setting('TimeZone') = zone;
    END IF;
    RETURN EXISTS (SELECT FROM pg_timezone_names WHERE name = zone);
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END
$function$;
