-- are_mail_addresses: true if every entry is an address; true of NULL.
-- After: is_mail_address
CREATE OR REPLACE FUNCTION are_mail_addresses(list text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN list IS NULL OR NOT EXISTS (
    SELECT FROM unnest(list) AS entry (address) WHERE entry.address IS NULL OR NOT is_mail_address(entry.address)
);
