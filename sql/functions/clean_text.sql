-- clean_text: a text as it is compared: compatibility forms (full-width letters, ligatures) as plain ones (NFKC), without
-- characters that are not seen, blanks of every kind as single ones and none at the ends; NULL where nothing is left.
-- assets/attribution/spellings.py says the same of frames.
CREATE OR REPLACE FUNCTION clean_text(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value ~ '^[!-~]+$' THEN value
    ELSE nullif(btrim(regexp_replace(
        regexp_replace(
            normalize(value, nfkc),
            '[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f'
            '\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]',
            '', 'g'
        ),
        '[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g'
    )), '')
END;
