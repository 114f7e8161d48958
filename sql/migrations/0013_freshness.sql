-- 0013_freshness: what arrived for which day, and when a day's tables last changed, so that the ledger can say what is
-- older than what it was made of.

SET LOCAL ROLE earshot_owner;

-- began_at: just before the run read its input. changed_at: when the content last became another one; a run that finds
-- the same numbers again leaves it as it is. content_hash: of the rows, in any order, without run and finality.
ALTER TABLE rollup_ledger ADD COLUMN began_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE rollup_ledger ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE rollup_ledger ADD COLUMN content_hash text;
CREATE INDEX rollup_ledger_changed_at ON rollup_ledger (changed_at);
CREATE INDEX rollup_ledger_provisional ON rollup_ledger (tenant_id, day) WHERE status = 'provisional';

-- What had arrived for a tenant's UTC day when somebody last looked. source: requests (listener_events), ads
-- (impressions and clicks), signals (conversion signals of the day, and all that share an order with one of them,
-- whatever their day). rows and received_at (the newest) tell one state from another; changed_at is when a state with
-- more or newer rows was first seen.
CREATE TABLE ingest_watermarks (
    tenant_id uuid NOT NULL,
    source text NOT NULL CHECK (source IN ('requests', 'ads', 'signals')),
    day date NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 0),
    received_at timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source, day)
);
CREATE INDEX ingest_watermarks_changed_at ON ingest_watermarks (changed_at);

SELECT earshot_protect('public.ingest_watermarks'::regclass);
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest_watermarks TO earshot_etl;
GRANT SELECT ON ingest_watermarks TO earshot_report, earshot_readonly;
