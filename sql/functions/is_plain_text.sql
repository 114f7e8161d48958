-- is_plain_text: text for people or of other systems' making: not blank, on one line, no control characters. True of NULL.
CREATE OR REPLACE FUNCTION is_plain_text(value text, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value IS NULL OR (
    length(value) <= longest
    AND value ~ '[^\s\u00a0\u200b\ufeff]'
    AND value !~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]'
);
