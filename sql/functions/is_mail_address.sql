-- is_mail_address: the shape of an address that mail can be sent to. True of NULL.
-- One @, a name and a domain without blanks and what headers part by.
CREATE OR REPLACE FUNCTION is_mail_address(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value IS NULL OR (
    length(value) <= 254
    AND value ~ '^[^@]{1,64}@[^@]+$'
    AND value !~ '[\s\u0001-\u0020\u007f-\u00a0\u2028\u2029<>()\[\],;:\\"]'
    AND value !~ '@[.-]|[.-]$|[.][.]'
);
