-- add_provider_payload: a stored request was read, and what came of it.
-- Grain: one row is added, or changed where another worker read the same one. Parameters: name, version, state, detail (text),
-- now (timestamptz).
INSERT INTO provider_payloads (name, version, state, detail, read_at)
VALUES (%(name)s, %(version)s, %(state)s, %(detail)s, %(now)s)
ON CONFLICT (name, version) DO UPDATE SET state = excluded.state, detail = excluded.detail, read_at = excluded.read_at
