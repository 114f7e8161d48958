-- clean_code: a promo code or a vanity address as it is compared: clean_text in lower case.
-- After: clean_text
CREATE OR REPLACE FUNCTION clean_code(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(clean_text(value));
