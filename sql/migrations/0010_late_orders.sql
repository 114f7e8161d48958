-- 0010_late_orders: what each report said, as numbers, so that the next one can tell what became known of earlier days since,
-- and a report that no longer says what its rows say can be found and corrected.

SET LOCAL ROLE earshot_owner;

-- Written with the report and kept with it. span period: the report's own days; to_date: from the campaign's start to their end.
-- level campaign: each campaign of the report; sponsor: all of a portfolio's together, with money where they have one currency.
-- sample: how many conversions earned any credit. revenue_minor NULL: some converted, none with a value; spend_minor NULL: a
-- price was not known.
CREATE TABLE report_figures (
    tenant_id uuid NOT NULL,
    report_id uuid NOT NULL,
    span text NOT NULL CHECK (span IN ('period', 'to_date')),
    level text NOT NULL CHECK (level IN ('campaign', 'sponsor')),
    scope_id uuid NOT NULL,
    model text NOT NULL,
    currency text,
    delivered bigint NOT NULL,
    conversions double precision NOT NULL,
    sample bigint NOT NULL,
    revenue_minor bigint,
    spend_minor bigint,
    PRIMARY KEY (tenant_id, report_id, span, level, scope_id),
    FOREIGN KEY (tenant_id, report_id) REFERENCES reports (tenant_id, report_id)
);
SELECT earshot_protect('report_figures'::regclass);
GRANT SELECT, INSERT, UPDATE, DELETE ON report_figures TO earshot_etl;
GRANT SELECT, INSERT, DELETE ON report_figures TO earshot_report;
GRANT SELECT ON report_figures TO earshot_readonly;

-- A report is corrected once one of its headline numbers has changed by this share, and by what this many conversions make.
ALTER TABLE tenants
ADD COLUMN correction_share numeric NOT NULL DEFAULT 0.1,
ADD COLUMN correction_conversions integer NOT NULL DEFAULT 5,
ADD CONSTRAINT tenants_correction_share_in_bounds CHECK (correction_share > 0 AND correction_share <= 10),
ADD CONSTRAINT tenants_correction_conversions_in_bounds CHECK (correction_conversions BETWEEN 0 AND 1000000);

-- reviewed_as_of: up to when changes of its days have been looked at; NULL: not since it was made.
ALTER TABLE reports ADD COLUMN reviewed_as_of timestamptz;
