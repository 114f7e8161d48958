-- 0009_provider_payloads: which stored requests of the mail provider's webhook were read, so that each is read once.

SET LOCAL ROLE earshot_owner;

-- No tenant: a request carries events of several. name and version: a file's name, with its size and time of change; a line of
-- an export by its hash; an export itself by its ETag. state refused: nothing of it was applied.
CREATE TABLE provider_payloads (
    name text NOT NULL,
    version text NOT NULL,
    state text NOT NULL CHECK (state IN ('applied', 'refused')),
    detail text NOT NULL,
    read_at timestamptz NOT NULL,
    PRIMARY KEY (name, version)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON provider_payloads TO earshot_etl;
