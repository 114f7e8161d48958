-- read_last_day: the last day that anybody has computed of an asset.
-- Grain: one row; NULL where nobody has any. Parameters: asset (text).
SELECT max(day) AS day
FROM rollup_ledger
WHERE asset = %(asset)s
