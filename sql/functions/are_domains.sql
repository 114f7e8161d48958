-- are_domains: true if every entry is a domain that an address can have; true of NULL.
-- After: is_mail_address
CREATE OR REPLACE FUNCTION are_domains(list text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN list IS NULL OR NOT EXISTS (
    SELECT FROM unnest(list) AS entry (name)
    WHERE entry.name IS NULL OR length(entry.name) > 253 OR NOT is_mail_address('x@' || entry.name)
);
