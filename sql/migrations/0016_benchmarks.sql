-- 0016_benchmarks: campaigns beside the tenant's own median; the settings that lift was measured by.

SET LOCAL ROLE earshot_owner;

-- As of a Sunday, a KPI of a campaign beside the median of the tenant's campaigns for other sponsors with the same goal
-- (and currency, for money), as each was last told. estimate: the campaign's own, NULL where it is not to be shown.
-- median: NULL unless at least 5 campaigns of at least 3 sponsors, none of which has more than half of them, were
-- compared: it must not tell one sponsor another one's number.
CREATE TABLE campaign_benchmarks (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    campaign_id uuid NOT NULL,
    model text NOT NULL,
    kpi text NOT NULL,
    unit text NOT NULL CHECK (unit IN ('minor', 'ratio')),
    currency char(3),
    estimate double precision,
    median double precision,
    campaigns integer NOT NULL CHECK (campaigns >= 0),
    sponsors integer NOT NULL CHECK (sponsors >= 0),
    badge text NOT NULL CHECK (badge IN ('ok', 'too_few') AND (badge = 'ok') = (median IS NOT NULL)),
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, campaign_id, model, kpi)
);

-- NULL in rows that were written before this column.
ALTER TABLE lift_results ADD COLUMN config_version integer;

SELECT earshot_protect('public.campaign_benchmarks'::regclass);
GRANT SELECT, INSERT, UPDATE, DELETE ON campaign_benchmarks TO earshot_etl;
GRANT SELECT ON campaign_benchmarks TO earshot_report, earshot_readonly;
