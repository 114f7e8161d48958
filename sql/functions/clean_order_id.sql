-- clean_order_id: an order number as it is compared: clean_text; NULL where it is what a shop's script sends when it has no
-- number: a word such as undefined, nothing but zeros or signs, a template that nobody filled in, the name of the field.
-- assets/attribution/spellings.py says the same of frames.
-- After: clean_text
CREATE OR REPLACE FUNCTION clean_order_id(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN lower(clean_text(value)) ~ (
        '^(undefined|null|none|nil|nan|n/?a|not set|unset|unknown|empty|false|true|(order|transaction)[ _-]?(id|no|number)?'
        '|[0 -/:-@\[-`{-~]*|\(.*\)|\[.*\]|<.*>|\{.*\}|\$\{.*\}|%+[^%]*%+)$'
    ) THEN NULL
    ELSE clean_text(value)
END;
